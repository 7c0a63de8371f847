"""Probabilities from the scores of classifiers, calibrated on left-out speakers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.protocols.folding import inner_folds
from featser.models.heads.platt import class_probabilities, fit_sigmoid
from featser.models.routing import REQUESTED
from featser.models.selection.left_out import in_rows


class GroupCalibrated(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier whose scores become probabilities by Platt scaling on grouped inner folds.

    The sigmoids are fitted to scores on inner folds divided by speaker, since scores on speakers
    of the training rows are overconfident. The classifier that predicts is fitted on all rows.

    Parameters
    ----------
    estimator : classifier
        With ``decision_function``, such as :class:`sklearn.svm.SVC`.
    n_folds : int
        Inner folds; fewer where speakers are few.
    random_state : int
        Random seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    estimator_ : classifier
        Fitted on all rows.
    sigmoids_ : ndarray, shape (k, 2), or (1, 2) for two classes
        Slope and intercept for each class against the rest (:mod:`featser.models.heads.platt`).
    left_out_probabilities_ : ndarray, shape (n, k)
        Each utterance's by the classifier without its inner fold; NaN for copies.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(self, estimator: Any, n_folds: int = 4, random_state: int = 0) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> GroupCalibrated:
        """Fit to X, shape (n, d), classes y, shape (n,), of speakers, shape (n,)."""
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(self, X, y)
        values, target = checked
        check_classification_targets(target)
        weight, rows = None, np.arange(len(values))
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, values, dtype=np.float64)
            # An inner fold must not lack a class because all of its weights there are 0.
            used = weight > 0
            rows = rows[used]
            values, target, weight = values[used], target[used], weight[used]
            speaker = None if speaker is None else np.asarray(speaker)[used]
            provenance = None if provenance is None else provenance[used]
        self.classes_ = np.unique(target)
        if len(self.classes_) < 2:
            raise ValueError(
                f"two classes are needed, y has one class with a weight: {self.classes_}"
            )
        folds = inner_folds(target, speaker, self.n_folds, self.random_state, provenance)
        parts = [(test, self._fitted(values, target, weight, train)) for train, test in folds]
        tested = np.concatenate([test for test, _ in parts])
        score = np.concatenate([fitted.decision_function(values[test]) for test, fitted in parts])
        columns = score[:, None] if score.ndim == 1 else score
        tested_weight = None if weight is None else weight[tested]
        classes = self.classes_[-columns.shape[1] :]  # of two, the second alone has a score
        self.sigmoids_ = np.array(
            [
                fit_sigmoid(column, target[tested] == name, tested_weight)
                for column, name in zip(columns.T, classes, strict=True)
            ]
        )
        predicted = class_probabilities(score, self.sigmoids_)
        self.left_out_probabilities_ = in_rows(rows[tested], predicted, len(checked[1]))
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
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[np.argmax(probabilities, axis=1)]
        return classes
