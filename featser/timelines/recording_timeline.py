"""The timeline of one recording: a row for each frame, and what its pictures need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.tasks import Task
from featser.timelines.frame_evidence import FrameGrid
from featser.timelines.marks.frame_marks import UNLIKE, frame_marks
from featser.timelines.smoothing import Smoothing
from featser.timelines.sound_outline import SoundOutline
from featser.timelines.speech_activity import LEAST_SHARE, active_shares
from featser.timelines.window_plan import WindowPlan
from featser.timelines.windowed_prediction import WindowedPrediction

PAUSE = "no speech: a pause"

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RecordingTimeline:
    """Predictions over the time of a recording.

    Attributes
    ----------
    table : DataFrame
        ``start`` and ``end`` in seconds, ``speech`` (whether something was predicted),
        ``{task}.pred`` and ``{task}.p[{class}]``, which are missing without speech; perhaps
        ``unlike`` (in which ways the sound is unlike the training recordings), ``{task}.set`` and
        ``{task}.abstains``, which are missing likewise; and ``reason``: why a frame has no
        prediction, else empty.
    tasks : sequence of Task
        What is predicted, the primary task first.
    duration_s : float
        Of the recording.
    envelope : ndarray of float32, shape (2, n)
        Least and greatest samples, at equal distances over the recording.
    notes : list of str
        What was done and estimated.
    """

    table: pd.DataFrame
    tasks: Sequence[Task]
    duration_s: float
    envelope: NDArray[np.float32]
    notes: list[str]


Sets = Callable[[pd.DataFrame], pd.DataFrame]
"""From ``{task}.p[{class}]`` to ``{task}.set`` and ``{task}.abstains``, a row for each."""


def recording_timeline(
    predicted: WindowedPrediction,
    tasks: Sequence[Task],
    plan: WindowPlan,
    smoothing: Smoothing,
    sets: Sets | None = None,
) -> RecordingTimeline:
    """Bring the predictions of windows to frames, and smooth them.

    Parameters
    ----------
    predicted : WindowedPrediction
        The windows.
    tasks : sequence of Task
        What is predicted.
    plan : WindowPlan
        Windows and hop.
    smoothing : Smoothing
        How frames are smoothed.
    sets : callable, optional
        Returns the prediction sets of frames; it is given the means of the windows that cover
        them, which are not smoothed.
    """
    windows, outline = predicted.table, predicted.outline
    frames = plan.frames(outline.duration_s)
    good = windows[windows["reason"] == ""]
    grid = FrameGrid.of(
        plan,
        outline.duration_s,
        good[["start", "end"]].to_numpy(),
        active_shares(outline.active, frames),
        LEAST_SHARE,
    )
    columns: dict[str, object] = {
        "start": frames[:, 0],
        "end": frames[:, 1],
        "speech": grid.is_speech,
    }
    notes = [outline.note] if outline.note else []
    means: dict[str, Doubles] = {}
    for task in tasks:
        if not len(good):
            columns |= _empty(task, len(frames))
        elif task.categorical:
            values = good[[f"{task.name}.p[{name}]" for name in task.classes]]
            evidence = grid.evidence(values.to_numpy(dtype=np.float64))
            smoothed = smoothing.classes(evidence)
            means |= dict(zip(values.columns, evidence.mean.T, strict=True))
            names = pd.Series(task.classes, dtype=object).iloc[smoothed.codes]
            columns[f"{task.name}.pred"] = names.where(grid.is_speech, None).to_numpy()
            for code, name in enumerate(task.classes):
                columns[f"{task.name}.p[{name}]"] = smoothed.probabilities[:, code].astype(
                    np.float32
                )
            notes += [f"{task.name}: {smoothed.note}"] if smoothed.note else []
        else:
            numbers = good[[f"{task.name}.pred"]].to_numpy(dtype=np.float64)
            columns[f"{task.name}.pred"] = smoothing.numbers(grid.evidence(numbers))
    if UNLIKE in windows:
        marks, spans = good[UNLIKE].to_numpy(), good[["start", "end"]].to_numpy()
        columns[UNLIKE] = frame_marks(marks, spans, frames, grid.shared, grid.is_speech)
    columns["reason"] = _reasons(windows, frames, grid.is_speech)
    table = pd.DataFrame(columns)
    if sets is not None and means:
        of_frames = sets(pd.DataFrame(means)[grid.is_speech])
        table = table.drop(columns="reason").join(of_frames).assign(reason=table["reason"])
    return _timeline(table, tasks, outline, notes)


def segment_timeline(
    predicted: pd.DataFrame, tasks: Sequence[Task], outline: SoundOutline
) -> RecordingTimeline:
    """Bring the predictions of given segments into the form of a timeline.

    Parameters
    ----------
    predicted : DataFrame
        From :func:`featser.predict`, a row for each segment.
    tasks : sequence of Task
        What is predicted.
    outline : SoundOutline
        Of the recording.
    """
    table = predicted.drop(columns=["file", "error"]).reset_index(drop=True)
    table.insert(2, "speech", (predicted["error"] == "").to_numpy())
    for task in tasks:
        if f"{task.name}.pred" not in table:
            table = table.assign(**_empty(task, len(table)))
    table["reason"] = predicted["error"].to_numpy()
    return _timeline(table, tasks, outline, [outline.note] if outline.note else [])


def _timeline(
    table: pd.DataFrame, tasks: Sequence[Task], outline: SoundOutline, notes: list[str]
) -> RecordingTimeline:
    primary_first = sorted(tasks, key=lambda task: task.role != "primary")
    return RecordingTimeline(table, primary_first, outline.duration_s, outline.envelope, notes)


def _empty(task: Task, count: int) -> dict[str, Any]:
    """Return the columns of a task of which nothing was predicted."""
    if not task.categorical:
        return {f"{task.name}.pred": np.full(count, np.nan)}
    missing = {
        f"{task.name}.p[{name}]": np.full(count, np.nan, np.float32) for name in task.classes
    }
    return {f"{task.name}.pred": np.full(count, None, dtype=object), **missing}


def _reasons(windows: pd.DataFrame, frames: Doubles, is_speech: NDArray[np.bool_]) -> list[str]:
    """Return for frames without speech why the window around their middle was not predicted."""
    centres = windows[["start", "end"]].to_numpy().mean(axis=1)
    nearest = np.rint(np.interp(frames.mean(axis=1), centres, np.arange(len(centres))))
    reasons = windows["reason"].to_numpy()[nearest.astype(np.int64)]
    return [
        "" if spoken else (reason or PAUSE)
        for reason, spoken in zip(reasons, is_speech, strict=True)
    ]
