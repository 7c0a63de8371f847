"""Arrays of single precision as text, for JSON."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray


def to_text(values: NDArray[np.float32]) -> str:
    """Return values, row by row, as base64 of little-endian float32.

    Examples
    --------
    >>> from_text(to_text(np.array([1.5, -2.0], dtype=np.float32))).tolist()
    [1.5, -2.0]
    """
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def from_text(text: str, *, may_lack: bool = False) -> NDArray[np.float32]:
    """Return what :func:`to_text` wrote, in one dimension.

    Parameters
    ----------
    text : str
    may_lack : bool
        Whether values may be NaN.

    Raises
    ------
    ValueError
        If the text is no base64 of float32, or a value is not finite.
    """
    data = base64.b64decode(text, validate=True)
    if len(data) % 4:
        raise ValueError(f"an array of {len(data)} bytes does not hold float32 values")
    values = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if not (np.isfinite(values) | (may_lack & np.isnan(values))).all():
        raise ValueError("an array has values that are not finite")
    return values
