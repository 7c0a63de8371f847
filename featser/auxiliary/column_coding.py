"""Features in two bytes or one: each column has a scale, and an offset where that is more exact.

A half-precision number has 11 significant bits between 2⁻¹⁴ and 2¹⁶. Each column is multiplied by
a power of two, so that its largest magnitude lies near the upper end. A column whose values differ
little from their middle, such as levels around 4,000 Hz, is stored as differences from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from featser.features.lowlevel.frame_settings import Floats

Kind = Literal["float16", "int8"]
Stored = NDArray[np.float16] | NDArray[np.int8]
_DTYPES: dict[Kind, np.dtype[np.float16] | np.dtype[np.int8]] = {
    "float16": np.dtype("<f2"),
    "int8": np.dtype("i1"),
}
STEPS = 8
"""Steps of the one-byte coding in a column's standard deviation, where its range allows it."""
_MOST_STEPS, _MISSING = 127, -128
_TOP = 15
"""Largest magnitudes are scaled to less than 2 to the power of this."""


@dataclass(frozen=True, eq=False)
class ColumnCoding:
    """How columns are stored: ``value = offset + scale · stored``.

    Attributes
    ----------
    kind : {'float16', 'int8'}
        The type of the stored numbers.
    scale, offset : ndarray of float32, shape (d,)
        Of each column.
    """

    kind: Kind
    scale: Floats
    offset: Floats

    @property
    def dtype(self) -> np.dtype[np.float16] | np.dtype[np.int8]:
        """The type of the stored numbers."""
        return _DTYPES[self.kind]

    def decode(self, stored: Stored) -> Floats:
        """Return the values of stored numbers.

        Parameters
        ----------
        stored : ndarray of float16 or int8, shape (n, d)
            What :func:`encode_half` or :func:`encode_byte` returned.

        Returns
        -------
        ndarray of float32, shape (n, d)
            NaN where a value was undefined.
        """
        values = stored.astype(np.float32)
        if self.kind == "int8":
            values[stored == _MISSING] = np.nan
        values *= self.scale
        values += self.offset
        return values

    def tolerance(self, values: Floats) -> Floats:
        """Return how far decoded values may be from the values that were encoded.

        Parameters
        ----------
        values : ndarray of float32, shape (n, d)
            The values that were encoded.

        Returns
        -------
        ndarray of float32, shape (n, d)
            For ``float16`` 2⁻¹⁰ of the value, and of a value near 0 that is much smaller than the
            column's largest 2⁻²⁴ of the scale; for ``int8`` half a step.
        """
        if self.kind == "int8":
            half_step = self.scale * np.float32(0.5) + np.abs(self.offset) * np.float32(2**-22)
            return np.broadcast_to(half_step, values.shape)
        return np.abs(values) * np.float32(2**-10) + self.scale * np.float32(2**-24)


def encode_half(values: Floats) -> tuple[ColumnCoding, NDArray[np.float16]]:
    """Store columns as half-precision numbers.

    Parameters
    ----------
    values : ndarray of float32, shape (n, d)
        NaN where one is undefined.

    Returns
    -------
    coding : ColumnCoding
    stored : ndarray of float16, shape (n, d)

    Examples
    --------
    >>> values = np.array([[1e6, 4000.0], [3.0, np.nan], [0.0, 4001.0]], np.float32)
    >>> coding, stored = encode_half(values)
    >>> coding.decode(stored).tolist()
    [[999936.0, 4000.0], [3.0, nan], [0.0, 4001.0]]
    """
    low, high = _limits(values)
    middle = ((low + high) / 2).astype(np.float32).astype(float)
    magnitude = np.maximum(np.abs(low), np.abs(high))
    spread = np.maximum(high - middle, middle - low)
    is_centred = spread <= magnitude / 4
    _, exponent = np.frexp(np.where(is_centred, spread, magnitude))
    power = np.clip(exponent - _TOP, np.finfo(np.float32).minexp, None)
    scale = np.exp2(power.astype(float)).astype(np.float32)
    offset = np.where(is_centred, middle, 0.0).astype(np.float32)
    stored = ((values - offset) / scale).astype(np.float16)
    return ColumnCoding("float16", scale, offset), stored


def encode_byte(values: Floats) -> tuple[ColumnCoding, NDArray[np.int8]]:
    """Store columns in steps of an eighth of their standard deviation, in one byte each.

    Columns with values more than 15.9 deviations from their mean have larger steps: 127 of them
    reach the farthest value.

    Parameters
    ----------
    values : ndarray of float32, shape (n, d)
        NaN where one is undefined; none is infinite.

    Returns
    -------
    coding : ColumnCoding
    stored : ndarray of int8, shape (n, d)

    Raises
    ------
    ValueError
        If a value is infinite.

    Examples
    --------
    >>> coding, stored = encode_byte(np.array([[0.0], [1.0], [np.nan]], np.float32))
    >>> stored.ravel().tolist()
    [-8, 8, -128]
    >>> coding.decode(stored).ravel().tolist()
    [0.0, 1.0, nan]
    """
    if np.isinf(values).any():
        raise ValueError("an infinite value cannot be stored in one byte")
    low, high = _limits(values)
    mean, deviation = _moments(values)
    reach = np.maximum(high - mean, mean - low)
    step = np.maximum(deviation / STEPS, reach / _MOST_STEPS).astype(np.float32)
    step[step == 0] = 1
    offset = mean.astype(np.float32)
    steps = np.clip(np.rint((values - offset) / step), -_MOST_STEPS, _MOST_STEPS)
    stored = np.where(np.isnan(steps), _MISSING, steps).astype(np.int8)
    return ColumnCoding("int8", step, offset), stored


def _limits(values: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and the highest finite value of each column; 0 where there is none."""
    finite = np.isfinite(values)
    low = np.min(values, axis=0, where=finite, initial=np.inf).astype(float)
    high = np.max(values, axis=0, where=finite, initial=-np.inf).astype(float)
    is_empty = ~finite.any(axis=0)
    return np.where(is_empty, 0.0, low), np.where(is_empty, 0.0, high)


def _moments(values: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each column; 0 where there is no value."""
    valid = ~np.isnan(values)
    n_valid = np.maximum(valid.sum(axis=0), 1)
    mean = np.sum(values, axis=0, where=valid, dtype=float) / n_valid
    squares = np.square(values - mean)
    return mean, np.sqrt(np.sum(squares, axis=0, where=valid) / n_valid)
