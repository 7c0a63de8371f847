"""Total variability: how the means of a background model vary from utterance to utterance.

An utterance's means are ``μ + T x`` with x normal in a few dimensions; the i-vector is x's mean
given the utterance. Dehak, Kenny, Dehak, Dumouchel and Ouellet, "Front-end factor analysis for
speaker verification", IEEE TASLP 19, 2011; EM with minimum divergence as in Kenny, "A small
footprint i-vector extractor", Odyssey 2012.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from featser.models.encoders.supervector import principal_axes
from featser.progress import Progress, silent

Array = NDArray[np.floating]
Floats = NDArray[np.float64]

_ROWS = 256
_RELEVANCE = 16.0
_SMALL = 0.01


class TotalVariability(BaseEstimator):
    """The subspace of an utterance's means, fitted by EM to Baum–Welch statistics.

    Parameters
    ----------
    rank : int
        R, of the subspace.
    n_iter : int
        Steps of EM.
    random_state : int
        Of the start.

    Attributes
    ----------
    loadings_ : ndarray of float64, shape (k, d, R)
        T, in the components' standard deviations.
    offset_ : ndarray of float64, shape (k, d)
        What minimum divergence has added to the means, in the same.
    path_ : list of float
        The log-likelihood of an utterance before each step, the frames' posteriors being what
        they are, and without a constant; it never falls.
    """

    def __init__(self, rank: int = 100, n_iter: int = 5, random_state: int = 0) -> None:
        self.rank = rank
        self.n_iter = n_iter
        self.random_state = random_state

    def fit(self, zeroth: Array, first: Array, progress: Progress = silent) -> TotalVariability:
        """Fit to statistics, shape (n, k) and (n, k, d), about the means, in their deviations."""
        self.loadings_ = self._begin(zeroth, first)
        self.offset_ = np.zeros(first.shape[1:])
        self.path_: list[float] = []
        for step in range(self.n_iter):
            self.path_.append(self._step(zeroth, first))
            progress(step + 1, self.n_iter)
        return self

    def _begin(self, zeroth: Array, first: Array) -> Floats:
        """Start at the principal axes of the adapted means, and a little noise."""
        moved = (first / (zeroth[:, :, None] + _RELEVANCE)).reshape(len(first), -1)
        centred = (moved - moved.mean(axis=0)).astype(np.float32)
        axes, deviation = principal_axes(centred, self.rank, self.random_state)
        noise = np.random.default_rng(self.random_state).normal(size=axes.shape)
        start = axes * deviation[:, None] + _SMALL * noise
        return np.asarray(start.T.reshape(*first.shape[1:], self.rank))

    def _step(self, zeroth: Array, first: Array) -> float:
        """Take one step of EM with minimum divergence; return the likelihood before it."""
        components, _, rank = self.loadings_.shape
        total, mean, spread = 0.0, np.zeros(rank), np.zeros((rank, rank))
        among = np.zeros((components, rank * rank))
        across = np.zeros((first[0].size, rank))
        for count, shifted, gain in self._batches(zeroth, first):
            means, covariance, likelihood = self._posterior(count, shifted)
            square = covariance + means[:, :, None] * means[:, None, :]
            total += float((likelihood + gain).sum())
            mean += means.sum(axis=0)
            spread += square.sum(axis=0)
            among += count.T @ square.reshape(len(means), -1)
            across += shifted.reshape(len(means), -1).T @ means
        rows = len(zeroth)
        mean /= rows
        prior = spread / rows - np.outer(mean, mean)
        among += 1e-10 * np.eye(rank).ravel()
        loadings = np.linalg.solve(
            among.reshape(components, rank, rank),
            across.reshape(components, -1, rank).transpose(0, 2, 1),
        ).transpose(0, 2, 1)
        self.offset_ = self.offset_ + loadings @ mean
        self.loadings_ = loadings @ np.linalg.cholesky(prior)
        return total / rows

    def _batches(self, zeroth: Array, first: Array) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Yield statistics about the means as they are now, and what that adds to likelihoods."""
        for begin in range(0, len(zeroth), _ROWS):
            count = zeroth[begin : begin + _ROWS].astype(np.float64)
            about = first[begin : begin + _ROWS].astype(np.float64)
            gain = np.einsum("ukd,kd->u", about, self.offset_)
            gain -= 0.5 * count @ (self.offset_**2).sum(axis=1)
            yield count, about - count[:, :, None] * self.offset_, gain

    def _posterior(self, count: Floats, shifted: Floats) -> tuple[Floats, Floats, Floats]:
        """Return x's means, shape (n, R), covariances, and log-likelihoods without a constant."""
        components, width, rank = self.loadings_.shape
        crossed = self.loadings_.transpose(0, 2, 1) @ self.loadings_
        precision = (count @ crossed.reshape(components, -1)).reshape(-1, rank, rank)
        precision += np.eye(rank)
        pulled = shifted.reshape(-1, components * width) @ self.loadings_.reshape(-1, rank)
        covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        means = (covariance @ pulled[:, :, None])[:, :, 0]
        volume = np.asarray(np.linalg.slogdet(precision)[1], dtype=np.float64)
        likelihood = 0.5 * ((means * pulled).sum(axis=1) - volume)
        return means, covariance, likelihood

    def transform(self, zeroth: Array, first: Array) -> Floats:
        """Return the i-vectors, shape (n, R), of statistics, shape (n, k) and (n, k, d)."""
        check_is_fitted(self)
        means = [self._posterior(n, f)[0] for n, f, _ in self._batches(zeroth, first)]
        return np.concatenate(means)
