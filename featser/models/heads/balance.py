"""Class balance for classifiers that have no ``class_weight`` of their own."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from featser.models.routing import refuse_ignored_weights


class Balanced(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier in which all classes have the same total weight.

    Where the classifier takes sample weights, each utterance is weighted by
    ``n / (classes × size of its class)``, ``n`` and sizes counted in sample weights. Where it
    takes none (nearest neighbours, discriminant analysis) its posteriors are divided by the
    classes' training shares and renormalised, which is Bayes' rule with equal priors.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``. The classes are passed as integers from 0 without gaps.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    estimator_ : classifier
        Fitted.
    prior_ : ndarray, shape (k,), or None
        The shares that posteriors are divided by; None where weights were used.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_weight": True}

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Balanced:
        """Fit the classifier to X, shape (n, d), and classes y, shape (n,)."""
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=None)
        check_classification_targets(y)
        self.classes_, encoded = np.unique(y, return_inverse=True)
        self.estimator_ = clone(self.estimator)
        if has_fit_parameter(self.estimator_, "sample_weight"):
            self.prior_ = None
            weight = balanced_weights(
                encoded, _check_sample_weight(sample_weight, X, dtype=np.float64)
            )
            self.estimator_.fit(X, encoded, sample_weight=weight)
        else:
            refuse_ignored_weights(self.estimator, sample_weight)
            self.prior_ = np.bincount(encoded) / len(encoded)
            self.estimator_.fit(X, encoded)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the posteriors, shape (n, k)."""
        check_is_fitted(self, "estimator_")
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=None)
        posterior = np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)
        if self.prior_ is not None:
            posterior = posterior / self.prior_
        normalised: NDArray[np.float64] = posterior / posterior.sum(axis=1, keepdims=True)
        return normalised

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        check_is_fitted(self, "estimator_")
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def balanced_weights(encoded: NDArray[np.intp], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale weights so that all classes have the same sum, without changing the total."""
    sums = np.bincount(encoded, weights=weight)
    present = np.count_nonzero(sums)
    share = np.divide(weight.sum(), present * sums, out=np.zeros_like(sums), where=sums > 0)
    balanced: NDArray[np.float64] = weight * share[encoded]
    return balanced
