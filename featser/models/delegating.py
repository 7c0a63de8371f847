"""The base of estimators that prepare rows and predict by one fitted estimator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def _has_probabilities(delegating: Delegating) -> bool:
    return hasattr(delegating.estimator, "predict_proba")


class Delegating(MetaEstimatorMixin, BaseEstimator, ABC):
    """Predict by ``estimator_``, which ``fit`` has made of ``estimator``.

    It is a classifier or a regressor, as the estimator is.
    """

    estimator: Any
    estimator_: Any

    @abstractmethod
    def _inputs(self, X: ArrayLike) -> NDArray[Any]:
        """Check rows, shape (n, d), and return those that the estimator sees, shape (n, k)."""

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return what the estimator predicts for X, shape (n, d): shape (n,)."""
        check_is_fitted(self, "estimator_")
        return np.asarray(self.estimator_.predict(self._inputs(X)))

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the estimator's probabilities for X, shape (n, d): shape (n, k)."""
        check_is_fitted(self, "estimator_")
        return np.asarray(self.estimator_.predict_proba(self._inputs(X)), dtype=np.float64)

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, shape (k,), of a classifier."""
        check_is_fitted(self, "estimator_")
        return np.asarray(self.estimator_.classes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        own = get_tags(self.estimator)
        tags.estimator_type = own.estimator_type
        tags.classifier_tags, tags.regressor_tags = own.classifier_tags, own.regressor_tags
        tags.target_tags = own.target_tags
        tags.input_tags.allow_nan = own.input_tags.allow_nan
        return tags
