"""Bag of audio words: how often each word of a codebook occurs in an utterance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.models.encoders.encoder import Encoder, Floats
from featser.models.encoders.gmm import clusters
from featser.models.encoders.sequences import Sequences
from featser.progress import Progress


class BagOfAudioWords(Encoder):
    """Counts of the words nearest to an utterance's frames, as ``log(1 + count)``.

    Counts are scaled to what an utterance of 100 frames would have, so that long and short ones
    compare.

    Parameters
    ----------
    width, cepstra, deltas, silence, n_frames, random_state
        As :class:`~featser.models.encoders.fisher.FisherVectors` has them.
    n_words : int
        Of the codebook.
    codebook : {'random', 'kmeans'}
        Frames drawn at random, or centres of k-means.
    nearest : int
        How many words a frame counts for, the nearest first. More than one makes a soft count of
        a frame between words.
    log : bool
        Whether the logarithm is taken.

    Attributes
    ----------
    words_ : ndarray of float32, shape (n_words, d)
    mean_, deviation_
        As :class:`~featser.models.encoders.fisher.FisherVectors` has them.

    References
    ----------
    Schmitt and Schuller, "openXBOW: introducing the Passau open-source crossmodal bag-of-words
    toolkit", JMLR 18, 2017.
    """

    prefix = "bag"

    def __init__(
        self,
        width: int = 40,
        n_words: int = 512,
        cepstra: int = 20,
        deltas: bool = True,
        silence: float | None = 35.0,
        codebook: str = "random",
        nearest: int = 5,
        log: bool = True,
        n_frames: int = 30_000,
        random_state: int = 0,
    ) -> None:
        self.width = width
        self.n_words = n_words
        self.cepstra = cepstra
        self.deltas = deltas
        self.silence = silence
        self.codebook = codebook
        self.nearest = nearest
        self.log = log
        self.n_frames = n_frames
        self.random_state = random_state

    @property
    def dimension(self) -> int:
        """The number of words."""
        return self.n_words

    def _fit(self, X: Floats, y: object, progress: Progress) -> None:
        if not 1 <= self.nearest <= self.n_words:
            raise ValueError(f"nearest is from 1 to the {self.n_words} words, not {self.nearest}")
        frames = self._drawn(X)
        if len(frames) < self.n_words:
            raise ValueError(
                f"{self.n_words} words need at least as many frames; got {len(frames)}. "
                f"Reduce the number of words"
            )
        self.words_ = self._codebook(frames)
        progress(1, 1)

    def _codebook(self, frames: Floats) -> Floats:
        if self.codebook == "kmeans":
            return clusters(frames, self.n_words, self.random_state)[0]
        if self.codebook != "random":
            raise ValueError(f"codebook is 'random' or 'kmeans', not '{self.codebook}'")
        drawn = np.random.default_rng(self.random_state).choice(
            len(frames), self.n_words, replace=False
        )
        return frames[np.sort(drawn)]

    def _encode(self, frames: Sequences) -> Floats:
        values, bounds = frames
        length = np.diff(bounds)
        words, rows = self.n_words, len(length)
        nearest_words = _nearest(values, self.words_, self.nearest)
        cells = np.repeat(np.arange(rows) * words, length)[:, None] + nearest_words
        count = np.bincount(cells.ravel(), minlength=rows * words).reshape(rows, words)
        counts = 100 * count / length[:, None]
        return np.asarray(np.log1p(counts) if self.log else counts, dtype=np.float32)


def _nearest(values: Floats, words: Floats, count: int) -> NDArray[np.intp]:
    """Return which words are nearest to each frame, shape (N, count), the nearest first."""
    nearest = np.empty((len(values), count), dtype=np.intp)
    half = 0.5 * (words * words).sum(axis=1)
    for begin in range(0, len(values), 4096):
        near = values[begin : begin + 4096] @ words.T - half
        here = np.arange(len(near))
        for place in range(count):
            best = near.argmax(axis=1)
            nearest[begin : begin + len(near), place] = best
            near[here, best] = -np.inf
    return nearest
