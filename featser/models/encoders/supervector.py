"""Supervectors: the background model's means, moved towards an utterance, as one vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from featser.models.encoders.encoder import BackgroundEncoder, Floats
from featser.models.encoders.statistics import Statistics
from featser.progress import Progress


class Supervectors(BackgroundEncoder):
    """Means adapted to an utterance by MAP, less the background's, on their principal axes.

    A mean moves by ``Σ_t γ_t (x_t − μ) / (N + r)``: the relevance factor r is the number of
    frames that move it half way. Each is scaled by ``√w / σ``, which makes distances those
    between the adapted models (an upper bound of their Kullback–Leibler divergence). The
    whole, k · d values, is reduced by principal components.

    Parameters
    ----------
    width, n_components, cepstra, deltas, silence, n_iter, n_frames, random_state
        As :class:`~featser.models.encoders.fisher.FisherVectors` has them.
    relevance : float
        r, above 0.
    n_dimensions : int
        Number of principal components. If the training set has fewer utterances, the other values
        are 0.

    Attributes
    ----------
    gmm_, mean_, deviation_
        As :class:`~featser.models.encoders.fisher.FisherVectors` has them.
    centre_ : ndarray of float32, shape (k · d,)
        The mean supervector of the training set.
    axes_ : ndarray of float32, shape (n_dimensions, k · d)

    References
    ----------
    Reynolds, Quatieri and Dunn, "Speaker verification using adapted Gaussian mixture models",
    Digital Signal Processing 10, 2000; Campbell, Sturim and Reynolds, "Support vector machines
    using GMM supervectors for speaker verification", IEEE Signal Processing Letters 13, 2006.
    """

    prefix = "supervector"

    def __init__(
        self,
        width: int = 40,
        n_components: int = 64,
        cepstra: int = 20,
        deltas: bool = True,
        silence: float | None = 35.0,
        relevance: float = 16.0,
        n_dimensions: int = 200,
        n_iter: int = 25,
        n_frames: int = 30_000,
        random_state: int = 0,
    ) -> None:
        self.width = width
        self.n_components = n_components
        self.cepstra = cepstra
        self.deltas = deltas
        self.silence = silence
        self.relevance = relevance
        self.n_dimensions = n_dimensions
        self.n_iter = n_iter
        self.n_frames = n_frames
        self.random_state = random_state

    @property
    def dimension(self) -> int:
        """At most k · d."""
        return min(self.n_dimensions, self.n_components * self._descriptors)

    def _fit(self, X: Floats, y: Any, progress: Progress) -> None:
        super()._fit(X, y, progress)
        supervectors = self._moved(self._all_statistics(X))
        self.centre_ = supervectors.mean(axis=0)
        self.axes_ = principal_axes(supervectors - self.centre_, self.dimension, self.random_state)[
            0
        ]

    def _vectors(self, totals: Statistics) -> Floats:
        return np.asarray((self._moved(totals) - self.centre_) @ self.axes_.T)

    def _moved(self, totals: Statistics) -> Floats:
        if not self.relevance > 0:
            raise ValueError(f"relevance is a number of frames above 0, not {self.relevance}")
        weight = np.sqrt(self.gmm_.weights_).astype(np.float32)[:, None]
        moved = totals.first * weight / (totals.zeroth[:, :, None] + np.float32(self.relevance))
        return np.asarray(moved.reshape(len(moved), -1), dtype=np.float32)


def principal_axes(centred: Floats, count: int, seed: int) -> tuple[Floats, NDArray[np.float64]]:
    """Return the axes along which rows vary most, and their standard deviations there.

    Parameters
    ----------
    centred : ndarray of float32, shape (n, d)
        Rows of mean 0.
    count : int
        How many axes; those that rows do not have, n − 1 being fewer, are 0.
    seed : int
        Of the randomised decomposition (Halko, Martinsson and Tropp 2011).

    Returns
    -------
    axes : ndarray of float32, shape (count, d)
    deviation : ndarray of float64, shape (count,)
    """
    rows, width = centred.shape
    n_axes = max(0, min(count, rows - 1, width))
    axes, deviation = np.zeros((count, width), np.float32), np.zeros(count)
    if n_axes:
        _, values, components = randomized_svd(centred, n_axes, random_state=seed)
        axes[:n_axes], deviation[:n_axes] = components, values / np.sqrt(rows)
    return axes, deviation
