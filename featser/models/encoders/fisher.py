"""Fisher vectors: how a background model would have to change to suit an utterance."""

from __future__ import annotations

import numpy as np

from featser.models.encoders.encoder import BackgroundEncoder, Floats
from featser.models.encoders.statistics import Statistics


class FisherVectors(BackgroundEncoder):
    """Gradients of an utterance's log-likelihood with respect to means and variances.

    Each is divided by the number of frames and by the root of its Fisher information; then the
    signed square root is taken, and the vector is brought to length 1.

    Parameters
    ----------
    width : int
        D, how many log-mel bands a frame has.
    n_components : int
        k, Gaussians of the background model.
    cepstra : int
        How many are taken of the bands, from the zeroth.
    deltas : bool
        Whether their slopes are added; d is ``cepstra``, or twice that.
    silence : float, optional
        Frames more than so many dB below the utterance's 95th percentile of level are left out.
    n_iter : int
        Steps of EM.
    n_frames : int
        How many frames, drawn at random, the background model is fitted to, about.
    random_state : int
        Of that, and of where EM starts.

    Attributes
    ----------
    gmm_ : DiagonalGMM
        The background model.
    mean_, deviation_ : ndarray of float32, shape (d,)
        By which descriptors are standardised.

    References
    ----------
    Perronnin, Sánchez and Mensink, "Improving the Fisher kernel for large-scale image
    classification", ECCV 2010.
    """

    prefix = "fisher"
    _squares = True

    def __init__(
        self,
        width: int = 40,
        n_components: int = 64,
        cepstra: int = 20,
        deltas: bool = True,
        silence: float | None = 35.0,
        n_iter: int = 25,
        n_frames: int = 30_000,
        random_state: int = 0,
    ) -> None:
        self.width = width
        self.n_components = n_components
        self.cepstra = cepstra
        self.deltas = deltas
        self.silence = silence
        self.n_iter = n_iter
        self.n_frames = n_frames
        self.random_state = random_state

    @property
    def dimension(self) -> int:
        """2 · k · d."""
        return 2 * self.n_components * self._descriptors

    def _vectors(self, totals: Statistics) -> Floats:
        assert totals.second is not None
        count = totals.zeroth.sum(axis=1)[:, None, None]
        weight = np.sqrt(np.maximum(self.gmm_.weights_, 1e-10)).astype(np.float32)[:, None]
        means = totals.first / (count * weight)
        spreads = (totals.second - totals.zeroth[:, :, None]) / (count * weight * np.sqrt(2))
        vectors = np.stack([means, spreads], axis=1).reshape(len(count), -1)
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(length > 0, length, 1), dtype=np.float32)
