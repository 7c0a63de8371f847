"""Soft voting: several estimators, one averaged opinion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, clone
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted

from featser.evaluation.metrics import ccc, uar
from featser.evaluation.protocols import inner_folds
from featser.models.routing import REQUESTED, fit_routed

Members = Sequence[tuple[str, Any]]
Weights = Literal["equal", "inner"]


class _Vote(_BaseComposition):
    """What both votes share: fitted members and their weights."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    members: Members
    weights: Weights | Sequence[float]
    n_folds: int
    seed: int

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, those of the members under ``member__parameter``."""
        params: dict[str, Any] = self._get_params("members", deep=deep)
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters, or replace a member by its name."""
        self._set_params("members", **params)
        return self

    def _fit_members(self, X: Any, y: NDArray[Any], metadata: dict[str, Any]) -> None:
        self.members_ = [fit_routed(clone(model), X, y, **metadata) for _, model in self.members]
        self.weights_ = self._member_weights(X, y, metadata)

    def _member_weights(
        self, X: Any, y: NDArray[Any], metadata: dict[str, Any]
    ) -> NDArray[np.float64]:
        if isinstance(self.weights, str):
            if self.weights == "equal":
                weights = np.ones(len(self.members))
            elif self.weights == "inner":
                weights = np.array([self._inner(m, X, y, metadata) for _, m in self.members])
            else:
                raise ValueError(f"weights are 'equal', 'inner' or numbers, not '{self.weights}'")
        else:
            weights = np.asarray(self.weights, dtype=float)
        if len(weights) != len(self.members) or (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{len(self.members)} members need as many weights, none negative and not all 0; "
                f"got {weights.tolist()}"
            )
        return np.asarray(weights / weights.sum())

    def _inner(self, model: Any, X: Any, y: NDArray[Any], metadata: dict[str, Any]) -> float:
        """Score a member on grouped inner folds, above what chance gives."""
        speaker, descent = metadata.get("speaker"), metadata.get("lineage")
        true, predicted = [], []
        for train, test in inner_folds(self._strata(y), speaker, self.n_folds, self.seed, descent):
            part = {name: _rows(value, train) for name, value in metadata.items()}
            fitted = fit_routed(clone(model), _rows(X, train), y[train], **part)
            true.append(y[test])
            predicted.append(fitted.predict(_rows(X, test)))
        return max(self._above_chance(np.concatenate(true), np.concatenate(predicted)), 1e-3)

    def _strata(self, y: NDArray[Any]) -> NDArray[Any]:
        raise TypeError("a vote is a VoteClassifier or a VoteRegressor")

    def _above_chance(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        raise TypeError("a vote is a VoteClassifier or a VoteRegressor")


class VoteClassifier(ClassifierMixin, _Vote):
    """The (weighted) mean of several classifiers' probabilities.

    Parameters
    ----------
    members : list of (str, classifier)
        Each with ``predict_proba``. They are fitted on the same rows and see the classes as
        integers from 0.
    weights : {'equal', 'inner'} or sequence of float
        ``'inner'``: each member's UAR above chance on inner folds divided by speaker.
    n_folds, seed : int
        Of those inner folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    members_ : list of classifier
    weights_ : ndarray, shape (members,)
        They sum to 1.
    """

    def __init__(
        self,
        members: Members,
        weights: Weights | Sequence[float] = "equal",
        n_folds: int = 4,
        seed: int = 0,
    ) -> None:
        self.members = members
        self.weights = weights
        self.n_folds = n_folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
    ) -> VoteClassifier:
        """Fit all members to X, shape (n, d), and classes y, shape (n,)."""
        self.classes_, encoded = np.unique(np.asarray(y), return_inverse=True)
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "lineage": lineage}
        self._fit_members(X, encoded, metadata)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean probabilities, shape (n, k)."""
        check_is_fitted(self)
        opinions = [model.predict_proba(X) for model in self.members_]
        return np.asarray(np.average(opinions, axis=0, weights=self.weights_), dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes

    def _strata(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def _above_chance(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        classes = [str(code) for code in range(len(self.classes_))]
        return uar(y.astype(str), predicted.astype(str), classes) - 1 / len(classes)


class VoteRegressor(RegressorMixin, _Vote):
    """The (weighted) mean of several regressors' predictions.

    Parameters
    ----------
    members : list of (str, regressor)
        Fitted on the same rows.
    weights : {'equal', 'inner'} or sequence of float
        ``'inner'``: each member's CCC on inner folds divided by speaker.
    n_folds, seed : int
        Of those inner folds.

    Attributes
    ----------
    members_ : list of regressor
    weights_ : ndarray, shape (members,)
        They sum to 1.
    """

    def __init__(
        self,
        members: Members,
        weights: Weights | Sequence[float] = "equal",
        n_folds: int = 4,
        seed: int = 0,
    ) -> None:
        self.members = members
        self.weights = weights
        self.n_folds = n_folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
    ) -> VoteRegressor:
        """Fit all members to X, shape (n, d), and values y, shape (n,)."""
        values = np.asarray(y, dtype=np.float64)
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "lineage": lineage}
        self._fit_members(X, values, metadata)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean predictions, shape (n,)."""
        check_is_fitted(self)
        opinions = [model.predict(X) for model in self.members_]
        return np.asarray(np.average(opinions, axis=0, weights=self.weights_), dtype=np.float64)

    def _strata(self, y: NDArray[Any]) -> NDArray[Any]:
        quarters: NDArray[Any] = np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))
        return quarters

    def _above_chance(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        return ccc(y, predicted)


def _rows(values: Any, rows: NDArray[np.intp]) -> Any:
    if values is None:
        return None
    return values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]
