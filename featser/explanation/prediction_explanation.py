"""Which groups of features moved a single prediction, and which training utterances are similar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import BundleError, TaskError, unknown
from featser.explanation.altered_rows import Floats, outputs_of
from featser.explanation.feature_groups import FeatureGroup, feature_groups
from featser.explanation.mixed_rows import MixedRows
from featser.explanation.shapley import shapley_values
from featser.features.extractor import Extractor
from featser.models.bundle import Bundle
from featser.models.comparison.comparison import Comparison
from featser.models.comparison.training_neighbours import SimilarUtterance
from featser.tasks import Task

N_SIMILAR = 3


@dataclass(frozen=True)
class GroupEffect:
    """By how much a group of features moved a prediction.

    Attributes
    ----------
    group, title, caution : str
        As :class:`~featser.explanation.feature_groups.FeatureGroup` has them.
    value : float
        In probability, or in the unit of the number.
    error : float
        Its standard error; 0 where it is exact.
    """

    group: str
    title: str
    caution: str
    value: float
    error: float


@dataclass(frozen=True)
class PredictionExplanation:
    """Why a model predicts what it predicts for one utterance.

    Attributes
    ----------
    task : str
    label : str
        The class whose probability is explained; empty for numbers.
    prediction : float
        Its probability, or the predicted number.
    average : float
        The mean over a sample of training utterances.
    effects : tuple of GroupEffect
        The largest first; their values sum to ``prediction - average``.
    is_exact : bool
        Whether all sets of groups were evaluated, not a sample of orders.
    similar : tuple of SimilarUtterance
        The nearest training utterances, the nearest first; empty where the model has none.
    """

    task: str
    label: str
    prediction: float
    average: float
    effects: tuple[GroupEffect, ...]
    is_exact: bool
    similar: tuple[SimilarUtterance, ...]


def explain_prediction(
    bundle: Bundle,
    extractors: Sequence[Extractor],
    features: NDArray[Any],
    *,
    task: str | None = None,
    label: str | None = None,
    by: str = "descriptor",
    random_state: int = 0,
) -> PredictionExplanation:
    """Explain the prediction of one utterance by the groups of its features.

    Parameters
    ----------
    bundle : Bundle
        The model, with the training rows that it is compared with.
    extractors : sequence of Extractor
        From :func:`~featser.models.bundle_extractors.rebuild_extractors`.
    features : ndarray, shape (d,)
        Of the utterance, as the model reads them: after speaker normalisation.
    task : str, optional
        By default the first one.
    label : str, optional
        The class that is explained; by default the predicted one.
    by : str
        How features are grouped: ``descriptor``, ``functional`` or ``extractor``.
    random_state : int
        Random seed of the orders that are drawn.

    Returns
    -------
    PredictionExplanation

    Raises
    ------
    BundleError
        If the bundle has no training rows.
    TaskError
        If there is no such task, class or grouping.

    Examples
    --------
    >>> why = explain_prediction(bundle, extractors, features)  # doctest: +SKIP
    >>> [(one.group, one.value) for one in why.effects[:2]]  # doctest: +SKIP
    [('loudness', 0.32), ('pitch', 0.18)]
    """
    comparison = training_rows_of(bundle)
    chosen = _task(bundle, task)
    groups = feature_groups(extractors, by)
    row = np.asarray(features, dtype=np.float32).reshape(1, -1)
    explained = _Explained(bundle, chosen, comparison, row, groups)
    plain = explained.plain()
    column = _column(chosen, plain[0], label)
    whole, empty = plain[0, column : column + 1], plain[1:, column : column + 1]

    def evaluate(sources: NDArray[np.intp]) -> Floats:
        return explained.mixed(sources)[:, column : column + 1]

    shapley = shapley_values(evaluate, whole, empty, len(groups), random_state)
    effects = [
        GroupEffect(group.name, group.title, group.caution, float(value), float(error))
        for group, value, error in zip(
            groups, shapley.values[:, 0], shapley.errors[:, 0], strict=True
        )
    ]
    effects.sort(key=lambda one: -abs(one.value))
    return PredictionExplanation(
        chosen.name,
        chosen.classes[column] if chosen.categorical else "",
        float(whole[0]),
        float(empty.mean()),
        tuple(effects),
        shapley.is_exact,
        _similar(bundle, comparison, row),
    )


def training_rows_of(bundle: Bundle) -> Comparison:
    """Return what the predictions of a model are compared with.

    Raises
    ------
    BundleError
        If it has none.
    """
    if bundle.comparison is not None:
        return bundle.comparison
    if bundle.normalizer is not None:
        raise BundleError(
            f"it was fitted with --speaker-norm {bundle.speaker_norm}, so that features depend on "
            f"who is enrolled: --why explains models with --speaker-norm none or transductive"
        )
    raise BundleError(
        "it holds no training rows that a prediction can be compared with, as models of earlier "
        "versions, of very few recordings or of very wide features: for --why, fit it again with "
        "this featser"
    )


def _task(bundle: Bundle, name: str | None) -> Task:
    for task in bundle.tasks:
        if name in (None, task.name):
            return task
    raise TaskError(unknown("task", str(name), [task.name for task in bundle.tasks]))


def _column(task: Task, outputs: Floats, label: str | None) -> int:
    if label is None or not task.categorical:
        return int(outputs.argmax())
    if label not in task.classes:
        raise TaskError(unknown("class", label, task.classes))
    return task.classes.index(label)


def _similar(
    bundle: Bundle, comparison: Comparison, row: NDArray[np.float32]
) -> tuple[SimilarUtterance, ...]:
    if comparison.neighbours is None or bundle.domain is None or bundle.domain.distance is None:
        return ()
    position = bundle.domain.distance.positions(row)[0]
    return tuple(comparison.neighbours.nearest(position, N_SIMILAR))


@dataclass(frozen=True, eq=False)
class _Explained:
    """The outputs of a task, for the explained row and the background."""

    bundle: Bundle
    task: Task
    comparison: Comparison
    row: NDArray[np.float32]
    groups: Sequence[FeatureGroup]

    def plain(self) -> Floats:
        """Return what the model predicts for the row and for the background, shape (1 + b, k)."""
        return self._of_model(self._table)

    def mixed(self, sources: NDArray[np.intp]) -> Floats:
        """Return the outputs of mixed rows, shape (m, k)."""
        rows = MixedRows(self._table, [group.columns for group in self.groups], sources)
        if getattr(self.bundle.model, "coupler_", None) is not None:
            return rows.predicted(self._of_model)
        estimator = self.bundle.model.estimators_[self.task.name]
        outputs = outputs_of(estimator, rows)
        if not self.task.categorical:
            return outputs
        by_class = np.zeros((len(outputs), len(self.task.classes)))
        by_class[:, np.asarray(estimator.classes_, dtype=np.intp)] = outputs
        return by_class

    @property
    def _table(self) -> NDArray[np.float32]:
        return np.concatenate([self.row, self.comparison.background])

    def _of_model(self, X: NDArray[Any]) -> Floats:
        predicted, probabilities = self.bundle.model.predict_with_proba(X)
        if self.task.categorical:
            return probabilities[self.task.name].to_numpy(dtype=np.float64)
        return predicted[self.task.name].to_numpy(dtype=np.float64)[:, None]
