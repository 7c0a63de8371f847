"""Every task's prediction for each window of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.progress import Progress, silent
from featser.timelines.marks.window_facts import FACTS
from featser.timelines.sound_outline import OutlineBuilder, SoundOutline
from featser.timelines.speech_activity import LEAST_SHARE, active_shares
from featser.timelines.window_blocks import window_blocks
from featser.timelines.window_features import WindowJob, WindowValues, compute_windows
from featser.timelines.window_plan import WindowPlan
from featser.workers.pool import WorkerPool
from featser.workers.streaming import stream_tasks
from featser.workers.task import Failure

Doubles = NDArray[np.float64]
Predict = Callable[[NDArray[np.float32], Doubles], pd.DataFrame]
"""From features and :func:`~featser.timelines.marks.window_facts.window_facts` (NaN unless they are
measured) to ``{task}.pred``, ``{task}.p[{class}]`` and perhaps ``unlike``, a row for each."""

QUIET = "no speech: quieter than the rest of the recording"


@dataclass(frozen=True, eq=False)
class WindowedPrediction:
    """The predictions of a recording's windows.

    Attributes
    ----------
    table : DataFrame
        ``start`` and ``end`` of each window in seconds, every task's prediction, which is missing
        where there is a reason, perhaps ``unlike``, in which ways a window is unlike the training
        recordings, and ``reason``: why a window was not predicted, else empty.
    outline : SoundOutline
        Of the recording.
    """

    table: pd.DataFrame
    outline: SoundOutline


def predict_windows(
    file: str | Path,
    plan: WindowPlan,
    specs: Sequence[str],
    predict: Predict,
    *,
    channel: str = "mix",
    pool: WorkerPool | None = None,
    n_jobs: int = -1,
    at_once: bool = False,
    is_measured: bool = False,
    progress: Progress = silent,
    total: int = 0,
) -> WindowedPrediction:
    """Predict all windows of a recording that hold speech.

    Parameters
    ----------
    file : str or Path
        The recording, or its URL.
    plan : WindowPlan
        Its windows.
    specs : sequence of str
        The extractors that the model was fitted on.
    predict : callable
        The model.
    channel : str
        The channel to read.
    pool : WorkerPool or None
        Whose workers compute the features; None to compute them in this process.
    n_jobs : int
        Workers at a time, as joblib counts them.
    at_once : bool
        Whether the model is given all windows of the recording together, as one that normalises by
        speaker needs them; otherwise it is given a block at a time.
    is_measured : bool
        Whether windows are also measured, to compare them with training recordings.
    progress : callable
        Called with the windows done and in all.
    total : int
        How many windows there are, as far as the file says.

    Raises
    ------
    UnusableAudio
        If the recording cannot be decoded.
    """
    sound = OutlineBuilder()
    starts: list[Doubles] = []

    def jobs() -> Iterator[WindowJob]:
        for block in window_blocks(file, plan, channel):
            sound.add(block.samples[block.own], block.rate, block.note)
            starts.append(block.starts_s)
            at = tuple((block.starts_s - block.first_s).tolist())
            yield WindowJob(block.samples, block.rate, at, plan.window_s, tuple(specs), is_measured)

    reasons: list[str] = []
    tables: list[pd.DataFrame] = []
    features: list[NDArray[np.float32]] = []
    facts: list[Doubles] = []
    for number, outcome in enumerate(stream_tasks(pool, compute_windows, jobs(), n_jobs)):
        values = _values(outcome, len(starts[number]))
        reasons += values.reasons
        good = np.array([reason == "" for reason in values.reasons], dtype=bool)
        if good.any() and at_once:
            features.append(values.X[good])
            facts.append(values.facts[good])
        elif good.any():
            tables.append(predict(values.X[good], values.facts[good]))
        progress(len(reasons), max(total, len(reasons)))
    if features:
        tables.append(predict(np.concatenate(features), np.concatenate(facts)))
    return _joined(plan, np.concatenate(starts), reasons, tables, sound.outline())


def _values(outcome: WindowValues | Failure, count: int) -> WindowValues:
    """Return the values of a block, or the reason why a worker gave none for all its windows."""
    if isinstance(outcome, Failure):
        reasons = [outcome.reason("the extractors")] * count
        return WindowValues(np.empty((0, 0), np.float32), reasons, np.empty((0, len(FACTS))))
    return outcome


def _joined(
    plan: WindowPlan,
    starts: Doubles,
    reasons: list[str],
    tables: list[pd.DataFrame],
    outline: SoundOutline,
) -> WindowedPrediction:
    ends = np.minimum(starts + plan.window_s, outline.duration_s)
    table = pd.DataFrame({"start": starts, "end": ends})
    shares = active_shares(outline.active, table[["start", "end"]].to_numpy())
    table["reason"] = [
        QUIET if not reason and share < LEAST_SHARE else reason
        for reason, share in zip(reasons, shares, strict=True)
    ]
    if tables:
        predicted = pd.concat(tables, ignore_index=True)
        predicted.index = table.index[[reason == "" for reason in reasons]]
        table = table.join(predicted[(table["reason"].loc[predicted.index] == "").to_numpy()])
    return WindowedPrediction(table, outline)
