"""Probabilities for classifiers that give scores only, learnt on speakers they have not seen."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.evaluation.protocols import inner_folds


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
    calibrated_ : CalibratedClassifierCV
        Fitted; one classifier, one sigmoid a class (Platt 1999, one against the rest).
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_weight": True, "speaker": True}

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
    ) -> GroupCalibrated:
        """Fit to X, shape (n, d), classes y, shape (n,), of speakers, shape (n,)."""
        X, y = validate_data(self, X, y)
        folds = inner_folds(y, speaker, self.n_folds, self.seed)
        self.calibrated_ = CalibratedClassifierCV(clone(self.estimator), cv=folds, ensemble=False)
        self.calibrated_.fit(X, y, sample_weight=sample_weight)
        self.classes_ = self.calibrated_.classes_
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probabilities, shape (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return np.asarray(self.calibrated_.predict_proba(X), dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes
