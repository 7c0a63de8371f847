"""What counts as missing among names and labels, whatever holds them; without pandas."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WRITTEN = frozenset({"nan", "NaN", "None", "<NA>", "NaT"})
"""How missing values of all sorts print."""


def is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, or pandas' NA or NaT."""
    return not isinstance(value, str) and str(value) in _WRITTEN


def as_text(values: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Return names as text, empty where they are missing.

    Parameters
    ----------
    values : array-like, shape (n,)
        Names. Text is taken as it stands, so that a speaker may be called "nan".

    Returns
    -------
    ndarray of str, shape (n,)

    Examples
    --------
    >>> as_text(["anna", None, float("nan"), 3]).tolist()
    ['anna', '', '', '3']
    """
    held = np.asarray(values, dtype=object).tolist()
    return np.array(["" if is_missing(value) else str(value) for value in held], dtype=np.str_)
