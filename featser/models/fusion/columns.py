"""Estimators of some of the features: streams, blocks, poolings over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import FeatureError
from featser.models.delegating import Delegating
from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.left_out import left_out_probabilities

_FLOATS = [np.float64, np.float32]


class OnColumns(Delegating):
    """An estimator that is fitted on some of the columns.

    Parameters
    ----------
    estimator : estimator
        A classifier or a regressor.
    columns : sequence of int
        Positions of the columns, in the order in which they are passed.

    Attributes
    ----------
    estimator_ : estimator
        Fitted.
    n_features_in_ : int
        Of all features.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(self, estimator: Any, columns: Sequence[int]) -> None:
        self.estimator = estimator
        self.columns = columns

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> OnColumns:
        """Fit the estimator to its columns of X, shape (n, d), and y, shape (n,).

        Raises
        ------
        ValueError
            If a column does not exist, or none is given.
        """
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite="allow-nan", dtype=None)
        chosen = np.asarray(self.columns)
        if not len(chosen) or chosen.min() < 0 or chosen.max() >= values.shape[1]:
            given = f"from {chosen.min()} to {chosen.max()}" if len(chosen) else "none"
            raise ValueError(
                f"columns must be positions below n_features={values.shape[1]}; got {given}"
            )
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        self.estimator_ = fit_routed(clone(self.estimator), values[:, chosen], y, **metadata)
        return self

    @property
    def left_out_probabilities_(self) -> NDArray[np.float64] | None:
        """The estimator's probabilities of left-out training rows, shape (n, k), or None."""
        check_is_fitted(self, "estimator_")
        return left_out_probabilities(self.estimator_)

    def _inputs(self, X: ArrayLike) -> NDArray[Any]:
        values: NDArray[Any] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=None
        )
        return values[:, np.asarray(self.columns)]


class WithoutColumns(TransformerMixin, BaseEstimator):
    """Leave out ranges of columns, for a model that does not weigh blocks of features.

    Parameters
    ----------
    ranges : sequence of (first, last)
        The first column of each, and the one after its last.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {}

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self.ranges = ranges

    def fit(self, X: ArrayLike, y: Any = None) -> WithoutColumns:
        """Check X, shape (n, d); nothing is estimated."""
        validate_data(self, X, ensure_all_finite="allow-nan", dtype=_FLOATS)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the other columns of X, shape (n, d)."""
        check_is_fitted(self, "n_features_in_")
        values: NDArray[Any] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=_FLOATS
        )
        left_out = np.zeros(values.shape[1], dtype=bool)
        for first, last in self.ranges:
            left_out[first:last] = True
        return values[:, ~left_out]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def columns_ending(names: Sequence[str], ending: str, first: int = 0) -> list[int]:
    """Return the positions of the features whose names have an ending.

    Parameters
    ----------
    names : sequence of str
        Of the features, such as ``mfcc_00.delta.mean``.
    ending : str
        Such as ``.mean``: the statistic over time.
    first : int
        The position of the first name among all features.

    Raises
    ------
    FeatureError
        If no name ends so.

    Examples
    --------
    >>> columns_ending(["rms.mean", "rms.max", "zcr.mean"], ".mean")
    [0, 2]
    """
    positions = [first + position for position, name in enumerate(names) if name.endswith(ending)]
    if not positions:
        raise FeatureError(f"none of {len(names)} features has a name that ends in '{ending}'")
    return positions


def columns_of_blocks(blocks: Sequence[int]) -> list[list[int]]:
    """Return the positions of each block's features, blocks standing side by side.

    Parameters
    ----------
    blocks : sequence of int
        How many features each has, in their order.

    Examples
    --------
    >>> columns_of_blocks([2, 1])
    [[0, 1], [2]]
    """
    ends = np.cumsum(blocks)
    return [list(range(end - width, end)) for width, end in zip(blocks, ends, strict=True)]
