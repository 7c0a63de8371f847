"""A fit whose test speakers are enrolled: who enrols what, and how figures grow with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.metrics.metrics import evaluate_task
from featser.evaluation.metrics.registry import headline
from featser.evaluation.protocols.enrolment_split import (
    CURVE,
    DRAWS,
    Enrolment,
    draw_enrolment,
    enrolled_recordings,
    enrolment_notes,
)
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.experiment.loading.data import Data
from featser.experiment.plan import Plan
from featser.experiment.schema import Experiment
from featser.io.atomic_write import whole
from featser.io.escaping import for_csv
from featser.speakers.enrolled_folds import EnrolledSpeakers
from featser.tasks import Task


def enrolled_speakers(
    data: Data, experiment: Experiment, plan: Plan, sound: NDArray[np.str_]
) -> EnrolledSpeakers | None:
    """Draw the recordings that are given beforehand, where the settings ask for it.

    Parameters
    ----------
    data : Data
        Features as they were extracted, and speakers.
    experiment : Experiment
        How many recordings, and whether other numbers are tried.
    plan : Plan
        The folds.
    sound : ndarray of str, shape (n,)
        Equal for utterances that hold the same sound.

    Returns
    -------
    EnrolledSpeakers or None
        The number that was asked for comes first; none is there to be compared with.
    """
    recordings = enrolled_recordings(experiment.speaker_norm)
    if not recordings:
        return None
    others = CURVE if experiment.enrolment_curve else (0,)
    enrolments = [
        # All draws of nothing are the same.
        draw_enrolment(
            data.speaker, sound, plan.folds, number, experiment.seed, DRAWS if number else 1
        )
        for number in dict.fromkeys((recordings, *others))
    ]
    return EnrolledSpeakers(data.speaker, enrolments, data.frames)


def one_each(predictions: pd.DataFrame, enrolment: Enrolment) -> pd.DataFrame:
    """Return one prediction of each row: that of the draw that fell to it.

    Parameters
    ----------
    predictions : DataFrame
        Of all draws and numbers of recordings, as columns ``draw`` and ``enrolled`` tell.
    enrolment : Enrolment
        Whose predictions are wanted.
    """
    own = predictions["enrolled"].to_numpy() == enrolment.recordings
    fell = predictions["draw"].to_numpy() == enrolment.draw[predictions.index]
    once: pd.DataFrame = predictions.loc[own & fell].drop(columns="enrolled")
    return once


def curve_of(
    adapt: EnrolledSpeakers, task: Task, predictions: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """Compute a task's headline metric for each number of enrolled recordings.

    Parameters
    ----------
    adapt : EnrolledSpeakers
        The enrolments.
    task : Task
        The primary one.
    predictions : DataFrame
        As :func:`one_each` takes them.

    Returns
    -------
    dict of str to dict
        ``enrolled[N].{metric}`` → ``value``, ``low``, ``high`` of all draws' predictions together,
        each speaker being left out of all draws at once; and ``draws``, the value of each draw.
    """
    metric = headline(task.kind)
    figures = {}
    for enrolment in sorted(adapt.enrolments, key=lambda one: one.recordings):
        own = predictions[predictions["enrolled"] == enrolment.recordings]
        own = own[own[f"{task.name}.true"].notna()]
        speaker = adapt.speaker[own.index]
        figure = evaluate_with_intervals(task, *_pair(own, task), speaker)[metric]
        draws = [part for _, part in own.groupby("draw")]
        figure["draws"] = [evaluate_task(task, *_pair(part, task))[metric] for part in draws]
        figures[f"enrolled[{enrolment.recordings}].{metric}"] = figure
    return figures


def curve_notes(
    adapt: EnrolledSpeakers, plan: Plan, curve: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Say what figures of enrolled speakers mean, and what the draws differ by."""
    leading = adapt.enrolments[0]
    task = plan.tasks[0]
    metric = headline(task.kind)
    figure = curve[f"enrolled[{leading.recordings}].{metric}"]
    alone = curve[f"enrolled[0].{metric}"]["value"]
    draws = figure["draws"]
    return [
        f"{plan.protocol}: each test speaker was enrolled by {leading.recordings} unlabelled "
        f"recordings, drawn {len(draws)} times; every utterance was predicted with one of the "
        f"draws that do not hold it. The {metric.upper()} of '{task.name}' is "
        f"{figure['value']:.3f} over all draws, {min(draws):.3f} to {max(draws):.3f} in each, and "
        f"{alone:.3f} without enrolment",
        *(note for one in adapt.enrolments for note in enrolment_notes(one, plan.folds)),
    ]


def who_enrols(adapt: EnrolledSpeakers, table: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return which recordings each draw of a run's own enrolment enrols."""
    draw, row = np.nonzero(adapt.enrolments[0].enrolled)
    names = [name for name in ("file", "start", "end", "speaker", "corpus") if name in table]
    listed = table.iloc[row][names].reset_index(drop=True)
    listed.insert(0, "draw", draw)
    listed.insert(0, "protocol", protocol)
    return listed


def write_enrolment(
    folder: Path, metrics: Mapping[str, Mapping[str, Mapping[str, Any]]], enrolled: pd.DataFrame
) -> None:
    """Write who enrolled what, ``enrolled.csv``, and what came of it, ``enrolment.csv``."""
    with whole(folder / "enrolled.csv") as temporary:
        for_csv(enrolled).to_csv(temporary, index=False)
    with whole(folder / "enrolment.csv") as temporary:
        for_csv(pd.DataFrame(_lines(metrics))).to_csv(temporary, index=False)


def _lines(metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    for protocol, by_task in metrics.items():
        for task, figures in by_task.items():
            for name, figure in figures.items():
                if not name.startswith("enrolled["):
                    continue
                number, metric = name.removeprefix("enrolled[").split("].")
                draws = figure["draws"]
                yield {
                    "protocol": protocol,
                    "task": task,
                    "metric": metric,
                    "enrolled": int(number),
                    "value": figure["value"],
                    "low": figure["low"],
                    "high": figure["high"],
                    "draws": len(draws),
                    "draws_lowest": min(draws),
                    "draws_highest": max(draws),
                }


def _pair(predictions: pd.DataFrame, task: Task) -> tuple[NDArray[Any], NDArray[Any]]:
    true, pred = (predictions[f"{task.name}.{end}"].to_numpy() for end in ("true", "pred"))
    return true, pred
