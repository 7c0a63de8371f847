"""Rows from part files, in any order, with few of the files in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.features.index import Index
from featser.features.parts import read_values

KEPT_BYTES = 64 * 2**20
"""Values that one batch leaves in memory for the next."""


class Parts:
    """The values of part files, of which the last that were asked for are kept.

    Parameters
    ----------
    limit : int
        Bytes to keep; the very last part file is kept in any case.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[Path, NDArray[np.float32]] = {}

    def values(self, path: Path) -> NDArray[np.float32]:
        """Return the values of a part file, shape (n, d)."""
        values = self._kept.pop(path, None)
        if values is None:
            values = read_values(path)
        self._kept[path] = values
        while len(self._kept) > 1 and sum(v.nbytes for v in self._kept.values()) > self._limit:
            del self._kept[next(iter(self._kept))]
        return values


def gather(
    folder: Path, extractor: Extractor, index: Index, keys: Sequence[str], parts: Parts
) -> NDArray[np.float32]:
    """Return the features of some utterances.

    Parameters
    ----------
    folder : Path
        The extractor's folder in the store.
    extractor : Extractor
        What computed them.
    index : Index
        Where they are.
    keys : sequence of str, length n
        The utterances.
    parts : Parts
        What reads the part files.

    Returns
    -------
    ndarray of float32, shape (n, d)
        Rows in the order of ``keys``.

    Raises
    ------
    StoreError
        If rows are missing, or a part file is damaged.
    FileNotFoundError
        If a part file is not there any more.
    """
    numbers, rows = index.find(keys)
    if (numbers < 0).any():
        missing = np.flatnonzero(numbers < 0)
        raise StoreError(
            f"{folder.parent.parent}: {len(missing)} of {len(keys)} utterances have no "
            f"'{extractor.spec}' features (the first: {keys[int(missing[0])]}); "
            f"run `featser extract … -f {extractor.spec}` first"
        )
    result = np.empty((len(keys), len(extractor.names)), dtype=np.float32)
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    for places in np.split(order, starts[1:]) if len(order) else ():
        values = parts.values(folder / index.names[numbers[places[0]]])
        result[places] = values[rows[places]]
    return result
