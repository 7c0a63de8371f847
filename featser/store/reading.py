"""Rows from part files, in any order, with few of the files in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.store.extractor_indexes import Indexes
from featser.store.index_files import ATTEMPTS
from featser.store.part_files import open_part
from featser.store.part_origin import Origin, origin_of
from featser.store.row_index import Index

KEPT_BYTES = 64 * 2**20
"""Values that one batch leaves in memory for the next."""


class Parts:
    """The rows of part files, of which the last that were asked for are kept.

    Parameters
    ----------
    limit : int
        Bytes of values to keep; the very last part file is kept in any case.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._cached: dict[Path, tuple[list[str], NDArray[np.float32]]] = {}

    def rows(self, path: Path, origin: Origin) -> tuple[list[str], NDArray[np.float32]]:
        """Return the keys of a part file, length n, and its values, shape (n, d).

        Raises
        ------
        DamagedPart, MisplacedPart, FileNotFoundError, StoreError
            As :func:`~featser.store.part_files.open_part`.
        """
        cached = self._cached.pop(path, None)
        if cached is None:
            part = open_part(path, origin)
            cached = part.keys.to_pylist(), part.values
        self._cached[path] = cached
        while len(self._cached) > 1 and self._bytes() > self._limit:
            del self._cached[next(iter(self._cached))]
        return cached

    def _bytes(self) -> int:
        return sum(values.nbytes for _, values in self._cached.values())


class Gathering:
    """The features of some utterances, read as far as they could be found.

    What is read stays, so that each further :meth:`take` reads the rest alone: part files may be
    replaced by others while it is under way.

    Parameters
    ----------
    folder : Path
        The extractor's folder in the store.
    extractor : Extractor
        What computed the features.
    keys : sequence of str, length n
        The utterances.
    parts : Parts
        What reads the part files.

    Attributes
    ----------
    values : ndarray of float32, shape (n, d)
        Rows in the order of ``keys``; undefined where ``left`` is.
    left : ndarray of int, shape (m,)
        Which rows are still to be read.
    is_index_wrong : bool
        Whether the last :meth:`take` found another utterance where the index has one of these.
    """

    def __init__(
        self, folder: Path, extractor: Extractor, keys: Sequence[str], parts: Parts
    ) -> None:
        self._folder = folder
        self._extractor = extractor
        self._keys = keys
        self._parts = parts
        self.values = np.empty((len(keys), len(extractor.names)), dtype=np.float32)
        self.left: NDArray[np.intp] = np.arange(len(keys))
        self.is_index_wrong = False

    def take(self, index: Index) -> None:
        """Read the rows that are left, as far as the part files of an index are still there.

        Raises
        ------
        StoreError
            If rows are missing in the index, or a part file is damaged or misplaced.
        """
        asked = self.left
        keys = self._keys if len(asked) == len(self._keys) else [self._keys[row] for row in asked]
        numbers, rows = index.find(keys)
        self._refuse_missing(keys, numbers)
        self.is_index_wrong = False
        left = []
        order = np.argsort(numbers, kind="stable")
        starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
        for places in np.split(order, starts[1:]) if len(order) else ():
            name = index.names[numbers[places[0]]]
            if not self._take_from(name, asked[places], rows[places]):
                left.append(asked[places])
        self.left = np.concatenate(left) if left else asked[:0]

    def _take_from(self, name: str, places: NDArray[np.intp], rows: NDArray[np.int32]) -> bool:
        """Read rows of one part file; return whether they are there."""
        try:
            held, values = self._parts.rows(self._folder / name, origin_of(self._extractor))
        except FileNotFoundError:
            return False
        numbers = rows.tolist()
        try:
            cached = [held[number] for number in numbers]
        except IndexError:
            cached = []
        if cached != [self._keys[place] for place in places.tolist()]:
            self.is_index_wrong = True
            return False
        self.values[places] = values[rows]
        return True

    def _refuse_missing(self, keys: Sequence[str], numbers: NDArray[np.int32]) -> None:
        missing = np.flatnonzero(numbers < 0)
        if not len(missing):
            return
        spec = self._extractor.spec
        raise StoreError(
            f"{self._folder.parent.parent}: {len(missing)} of {len(self._keys)} utterances have no "
            f"'{spec}' features (the first: {keys[int(missing[0])]}); "
            f"run `featser extract … -f {spec}` first"
        )


def read_rows(
    indexes: Indexes, extractor: Extractor, keys: Sequence[str], parts: Parts, alone: bool = False
) -> NDArray[np.float32]:
    """Return the features of some utterances, however often part files are replaced meanwhile.

    Parameters
    ----------
    indexes : Indexes
        Where the rows are; looked at anew where a part file is not as they say.
    extractor : Extractor
        What computed the features.
    keys : sequence of str, length n
        The utterances.
    parts : Parts
        What reads the part files.
    alone : bool
        Whether the store's lock is held.

    Returns
    -------
    ndarray of float32, shape (n, d)
        Rows in the order of ``keys``.

    Raises
    ------
    StoreError
        If rows are missing, or a part file is damaged or misplaced.
    """
    gathering = Gathering(indexes.folder_of(extractor), extractor, keys, parts)
    attempts = 0
    while attempts < ATTEMPTS:
        before = len(gathering.left)
        _take(indexes, extractor, gathering)
        if not len(gathering.left):
            return gathering.values
        attempts = attempts + 1 if len(gathering.left) == before else 0
    if alone:
        raise StoreError(
            f"{indexes.folder_of(extractor)}: part files disappear although no other process may "
            f"write"
        )
    with indexes.others_waiting():
        return read_rows(indexes, extractor, keys, parts, alone=True)


def _take(indexes: Indexes, extractor: Extractor, gathering: Gathering) -> None:
    """Read what is left of some rows, and look anew where it is not as the index says."""
    gathering.take(indexes.of(extractor))
    if not len(gathering.left):
        return
    indexes.forget(extractor)
    if gathering.is_index_wrong:
        with suppress(FileNotFoundError):  # merged meanwhile: the next attempt looks anew
            indexes.reread(extractor)
