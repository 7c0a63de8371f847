"""I-vectors: where an utterance lies in the space of total variability."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.validation import check_is_fitted

from featser.models.encoders.encoder import BackgroundEncoder, Floats
from featser.models.encoders.statistics import Statistics
from featser.models.encoders.variability import TotalVariability
from featser.progress import Progress


class IVectors(BackgroundEncoder):
    """I-vectors, centred and brought to length √R; on request on their discriminant axes.

    Parameters
    ----------
    width, n_components, cepstra, deltas, silence, n_iter, n_frames, random_state
        As :class:`~featser.models.encoders.fisher.FisherVectors` has them.
    rank : int
        R, dimensions of the space of total variability.
    n_steps : int
        Steps of EM for it.
    lda : bool
        Whether vectors are projected on the discriminant axes of the classes y, one less than the
        classes (shrunk covariances, Ledoit and Wolf 2004).

    Attributes
    ----------
    gmm_, mean_, deviation_
        As :class:`~featser.models.encoders.fisher.FisherVectors` has them.
    variability_ : TotalVariability
    centre_ : ndarray of float64, shape (R,)
        The mean i-vector of the training set.
    lda_ : LinearDiscriminantAnalysis
        With ``lda=True``.

    References
    ----------
    Dehak et al., "Front-end factor analysis for speaker verification", IEEE TASLP 19, 2011;
    Garcia-Romero and Espy-Wilson, "Analysis of i-vector length normalization in speaker
    recognition systems", Interspeech 2011.
    """

    prefix = "ivector"

    def __init__(
        self,
        width: int = 40,
        n_components: int = 64,
        cepstra: int = 20,
        deltas: bool = True,
        silence: float | None = 35.0,
        rank: int = 100,
        n_steps: int = 5,
        lda: bool = False,
        n_iter: int = 25,
        n_frames: int = 30_000,
        random_state: int = 0,
    ) -> None:
        self.width = width
        self.n_components = n_components
        self.cepstra = cepstra
        self.deltas = deltas
        self.silence = silence
        self.rank = rank
        self.n_steps = n_steps
        self.lda = lda
        self.n_iter = n_iter
        self.n_frames = n_frames
        self.random_state = random_state

    @property
    def dimension(self) -> int:
        """R; on discriminant axes one less than the classes, available after fitting."""
        if not self.lda:
            return self.rank
        check_is_fitted(self, "lda_")
        return min(self.rank, len(self.lda_.classes_) - 1)

    def _fit(self, X: Floats, y: Any, progress: Progress) -> None:
        if self.lda and y is None:
            raise ValueError("lda=True needs classes: fit(X, y)")
        super()._fit(X, y, progress)
        totals = self._all_statistics(X)
        self.variability_ = TotalVariability(self.rank, self.n_steps, self.random_state)
        self.variability_.fit(totals.zeroth, totals.first)
        vectors = self.variability_.transform(totals.zeroth, totals.first)
        self.centre_ = vectors.mean(axis=0)
        if self.lda:
            self.lda_ = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
            self.lda_.fit(_of_one_length(vectors - self.centre_), y)

    def _vectors(self, totals: Statistics) -> Floats:
        vectors = self.variability_.transform(totals.zeroth, totals.first) - self.centre_
        vectors = _of_one_length(vectors)
        return np.asarray(self.lda_.transform(vectors) if self.lda else vectors, dtype=np.float32)


def _of_one_length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors * np.sqrt(vectors.shape[1]) / np.where(length > 0, length, 1))
