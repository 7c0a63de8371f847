"""Base of all encoders, which turn packed frames into one vector per utterance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.models.encoders.gmm import DiagonalGMM
from featser.models.encoders.sequences import Sequences, batches, sequences
from featser.models.encoders.statistics import Statistics, joined, statistics
from featser.progress import Progress, silent

Floats = NDArray[np.float32]


class Encoder(TransformerMixin, BaseEstimator, ABC):
    """Vectors of utterances from their packed frames.

    Descriptors are cepstra and their slopes of the frames that are not silent, standardised by
    the mean and deviation over the frames of the training set.
    """

    prefix: ClassVar[str]
    """Of the names of its vectors' values."""

    width: int
    cepstra: int
    deltas: bool
    silence: float | None
    n_frames: int
    random_state: int

    def fit(self, X: ArrayLike, y: Any = None, progress: Progress = silent) -> Any:
        """Fit to packed frames X, shape (n, T · D), and classes y for encoders that use them.

        ``progress`` is called for the steps of the background model or codebook.
        """
        self._fit(self._checked(X, True), y, progress)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return packed frames X, shape (n, T · D), encoded, shape (n, m)."""
        check_is_fitted(self, "mean_")
        values = self._checked(X, False)
        return np.concatenate(
            [self._encode(self._standardised(values[r])) for r in batches(values)]
        )

    @abstractmethod
    def _fit(self, X: Floats, y: Any, progress: Progress) -> None:
        """Fit to rows."""

    @abstractmethod
    def _encode(self, frames: Sequences) -> Floats:
        """Turn the frames of n utterances into vectors, shape (n, m)."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """The length m of a vector, available before fitting."""

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the vectors' values, such as ``fisher_0012``."""
        return np.array([f"{self.prefix}_{i:04d}" for i in range(self.dimension)], dtype=object)

    @property
    def _descriptors(self) -> int:
        return self.cepstra * (2 if self.deltas else 1)

    def _checked(self, X: ArrayLike, new: bool) -> Floats:
        values: Floats = validate_data(
            self, X, reset=new, dtype=np.float32, ensure_all_finite="allow-nan"
        )
        return values

    def _sequences(self, X: Floats) -> Sequences:
        return sequences(X, self.width, self.cepstra, self.deltas, self.silence)

    def _standardised(self, X: Floats) -> Sequences:
        values, bounds = self._sequences(X)
        return Sequences((values - self.mean_) / self.deviation_, bounds)

    def _drawn(self, X: Floats) -> Floats:
        """Draw frames, as many of each batch of utterances as is its share, and standardise."""
        rng = np.random.default_rng(self.random_state)
        drawn = []
        for rows in batches(X):
            values = self._sequences(X[rows]).values
            quota = -(-self.n_frames * len(X[rows]) // len(X))
            if quota < len(values):
                values = values[np.sort(rng.choice(len(values), quota, replace=False))]
            drawn.append(values)
        frames = np.concatenate(drawn)
        self.mean_ = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = frames.std(axis=0, dtype=np.float64)
        steady = deviation <= 1e-6 * np.abs(self.mean_) + 1e-12
        self.deviation_ = np.where(steady, 1.0, deviation).astype(np.float32)
        return np.asarray((frames - self.mean_) / self.deviation_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class BackgroundEncoder(Encoder):
    """Vectors made of the statistics of a background model."""

    n_components: int
    n_iter: int
    _squares = False

    def _fit(self, X: Floats, y: Any, progress: Progress) -> None:
        self.gmm_ = DiagonalGMM(
            self.n_components, n_iter=self.n_iter, random_state=self.random_state
        )
        self.gmm_.fit(self._drawn(X), progress=progress)

    def _all_statistics(self, X: Floats) -> Statistics:
        """Return the statistics of all rows together."""
        return joined([self._statistics(self._standardised(X[rows])) for rows in batches(X)])

    def _statistics(self, frames: Sequences) -> Statistics:
        return statistics(self.gmm_, frames, self._squares)

    def _encode(self, frames: Sequences) -> Floats:
        return self._vectors(self._statistics(frames))

    @abstractmethod
    def _vectors(self, totals: Statistics) -> Floats:
        """Turn statistics of n utterances into vectors, shape (n, m)."""
