"""The calibration of a run's model for windows, out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import RunError
from featser.evaluation.conformal import Calibration
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.fold_models import ask_fold_models
from featser.experiment.runs.reopened_run import ReopenedRun
from featser.experiment.windows.speaker_windows import SpeakerWindows, windows_of_speakers
from featser.models.abstention.feature_distance import MOST_ROWS, FeatureDistance
from featser.models.abstention.training_domain import compared_columns
from featser.models.abstention.window_calibration import WindowCalibration
from featser.progress import stage
from featser.tasks import Task
from featser.timelines.recording_timeline import recording_timeline
from featser.timelines.smoothing import parse_smoothing
from featser.timelines.window_plan import WindowPlan
from featser.timelines.windowed_prediction import WindowedPrediction
from featser.workers.locked_temporary_folder import locked_temporary_folder

Doubles = NDArray[np.float64]

PREFIX = "featser-calibrate-"
"""How the names of temporary folders begin; those of a killed calibration go with the next one."""


@dataclass(frozen=True, eq=False)
class CalibratedWindows:
    """A calibration, and what it is made of.

    Attributes
    ----------
    calibration : WindowCalibration
    n_utterances, n_windows : int
        Utterances that were joined, and windows with speech.
    n_unreadable : int
        Utterances that could not be read, or are silent.
    n_cached, n_models : int
        How many of the folds' models were read from the cache.
    """

    calibration: WindowCalibration
    n_utterances: int
    n_windows: int
    n_unreadable: int
    n_cached: int
    n_models: int


def calibration_of_windows(
    run: ReopenedRun, plan: WindowPlan, fits: Fits, n_jobs: int
) -> CalibratedWindows:
    """Calibrate a run's model on windows, by models that were not fitted on their speaker.

    The utterances of each test set are joined by speaker; the model of the fold predicts the
    windows, and frames are their means, as in a timeline that is not smoothed. The class of a frame
    is that of the utterance that it shares most time with.

    Parameters
    ----------
    run : ReopenedRun
    plan : WindowPlan
        Windows and hop.
    fits : Fits
        The cache of models.
    n_jobs : int
        Worker processes, and folds at once.

    Raises
    ------
    RunError
        If the features cannot be computed of windows, or none has speech.
    """
    for extractor in run.data.extractors:
        if not extractor.reads_signal:
            raise RunError(
                f"{run.folder}: the features {extractor.spec} are read from a table and cannot be "
                f"computed of windows. Fit a run without them"
            )
    with locked_temporary_folder(PREFIX) as folder:
        groups, n_unreadable = windows_of_speakers(run, plan, Path(folder), n_jobs)
        if not sum(group.n_windows for group in groups):
            raise RunError(f"{run.folder}: no window of its recordings has speech")
        calibrations: dict[str, Calibration] = {}
        n_cached = 0
        for task in run.plan.tasks:
            if not task.categorical:
                continue
            question = partial(window_probabilities, folder, task)
            progress = stage(f"Predicting windows (folds, {task.name})")
            answers = ask_fold_models(run, task, question, fits, n_jobs, progress)
            n_cached += answers.n_cached
            labels = run.plan.labels[task.name].to_numpy(dtype=object)
            calibrations[task.name] = calibration_of_task(
                task, groups, answers.results, labels, plan
            )
        distance = _distance(run, groups, Path(folder))
    return CalibratedWindows(
        WindowCalibration(plan.window_s, plan.hop_s, calibrations, distance),
        sum(len(group.rows) for group in groups),
        sum(group.n_windows for group in groups),
        n_unreadable,
        n_cached,
        len(calibrations) * run.plan.folds.count,
    )


def window_probabilities(
    folder: str, task: Task, number: int, model: Any, X: NDArray[Any], rows: NDArray[np.intp]
) -> Doubles:
    """Return the probabilities of a fold's windows, shape (windows, K); in a worker process."""
    del X, rows
    file = features_file(Path(folder), number)
    windows = np.load(file) if file.exists() else np.empty((0, 0), np.float32)
    result = np.zeros((len(windows), len(task.classes)))
    if len(windows):
        result[:, np.asarray(model.classes_, dtype=np.intp)] = model.predict_proba(windows)
    return result


def calibration_of_task(
    task: Task,
    groups: Sequence[SpeakerWindows],
    probabilities: Sequence[Doubles],
    labels: NDArray[Any],
    plan: WindowPlan,
) -> Calibration:
    """Calibrate a task on frames.

    Parameters
    ----------
    task : Task
    groups : sequence of SpeakerWindows
        In the order of the windows of each fold.
    probabilities : sequence of ndarray, shape (windows, K)
        For each fold.
    labels : ndarray, shape (n,)
        The class of each utterance; missing where there is none.
    plan : WindowPlan
        Windows and hop.
    """
    codes = pd.Categorical(labels, categories=list(task.classes)).codes.astype(np.intp)
    encoded, of_frames, speakers = [], [], []
    for group in groups:
        own = probabilities[group.fold][group.positions]
        frames, means = frame_means(task, group, own, plan)
        rows = group.longest(frames)
        code = np.where(rows >= 0, codes[rows], -1)
        encoded.append(code[code >= 0])
        of_frames.append(means[code >= 0])
        speakers.append(np.full(int((code >= 0).sum()), group.speaker, dtype=object))
    return Calibration.of(
        task.classes,
        np.concatenate(encoded),
        np.concatenate(of_frames),
        np.concatenate(speakers).astype(str),
    )


def frame_means(
    task: Task, group: SpeakerWindows, probabilities: Doubles, plan: WindowPlan
) -> tuple[Doubles, Doubles]:
    """Return the frames with speech, shape (frames, 2), and the means of their windows.

    Parameters
    ----------
    task : Task
    group : SpeakerWindows
    probabilities : ndarray, shape (windows, K)
        Of the windows with speech.
    plan : WindowPlan
        Windows and hop.
    """
    names = [f"{task.name}.p[{name}]" for name in task.classes]
    table = group.table.copy()
    predicted = (table["reason"] == "").to_numpy()
    for name, column in zip(names, probabilities.T, strict=True):
        table[name] = np.nan
        table.loc[predicted, name] = column
    timeline = recording_timeline(
        WindowedPrediction(table, group.outline), [task], plan, parse_smoothing("none")
    ).table
    frames = timeline[timeline["speech"]]
    return frames[["start", "end"]].to_numpy(), frames[names].to_numpy(dtype=np.float64)


def features_file(folder: Path, number: int) -> Path:
    """Return where the features of a fold's windows are."""
    return folder / f"{number}.npy"


def _distance(
    run: ReopenedRun, groups: Sequence[SpeakerWindows], folder: Path
) -> FeatureDistance | None:
    """Fit the distance on windows drawn at random."""
    speakers = np.concatenate([np.full(group.n_windows, group.speaker) for group in groups])
    folds = np.concatenate([np.full(group.n_windows, group.fold) for group in groups])
    positions = np.concatenate([group.positions for group in groups])
    random = np.random.default_rng(run.experiment.seed)
    drawn = np.sort(random.permutation(len(speakers))[:MOST_ROWS])
    X = np.empty((len(drawn), run.features.shape[1]), np.float32)
    for number in np.unique(folds[drawn]):
        chosen = np.flatnonzero(folds[drawn] == number)
        windows = np.load(features_file(folder, int(number)), mmap_mode="r")
        X[chosen] = windows[positions[drawn[chosen]]]
    columns = compared_columns(run.data.extractors)
    progress = stage("Measuring feature distances of windows")
    return FeatureDistance.of(X, columns, speakers[drawn], run.experiment.seed, progress)
