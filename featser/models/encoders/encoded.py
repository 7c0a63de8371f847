"""Packed frames inside a pipeline: encoded as features, or taken out for a network."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.features.packed_frames import ColumnRange

FLOATS = [np.float32, np.float64]


class _OfFrames(TransformerMixin, BaseEstimator):
    """Base of both: rows of features, some columns of which are packed frames."""

    def _checked(self, X: ArrayLike, reset: bool = False) -> NDArray[Any]:
        values: NDArray[Any] = validate_data(
            self, X, reset=reset, dtype=FLOATS, ensure_all_finite="allow-nan"
        )
        return values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class FramesEncoded(_OfFrames):
    """Replace packed frames by their encoding, after all other features.

    Parameters
    ----------
    first, last, width : int
        Where the frames stand: see :class:`~featser.features.packed_frames.ColumnRange`.
    encoder : transformer, optional
        Takes packed frames, shape (n, last − first); fitted here, so inside the fold. Without it
        frames are left out.

    Attributes
    ----------
    encoder_ : transformer or None
        Fitted.
    """

    def __init__(self, first: int, last: int, width: int, encoder: Any = None) -> None:
        self.first = first
        self.last = last
        self.width = width
        self.encoder = encoder

    def fit(self, X: ArrayLike, y: Any = None) -> FramesEncoded:
        """Fit the encoder to the frames of X, shape (n, d); labels are not used."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> NDArray[np.floating[Any]]:
        """Fit to X, shape (n, d), and return it as :meth:`transform` does; encodes once."""
        values = self._checked(X, reset=True)
        rest, frames = self._place.rest(values), self._place.of(values)
        self.encoder_ = None
        if self.encoder is None:
            return rest
        self.encoder_ = clone(self.encoder)
        return _beside(rest, self.encoder_.fit_transform(frames))

    def transform(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return the other features of X, shape (n, d), and then the encoded frames."""
        check_is_fitted(self, "encoder_")
        values = self._checked(X)
        rest = self._place.rest(values)
        if self.encoder_ is None:
            return rest
        return _beside(rest, self.encoder_.transform(self._place.of(values)))

    @property
    def _place(self) -> ColumnRange:
        return ColumnRange(self.first, self.last, self.width)


def _beside(rest: NDArray[Any], encoded: NDArray[Any]) -> NDArray[np.floating[Any]]:
    return np.hstack([rest, encoded.astype(rest.dtype, copy=False)])


class FramesAlone(_OfFrames):
    """Keep only the packed frames.

    Parameters
    ----------
    first, last : int
        Where they stand: see :class:`~featser.features.packed_frames.ColumnRange`.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {}

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last

    def fit(self, X: ArrayLike, y: Any = None) -> FramesAlone:
        """Check X, shape (n, d); nothing is estimated."""
        self._checked(X, reset=True)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return the packed frames of X, shape (n, d)."""
        check_is_fitted(self, "n_features_in_")
        return self._checked(X)[:, self.first : self.last]
