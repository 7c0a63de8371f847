"""Importance of groups of features: how much worse test sets are predicted without a group.

All columns of a group are permuted together among the rows of each speaker in each test set, so
that a row gets the group's values of another utterance of the same speaker. Differences between
speakers remain, and what the columns of a group share is lost with them. What a group shares with
other groups is not lost: an importance is a lower bound of the information in the group. Beside it
stands what is left of the figure when all other groups are permuted: where several groups have the
same information, none of them is missed, but each alone has it.

References
----------
Breiman, "Random forests", Machine Learning 45, 2001. Strobl et al., "Conditional variable
importance for random forests", BMC Bioinformatics 9, 2008.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import counted
from featser.evaluation.metrics.metrics import statistics_of
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import headline
from featser.evaluation.metrics.scales import IDENTITY
from featser.evaluation.metrics.sums import ccc_of, recalls_of, uar_of
from featser.evaluation.statistics.jackknife_interval import interval_of_sums
from featser.evaluation.statistics.resampling import resampling_units
from featser.explanation.feature_groups import FeatureGroup
from featser.explanation.permuted_outputs import Permutations, permuted_outputs
from featser.tasks import Task

REPETITIONS = 10
"""How often each group is permuted."""


@dataclass(frozen=True, eq=False)
class HeldOutFold:
    """A test set and the model that was not fitted on it.

    Attributes
    ----------
    model : estimator
        Of one task; a classifier's ``classes_`` are positions in the task's classes.
    X : ndarray, shape (m, d)
        The test set, as the model reads it.
    rows : ndarray of int, shape (m,)
        Which utterances these are.
    """

    model: Any
    X: NDArray[Any]
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class GroupImportance:
    """How much worse predictions are with one group permuted.

    Attributes
    ----------
    group, title, caution : str
        As :class:`~featser.explanation.feature_groups.FeatureGroup` has them.
    n_features : int
        The number of columns.
    drop : dict
        ``value``, ``low``, ``high`` of the fall of UAR, or CCC, with its 95 % interval over
        speakers; perhaps ``note``.
    alone : dict
        UAR, or CCC, that is left with all other groups permuted, likewise.
    recalls : dict of str to dict
        The fall of the recall of each class.
    """

    group: str
    title: str
    caution: str
    n_features: int
    drop: dict[str, Any]
    alone: dict[str, Any]
    recalls: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_above_zero(self) -> bool:
        """Whether the interval lies above 0."""
        return bool(self.drop["low"] > 0)


@dataclass(frozen=True)
class Importance:
    """The importance of all groups for one task.

    Attributes
    ----------
    task : Task
    metric : str
        ``uar`` or ``ccc``.
    value : float
        The metric without a permutation.
    groups : list of GroupImportance
        The most important first.
    notes : list of str
        What limits the figures.
    """

    task: Task
    metric: str
    value: float
    groups: list[GroupImportance]
    notes: list[str]


def group_importance(
    task: Task,
    labels: NDArray[Any],
    speaker: NDArray[np.str_],
    folds: Iterable[HeldOutFold],
    groups: Sequence[FeatureGroup],
    *,
    repetitions: int = REPETITIONS,
    random_state: int = 0,
) -> Importance:
    """Measure the importance of groups of features on test sets.

    Parameters
    ----------
    task : Task
    labels : ndarray, shape (n,)
        Of all utterances: classes, or numbers; missing where there is no label.
    speaker : ndarray of str, shape (n,)
        Who speaks; empty where it is missing. Such rows are permuted among each other.
    folds : iterable of HeldOutFold
        One at a time: a model can be released when the next one is made.
    groups : sequence of FeatureGroup
    repetitions : int
        How often each group is permuted; the figures are means.
    random_state : int
        Random seed of the permutations.

    Returns
    -------
    Importance
    """
    parts = [
        permuted_predictions(
            task, labels, speaker, fold, groups, repetitions, [random_state, number]
        )
        for number, fold in enumerate(folds)
    ]
    return importance_of(task, labels, speaker, parts, groups)


def importance_of(
    task: Task,
    labels: NDArray[Any],
    speaker: NDArray[np.str_],
    parts: Sequence[PermutedFold],
    groups: Sequence[FeatureGroup],
) -> Importance:
    """Return the importance of groups from the predictions of all test sets.

    Parameters
    ----------
    task, labels, speaker, groups
        As :func:`group_importance` has them.
    parts : sequence of PermutedFold
        From :func:`permuted_predictions`.
    """
    rows = np.concatenate([part.rows for part in parts])
    plain = np.concatenate([part.plain for part in parts])
    permuted = np.concatenate([part.permuted for part in parts], axis=-1)
    alone = np.concatenate([part.alone for part in parts], axis=-1)
    measure = _Drop(task, labels[rows], speaker[rows], plain)
    measured = [
        GroupImportance(
            group.name, group.title, group.caution, len(group.columns),
            measure.overall(permuted[place]), measure.left(alone[place]),
            measure.by_class(permuted[place]),
        )
        for place, group in enumerate(groups)
    ]  # fmt: skip
    measured.sort(key=lambda one: -one.drop["value"])
    notes = [
        *measure.notes,
        *_notes(task, labels[rows], speaker[rows], sum(p.n_fixed for p in parts)),
    ]
    return Importance(task, headline(task.kind), measure.value, measured, notes)


def within_speakers(
    speaker: NDArray[np.str_], repetitions: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """Draw orders of rows in which each row is replaced by one of the same speaker.

    Parameters
    ----------
    speaker : ndarray of str, shape (n,)
    repetitions : int
    random : Generator

    Returns
    -------
    ndarray of int, shape (repetitions, n)

    Examples
    --------
    >>> who = np.array(["anna", "ben", "anna", "ben"])
    >>> orders = within_speakers(who, 3, np.random.default_rng(0))
    >>> bool((who[orders] == who).all())
    True
    """
    orders = np.tile(np.arange(len(speaker)), (repetitions, 1))
    for name in np.unique(speaker):
        rows = np.flatnonzero(speaker == name)
        for order in orders:
            order[rows] = random.permutation(rows)
    return orders


@dataclass(frozen=True, eq=False)
class PermutedFold:
    """Predictions of one test set.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        The utterances with a label.
    plain : ndarray, shape (m,)
        Their predictions without a permutation.
    permuted : ndarray, shape (groups, repetitions, m)
        Their predictions with each group permuted.
    orders : ndarray of int, shape (repetitions, m)
        Of which utterance of the test set each got the values of a group.
    n_fixed : int
        How many are alone with their speaker, so that nothing is permuted.
    """

    rows: NDArray[np.intp]
    plain: NDArray[Any]
    permuted: NDArray[Any]
    orders: NDArray[np.intp]
    n_fixed: int

    @property
    def alone(self) -> NDArray[Any]:
        """Their predictions with all groups but one permuted, shape (groups, repetitions, m).

        A row with the values of a group of another utterance is that utterance with the values of
        all other groups of the row: no model is asked again.
        """
        alone = np.empty_like(self.permuted)
        for repetition, order in enumerate(self.orders):
            alone[:, repetition, order] = self.permuted[:, repetition]
        return alone


def permuted_predictions(
    task: Task,
    labels: NDArray[Any],
    speaker: NDArray[np.str_],
    fold: HeldOutFold,
    groups: Sequence[FeatureGroup],
    repetitions: int,
    random_state: int | Sequence[int],
) -> PermutedFold:
    """Predict a test set as it is, and with each group permuted within speakers.

    Parameters
    ----------
    task, labels, speaker, groups, repetitions
        As :func:`group_importance` has them.
    fold : HeldOutFold
    random_state : int or sequence of int
        Random seed of the permutations of this test set.
    """
    random = np.random.default_rng(random_state)
    import pandas as pd

    has_label = ~pd.isna(labels[fold.rows])
    rows, X = fold.rows[has_label], fold.X[has_label]
    orders = within_speakers(speaker[rows], repetitions, random)
    permutations = Permutations(X, [group.columns for group in groups], orders)
    outputs = permuted_outputs(fold.model, permutations)
    _, place, sizes = np.unique(speaker[rows], return_inverse=True, return_counts=True)
    n_fixed = int((sizes[place] == 1).sum())
    if not task.categorical:
        return PermutedFold(rows, outputs.plain[:, 0], outputs.permuted[..., 0], orders, n_fixed)
    names = np.array(task.classes, dtype=object)[np.asarray(fold.model.classes_, dtype=np.intp)]
    predicted = names[outputs.plain.argmax(axis=-1)], names[outputs.permuted.argmax(axis=-1)]
    return PermutedFold(rows, *predicted, orders, n_fixed)


class _Drop:
    """The fall of a metric from plain to permuted predictions, with its interval by speaker."""

    def __init__(
        self, task: Task, true: NDArray[Any], speaker: NDArray[np.str_], plain: NDArray[Any]
    ) -> None:
        self.task, self.true, self.speaker, self.plain = task, true, speaker, plain
        self.formula = uar_of if task.categorical else ccc_of
        self.value = float(self.formula(statistics_of(task, true, plain)))
        note = resampling_units(speaker, len(true)).note
        self.notes = [note] if note else []

    def overall(self, permuted: NDArray[Any]) -> dict[str, Any]:
        """Return the fall of UAR or CCC; permuted predictions have shape (r, n)."""
        return self._interval(self.formula, slice(None), permuted)

    def left(self, alone: NDArray[Any]) -> dict[str, Any]:
        """Return the UAR or CCC that predictions with all but one group permuted have."""
        return self._interval(self.formula, slice(None), alone, is_fall=False)

    def by_class(self, permuted: NDArray[Any]) -> dict[str, dict[str, Any]]:
        """Return the fall of the recall of each class, over the speakers who have it."""
        if not self.task.categorical:
            return {}
        figures = {}
        for place, name in enumerate(self.task.classes):
            rows = np.flatnonzero(self.true == name)
            if len(rows):

                def recall(sums: Array, place: int = place) -> Array:
                    return recalls_of(sums)[..., place]

                figures[name] = self._interval(recall, rows, permuted)
        return figures

    def _interval(
        self,
        formula: Callable[[Array], Array],
        rows: Any,
        permuted: NDArray[Any],
        is_fall: bool = True,
    ) -> dict[str, Any]:
        true, units = self.true[rows], resampling_units(self.speaker[rows], len(self.true[rows]))
        predictions = [self.plain[rows], *(one[rows] for one in permuted)]
        sums = np.stack(
            [statistics_of(self.task, true, pred, units.of_row) for pred in predictions], axis=1
        )

        def figure(totals: Array) -> Array:
            plain, *others = np.moveaxis(totals, -_axes(self.task) - 1, 0)
            mean: Array = np.mean([formula(other) for other in others], axis=0)
            return formula(plain) - mean if is_fall else mean

        return interval_of_sums(figure, sums, units, IDENTITY, 0.95).to_dict()


def _axes(task: Task) -> int:
    """Return how many axes the sums of a task have."""
    return 2 if task.categorical else 1


def _notes(task: Task, true: NDArray[Any], speaker: NDArray[np.str_], n_fixed: int) -> list[str]:
    """Say where permuting within speakers can show nothing."""
    notes = []
    if n_fixed:
        notes.append(
            f"{counted(n_fixed, 'utterance')} of {len(true)} cannot be permuted: no other one of "
            f"the speaker is in the test set"
        )
    if task.categorical:
        names = [name for name in np.unique(speaker) if name]
        single = sum(len(set(true[speaker == name].tolist())) == 1 for name in names)
        if single:
            notes.append(
                f"{single} of {len(names)} speakers have one class alone: permuting within them "
                f"changes no recall by much, so that importances are too low"
            )
    return notes
