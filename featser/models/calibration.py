"""Probabilities for classifiers that give scores only, learnt on speakers they have not seen."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.protocols import inner_folds
from featser.models.platt import class_probabilities, fit_sigmoid
from featser.models.routing import REQUESTED


class GroupCalibrated(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier whose scores become probabilities by Platt scaling on grouped inner folds.

    The scores that the sigmoids are fitted to come from inner folds divided by speaker: scores
    on speakers that the classifier was trained on are too sure of themselves. The classifier
    that predicts is fitted on all rows.

    Parameters
    ----------
    estimator : classifier
        With ``decision_function``, such as :class:`sklearn.svm.SVC`.
    n_folds : int
        Inner folds; fewer where speakers are few.
    seed : int
        Of the inner folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    estimator_ : classifier
        Fitted on all rows.
    sigmoids_ : ndarray, shape (k, 2), or (1, 2) for two classes
        Slope and intercept for each class against the rest (:mod:`featser.models.platt`).
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(self, estimator: Any, n_folds: int = 4, seed: int = 0) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
    ) -> GroupCalibrated:
        """Fit to X, shape (n, d), classes y, shape (n,), of speakers, shape (n,)."""
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(self, X, y)
        values, target = checked
        self.classes_ = np.unique(target)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, values, dtype=np.float64)
        folds = inner_folds(target, speaker, self.n_folds, self.seed, lineage)
        parts = [(test, self._fitted(values, target, weight, train)) for train, test in folds]
        tested = np.concatenate([test for test, _ in parts])
        score = np.concatenate([fitted.decision_function(values[test]) for test, fitted in parts])
        columns = score[:, None] if score.ndim == 1 else score
        known = None if weight is None else weight[tested]
        classes = self.classes_[-columns.shape[1] :]  # of two, the second alone has a score
        self.sigmoids_ = np.array(
            [
                fit_sigmoid(column, target[tested] == name, known)
                for column, name in zip(columns.T, classes, strict=True)
            ]
        )
        self.estimator_ = self._fitted(values, target, weight, slice(None))
        return self

    def _fitted(self, X: Any, y: Any, weight: NDArray[np.float64] | None, rows: Any) -> Any:
        given = {} if weight is None else {"sample_weight": weight[rows]}
        return clone(self.estimator).fit(X[rows], y[rows], **given)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probabilities, shape (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        scores = np.asarray(self.estimator_.decision_function(X), dtype=np.float64)
        return class_probabilities(scores, self.sigmoids_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes
