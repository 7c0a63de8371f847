"""The queue of a manifest, a corpus folder, or a folder of recordings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.corpora.card_schema import RESERVED
from featser.corpora.file_paths import relative_to
from featser.corpora.label_columns import tasks_from
from featser.errors import ManifestError, TaskError, shortened
from featser.experiment.loading.named_recordings import named_recordings
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.loading.sources.source import Source
from featser.experiment.runs.run_reading import read_predictions, utterances
from featser.io.escaping import for_terminal
from featser.io.location import below, common_folder, placed
from featser.serve.annotating.annotated_label import AnnotatedLabel
from featser.serve.annotating.clip_orders import most_uncertain_first
from featser.serve.annotating.clip_queue import QueueContent, QueuedClip, Ranking
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.annotating.votes import Clip
from featser.serve.queue_work.label_parsing import EXAMPLES, parse_labels
from featser.serve.queue_work.rankings import uncertainties
from featser.workers.task import Step

OPENING_S = 900.0


def open_queue(job: QueueJob, begin: Step) -> QueueContent:
    """Read a manifest, or a folder of recordings, in a worker."""
    begin("reading", 0.0, OPENING_S)
    return manifest_queue(job.source)


def annotated_source(queue: QueueSource) -> Source:
    """Read what is annotated.

    Returns
    -------
    Source
        Of a folder without a card, its recordings, without labels.

    Raises
    ------
    FeatserError
        If it cannot be read.
    """
    place = placed(queue.place)
    if queue.corpus is None and isinstance(place, Path) and place.is_dir():
        with named_recordings([place]) as named:
            return Source(named.table, queue.place, notes=named.notes)
    return read_source(queue.place, queue.corpus)


def manifest_queue(queue: QueueSource) -> QueueContent:
    """Read the queue of a manifest or a folder.

    Raises
    ------
    FeatserError
        If it cannot be read, has no recording, or no label to give.
    """
    source = annotated_source(queue)
    clips = queued_clips(source.table, Path(queue.output).parent)
    if not clips:
        raise ManifestError(f"{queue.place}: it has no recording: nothing to annotate")
    notes = source.all_notes()
    labels = parse_labels(queue.labels) or default_labels(source, notes)
    rankings = [one for run in queue.runs for one in run_rankings(run, source.table, labels)]
    name = Path(queue.place).name
    return QueueContent(for_terminal(name), clips, labels, rankings, notes)


def queued_clips(table: pd.DataFrame, folder: Path) -> list[QueuedClip]:
    """Return the recordings of a table.

    Parameters
    ----------
    table : DataFrame
        A manifest whose ``file`` is absolute.
    folder : Path
        That of the journal, in which paths are relative to it.
    """
    common = common_folder(table["file"]) if len(table) else ""
    channels = table["channel"] if "channel" in table else pd.Series(np.nan, table.index)
    clips = []
    for file, start, end, channel in zip(
        table["file"], table["start"], table["end"], channels, strict=True
    ):
        clip = Clip(
            relative_to(str(file), folder),
            None if pd.isna(start) else float(start),
            None if pd.isna(end) else float(end),
            "" if pd.isna(channel) else str(channel),
        )
        clips.append(QueuedClip(clip, str(file), _shown(below(str(file), common), clip)))
    return clips


def default_labels(source: Source, notes: list[str]) -> tuple[AnnotatedLabel, ...]:
    """Return the labels of a manifest that have classes; note those that need a scale.

    Raises
    ------
    TaskError
        If there is none.
    """
    tasks, _ = tasks_from(source.table, source.cards, source.primary)
    labels = []
    for task in tasks:
        if task.name in RESERVED:
            continue
        if task.categorical:
            labels.append(AnnotatedLabel(task.name, task.classes))
            continue
        low, high = source.table[task.name].min(), source.table[task.name].max()
        notes.append(
            f"`{shortened(task.name)}` holds numbers ({low:g} to {high:g}) and is not annotated: "
            f"give its scale, such as --label {shortened(task.name)}={math.floor(low)}.."
            f"{math.ceil(high)}, with all other labels to annotate"
        )
    if not labels:
        raise TaskError(
            f"{source.origin}: no column says which labels to give: add them, such as {EXAMPLES}"
        )
    return tuple(labels)


def run_rankings(
    run: str, table: pd.DataFrame, labels: Sequence[AnnotatedLabel]
) -> Iterator[Ranking]:
    """Yield, by label, the order by the uncertainty of a run's out-of-fold predictions.

    A run that has predictions for none of the recordings gives none.
    """
    predictions = read_predictions(run)
    first = predictions["protocol"].iloc[0]
    predictions = predictions[predictions["protocol"] == first].reset_index(drop=True)
    row_of = {place: row for row, place in enumerate(_places(predictions))}
    rows = [row_of.get(place) for place in _places(table)]
    name = Path(run).absolute().name
    for label in labels:
        values = uncertainties(predictions, label.name)
        scores = [None if row is None else values[row] for row in rows]
        if any(score is not None for score in scores):
            yield Ranking(
                f"run:{name}:{label.name}",
                f"least certain {label.name} of run {for_terminal(name)} first",
                label.name,
                most_uncertain_first(scores),
            )


def _places(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(utterances(table).itertuples(index=False, name=None))


def _shown(name: str, clip: Clip) -> str:
    if clip.start is not None or clip.end is not None:
        end = "end" if clip.end is None else f"{clip.end:.2f}"
        name = f"{name} ({clip.start or 0:.2f}–{end} s)"
    return for_terminal(f"{name}, channel {clip.channel}" if clip.channel else name)
