"""The queue of a finished run: its recordings by what went wrong with them, to be reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from featser.api.finished.listed_recordings import recording_lists
from featser.audio.channels import MIX
from featser.errors import TaskError
from featser.experiment.runs.predicted_task import PredictedTask, predicted_task
from featser.experiment.runs.run_reading import read_description, read_predictions, utterances
from featser.io.escaping import for_terminal
from featser.serve.annotating.annotated_label import AnnotatedLabel
from featser.serve.annotating.clip_queue import QueueContent, Ranking
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.queue_work.manifest_queue import OPENING_S, queued_clips
from featser.workers.task import Step


def open_run(job: QueueJob, begin: Step) -> QueueContent:
    """Read a run, in a worker."""
    begin("reading", 0.0, OPENING_S)
    return run_queue(job.source)


def run_queue(queue: QueueSource) -> QueueContent:
    """Read the queue of a run, by its leading protocol.

    Raises
    ------
    FeatserError
        If the folder is no run, is damaged, or has no task with classes.
    """
    tasks = predicted_tasks(queue.place)
    table = reviewed_rows(queue.place)
    clips = queued_clips(table, Path(queue.output).parent)
    places = places_of(table)
    details: list[dict[str, Any]] = [{"tasks": {}} for _ in clips]
    rankings = []
    for task in tasks:
        for key, shown in _shown(task):
            details[places[key]]["tasks"][task.task.name] = shown
        for one in recording_lists(task, len(task.table)):
            name = f"{one.name}:{task.task.name}"
            title = f"{task.task.name}: {one.title.lower()} ({one.n_all})"
            rows = [places[key] for key in _keys(one.predicted.table.iloc[one.rows])]
            rankings.append(Ranking(name, title, task.task.name, rows))
            for place, reason in zip(rows, one.reasons, strict=True):
                if reason:
                    details[place]["tasks"][task.task.name]["doubt"] = reason
    return QueueContent(
        for_terminal(Path(queue.place).absolute().name),
        [replace(one, details=shown) for one, shown in zip(clips, details, strict=True)],
        [AnnotatedLabel(one.task.name, one.task.classes) for one in tasks],
        rankings,
    )


def predicted_tasks(run: str) -> list[PredictedTask]:
    """Return the tasks of a run that have classes, the primary one first.

    Raises
    ------
    TaskError
        If there is none.
    """
    described = read_description(run)
    tasks = [one for one in described.get("tasks", []) if one.get("classes")]
    tasks.sort(key=lambda one: one.get("role") != "primary")
    if not tasks:
        raise TaskError(f"{run}: no task of this run has classes: there is nothing to review")
    return [predicted_task(run, str(one["name"])) for one in tasks]


def reviewed_rows(run: str) -> pd.DataFrame:
    """Return the recordings that a run has predictions of, by its leading protocol."""
    table: pd.DataFrame = read_predictions(run)
    table = table[table["protocol"] == table["protocol"].iloc[0]].reset_index(drop=True)
    channel = read_description(run).get("channel")
    if "channel" not in table and channel not in (None, MIX):
        table = table.assign(channel=str(channel))
    return table


def places_of(table: pd.DataFrame) -> dict[tuple[Any, ...], int]:
    """Return the place of each utterance of a table: file, start and end → row."""
    return {key: place for place, key in enumerate(_keys(table))}


def _shown(task: PredictedTask) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield, for each recording, its label, its prediction and all probabilities."""
    classes = task.task.classes
    columns = zip(_keys(task.table), task.labels, task.predictions, task.probabilities, strict=True)
    for key, label, prediction, shares in columns:
        shown: Mapping[str, Any] = {
            "label": classes[label],
            "prediction": classes[prediction],
            "shares": [round(float(share), 4) for share in shares],
        }
        yield key, dict(shown)


def _keys(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(utterances(table).itertuples(index=False, name=None))
