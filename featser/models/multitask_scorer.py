"""A task's headline metric as scikit-learn's searches and cross-validation use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import evaluate_task
from featser.models.labels import Labels, label_table, primary_of
from featser.tasks import Task


class MultiTaskScorer:
    """A scorer for ``GridSearchCV`` and ``cross_val_score``: one task's headline metric.

    Parameters
    ----------
    task : str, optional
        Which task; the primary one when omitted.

    Examples
    --------
    >>> GridSearchCV(model, grid, scoring=MultiTaskScorer("emotion"))  # doctest: +SKIP
    """

    def __init__(self, task: str | None = None) -> None:
        self.task = task

    def __call__(self, estimator: Any, X: ArrayLike, y: Labels) -> float:
        """Return UAR, or CCC for a regression, on the rows that have the label."""
        tasks = _tasks_of(estimator)
        task = primary_of(tasks) if self.task is None else _named(self.task, tasks)
        labels = label_table(tasks, y)[task.name]
        labelled = labels.notna().to_numpy()
        predicted = estimator.predict(X)[task.name].to_numpy()[labelled]
        scores = evaluate_task(task, labels.to_numpy()[labelled], predicted)
        return next(iter(scores.values()))


def _tasks_of(estimator: Any) -> Sequence[Task]:
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    tasks: Sequence[Task] = last.tasks
    return tasks


def _named(name: str, tasks: Sequence[Task]) -> Task:
    for task in tasks:
        if task.name == name:
            return task
    raise TaskError(f"no task '{name}' among {[task.name for task in tasks]}")
