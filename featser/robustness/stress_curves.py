"""The figures of a stress test: each level of each condition, and its difference to clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import counted
from featser.evaluation.metrics.registry import headline
from featser.evaluation.statistics.comparison import compare_task, holm
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.robustness.conditions import Condition, Level
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class Answered:
    """Predictions of some utterances.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Which utterances, each once.
    predictions : ndarray, shape (m,)
        Classes or numbers.
    """

    rows: NDArray[np.intp]
    predictions: NDArray[Any]


@dataclass(frozen=True)
class StressedLevel:
    """The figures of a level.

    Attributes
    ----------
    condition : Condition
    level : Level
    n : int
        Utterances that were predicted.
    figure : dict
        ``value``, ``low``, ``high`` of UAR, or CCC, with its 95 % interval over speakers; perhaps
        ``note``.
    difference : dict
        The same of the level less clean, on the same utterances.
    p : float
        Two-sided p value of no difference, corrected for all levels (Holm); NaN where there is no
        interval.
    recalls : dict of str to dict
        The recall of each class that occurs.
    """

    condition: Condition
    level: Level
    n: int
    figure: dict[str, Any]
    difference: dict[str, Any]
    p: float
    recalls: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def falls(self) -> bool:
        """Whether the interval of the difference lies below 0."""
        return bool(self.difference["high"] < 0)


@dataclass(frozen=True)
class StressCurves:
    """The figures of all levels.

    Attributes
    ----------
    task : Task
    metric : str
        ``uar`` or ``ccc``.
    chance : float
        What a prediction without information reaches.
    n : int
        Utterances of the sample.
    clean : dict
        The figure of the unaltered utterances.
    clean_recalls : dict of str to dict
    levels : list of StressedLevel
        In the order of the conditions.
    notes : list of str
    """

    task: Task
    metric: str
    chance: float
    n: int
    clean: dict[str, Any]
    clean_recalls: dict[str, dict[str, Any]]
    levels: list[StressedLevel]
    notes: list[str]

    @property
    def worst(self) -> StressedLevel | None:
        """The level with the largest fall; None without a level."""
        return min(self.levels, key=lambda one: float(one.difference["value"]), default=None)


def stress_curves(
    task: Task,
    labels: NDArray[Any],
    speaker: NDArray[np.str_],
    clean: Answered,
    altered: Sequence[tuple[Condition, Level, Answered]],
) -> StressCurves:
    """Return the figures of a stress test.

    Parameters
    ----------
    task : Task
    labels : ndarray, shape (n,)
        The truth of all utterances; missing only where nothing is predicted.
    speaker : ndarray of str, shape (n,)
        Who speaks; empty where it is not known.
    clean : Answered
        Predictions of the sample as it is.
    altered : sequence of (Condition, Level, Answered)
        Predictions of the sample under each level, or of those of it that could be used.
    """
    metric = headline(task.kind)
    own = _figures(task, labels, speaker, clean)
    chance = float(own["chance.uar"]["value"]) if task.categorical else 0.0
    notes: list[str] = []
    measured = []
    for condition, level, answered in altered:
        missing = len(clean.rows) - len(answered.rows)
        if missing:
            notes.append(
                f"{condition.title} {level.label}: {counted(missing, 'utterance')} of "
                f"{len(clean.rows)} could not be used; the figures are of the others"
            )
        if len(answered.rows):
            figures = _figures(task, labels, speaker, answered)
            before = _at(clean, answered.rows)
            compared = compare_task(
                task, labels[answered.rows], before, answered.predictions, speaker[answered.rows]
            )
            measured.append((condition, level, len(answered.rows), figures, compared))
    corrected = holm([compared.p for *_, compared in measured])
    levels = [
        StressedLevel(
            condition, level, n, figures[metric], compared.difference.to_dict(), float(p),
            _recalls(task, figures),
        )
        for (condition, level, n, figures, compared), p in zip(measured, corrected, strict=True)
    ]  # fmt: skip
    if note := own[metric].get("note"):
        notes.insert(0, str(note))
    return StressCurves(
        task, metric, chance, len(clean.rows), own[metric], _recalls(task, own), levels, notes
    )


def _figures(
    task: Task, labels: NDArray[Any], speaker: NDArray[np.str_], answered: Answered
) -> dict[str, dict[str, Any]]:
    rows = answered.rows
    return evaluate_with_intervals(task, labels[rows], answered.predictions, speaker[rows])


def _recalls(task: Task, figures: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the recalls of the classes that occur."""
    named = ((name, figures.get(f"recall[{name}]")) for name in task.classes)
    return {
        name: figure for name, figure in named if figure and np.isfinite(float(figure["value"]))
    }


def _at(answered: Answered, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Return the predictions of some of the utterances."""
    order = np.argsort(answered.rows)
    positions = order[np.searchsorted(answered.rows, rows, sorter=order)]
    return answered.predictions[positions]
