"""The windows of each speaker's joined utterances, with their features on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from featser.audio import RATE
from featser.experiment.runs.altered_recordings import seconds_of
from featser.experiment.runs.reopened_run import ReopenedRun
from featser.experiment.windows.joined_recordings import (
    JoinedRecording,
    joined_recording,
    longest_shared,
)
from featser.progress import stage
from featser.robustness.balanced_sample import balanced_order
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.timelines.sound_outline import SoundOutline
from featser.timelines.window_plan import WindowPlan
from featser.timelines.windowed_prediction import WindowedPrediction, predict_windows
from featser.workers.pool import WorkerPool

MOST_UTTERANCES = 2_000
"""Utterances that are used, balanced over speakers and classes, of a run that has more."""
MOST_SECONDS = 7_200.0
"""Their length in all, so that long utterances do not take hours."""
ROW = "row"
"""Where the features of a window are among those of the recording."""


@dataclass(frozen=True, eq=False)
class SpeakerWindows:
    """The windows of a speaker's utterances in one test set.

    Attributes
    ----------
    speaker : str
        Utterances without one are each a speaker of their own.
    fold : int
    rows : ndarray of int, shape (utterances,)
        Which utterances of the run, in the order in which they follow each other.
    spans : ndarray, shape (utterances, 2)
        Where they are, in seconds.
    table : DataFrame
        ``start``, ``end`` and ``reason`` of each window.
    outline : SoundOutline
    positions : ndarray of int, shape (windows with speech,)
        Where their features are among those of the fold.
    """

    speaker: str
    fold: int
    rows: NDArray[np.intp]
    spans: NDArray[np.float64]
    table: pd.DataFrame
    outline: SoundOutline
    positions: NDArray[np.intp]

    @property
    def n_windows(self) -> int:
        """How many windows have speech."""
        return len(self.positions)

    def longest(self, intervals: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return which utterance an interval shares most time with; −1 where it is a pause."""
        return longest_shared(intervals, self.spans, self.rows)


def windows_of_speakers(
    run: ReopenedRun, plan: WindowPlan, folder: Path, n_jobs: int
) -> tuple[list[SpeakerWindows], int]:
    """Join the utterances of each speaker, and compute the features of the windows.

    Parameters
    ----------
    run : ReopenedRun
    plan : WindowPlan
        Windows and hop.
    folder : Path
        Gets the features of each fold's windows, ``NUMBER.npy``.
    n_jobs : int
        Worker processes.

    Returns
    -------
    groups : list of SpeakerWindows
    n_unreadable : int
        Utterances that could not be read, or are silent.
    """
    sample = _sample(run)
    random = np.random.default_rng(run.experiment.seed)
    groups: list[SpeakerWindows] = []
    progress, done, used = stage("Computing windows (utterances)"), 0, 0
    with WorkerPool() as pool:
        for number in range(run.plan.folds.count):
            rows = np.intersect1d(run.plan.folds.tested(number), sample)
            names = _names(run, rows)
            features: list[NDArray[np.float32]] = []
            for name in np.unique(names):
                joined = joined_recording(run.places, rows[names == name], random)
                done += int((names == name).sum())
                progress(done, len(sample))
                if joined is None:
                    continue
                predicted, X = _windows(run, joined, plan, folder, pool, n_jobs)
                first = sum(map(len, features))
                chosen = predicted.table[ROW].dropna().to_numpy(dtype=np.intp)
                features.append(X)
                used += len(joined.rows)
                groups.append(
                    SpeakerWindows(
                        str(name), number, joined.rows, joined.spans,
                        predicted.table.drop(columns=ROW), predicted.outline, first + chosen,
                    )
                )  # fmt: skip
            if features:
                np.save(folder / f"{number}.npy", np.concatenate(features))
    return groups, len(sample) - used


def _sample(run: ReopenedRun) -> NDArray[np.intp]:
    """Return the tested utterances that are used."""
    tested = np.flatnonzero(run.plan.folds.test >= 0)
    task = run.task()
    keys = run.data.table["key"].iloc[tested].astype(str).tolist()
    labels = run.plan.labels[task.name].iloc[tested].astype(str)
    classes = labels.tolist() if task.categorical else [""] * len(tested)
    order = balanced_order(keys, run.data.speaker[tested], classes, run.experiment.seed)
    rows = tested[order[:MOST_UTTERANCES]]
    is_within = np.cumsum(seconds_of(run, rows)) <= MOST_SECONDS
    is_within[0] = True
    return np.sort(rows[is_within])


def _names(run: ReopenedRun, rows: NDArray[np.intp]) -> NDArray[np.str_]:
    named = run.data.speaker[rows].astype(str)
    alone = np.array([f"utterance {row}" for row in rows.tolist()], dtype=str)
    return np.where(named == "", alone, named)


def _windows(
    run: ReopenedRun,
    joined: JoinedRecording,
    plan: WindowPlan,
    folder: Path,
    pool: WorkerPool,
    n_jobs: int,
) -> tuple[WindowedPrediction, NDArray[np.float32]]:
    """Return the windows, whose features are the rows that they name."""
    features: list[NDArray[np.float32]] = [np.empty((0, run.features.shape[1]), np.float32)]

    def collect(X: NDArray[np.float32], facts: NDArray[np.float64]) -> pd.DataFrame:
        del facts
        first = sum(map(len, features))
        features.append(X)
        return pd.DataFrame({ROW: np.arange(first, first + len(X), dtype=float)})

    file = folder / "joined.wav"
    soundfile.write(file, joined.samples, RATE, "FLOAT")
    specs = [extractor.spec for extractor in run.data.extractors]
    predicted = predict_windows(
        file, plan, specs, collect, pool=pool if n_jobs != 1 else None, n_jobs=n_jobs
    )
    if ROW not in predicted.table:
        predicted.table[ROW] = np.nan
    X = np.concatenate(features)
    if run.experiment.speaker_norm == "transductive" and len(X):
        X = normalised_by_speaker(X, np.full(len(X), "speaker"), run.data.frames)
    return predicted, X.astype(np.float32)
