"""Logistic regression that also predicts speakers whom it leaves out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.models.heads.class_targets import balanced_targets, class_targets
from featser.models.heads.softmax import softmax
from featser.models.heads.softmax_regression import SoftmaxProblem, scores_of
from featser.models.routing import REQUESTED, SOFT_LABELS
from featser.models.selection.left_out import Folds, in_rows, left_out_folds

Floats = NDArray[np.float64]

_ROUGHER = 10.0
"""How much larger the tolerance of left-out predictions is: no single one of them matters."""


class LogisticClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression with an L2 penalty and equal weights of all classes.

    It has the minimum that :class:`sklearn.linear_model.LogisticRegression` has with
    ``class_weight="balanced"``. Each inner fold of speakers is also predicted by a regression on
    the others, which begins at the coefficients of all rows and takes a few steps.

    Parameters
    ----------
    C : float
        Above 0: one over the penalty. 0.01 suits a thousand utterances with standardised features.
    tolerance : float
        The largest slope of the mean loss at the end (``softmax_regression``).
    max_iter : int
        At most as many steps.
    n_folds, random_state : int
        Number and random seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    coef_ : ndarray, shape (k, d), or (1, d) for two classes
    intercept_ : ndarray, shape (k,), or (1,) for two classes
    n_iter_ : int
        Steps that were taken for all rows.
    left_out_probabilities_ : ndarray, shape (n, k), or None
        Each utterance's by the regression without its inner fold; NaN for copies. None where no
        class has two utterances.

    Examples
    --------
    >>> X, y = [[0.0], [0.2], [1.8], [2.0]], ["calm", "calm", "angry", "angry"]
    >>> LogisticClassifier(C=1.0).fit(X, y).predict([[0.1], [1.9]]).tolist()
    ['calm', 'angry']
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | SOFT_LABELS

    def __init__(
        self,
        C: float = 0.01,
        tolerance: float = 1e-6,
        max_iter: int = 500,
        n_folds: int = 8,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.tolerance = tolerance
        self.max_iter = max_iter
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        soft_labels: ArrayLike | None = None,
    ) -> LogisticClassifier:
        """Fit to X, shape (n, d), classes y, shape (n,), of speakers, shape (n,).

        With ``soft_labels``, shape (n, k), the shares of the classes of y in each row's label, it
        has the minimum that a copy of each row for each class has, weighted by that share.
        """
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, dtype=[np.float64, np.float32]
        )
        values, target = checked
        check_classification_targets(target)
        weight = _check_sample_weight(sample_weight, values, dtype=np.float64)
        used = np.flatnonzero(weight > 0)
        self.classes_, encoded = np.unique(target[used], return_inverse=True)
        shares = None
        if soft_labels is not None:
            is_fitted = np.isin(np.unique(target), self.classes_)
            shares = np.asarray(soft_labels)[used][:, is_fitted]
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, there is one class: {self.classes_}")
        own = weight[used]
        targets = class_targets(encoded, len(self.classes_), shares)
        balanced, balanced_shares = balanced_targets(targets, own)
        problem = SoftmaxProblem.of(values[used], float(balanced.mean()), 1 / self.C)
        solution, self.n_iter_ = problem.solve(
            np.arange(len(used)),
            balanced_shares,
            balanced,
            tolerance=self.tolerance,
            max_iter=self.max_iter,
        )
        self.coef_, self.intercept_ = problem.coefficients(solution)
        folds = left_out_folds(
            encoded,
            None if speaker is None else np.asarray(speaker)[used],
            self.n_folds,
            self.random_state,
            None if provenance is None else provenance[used],
        )
        self.left_out_probabilities_ = None
        if folds:
            tested, probabilities = self._left_out(problem, solution, targets, own, folds)
            self.left_out_probabilities_ = in_rows(used[tested], probabilities, len(values))
        return self

    def _left_out(
        self,
        problem: SoftmaxProblem,
        solution: Floats,
        targets: Floats,
        weight: Floats,
        folds: Folds,
    ) -> tuple[NDArray[np.intp], Floats]:
        """Return the rows that folds test, and their probabilities by the regression without."""
        scores = []
        for train, test in folds:
            balanced, shares = balanced_targets(targets[train], weight[train])
            without, _ = problem.solve(
                train,
                shares,
                balanced,
                start=solution,
                tolerance=_ROUGHER * self.tolerance,
                max_iter=self.max_iter,
            )
            scores.append(problem.scores(test, without))
        tested = np.concatenate([test for _, test in folds])
        return tested, softmax(np.concatenate(scores), 1.0)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the scores of the classes, shape (n, k); for two, (n,), that of the second."""
        check_is_fitted(self)
        values: NDArray[Any] = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        scores = np.asarray(values @ self.coef_.T + self.intercept_)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probabilities of the classes, shape (n, k)."""
        scores = self.decision_function(X)
        return softmax(scores_of(scores[:, None] if scores.ndim == 1 else scores), 1.0)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[np.argmax(probabilities, axis=1)]
        return classes
