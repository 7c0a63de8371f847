"""Boosted trees that are fitted on features in batches, without all of them in memory.

XGBoost's histogram method uses the bins of the features instead of their values. It reads the
batches several times: to count the rows, to determine the bins, and to assign each value to its
bin. The result needs two bytes per value, or five if any value is undefined, instead of the four
of a float32 and its copies during preparation and fitting. Determining the bins needs about half a
megabyte per feature, nearly independent of the number of utterances.

Features are not standardised, imputed or clipped. A tree compares values with thresholds, so their
scale does not matter; an undefined value (NaN) goes to the side of a split that fits the training
set best.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.rows import BATCH, InMemory, Rows
from featser.models.heads.balance import balanced_weights


class _Boosted(BaseEstimator):
    """What :class:`BatchedXGBClassifier` and :class:`BatchedXGBRegressor` share."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_weight": True}

    def __init__(
        self,
        n_estimators: int = 200,
        max_depth: int = 3,
        learning_rate: float = 0.1,
        subsample: float = 0.8,
        colsample_bytree: float = 0.1,
        colsample_bynode: float = 0.5,
        max_bin: int = 64,
        n_jobs: int = 1,
        random_state: int = 0,
        batch_rows: int = BATCH,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.colsample_bynode = colsample_bynode
        self.max_bin = max_bin
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.batch_rows = batch_rows

    def _train(
        self,
        X: Rows,
        label: NDArray[Any],
        weight: NDArray[np.float64],
        objective: dict[str, Any],
    ) -> None:
        import xgboost

        self.n_features_in_ = X.shape[1]
        binned = _binned(X, label, weight, self.batch_rows, self.max_bin, self.n_jobs)
        params = {
            "max_depth": self.max_depth,
            "learning_rate": self.learning_rate,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "colsample_bynode": self.colsample_bynode,
            "max_bin": self.max_bin,
            "tree_method": "hist",
            "nthread": self.n_jobs,
            "seed": self.random_state,
            **objective,
        }
        self.booster_ = xgboost.train(params, binned, self.n_estimators)

    def _output(self, X: ArrayLike) -> NDArray[np.float32]:
        check_is_fitted(self, "booster_")
        values = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float32
        )
        outputs: NDArray[np.float32] = self.booster_.inplace_predict(values)
        return outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class BatchedXGBClassifier(ClassifierMixin, _Boosted):
    """XGBoost's classifier, for features in batches; all classes have the same weight.

    Classes are balanced as by ``Balanced``, from the labels, which are all in memory.

    Parameters
    ----------
    n_estimators, max_depth, learning_rate, subsample, colsample_bytree, colsample_bynode, max_bin
        As ``xgboost.XGBClassifier`` has them; the defaults are those of featser's ``xgboost``.
    n_jobs : int
        Threads.
    random_state : int
        Random seed of the rows and features that each tree uses.
    batch_rows : int
        Rows in memory at once.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    booster_ : xgboost.Booster
        Fitted.
    n_features_in_ : int
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> BatchedXGBClassifier:
        """Fit to X, shape (n, d), and classes y, shape (n,)."""
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=np.float32)
        return self.fit_batches(InMemory(np.asarray(X)), y, sample_weight)

    def fit_batches(
        self, X: Rows, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> BatchedXGBClassifier:
        """Fit to features that are read in batches.

        Parameters
        ----------
        X : Rows, shape (n, d)
            Features; NaN where a value is undefined.
        y : array-like, shape (n,)
            Classes.
        sample_weight : array-like, shape (n,), optional
            What each utterance counts within its class.

        Raises
        ------
        ValueError
            If there are fewer than two classes, or lengths differ.
        """
        label, weight = _checked(X, y, sample_weight)
        check_classification_targets(label)
        self.classes_, code = np.unique(label, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"two classes are needed, y has {count} class: {self.classes_}")
        objective: dict[str, Any] = {"objective": "binary:logistic"}
        if count > 2:
            objective = {"objective": "multi:softprob", "num_class": count}
        self._train(X, code, balanced_weights(code, weight), objective)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities, shape (n, k)."""
        outputs = self._output(X).astype(np.float64)
        if len(self.classes_) == 2:
            return np.stack([1 - outputs, outputs], axis=1)
        normalised: NDArray[np.float64] = outputs / outputs.sum(axis=1, keepdims=True)
        return normalised

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probability = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[np.argmax(probability, axis=1)]
        return classes


class BatchedXGBRegressor(RegressorMixin, _Boosted):
    """XGBoost's regressor, for features in batches.

    Parameters
    ----------
    n_estimators, max_depth, learning_rate, subsample, colsample_bytree, colsample_bynode, max_bin
        As ``xgboost.XGBRegressor`` has them; the defaults are those of featser's ``xgboost``.
    n_jobs : int
        Threads.
    random_state : int
        Random seed of the rows and features that each tree uses.
    batch_rows : int
        Rows in memory at once.

    Attributes
    ----------
    mean_, scale_ : float
        Mean and standard deviation of the training values, which are standardised for the trees.
    booster_ : xgboost.Booster
        Fitted.
    n_features_in_ : int
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> BatchedXGBRegressor:
        """Fit to X, shape (n, d), and values y, shape (n,)."""
        X, y = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=np.float32, y_numeric=True
        )
        return self.fit_batches(InMemory(np.asarray(X)), y, sample_weight)

    def fit_batches(
        self, X: Rows, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> BatchedXGBRegressor:
        """Fit to features that are read in batches.

        Parameters
        ----------
        X : Rows, shape (n, d)
            Features; NaN where a value is undefined.
        y : array-like of float, shape (n,)
            Values.
        sample_weight : array-like, shape (n,), optional
            What each utterance counts.

        Raises
        ------
        ValueError
            If lengths differ.
        """
        label, weight = _checked(X, y, sample_weight)
        values = label.astype(np.float64)
        # Standardised, since a large offset would lose precision in xgboost's float32.
        self.mean_ = float(values.mean())
        self.scale_ = float(values.std()) or 1.0
        standard = (values - self.mean_) / self.scale_
        self._train(X, standard, weight, {"objective": "reg:squarederror"})
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the values, shape (n,)."""
        return self._output(X).astype(np.float64) * self.scale_ + self.mean_


def _checked(
    X: Rows, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    label = np.asarray(y)
    if label.shape != (len(X),):
        raise ValueError(f"{len(X)} rows of features, labels of shape {label.shape}")
    return label, _check_sample_weight(sample_weight, label[:, None], dtype=np.float64)


def _binned(
    X: Rows,
    label: NDArray[Any],
    weight: NDArray[np.float64],
    batch_rows: int,
    max_bin: int,
    n_jobs: int,
) -> Any:
    """Put the features into xgboost's bins, one byte each."""
    from xgboost import DataIter, QuantileDMatrix

    class Passes(DataIter):
        """Passes batch after batch to xgboost, which reads all of them several times."""

        def __init__(self) -> None:
            self.reset()
            super().__init__()

        def reset(self) -> None:
            self.waiting: Iterator[NDArray[np.float32]] = X.batches(batch_rows)
            self.first = 0

        def next(self, input_data: Any) -> bool:
            batch = next(self.waiting, None)
            if batch is None:
                return False
            rows = slice(self.first, self.first + len(batch))
            self.first = rows.stop
            input_data(data=batch, label=label[rows], weight=weight[rows])
            return True

    return QuantileDMatrix(Passes(), max_bin=max_bin, nthread=n_jobs)
