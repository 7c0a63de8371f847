"""How far the features of a recording are from those of a training set.

The features are standardised and projected onto their principal components in the training set. The
distance has two parts, as in process monitoring: how far a recording lies from the mean within the
components (Hotelling's T² divided by their number), and how much of it they do not explain (the Q
statistic, relative to its training mean; Jackson and Mudholkar, "Control procedures for residuals
associated with principal component analysis", 1979). It is the root of the mean of both. How far
recordings of new speakers are is measured on speakers left out of mean, deviation and components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.rows import Rows, rows_of
from featser.models.abstention.packed_arrays import from_text, to_text
from featser.models.abstention.reason import Reason
from featser.one_thread import one_thread
from featser.progress import Progress, silent

Floats = NDArray[np.float32]

DISTANCE = "feature distance"
"""How reasons begin."""
COMPONENTS = 20
GROUPS = 10
"""So many groups of speakers are left out, one at a time."""

USUAL = 0.98
"""The share of recordings of left-out speakers that are as near as the limit."""

MOST_ROWS = 2_000
"""Training rows that are used, drawn at random from more."""

COMPONENT_ROWS = 600
"""Rows among them that the components are computed from."""

FEWEST_ROWS = 20
_CLIP = 10.0
_LEAST = 1e-6
"""Smaller variances of standardised features count as that."""


@dataclass(frozen=True, eq=False)
class FeatureDistance:
    """A fitted distance.

    Parameters
    ----------
    columns : sequence of (int, int)
        Which features are used: the first column of each range, and the one after its last.
    mean, scale : ndarray of float32, shape (d,)
        Of these features in the training set.
    components : ndarray of float32, shape (r, d)
        Orthonormal rows.
    variance : ndarray of float32, shape (r,)
        Of the training rows along each component.
    residual : float
        The mean square of what the components do not explain of the training rows.
    limit : float
        Up to which distance recordings are like those of the training set.
    """

    columns: Sequence[tuple[int, int]]
    mean: Floats
    scale: Floats
    components: Floats
    variance: Floats
    residual: float
    limit: float

    @classmethod
    def of(
        cls,
        X: NDArray[Any] | Rows,
        columns: Sequence[tuple[int, int]],
        speaker: ArrayLike,
        random_state: int = 0,
        progress: Progress = silent,
    ) -> FeatureDistance | None:
        """Fit a distance, and its limit on left-out speakers.

        Parameters
        ----------
        X : ndarray, or Rows, shape (n, d)
            Features of the training set.
        columns : sequence of (int, int)
            Which of them to use.
        speaker : array-like, shape (n,)
            Who speaks; empty where that is missing.
        random_state : int
            Random seed of the rows that are drawn.
        progress : callable
            Called with the fits done and in all.

        Returns
        -------
        FeatureDistance or None
            None where there are too few rows or no columns.
        """
        if len(X) < FEWEST_ROWS or not columns:
            return None
        random = np.random.default_rng(random_state)
        rows = np.sort(random.permutation(len(X))[:MOST_ROWS])
        values = _columns_of(_in_memory(rows_of(X, rows)), columns)
        group = _groups(np.asarray(speaker)[rows], random)
        numbers = np.unique(group)
        left_out = np.empty(len(rows))
        with one_thread():  # sums then have one order on every machine
            for done, number in enumerate(numbers):
                progress(done, len(numbers) + 1)
                without = _fitted(values[group != number], columns, random)
                left_out[group == number] = without._of_columns(values[group == number])
            progress(len(numbers), len(numbers) + 1)
            final = _fitted(values, columns, random)
        progress(len(numbers) + 1, len(numbers) + 1)
        limit = float(np.quantile(left_out, USUAL))
        return replace(final, limit=limit)

    def distances(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the distance of each row, shape (n,), of features, shape (n, d)."""
        return self._of_columns(_columns_of(np.asarray(X), self.columns))

    def positions(self, X: NDArray[Any]) -> Floats:
        """Return where rows of features, shape (n, d), are along the components, shape (n, r)."""
        scaled = _standardised(_columns_of(np.asarray(X), self.columns), self.mean, self.scale)
        return np.asarray(scaled @ self.components.T, dtype=np.float32)

    def _of_columns(self, values: NDArray[Any]) -> NDArray[np.float64]:
        scaled = _standardised(values, self.mean, self.scale)
        along = (scaled @ self.components.T).astype(np.float64)
        within = (along**2 / self.variance).mean(axis=1)
        rest = np.square(scaled).sum(axis=1, dtype=np.float64) - (along**2).sum(axis=1)
        unexplained = np.maximum(rest, 0) / len(self.mean) / self.residual
        return np.asarray(np.sqrt((within + unexplained) / 2))

    def reasons(self, X: NDArray[Any]) -> list[list[Reason]]:
        """Say of each row of features, shape (n, d), whether it is farther than the limit."""
        return [
            [self._reason(distance)] if distance > self.limit else []
            for distance in self.distances(X).tolist()
        ]

    def _reason(self, distance: float) -> Reason:
        text = f"{DISTANCE} {distance:.1f}; training up to {self.limit:.1f}"
        return Reason(DISTANCE, text, distance, self.limit)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; arrays as text."""
        return {
            "columns": [list(ends) for ends in self.columns],
            "mean": to_text(self.mean),
            "scale": to_text(self.scale),
            "components": to_text(self.components),
            "variance": to_text(self.variance),
            "residual": self.residual,
            "limit": self.limit,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], n_features: int) -> FeatureDistance:
        """Return what :meth:`to_dict` described.

        Raises
        ------
        ValueError
            If the arrays do not fit together, or to the number of features, or a number is not
            finite.
        """
        columns = [(int(first), int(last)) for first, last in data["columns"]]
        if not all(0 <= first < last <= n_features for first, last in columns):
            raise ValueError(f"feature distance: columns {columns} of {n_features} features")
        mean, scale, components, variance = (
            from_text(data[name]) for name in ("mean", "scale", "components", "variance")
        )
        width = sum(last - first for first, last in columns)
        sizes = (len(mean), len(scale), len(components))
        if sizes != (width, width, width * len(variance)) or not len(variance):
            raise ValueError(f"feature distance: arrays do not fit {width} features")
        numbers = _above_zero(data, "residual"), _above_zero(data, "limit")
        for name, values in (("scale", scale), ("variance", variance)):
            if not (values > 0).all():
                raise ValueError(f"feature distance: '{name}' is not above 0 everywhere")
        return cls(columns, mean, scale, components.reshape(-1, width), variance, *numbers)


def _above_zero(data: Mapping[str, Any], name: str) -> float:
    """Return a field that is a finite number above 0."""
    value = float(data[name])
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"feature distance: '{name}' is {value}, not a finite number above 0")
    return value


def _fitted(
    values: Floats, columns: Sequence[tuple[int, int]], random: np.random.Generator
) -> FeatureDistance:
    """Return a distance without a limit."""
    from scipy.linalg import eigh

    defined = np.isfinite(values)
    count = np.maximum(defined.sum(axis=0), 1)
    mean = np.where(defined, values, 0).sum(axis=0, dtype=np.float64) / count
    squares = np.square(np.where(defined, values - mean, 0)).sum(axis=0) / count
    scale = np.where(squares > 0, np.sqrt(squares), 1.0).astype(np.float32)
    mean = mean.astype(np.float32)
    rows = np.sort(random.permutation(len(values))[:COMPONENT_ROWS])
    scaled = _standardised(values[rows], mean, scale)
    products = (scaled @ scaled.T).astype(np.float64)
    n = len(rows)
    n_components = max(1, min(COMPONENTS, n // 4, values.shape[1] // 4))
    weight, vectors = eigh(products, subset_by_index=[n - n_components, n - 1])
    weight = np.maximum(weight, _LEAST * n)
    basis = np.ascontiguousarray((scaled.T @ (vectors / np.sqrt(weight))).T, dtype=np.float32)
    rest = float(np.trace(products) - weight.sum())
    residual = max(rest / n / values.shape[1], _LEAST)
    variance = (weight / n).astype(np.float32)
    return FeatureDistance(columns, mean, scale, basis, variance, residual, 1.0)


def _standardised(values: NDArray[Any], mean: Floats, scale: Floats) -> Floats:
    """Return standardised features; undefined ones are the training mean."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values - mean) / scale
    return np.asarray(np.clip(np.nan_to_num(scaled), -_CLIP, _CLIP), dtype=np.float32)


def _groups(speaker: NDArray[Any], random: np.random.Generator) -> NDArray[np.intp]:
    """Return groups of speakers; of recordings where fewer than two speakers are named."""
    names = np.array([str(one) for one in speaker], dtype=object)
    if len(set(names) - {""}) < 2:
        names = np.arange(len(names)).astype(str).astype(object)
    for row in np.flatnonzero(names == ""):
        names[row] = f"row {row}"
    unique, code = np.unique(names.astype(str), return_inverse=True)
    return (random.permutation(len(unique)) % min(GROUPS, len(unique)))[code]


def _columns_of(X: NDArray[Any], columns: Sequence[tuple[int, int]]) -> Floats:
    parts = [X[:, first:last] for first, last in columns]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _in_memory(X: NDArray[Any] | Rows) -> NDArray[Any]:
    return np.concatenate(list(X.batches())) if isinstance(X, Rows) else X
