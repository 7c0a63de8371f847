"""A Gaussian mixture with diagonal covariances, fitted by EM: the background model.

Dempster, Laird and Rubin 1977; as a background model of speech Reynolds, Quatieri and Dunn,
"Speaker verification using adapted Gaussian mixture models", Digital Signal Processing 10, 2000.
scikit-learn has one too, in float64 throughout; this one works block by block in float32, which
stays in the processor's cache.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.progress import Progress, silent

Floats = NDArray[np.float32]
Parameters = tuple[ArrayLike, ArrayLike, ArrayLike]
"""Weights, shape (k,), means, shape (k, d), and variances, shape (k, d)."""

_BLOCK = 4096
_KMEANS_STEPS = 10


class DiagonalGMM(BaseEstimator):
    """A mixture of k Gaussians with diagonal covariances.

    Parameters
    ----------
    n_components : int
        k.
    start : {'frames', 'kmeans'} or (weights, means, variances)
        Where EM starts: at frames drawn at random with the variances of all, at the clusters of
        k-means (slower than all of EM, and no better on speech), or at given parameters.
    n_iter : int
        Maximum number of steps of EM.
    tol : float
        A step that adds less to the mean log-likelihood of a frame ends it.
    floor : float
        Variances do not fall below this share of the variance of all frames. The best variances
        above a floor are those that are cut off there, so the likelihood does not fall by it.
    random_state : int
        Of the start.

    Attributes
    ----------
    weights_ : ndarray of float64, shape (k,)
    means_, variances_ : ndarray of float64, shape (k, d)
    path_ : list of float
        The mean log-likelihood of a frame before each step; it never falls.
    """

    def __init__(
        self,
        n_components: int = 64,
        start: str | Parameters = "frames",
        n_iter: int = 25,
        tol: float = 1e-4,
        floor: float = 0.01,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.start = start
        self.n_iter = n_iter
        self.tol = tol
        self.floor = floor
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None, progress: Progress = silent) -> DiagonalGMM:
        """Fit to frames X, shape (n, d).

        Raises
        ------
        ValueError
            If there are fewer frames than components, or the start is unknown.
        """
        frames = np.ascontiguousarray(validate_data(self, X, dtype=np.float32))
        if len(frames) < self.n_components:
            raise ValueError(
                f"{self.n_components} components need at least as many frames; got {len(frames)}: "
                f"reduce n_components"
            )
        spread = frames.var(axis=0, dtype=np.float64)
        least = np.maximum(self.floor * spread, 1e-12)
        self.weights_, self.means_, self.variances_ = self._begin(frames, spread, least)
        self.path_: list[float] = []
        for step in range(self.n_iter):
            likelihood = self._step(frames, least)
            progress(step + 1, self.n_iter)
            settled = bool(self.path_) and likelihood - self.path_[-1] < self.tol
            self.path_.append(likelihood)
            if settled:
                break
        return self

    def _begin(
        self, frames: Floats, spread: NDArray[np.float64], least: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        if not isinstance(self.start, str):
            weights, means, variances = (np.array(part, dtype=np.float64) for part in self.start)
            return weights, means, variances
        k = self.n_components
        if self.start == "frames":
            drawn = np.random.default_rng(self.random_state).choice(len(frames), k, replace=False)
            variances = np.tile(np.maximum(spread, least), (k, 1))
            return np.full(k, 1 / k), frames[drawn].astype(np.float64), variances
        if self.start != "kmeans":
            raise ValueError(f"start is 'frames', 'kmeans' or parameters, not '{self.start}'")
        word = clusters(frames, k, self.random_state)[1]
        return _moments(np.eye(k, dtype=np.float32)[word], frames, least)

    def _step(self, frames: Floats, least: NDArray[np.float64]) -> float:
        """Take one step of EM; return the mean log-likelihood before it."""
        table = self._table()
        total = 0.0
        zeroth = np.zeros(self.n_components)
        sums = np.zeros((self.n_components, 2 * frames.shape[1]))
        for block in _blocks(frames):
            quadratic = _quadratic(block)
            posterior, likelihood = _posteriors(quadratic @ table[:-1] + table[-1])
            total += float(likelihood.sum(dtype=np.float64))
            zeroth += posterior.sum(axis=0)
            sums += posterior.T @ quadratic
        self.weights_, self.means_, self.variances_ = _maximised(zeroth, sums, least, self)
        return total / len(frames)

    def posteriors(self, X: ArrayLike) -> Floats:
        """Return how probable each component is for frames X, shape (n, d): shape (n, k)."""
        check_is_fitted(self)
        table = self._table()
        frames = np.asarray(X, dtype=np.float32)
        posteriors = [
            _posteriors(_quadratic(b) @ table[:-1] + table[-1])[0] for b in _blocks(frames)
        ]
        return (
            np.concatenate(posteriors)
            if posteriors
            else np.zeros((0, len(self.weights_)), np.float32)
        )

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Return the mean log-likelihood of frames X, shape (n, d)."""
        check_is_fitted(self)
        table = self._table()
        frames: Floats = validate_data(self, X, reset=False, dtype=np.float32)
        likelihoods = [
            _posteriors(_quadratic(b) @ table[:-1] + table[-1])[1] for b in _blocks(frames)
        ]
        return float(np.concatenate(likelihoods).mean(dtype=np.float64))

    def _table(self) -> Floats:
        """Return what [x, x²] is multiplied by, and the last row what is added: log p(x, k)."""
        precision = 1 / self.variances_
        with np.errstate(divide="ignore"):
            constant = np.log(self.weights_) - 0.5 * (
                np.log(2 * np.pi * self.variances_) + self.means_**2 * precision
            ).sum(axis=1)
        table = np.vstack([(self.means_ * precision).T, -0.5 * precision.T, constant])
        return np.asarray(table, dtype=np.float32)


def clusters(frames: Floats, count: int, seed: int) -> tuple[Floats, NDArray[np.intp]]:
    """Return the centres, shape (count, d), of k-means and which is nearest, shape (n,).

    Ten steps from a k-means++ start: what comes after is fitted on, or hardly moves.
    """
    model = KMeans(count, n_init=1, max_iter=_KMEANS_STEPS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal frames: fewer clusters
        model.fit(frames)
    return np.asarray(model.cluster_centers_, dtype=np.float32), np.asarray(model.labels_, np.intp)


def _blocks(frames: Floats) -> Iterator[Floats]:
    """Divide frames into blocks whose posteriors stay in the processor's cache."""
    for begin in range(0, len(frames), _BLOCK):
        yield frames[begin : begin + _BLOCK]


def _quadratic(frames: Floats) -> Floats:
    return np.hstack([frames, frames * frames])


def _posteriors(joint: Floats) -> tuple[Floats, Floats]:
    """Turn log p(x, k) into p(k | x), in place, and log p(x)."""
    top = joint.max(axis=1, keepdims=True)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=1, keepdims=True)
    joint /= total
    return joint, (np.log(total) + top)[:, 0]


def _moments(
    share: Floats, frames: Floats, least: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the parameters of frames divided among components, shape (n, k)."""
    zeroth = share.sum(axis=0, dtype=np.float64)
    sums = (share.T @ _quadratic(frames)).astype(np.float64)
    return _maximised(zeroth, sums, least, None)


def _maximised(
    zeroth: NDArray[np.float64],
    sums: NDArray[np.float64],
    least: NDArray[np.float64],
    before: DiagonalGMM | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the best parameters; a component without frames stays as it was."""
    width = sums.shape[1] // 2
    count = np.maximum(zeroth, 1e-8)[:, None]
    means = sums[:, :width] / count
    variances = np.maximum(sums[:, width:] / count - means**2, least)
    if before is not None and (bare := zeroth < 1e-6).any():
        means[bare], variances[bare] = before.means_[bare], before.variances_[bare]
    return zeroth / zeroth.sum(), means, variances
