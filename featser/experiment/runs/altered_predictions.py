"""Predictions of altered recordings, by the models that were not fitted on the recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.experiment.loading.data import read_features
from featser.experiment.runs.altered_recordings import AlteredLevel, StressPlan
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.fold_models import ask_fold_models
from featser.experiment.runs.reopened_run import ReopenedRun
from featser.features.extractor import Extractor
from featser.progress import Progress
from featser.robustness.conditions import Condition, Level
from featser.robustness.stress_curves import Answered
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.store.feature_store import Store
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class AlteredPredictions:
    """What the models of all folds predict.

    Attributes
    ----------
    clean : Answered
        The sample as it is.
    altered : list of (Condition, Level, Answered)
        The sample under each level.
    n_cached, n_folds : int
        How many of the models were read from the cache.
    """

    clean: Answered
    altered: list[tuple[Condition, Level, Answered]]
    n_cached: int
    n_folds: int


def altered_predictions(
    run: ReopenedRun, task: Task, plan: StressPlan, fits: Fits, n_jobs: int, progress: Progress
) -> AlteredPredictions:
    """Predict the sample of a stress test, as it is and under each level.

    Parameters
    ----------
    run : ReopenedRun
    task : Task
    plan : StressPlan
        What of it has features in the store is predicted.
    fits : Fits
        The cache of models.
    n_jobs : int
        Folds at once.
    progress : callable
        Called with the folds done and in all.
    """
    features = _AlteredFeatures.of(run, plan)
    question = partial(_answered, task, plan.sample, features)
    answers = ask_fold_models(run, task, question, fits, n_jobs, progress)
    clean = _joined([fold[0] for fold in answers.results])
    altered = [
        (one.condition, one.level, _joined([fold[1 + place] for fold in answers.results]))
        for place, one in enumerate(plan.levels)
    ]
    return AlteredPredictions(clean, altered, answers.n_cached, len(answers.results))


@dataclass(frozen=True, eq=False)
class _AlteredFeatures:
    """The features of altered recordings, read in the worker process that predicts them."""

    store: str
    extractors: Sequence[Extractor]
    levels: Sequence[AlteredLevel]
    speaker: NDArray[np.str_]
    frames: Any
    by_speaker: bool

    @classmethod
    def of(cls, run: ReopenedRun, plan: StressPlan) -> _AlteredFeatures:
        """Leave out what could not be computed."""
        store, extractors = Store(run.store), run.data.extractors
        levels = []
        for one in plan.levels:
            has = np.ones(len(one.keys), dtype=bool)
            for extractor in extractors:
                has &= store.has(extractor, one.keys)
            keys = [key for key, stored in zip(one.keys, has, strict=True) if stored]
            levels.append(AlteredLevel(one.condition, one.level, one.rows[has], keys))
        by_speaker = run.experiment.speaker_norm == "transductive"
        speaker, frames = run.data.speaker, run.data.frames
        return cls(str(run.store), extractors, levels, speaker, frames, by_speaker)

    def of_level(
        self, store: Store, level: AlteredLevel, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return those of some rows that a level has, and their features.

        Where speakers are normalised, it is by all their recordings under the same level.
        """
        is_wanted = np.isin(level.rows, rows)
        is_read = is_wanted
        if self.by_speaker:
            is_read = np.isin(self.speaker[level.rows], self.speaker[rows])
        chosen = level.rows[is_read]
        keys = [level.keys[place] for place in np.flatnonzero(is_read)]
        X = read_features(store, self.extractors, keys)
        if self.by_speaker:
            X = normalised_by_speaker(X, self.speaker[chosen], self.frames)
        return level.rows[is_wanted], X[is_wanted[is_read]]


def _answered(
    task: Task,
    sample: NDArray[np.intp],
    features: _AlteredFeatures,
    number: int,
    model: Any,
    X: NDArray[Any],
    rows: NDArray[np.intp],
) -> list[Answered]:
    """Predict a test set's share of the sample: clean, then each level; in a worker process."""
    del number
    is_sampled = np.isin(rows, sample)
    answers = [_predicted(task, model, X[is_sampled], rows[is_sampled])]
    store = Store(features.store)
    for level in features.levels:
        own, altered = features.of_level(store, level, rows[is_sampled])
        answers.append(_predicted(task, model, altered, own))
    return answers


def _predicted(task: Task, model: Any, X: NDArray[Any], rows: NDArray[np.intp]) -> Answered:
    if not len(rows):
        return Answered(rows, np.empty(0, dtype=object if task.categorical else float))
    if not task.categorical:
        return Answered(rows, np.asarray(model.predict(X), dtype=float))
    names = np.array(task.classes, dtype=object)[np.asarray(model.classes_, dtype=np.intp)]
    return Answered(rows, names[np.asarray(model.predict_proba(X)).argmax(axis=1)])


def _joined(parts: Sequence[Answered]) -> Answered:
    return Answered(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.predictions for part in parts]),
    )
