"""Annotations as tables: a manifest that ``featser fit`` reads, or a row for each rating."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from featser.corpora.file_paths import relative_to
from featser.corpora.manifest import write_manifest
from featser.errors import InputError, unknown
from featser.ratings.aggregation import default_labels
from featser.ratings.rating_columns import cell_of, ratings_column, read_ratings
from featser.ratings.wide_tables import RATER
from featser.serve.annotating.annotated_label import AnnotatedLabel
from featser.serve.annotating.journal import read_journal
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.annotating.votes import Clip, Votes
from featser.serve.queue_work.label_parsing import parse_labels
from featser.serve.queue_work.manifest_queue import (
    annotated_source,
    queued_clips,
)
from featser.serve.queue_work.manifest_queue import (
    default_labels as labels_of,
)
from featser.workers.task import Step

EXPORT_S = 300.0
KEYS = ("file", "start", "end", "channel", "speaker", "language", "corpus")
"""What a row for each rating has of its recording."""


def export_annotations(
    queue: QueueSource,
    path: str | Path,
    form: str = "manifest",
    folder: Path | None = None,
    rater: str = "",
) -> Path:
    """Write the annotations of a queue as a table.

    Parameters
    ----------
    queue : QueueSource
        What is annotated; the journal lies beside ``queue.output``.
    path : str or Path
        ``.csv``, ``.tsv`` or ``.parquet``.
    form : {'manifest', 'long'}
        ``manifest``: the manifest with a column ``LABEL.ratings``, and ``LABEL`` where it has none:
        what most raters said, or their mean. ``long``: a row for each recording and rater.
    folder : Path, optional
        What paths are relative to; the folder of ``path`` by default.
    rater : str
        Whose annotations alone; those of all by default. Ratings that the manifest has already are
        then left out.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    FeatserError
        If the manifest or the journal cannot be read, or the table not written.

    Examples
    --------
    >>> queue = QueueSource("annotate", "clips.csv", "clips-annotations.csv")
    >>> export_annotations(queue, "ratings.csv", "long")  # doctest: +SKIP
    PosixPath('ratings.csv')
    """
    if form not in FORMS:
        raise InputError(unknown("form", form, FORMS), "form")
    source = annotated_source(queue)
    labels = parse_labels(queue.labels) or labels_of(source, [])
    votes = read_journal(queue.journal)
    table = source.table.reset_index(drop=True)
    if rater:
        votes = votes.of_rater(rater)
        table = table.drop(columns=[ratings_column(one.name) for one in labels], errors="ignore")
    home = Path(queue.output).parent
    clips = [one.clip for one in queued_clips(source.table, home)]
    table = FORMS[form](table, clips, votes, labels)
    target = Path(path)
    if folder is not None and folder.absolute() != target.absolute().parent:
        home = folder.absolute()
        table = table.assign(file=[relative_to(str(file), home) for file in table["file"]])
    return write_manifest(table, target)


def write_export(
    queue: QueueSource,
    path: str | Path,
    form: str = "manifest",
    folder: Path | None = None,
    rater: str = "",
) -> Path:
    """Write the annotations of a manifest, or the corrected labels of a run."""
    if queue.kind == "annotate":
        return export_annotations(queue, path, form, folder, rater)
    from featser.serve.queue_work.corrected_manifest import export_corrections

    return export_corrections(queue, path, folder)


def export(job: QueueJob, begin: Step) -> bytes:
    """Write the annotations as a table."""
    begin("exporting", 0.0, EXPORT_S)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"annotations.{job.options['ending']}"
        home = Path(job.source.output).parent
        write_export(job.source, path, job.options["form"], home, job.options["rater"])
        return path.read_bytes()


def with_ratings(
    table: pd.DataFrame, clips: list[Clip], votes: Votes, labels: tuple[AnnotatedLabel, ...]
) -> pd.DataFrame:
    """Return a manifest with the ratings of each label, and with labels where it has none."""
    for label in labels:
        cells = _cells(table, label, _by_place(clips, votes, label))
        if not any(cells):
            continue
        column = ratings_column(label.name)
        table = table.assign(**{column: pd.Series(cells, table.index, dtype="str")})
        if label.name not in table or table[label.name].isna().all():
            given = default_labels(read_ratings(table, label.name))
            table = table.assign(**{label.name: given.set_axis(table.index)})
    return table


def as_rows(
    table: pd.DataFrame, clips: list[Clip], votes: Votes, labels: tuple[AnnotatedLabel, ...]
) -> pd.DataFrame:
    """Return a row for each recording and rater, in the order of the manifest."""
    places = {clip: place for place, clip in enumerate(clips)}
    held = {
        (places[clip], rater): votes.of(rater, clip)
        for rater, clip, _, _ in votes.all()
        if clip in places
    }
    cells = sorted(held)
    base = table[[name for name in KEYS if name in table]].iloc[[place for place, _ in cells]]
    rows = base.reset_index(drop=True).assign(**{RATER: [rater for _, rater in cells]})
    for label in labels:
        ratings = [held[cell].get(label.name, "") for cell in cells]
        given = [value if value and label.has_kind(value) else None for value in ratings]
        texts = pd.Series(given, rows.index, dtype="str")
        rows[label.name] = pd.to_numeric(texts) if label.is_scale else texts
    return rows


FORMS: Mapping[str, Callable[..., pd.DataFrame]] = {"manifest": with_ratings, "long": as_rows}
"""The forms of an export."""


def _by_place(
    clips: list[Clip], votes: Votes, label: AnnotatedLabel
) -> dict[int, list[tuple[str, str]]]:
    """Return all raters' values of a label, by the position of the recording."""
    places = {clip: place for place, clip in enumerate(clips)}
    values: dict[int, list[tuple[str, str]]] = {}
    for rater, clip, name, value in votes.all():
        if name == label.name and clip in places and value and label.has_kind(value):
            values.setdefault(places[clip], []).append((rater, value))
    return values


def _cells(
    table: pd.DataFrame, label: AnnotatedLabel, values: Mapping[int, list[tuple[str, str]]]
) -> list[str | None]:
    """Return the cells of a column of ratings: those of the manifest, and the new ones."""
    earlier = table.get(ratings_column(label.name), pd.Series(np.nan, table.index, dtype=object))
    cells = []
    for place, cell in enumerate(earlier):
        given = dict(_held(cell))
        new = [(rater, float(v) if label.is_scale else v) for rater, v in values.get(place, [])]
        cells.append(cell_of([*{**given, **dict(new)}.items()]))
    return cells


def _held(cell: Any) -> list[tuple[str, Any]]:
    """Return rater and value of a cell of the manifest; raters without a name get numbers."""
    if pd.isna(cell):
        return []
    held = json.loads(cell)
    if isinstance(held, dict):
        return list(held.items())
    return [(f"unnamed {number}", value) for number, value in enumerate(held, 1)]
