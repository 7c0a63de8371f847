"""Classifiers of ordered classes: one binary classifier for each step between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.left_out import left_out_probabilities


class OrdinalClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """K − 1 binary classifiers for K ordered classes, one for each step between classes.

    Frank and Hall, "A simple approach to ordinal classification", ECML 2001. The K − 1
    probabilities ``P(y > k)`` are made non-increasing in k: the mean of the highest
    non-increasing sequence below them and the lowest above them, which does not depend on the
    direction of the order. Their differences are the probabilities of the classes.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``; it is fitted on 0 and 1, with weights and speakers if it
        requests them.
    prior : {'data', 'even'}
        Prior that the estimator assumes for the two sides of a step: their frequency in the data,
        or, as with balanced class weights, equal frequency. For ``'even'`` the odds are corrected
        by Bayes' rule to the shares of K equally frequent classes; without the correction, the
        first and the last class would be too probable.

    Attributes
    ----------
    classes_ : ndarray, shape (K,)
        Sorted: their order is the order of the classes.
    estimators_ : list of classifier, length K − 1
        Fitted.
    left_out_probabilities_ : ndarray, shape (n, K), or None
        Made of those of the steps; None where a step has none.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = [[0.0], [0.2], [1.0], [1.1], [2.0], [2.2]], [0, 0, 1, 1, 2, 2]
    >>> OrdinalClassifier(LogisticRegression()).fit(X, y).predict([[0.0], [2.1]])
    array([0, 2])
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(self, estimator: Any, prior: Literal["data", "even"] = "data") -> None:
        self.estimator = estimator
        self.prior = prior

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> OrdinalClassifier:
        """Fit a classifier for each step to X, shape (n, d), and classes y, shape (n,)."""
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=None)
        check_classification_targets(y)
        self.classes_, rank = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, y has one class: {self.classes_}")
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        self.estimators_ = [
            fit_routed(clone(self.estimator), X, (rank > step).astype(np.intp), **metadata)
            for step in range(len(self.classes_) - 1)
        ]
        offered = [left_out_probabilities(model) for model in self.estimators_]
        of_steps = [table[:, 1] for table in offered if table is not None]
        is_complete = len(of_steps) == len(offered)
        self.left_out_probabilities_ = self._of_steps(of_steps) if is_complete else None
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the classes' probabilities, shape (n, K)."""
        check_is_fitted(self, "estimators_")
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=None)
        return self._of_steps([model.predict_proba(X)[:, 1] for model in self.estimators_])

    def _of_steps(self, of_steps: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the classes' probabilities from those of being above each step."""
        above = np.stack(of_steps, axis=1)
        if self.prior == "even":
            above = _of_equal_classes(above)
        ends = np.ones((len(above), 1))
        steps = np.hstack([ends, falling(above), np.zeros_like(ends)])
        return np.asarray(-np.diff(steps, axis=1), dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probability = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[np.argmax(probability, axis=1)]
        return classes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags


def _of_equal_classes(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert probabilities of equally frequent sides to those of equally frequent classes."""
    steps = above.shape[1]
    share = np.arange(steps, 0, -1) / (steps + 1)
    over, under = above * share, (1 - above) * (1 - share)
    return np.asarray(over / (over + under))


def falling(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make rows non-increasing from left to right.

    Parameters
    ----------
    above : ndarray of float, shape (n, k)

    Returns
    -------
    ndarray of float, shape (n, k)
        The mean of the envelopes below and above; rows that are non-increasing do not change.
    """
    below = np.minimum.accumulate(above, axis=1)
    over = np.maximum.accumulate(above[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((below + over) / 2)


def nominal(estimator: Any) -> Any:
    """Return an estimator without its ordinal heads, for classes without an order.

    Parameters
    ----------
    estimator : estimator
        Unfitted: a classifier, or a pipeline or vote that holds some.
    """
    if isinstance(estimator, OrdinalClassifier):
        return clone(estimator.estimator)
    plain = clone(estimator)
    for name, part in estimator.get_params(deep=True).items():
        if isinstance(part, OrdinalClassifier):
            plain.set_params(**{name: clone(part.estimator)})
        elif name.rpartition("__")[2] == "ordinal":
            plain.set_params(**{name: False})
    return plain
