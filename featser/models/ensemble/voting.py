"""Soft voting: the weighted mean of the predictions of several estimators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.metrics.metrics import ccc, uar_of_codes
from featser.evaluation.protocols.folding import inner_folds
from featser.models.ensemble.stacking import pool, stack_probabilities, stack_values
from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.tuning import quarters, settled
from featser.tasks import NamedWeights

Members = Sequence[tuple[str, Any]]


class _Vote(_BaseComposition, ABC):
    """Base of both votes: fitted members and their weights."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(
        self,
        members: Members,
        weights: NamedWeights | Sequence[float] = "equal",
        n_folds: int = 4,
        random_state: int = 0,
    ) -> None:
        self.members = members
        self.weights = weights
        self.n_folds = n_folds
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, those of the members under ``member__parameter``."""
        params: dict[str, Any] = self._get_params("members", deep=deep)
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters, or replace a member by its name."""
        self._set_params("members", **params)
        return self

    def settled(self) -> Any:
        """Return an unfitted vote whose members have the settings that were chosen in this one."""
        check_is_fitted(self)
        vote = clone(self)
        vote.members = [
            (name, settled(model, fitted))
            for (name, model), fitted in zip(self.members, self.members_, strict=True)
        ]
        return vote

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inputs = [get_tags(model).input_tags for _, model in self.members]
        tags.input_tags.allow_nan = all(own.allow_nan for own in inputs)
        return tags

    def _checked(self, X: ArrayLike) -> NDArray[Any]:
        """Return the features of a fitted vote, shape (n, d), as an array."""
        check_is_fitted(self, "members_")
        values: NDArray[Any] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=None
        )
        return values

    def _fit_members(self, X: NDArray[Any], y: NDArray[Any], metadata: dict[str, Any]) -> None:
        weight = metadata["sample_weight"]
        if weight is not None:
            metadata["sample_weight"] = _check_sample_weight(weight, X, dtype=np.float64)
        self.members_ = [fit_routed(clone(model), X, y, **metadata) for _, model in self.members]
        weights = self._member_weights(X, y, metadata)
        if len(weights) != len(self.members) or (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{len(self.members)} members need as many weights, none negative and not all 0; "
                f"got {weights.tolist()}"
            )
        self.weights_ = np.asarray(weights / weights.sum())

    def _member_weights(
        self, X: Any, y: NDArray[Any], metadata: dict[str, Any]
    ) -> NDArray[np.float64]:
        if not isinstance(self.weights, str):
            return np.asarray(self.weights, dtype=float)
        if self.weights == "equal":
            return np.ones(len(self.members))
        if self.weights not in (names := get_args(NamedWeights)):
            named = ", ".join(f"'{name}'" for name in names)
            raise ValueError(f"weights are {named} or numbers, not '{self.weights}'")
        rows, predictions = self._left_out(X, y, metadata)
        if self.weights == "stacked":
            return self._stacked(y[rows], predictions)
        scores = [max(self._above_chance(y[rows], predicted), 1e-3) for predicted in predictions]
        return np.array(scores)

    def _left_out(
        self, X: Any, y: NDArray[Any], metadata: dict[str, Any]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Predict each row by members that are fitted on the other inner folds; return both.

        Members keep the settings that they have already chosen on all training rows.
        """
        speaker, provenance = metadata.get("speaker"), metadata.get("provenance")
        models = [model for _, model in self.settled().members]
        tested, left_out = [], []
        strata = self._strata(y, provenance)
        for train, test in inner_folds(
            strata, speaker, self.n_folds, self.random_state, provenance
        ):
            part = {name: _rows(value, train) for name, value in metadata.items()}
            fitted = [fit_routed(clone(m), _rows(X, train), y[train], **part) for m in models]
            tested.append(test)
            left_out.append(np.stack([self._prediction(one, _rows(X, test)) for one in fitted]))
        return np.concatenate(tested), np.concatenate(left_out, axis=1)

    @abstractmethod
    def _prediction(self, fitted: Any, X: Any) -> NDArray[np.float64]:
        """Return what a fitted member predicts: shape (n, k) of probabilities, or (n,)."""

    @abstractmethod
    def _stacked(self, y: NDArray[Any], predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weights, shape (members,), estimated on out-of-fold predictions."""

    @abstractmethod
    def _strata(self, y: NDArray[Any], provenance: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return what inner folds are balanced by, shape (n,)."""

    @abstractmethod
    def _above_chance(self, y: NDArray[Any], predicted: NDArray[np.float64]) -> float:
        """Return by how much left-out predictions exceed chance: UAR, or CCC."""


class VoteClassifier(ClassifierMixin, _Vote):
    """The (weighted) mean of several classifiers' probabilities.

    Parameters
    ----------
    members : list of (str, classifier)
        Each with ``predict_proba``. They are fitted on the same rows; the classes are
        passed as integers from 0.
    weights : {'equal', 'inner', 'stacked'} or sequence of float
        ``'inner'``: each member's UAR above chance on inner folds divided by speaker.
        ``'stacked'``: the weights of the logarithmic pool of the members' probabilities with the
        least loss on such folds, shrunk to equal weights (:mod:`featser.models.ensemble.stacking`).
    n_folds, random_state : int
        Number and random seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    members_ : list of classifier
    weights_ : ndarray, shape (members,)
        They sum to 1.
    slope_ : float or None
        With ``'stacked'`` the power that the product of probabilities is raised to.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> VoteClassifier:
        """Fit all members to X, shape (n, d), and classes y, shape (n,)."""
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=None
        )
        values, target = checked
        check_classification_targets(target)
        self.classes_, encoded = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, y has one class: {self.classes_}")
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        self.slope_: float | None = None
        self._fit_members(values, encoded, metadata)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean probabilities, or stacked ones, shape (n, k)."""
        values = self._checked(X)
        predictions = [model.predict_proba(values) for model in self.members_]
        if self.slope_ is not None:
            return pool(np.stack(predictions), self.slope_ * self.weights_)
        return np.asarray(np.average(predictions, axis=0, weights=self.weights_), dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[np.argmax(probabilities, axis=1)]
        return classes

    def _strata(self, y: NDArray[Any], provenance: NDArray[np.intp] | None) -> NDArray[Any]:
        return y

    def _prediction(self, fitted: Any, X: Any) -> NDArray[np.float64]:
        return np.asarray(fitted.predict_proba(X), dtype=np.float64)

    def _stacked(self, y: NDArray[Any], predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        weights, self.slope_ = stack_probabilities(predictions, y)
        return weights

    def _above_chance(self, y: NDArray[Any], predicted: NDArray[np.float64]) -> float:
        count = len(self.classes_)
        return uar_of_codes(y, predicted.argmax(axis=1), count) - 1 / count


class VoteRegressor(RegressorMixin, _Vote):
    """The (weighted) mean of several regressors' predictions.

    Parameters
    ----------
    members : list of (str, regressor)
        Fitted on the same rows.
    weights : {'equal', 'inner', 'stacked'} or sequence of float
        ``'inner'``: each member's CCC on inner folds divided by speaker. ``'stacked'``: the
        weights of the mean with the least squared error on such folds, shrunk to equal weights.
    n_folds, random_state : int
        Number and random seed of the inner folds.

    Attributes
    ----------
    members_ : list of regressor
    weights_ : ndarray, shape (members,)
        They sum to 1.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> VoteRegressor:
        """Fit all members to X, shape (n, d), and values y, shape (n,)."""
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=None, y_numeric=True
        )
        values, target = checked
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        self._fit_members(values, target.astype(np.float64), metadata)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean predictions, shape (n,)."""
        values = self._checked(X)
        predictions = [model.predict(values) for model in self.members_]
        return np.asarray(np.average(predictions, axis=0, weights=self.weights_), dtype=np.float64)

    def _strata(self, y: NDArray[Any], provenance: NDArray[np.intp] | None) -> NDArray[Any]:
        return quarters(y, provenance)

    def _prediction(self, fitted: Any, X: Any) -> NDArray[np.float64]:
        return np.asarray(fitted.predict(X), dtype=np.float64)

    def _stacked(self, y: NDArray[Any], predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return stack_values(predictions, y)

    def _above_chance(self, y: NDArray[Any], predicted: NDArray[np.float64]) -> float:
        return ccc(y, predicted)


def _rows(values: Any, rows: NDArray[np.intp]) -> Any:
    if values is None:
        return None
    return values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]
