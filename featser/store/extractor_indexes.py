"""Which rows a store has: the index of each extractor, as of the last look at its folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.io.lock import exclusive
from featser.store.description import refuse_other_format
from featser.store.digests import Digests, digests_of
from featser.store.index_files import open_index, take_in
from featser.store.misplaced_parts import Elsewhere
from featser.store.part_files import part_names
from featser.store.part_origin import origin_of
from featser.store.row_index import Index
from featser.store.writing import LOCK

LISTINGS = 3
"""How often a folder is listed again before rows that are not there any more count as lost."""


class Indexes:
    """The indexes of a store.

    Parameters
    ----------
    folder : Path
        The store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cached: dict[str, Index] = {}
        self._lost: dict[str, list[Digests]] = {}

    def folder_of(self, extractor: Extractor) -> Path:
        """Return where an extractor's rows are, or will be."""
        return self._folder / "features" / f"{extractor.label}-{extractor.fingerprint()}"

    def of(self, extractor: Extractor) -> Index:
        """Return what is there as of the first look, without holding the store's lock.

        Raises
        ------
        StoreError
            If a part file is damaged or misplaced, or part files are replaced all the time.
        """
        index = self._cached.get(extractor.fingerprint())
        if index is None:
            try:
                index = self._opened(extractor)
            except FileNotFoundError:
                with self.others_waiting():
                    index = self._opened(extractor)
            self.put(extractor, index)
        return index

    def now(self, extractor: Extractor) -> Index:
        """Return what is there now; to be called with the store's lock held.

        Rows that were there at the last look and are not any more are noted: see :meth:`lost`.

        Raises
        ------
        StoreError
            If a part file is damaged or misplaced.
        """
        index = self._cached.pop(extractor.fingerprint(), None)
        if index is None:
            index = self._opened(extractor)
        elif (parts := part_names(self.folder_of(extractor))) != index.parts:
            index = self._caught_up(extractor, index, parts)
        self.put(extractor, index)
        return index

    def put(self, extractor: Extractor, index: Index) -> None:
        """Set what is there."""
        self._cached[extractor.fingerprint()] = index

    def forget(self, extractor: Extractor) -> None:
        """Read the index again at the next use."""
        self._cached.pop(extractor.fingerprint(), None)

    def reread(self, extractor: Extractor) -> None:
        """Read the part files again, because the index on disk is wrong.

        Raises
        ------
        StoreError, FileNotFoundError
            As :func:`~featser.store.row_index.open_index`.
        """
        self.put(extractor, self._opened(extractor, trust=False))

    def lost(self, extractor: Extractor) -> Digests:
        """Return the digests of keys whose rows have gone since this was last asked, shape (n,)."""
        lost = self._lost.pop(extractor.fingerprint(), [])
        return np.concatenate(lost) if lost else digests_of(())

    @contextmanager
    def others_waiting(self) -> Iterator[None]:
        """Let nobody replace part files for the length of a block.

        Raises
        ------
        StoreError
            If the store cannot be locked, as a read-only one, or files still go away.
        """
        try:
            with exclusive(self._folder / LOCK):
                yield
        except OSError as error:
            raise StoreError(
                f"{self._folder}: other processes replace its part files continuously and cannot "
                f"be locked out ({error.strerror}); run the same command again when they have "
                f"finished"
            ) from error

    def _opened(self, extractor: Extractor, trust: bool = True) -> Index:
        folder = self.folder_of(extractor)
        refuse_other_format(folder)
        return open_index(folder, origin_of(extractor), trust, Elsewhere(folder).refuse)

    def _caught_up(self, extractor: Extractor, index: Index, parts: set[str]) -> Index:
        """Take note of part files that came or went since an index was made."""
        folder = self.folder_of(extractor)
        before, indexed = index.table, index.parts
        try:
            older = Elsewhere(folder).refuse
            take_in(index, folder, parts - indexed, origin_of(extractor), older)
            if not index.drop(indexed - parts):
                return index
        except FileNotFoundError:  # parts were merged between the listing and the reading
            pass
        fresh = self._opened(extractor)
        for _ in range(LISTINGS):  # a network disk may show late what another machine has written
            if not len(fresh.absent(before)):
                return fresh
            time.sleep(0.1)
            fresh = self._opened(extractor)
        self._lost.setdefault(extractor.fingerprint(), []).append(fresh.absent(before))
        return fresh
