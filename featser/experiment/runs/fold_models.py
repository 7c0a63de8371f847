"""The models of a run's folds, fitted again or read from the cache, and what they are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.cross_fit import fit_fold
from featser.evaluation.fit_identity import identities
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.reopened_run import ReopenedRun
from featser.experiment.unfitted_model import unfitted_model
from featser.experiment.variants.language_first import language_of
from featser.one_thread import one_thread
from featser.progress import Progress
from featser.tasks import Task
from featser.workers.joblib_workers import parallel

WORTH_STORING_S = 10.0
"""A model that took less CPU time is not cached: writing one of 13,000 features takes 4 s."""

Result = TypeVar("Result")
Question = Callable[[int, Any, NDArray[Any], NDArray[np.intp]], Result]
"""Called with the fold, its model of the task, its test set and the rows of the test set."""


class TaskOfModel:
    """One task of a model that predicts several tasks together, as an estimator.

    Parameters
    ----------
    model : MultiTaskEstimator
        Fitted.
    task : Task
        The one that is predicted.
    """

    def __init__(self, model: Any, task: Task) -> None:
        self.model = model
        self.task = task
        self.classes_ = np.arange(len(task.classes))
        if task.categorical:
            self.predict_proba = self._probabilities

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the predictions of the task, shape (n,)."""
        return np.asarray(self.model.predict(X)[self.task.name])

    def _probabilities(self, X: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(X)[self.task.name], dtype=np.float64)


@dataclass(frozen=True)
class Answers:
    """What the models of all folds gave.

    Attributes
    ----------
    results : list
        One for each fold.
    n_cached : int
        How many models were read from the cache.
    """

    results: list[Any]
    n_cached: int


def ask_fold_models(
    run: ReopenedRun,
    task: Task,
    question: Question[Result],
    fits: Fits,
    n_jobs: int,
    progress: Progress,
) -> Answers:
    """Ask the model of each fold something about the fold's test set.

    Models that the cache lacks are fitted; those that took :data:`WORTH_STORING_S` or longer are
    stored as they finish. Where tasks are predicted by models of their own, only that of the task
    is fitted.

    Parameters
    ----------
    run : ReopenedRun
    task : Task
        Whose model is asked.
    question : callable
        Called in a worker process with the fold's number, its fitted estimator of the task, the
        test set, and the numbers of its rows.
    fits : Fits
        The cache.
    n_jobs : int
        Folds at once.
    progress : callable
        Called with the folds done and in all.
    """
    from joblib import delayed

    jobs = _Jobs.of(run, task)
    count = run.plan.folds.count
    identity_of_fold = jobs.identities()
    cached = [0]

    def tasks() -> Iterator[Any]:
        for number in range(count):
            model = fits.model(identity_of_fold[number])
            cached[0] += model is not None
            yield delayed(jobs.ask)(number, model, question)

    results: dict[int, Any] = {}
    progress(0, count)
    workers = parallel(n_jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
    for number, fitted, result in workers(tasks()):
        if fitted is not None:  # one that is worth storing
            fits.keep_model(identity_of_fold[number], fitted)
        results[number] = result
        progress(len(results), count)
    return Answers([results[number] for number in range(count)], cached[0])


@dataclass(frozen=True, eq=False)
class _Jobs:
    """What every fold's fit needs."""

    model: Any
    X: NDArray[np.float32]
    labels: pd.DataFrame
    run: ReopenedRun
    tasks: list[Task]
    task: Task
    shared: bool
    language: NDArray[np.str_] | None
    auxiliary: Any

    @classmethod
    def of(cls, run: ReopenedRun, task: Task) -> _Jobs:
        experiment, data = run.experiment, run.data
        shared = experiment.coupling != "independent" or experiment.joint != "none"
        tasks = run.plan.tasks if shared else [task]
        model = unfitted_model(data, experiment, tasks)
        language = None if experiment.two_pass == "none" else language_of(data.table)
        auxiliary = None
        if data.auxiliary is not None:
            auxiliary, _ = data.auxiliary.matched(tasks, data.table)
        return cls(
            model, run.features, run.plan.labels, run, tasks, task, shared, language, auxiliary
        )

    def identities(self) -> dict[int, str]:
        run = self.run
        return identities(
            self.model, self.X, self.labels, run.plan.folds, run.unit, self.tasks,
            range(run.plan.folds.count), run.data.copies, None, self.language, self.auxiliary,
        )  # fmt: skip

    def ask(self, number: int, cached: Any, question: Question[Result]) -> tuple[int, Any, Result]:
        """Return the fold, its model where it is to be stored, and the answer."""
        run = self.run
        with one_thread():
            model, seconds = cached, 0.0
            if model is None:
                began = time.process_time()
                model, _ = fit_fold(
                    self.model, self.X, self.labels, run.plan.folds, run.unit, number,
                    run.data.copies, None, self.language, self.auxiliary,
                )  # fmt: skip
                seconds = time.process_time() - began
            rows = run.plan.folds.tested(number)
            estimator = TaskOfModel(model, self.task)
            own = estimator if self.shared else model.estimators_[self.task.name]
            result = question(number, own, self.X[rows], rows)
        is_costly = model is not cached and seconds >= WORTH_STORING_S
        return number, model if is_costly else None, result
