r"""Covariance of the contours and of their changes, as the logarithm of a matrix.

Statistics of single contours do not show which contours move together. A covariance matrix
does, and holds no mean. It is symmetric and positive definite; such matrices form a curved space,
and their logarithms
:math:`\log C = V \operatorname{diag}(\log\lambda) V^\top` a flat one, in which Euclidean
distances, and hence linear and Gaussian-kernel methods, are meaningful. Sources: Arsigny et al.,
Log-Euclidean metrics, Magnetic Resonance in Medicine 56(2), 2006; Tuzel et al., Region
covariance, ECCV 2006.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.blocks import frame_slices
from featser.features.lowlevel.contours import (
    SOUNDING_DB,
    SPREADS,
    TRACK_NAMES,
    TRACKS,
    sounding,
    tracks_of,
)
from featser.features.lowlevel.frame_settings import DEFAULT, Floats

LAG = 4
"""Frames from a value to the one its change is measured to: 40 ms."""

FLOOR = 1e-3
"""Variance added to every contour, in units of its usual variance: what is constant has it."""


class Covariance(Extractor):
    r"""Logarithm of two covariance matrices: of 21 contours, and of their changes over 40 ms.

    For contours :math:`x_t` of the frames that sound (``sounding``),
    divided by their usual spreads (:data:`~featser.features.lowlevel.contours.TRACKS`), and changes
    :math:`x_{t+4} - x_t` between two frames that sound: the upper triangle, diagonal included, of
    :math:`\log(C + 0.001 I)`. Natural logarithms; a change of gain changes nothing, as long as
    the weakest frames stay above the floor of the log-mel levels.
    """

    version: ClassVar[int] = 1
    in_blocks = True

    def __init__(self) -> None:
        self.name = "covariance"
        self.rate = DEFAULT.rate
        self.cost_ms = 2.3
        self.units = "log of squared usual spreads"
        self.description = "log-covariance of MFCC, level and spectral shape, and of their changes"

    @property
    def params(self) -> dict[str, Any]:
        """Contours and their scales, lag, floor and frame settings."""
        return {
            "contours": {track.name: track.spread for track in TRACKS},
            "lag": LAG,
            "floor": FLOOR,
            "sounding_db": SOUNDING_DB,
            "n_fft": DEFAULT.n_fft,
            "hop_length": DEFAULT.hop_length,
            "win_length": DEFAULT.win_length,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor."""
        return ("mfcc", "rms", "spectral", "zcr")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Two contours, such as ``covariance.mfcc_01.level``, then those of the changes."""
        rows, columns = np.triu_indices(len(TRACKS))
        pairs = [f"{TRACK_NAMES[i]}.{TRACK_NAMES[j]}" for i, j in zip(rows, columns, strict=True)]
        return tuple(f"covariance.{what}{pair}" for what in ("", "change.") for pair in pairs)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 462 values.

        NaN in the half that has fewer frames (or pairs of them) than a regular matrix of its
        size needs: 22.
        """
        self._check_rate(signal)
        tracks = tracks_of(signal)
        is_sounding = sounding(tracks)
        both = is_sounding[LAG:] & is_sounding[:-LAG]
        if signal.is_long:
            halves = [
                _log_covariance_in_blocks(tracks, is_sounding, 0),
                _log_covariance_in_blocks(tracks, both, LAG),
            ]
            return np.concatenate(halves).astype(np.float32)
        scaled = _scaled(tracks)
        change = scaled[:, LAG:] - scaled[:, :-LAG]
        halves = [log_covariance(scaled[:, is_sounding]), log_covariance(change[:, both])]
        return np.concatenate(halves).astype(np.float32)


def log_covariance(values: NDArray[np.float64], floor: float = FLOOR) -> NDArray[np.float64]:
    """Upper triangle of the matrix logarithm of a covariance.

    Parameters
    ----------
    values : ndarray, shape (d, n)
        One variable in each row.
    floor : float
        Added to the diagonal: the least variance.

    Returns
    -------
    ndarray of float64, shape (d (d + 1) / 2,)
        Row by row, diagonal included; NaN if there are fewer than ``d + 1`` columns.
    """
    size, count = values.shape
    if count <= size:
        return _undefined(size)
    centred = values - values.mean(axis=1, keepdims=True)
    return _logarithm(centred @ centred.T / count, floor)


def _log_covariance_in_blocks(
    tracks: Floats, chosen: NDArray[np.bool_], lag: int
) -> NDArray[np.float64]:
    """Return :func:`log_covariance` of chosen frames, or of their changes until a lag later."""
    size, count = len(tracks), int(chosen.sum())
    if count <= size:
        return _undefined(size)
    origin: NDArray[np.float64] | None = None
    total, product = np.zeros(size), np.zeros((size, size))
    for frames in frame_slices(len(chosen)):
        at = frames.start + np.flatnonzero(chosen[frames])
        if not len(at):
            continue
        values = _scaled(tracks[:, at + lag])
        if lag:
            values -= _scaled(tracks[:, at])
        if origin is None:
            origin = values[:, :1].copy()  # about it, products do not cancel
        values -= origin
        total += values.sum(axis=1)
        product += values @ values.T
    mean = total / count
    return _logarithm(product / count - np.outer(mean, mean), FLOOR)


def _scaled(tracks: Floats) -> NDArray[np.float64]:
    return (tracks / SPREADS[:, None]).astype(np.float64)


def _undefined(size: int) -> NDArray[np.float64]:
    return np.full(size * (size + 1) // 2, np.nan)


def _logarithm(covariance: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    size = len(covariance)
    variances, axes = np.linalg.eigh(covariance + floor * np.eye(size))
    # Rounding may take the least of them below the floor, which they cannot be.
    logarithms = np.log(np.maximum(variances, floor))
    result: NDArray[np.float64] = ((axes * logarithms) @ axes.T)[np.triu_indices(size)]
    return result
