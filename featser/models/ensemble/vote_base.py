"""What both votes have in common: fitted members, their weights, and left-out predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.protocols.folding import inner_folds
from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.left_out import Folds
from featser.models.selection.tuning import settled
from featser.tasks import NamedWeights

Members = Sequence[tuple[str, Any]]
LeftOutPredictions = tuple[NDArray[np.intp], NDArray[np.float64]]
"""Rows, and each member's predictions for them by a fit without them, stacked."""


class Vote(_BaseComposition, ABC):
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

    def _fit_members(
        self, X: NDArray[Any], y: NDArray[Any], metadata: dict[str, Any]
    ) -> LeftOutPredictions | None:
        """Fit members and their weights; return left-out predictions if weights needed them."""
        weight = metadata["sample_weight"]
        if weight is not None:
            metadata["sample_weight"] = _check_sample_weight(weight, X, dtype=np.float64)
        self.members_ = [fit_routed(clone(model), X, y, **metadata) for _, model in self.members]
        left_out = None
        if isinstance(self.weights, str) and self.weights != "equal":
            self._refuse_unknown(self.weights)
            folds = inner_folds(
                self._strata(y, metadata["provenance"]),
                metadata["speaker"],
                self.n_folds,
                self.random_state,
                metadata["provenance"],
            )
            left_out = self._left_out(X, y, metadata, folds, range(len(self.members)))
        weights = self._member_weights(y, left_out)
        if len(weights) != len(self.members) or (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{len(self.members)} members need as many weights, none negative and not all 0; "
                f"got {weights.tolist()}"
            )
        self.weights_ = np.asarray(weights / weights.sum())
        return left_out

    @staticmethod
    def _refuse_unknown(weights: str) -> None:
        if weights not in (names := get_args(NamedWeights)):
            named = ", ".join(f"'{name}'" for name in names)
            raise ValueError(f"weights are {named} or numbers, not '{weights}'")

    def _member_weights(
        self, y: NDArray[Any], left_out: LeftOutPredictions | None
    ) -> NDArray[np.float64]:
        if not isinstance(self.weights, str):
            return np.asarray(self.weights, dtype=float)
        if left_out is None:
            return np.ones(len(self.members))
        rows, predictions = left_out
        if self.weights == "stacked":
            return self._stacked(y[rows], predictions)
        scores = [max(self._above_chance(y[rows], predicted), 1e-3) for predicted in predictions]
        return np.array(scores)

    def _left_out(
        self,
        X: Any,
        y: NDArray[Any],
        metadata: dict[str, Any],
        folds: Folds,
        places: Sequence[int],
    ) -> LeftOutPredictions:
        """Predict the rows that folds test by some members, fitted on the folds' training rows.

        Members keep the settings that they have already chosen on all training rows.
        """
        settled_members = self.settled().members
        models = [settled_members[place][1] for place in places]
        tested, left_out = [], []
        for train, test in folds:
            part = {name: rows_of(value, train) for name, value in metadata.items()}
            fitted = [fit_routed(clone(m), rows_of(X, train), y[train], **part) for m in models]
            tested.append(test)
            left_out.append(np.stack([self._prediction(one, rows_of(X, test)) for one in fitted]))
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


def rows_of(values: Any, rows: NDArray[np.intp]) -> Any:
    """Return some rows of an array or a table; None of None."""
    if values is None:
        return None
    return values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]
