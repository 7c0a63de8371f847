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

from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.left_out import Folds, left_out_probabilities
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
        weights: NamedWeights | Sequence[float] = "auto",
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

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a vote; those of earlier versions always had the weights that were asked for."""
        if "members_" in state and "weighting_" not in state:
            asked = state["weights"]
            state = state | {"weighting_": asked if isinstance(asked, str) else None}
        super().__setstate__(state)

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
        self, X: NDArray[Any], y: NDArray[Any], truth: NDArray[np.float64], metadata: dict[str, Any]
    ) -> LeftOutPredictions | None:
        """Fit members and their weights; return left-out predictions if weights needed them.

        ``truth`` is what predictions are judged by: the share of each class, shape (n, k), or
        values, shape (n,).
        """
        weight = metadata["sample_weight"]
        if weight is not None:
            metadata["sample_weight"] = _check_sample_weight(weight, X, dtype=np.float64)
        self.members_ = [fit_routed(clone(model), X, y, **metadata) for _, model in self.members]
        left_out = None
        self.weighting_ = how = self._weighting()
        if how in ("inner", "stacked"):
            left_out = self._left_out_predictions(X, y, metadata)
        weights = self._member_weights(how, truth, weight, left_out)
        if len(weights) != len(self.members) or (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{len(self.members)} members need as many weights, none negative and not all 0; "
                f"got {weights.tolist()}"
            )
        self.weights_ = np.asarray(weights / weights.sum())
        return left_out

    def _weighting(self) -> str | None:
        """Return the name of the weights of a vote with fitted members; None where given."""
        if not isinstance(self.weights, str):
            return None
        if self.weights not in (names := get_args(NamedWeights)):
            named = ", ".join(f"'{name}'" for name in names)
            raise ValueError(f"weights are {named} or numbers, not '{self.weights}'")
        if self.weights != "auto":
            return self.weights
        is_offered = all(left_out_probabilities(one) is not None for one in self.members_)
        return "stacked" if is_offered else "equal"

    def _member_weights(
        self,
        how: str | None,
        truth: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
        left_out: LeftOutPredictions | None,
    ) -> NDArray[np.float64]:
        if how is None:
            return np.asarray(self.weights, dtype=float)
        if left_out is None:
            return np.ones(len(self.members))
        rows, predictions = left_out
        if how == "stacked":
            return self._stacked(truth[rows], predictions, None if weight is None else weight[rows])
        scores = [
            max(self._above_chance(truth[rows], predicted), 1e-3) for predicted in predictions
        ]
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
    def _left_out_predictions(
        self, X: NDArray[Any], y: NDArray[Any], metadata: dict[str, Any]
    ) -> LeftOutPredictions:
        """Return each member's predictions for rows that it was not fitted on."""

    @abstractmethod
    def _stacked(
        self,
        truth: NDArray[np.float64],
        predictions: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        """Return weights, shape (members,), estimated on out-of-fold predictions."""

    @abstractmethod
    def _above_chance(self, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
        """Return by how much left-out predictions exceed chance: UAR, or CCC."""


def rows_of(values: Any, rows: NDArray[np.intp]) -> Any:
    """Return some rows of an array or a table; None of None."""
    if values is None:
        return None
    return values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]
