"""The manifest of a run's recordings with the labels that reviewers corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from featser.corpora.file_paths import relative_to
from featser.corpora.label_columns import BEFORE_RELABEL
from featser.corpora.manifest import write_manifest
from featser.errors import RunError, shortened
from featser.experiment.runs.reopened_run import rows_of_run
from featser.experiment.runs.run_reading import utterances
from featser.serve.annotating.journal import read_journal
from featser.serve.annotating.queue_jobs import QueueSource
from featser.serve.annotating.votes import Votes
from featser.serve.queue_work.manifest_queue import queued_clips
from featser.serve.queue_work.run_queue import predicted_tasks, reviewed_rows


def export_corrections(queue: QueueSource, path: str | Path, folder: Path | None = None) -> Path:
    """Write the manifest of a run's recordings with corrected labels.

    A label becomes what most reviewers gave it; a tie leaves it as it is. "Cannot say" removes it.
    The column ``LABEL_before_relabel`` has the labels that were changed.

    Parameters
    ----------
    queue : QueueSource
        The run; the journal lies beside ``queue.output``.
    path : str or Path
        ``.csv``, ``.tsv`` or ``.parquet``.
    folder : Path, optional
        What paths are relative to; the folder of ``path`` by default.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    FeatserError
        If the run or the journal cannot be read, or its corpora are not where they were.

    Examples
    --------
    >>> queue = QueueSource("review", "runs/emodb-1", "runs/emodb-1-corrected.csv")
    >>> export_corrections(queue, "corrected.csv")  # doctest: +SKIP
    PosixPath('corrected.csv')
    """
    reviewed = reviewed_rows(queue.place)
    clips = [one.clip for one in queued_clips(reviewed, Path(queue.output).parent)]
    votes = read_journal(queue.journal)
    table = rows_of_run(queue.place)
    row_of = {key: row for row, key in enumerate(_keys(table))}
    rows = [row_of.get(key) for key in _keys(reviewed)]
    places = {clip: row for clip, row in zip(clips, rows, strict=True) if row is not None}
    for task in predicted_tasks(queue.place):
        table = corrected(table, task.task.name, agreed_values(votes, task.task.name, places))
    if folder is not None and folder.absolute() != Path(path).absolute().parent:
        home = folder.absolute()
        table = table.assign(file=[relative_to(str(file), home) for file in table["file"]])
    return write_manifest(table, path)


def agreed_values(votes: Votes, label: str, places: dict[Any, int]) -> dict[int, str]:
    """Return the value that most reviewers gave each row; rows with a tie are left out."""
    counts: dict[int, dict[str, int]] = {}
    for _, clip, name, value in votes.all():
        if name == label and clip in places:
            counted = counts.setdefault(places[clip], {})
            counted[value] = counted.get(value, 0) + 1
    agreed = {}
    for row, counted in counts.items():
        most = [value for value, count in counted.items() if count == max(counted.values())]
        if len(most) == 1:
            agreed[row] = most[0]
    return agreed


def corrected(table: pd.DataFrame, label: str, values: dict[int, str]) -> pd.DataFrame:
    """Return a manifest with other values of a label; an empty one removes it.

    Raises
    ------
    RunError
        If the label is not a column of the manifest.

    Examples
    --------
    >>> table = pd.DataFrame({"file": ["a.wav", "b.wav"], "emotion": ["sad", "sad"]})
    >>> corrected(table, "emotion", {0: "angry", 1: "sad"})["emotion"].tolist()
    ['angry', 'sad']
    """
    if not values:
        return table
    if label not in table:
        raise RunError(
            f"`{shortened(label)}` is made of the ratings of several raters, which are corrected "
            f"where they are: the recordings have no such column"
        )
    labels = table[label].astype(object).tolist()
    before: list[Any] = [None] * len(labels)
    for row, value in values.items():
        current = "" if pd.isna(labels[row]) else str(labels[row])
        if value != current:
            before[row], labels[row] = current or None, value or None
    return table.assign(
        **{
            label: pd.Series(labels, table.index, dtype="str"),
            f"{label}{BEFORE_RELABEL}": pd.Series(before, table.index, dtype="str"),
        }
    )


def _keys(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(utterances(table).itertuples(index=False, name=None))
