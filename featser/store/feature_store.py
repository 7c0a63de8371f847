"""Features on disk: computed once, found again by what they were computed from.

A row of the store is keyed by the content of the audio, the segment, the augmentation and the
extractor's fingerprint, so that a renamed file, a grown corpus or a changed parameter never
brings back the wrong values. On disk::

    featser-store/
      .lock                       held by whoever writes, for as long as a write lasts
      features/
        egemaps-1f0c…/            an extractor and its fingerprint
          extractor.json          its spec, parameters, library versions and feature names
          part-5b1d….arrow        some rows: column ``key``, column ``values`` (float32 lists), and
                                  what made them (:mod:`featser.store.part_origin`)
          index-c07a….arrow       digest of key → part and row; made anew when parts changed

Part files are never changed, appear whole or not at all, and are named by the checksum of their
bytes, which every reading compares, as it does what made them and the key of each row: an index
that is wrong is not believed. They are Arrow IPC: 7,000 × 1,500 values are read back in
about the time that one wide Parquet file of them takes, checksums included, and rows are added
without writing those before them again (``tests/benchmarks/bench_store.py`` measures both).
An extraction adds small parts, which cost little when they are lost, and has those of every
:data:`~featser.extraction.chunks.GROUP` utterances made one as soon as it has them all: the new
part is on the disk before those that it is made of are removed.

Several processes may write at once, also from several machines: each takes the lock, looks for
what came since it last looked, and adds only what is still missing. Readers take no lock, unless
part files are replaced by others again and again before they are read. Where a file system has no
locks (:mod:`featser.io.lock`), or shows another machine's files late, the worst is a row that
is stored twice, with equal values; ``featser store compact`` drops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.store.description import description, write_description
from featser.store.digests import Digests
from featser.store.extractor_indexes import Indexes
from featser.store.folder_watch import FolderWatch
from featser.store.index_files import read_index
from featser.store.part_files import sync_folder, write_part
from featser.store.part_origin import origin_of
from featser.store.reading import KEPT_BYTES, Parts, read_rows
from featser.store.repair import repair, sweep
from featser.store.row_index import Index
from featser.store.writing import locked, refuse_unwritable


class Store:
    """The features of many utterances under many extractors, in one folder.

    Parameters
    ----------
    folder : str or Path
        Where the store is, or will be when something is first added.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._indexes = Indexes(self.folder)
        self._described: set[Path] = set()
        self._watch = FolderWatch(self.folder)

    def watch(self) -> None:
        """Remember which folder this is: to write into it once it is another is then an error."""
        self._watch.begin()

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Hold the store's lock for the length of the block; not to be nested.

        Yields
        ------
        bool
            Whether nobody else can be writing: False where the file system has no locks.

        Raises
        ------
        StoreError
            If the store cannot be written, be it at the beginning or in the block: the disk is
            full, or the store read-only. What was added before stays. Also if the store's folder
            was deleted or replaced since it was first written.
        """
        self._watch.check()  # before the lock's file is made, and its folder with it
        with locked(self.folder) as alone:
            self._watch.begin()
            yield alone
            self._watch.check()

    def prepare(self, extractors: Sequence[Extractor]) -> list[str]:
        """Make sure that rows can be added, and clear away what stopped runs and bad disks left.

        Unfinished files that no writer can own any more are removed, and so are part files whose
        checksum fails: their rows then count as missing. Part files of another extractor go where
        they belong. Indexes on disk are not believed: the part files are read.

        Parameters
        ----------
        extractors : sequence of Extractor
            Those whose rows are to be added.

        Returns
        -------
        list of str
            A line for whatever was removed or moved.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        notes: list[str] = []
        with self.writing() as alone:
            if alone:
                swept = sweep(self.folder)
                notes += [f"{swept} unfinished files of a stopped run were removed"] * bool(swept)
            (self.folder / "features").mkdir(exist_ok=True)
            refuse_unwritable(self.folder, self.folder / "features")
            for extractor in extractors:
                folder = self.folder_of(extractor)
                self._indexes.forget(extractor)
                if folder.is_dir():
                    refuse_unwritable(folder)
                    write_description(folder, extractor)
                    index, lines = repair(folder, origin_of(extractor))
                    self._indexes.put(extractor, index)
                    notes += lines
            for extractor in extractors:  # when all are repaired: one may have parts of another
                self._indexes.now(extractor)
                if alone:
                    self._remove_idle(extractor)
        return notes

    def add(self, extractor: Extractor, keys: Sequence[str], values: NDArray[np.float32]) -> None:
        """Write rows as one part file; rows that are there already are left out.

        Parameters
        ----------
        extractor : Extractor
            What computed the values.
        keys : sequence of str, length n
            From :func:`utterance_key`.
        values : ndarray of float32, shape (n, d)
            One row for each key, one column for each of ``extractor.names``.

        Raises
        ------
        StoreError
            If the disk is full or not writable. What was added before stays.
        """
        if values.shape != (len(keys), len(extractor.names)):
            raise StoreError(
                f"{extractor.spec}: {values.shape} values for {len(keys)} keys "
                f"and {len(extractor.names)} features"
            )
        folder = self.folder_of(extractor)
        with self.writing():
            index = self._indexes.now(extractor)
            new = np.flatnonzero(index.find(keys)[0] < 0)
            if not len(new):
                return
            self._describe(folder, extractor)
            added = [keys[row] for row in new.tolist()]
            name = write_part(folder, added, values[new], origin_of(extractor))
            index.add(name, added, are_new=True)

    def merge(self, extractor: Extractor, keys: Sequence[str]) -> None:
        """Make one part file of those whose rows are all among some keys, in the keys' order.

        Parameters
        ----------
        extractor : Extractor
            What computed the rows.
        keys : sequence of str
            From :func:`utterance_key`; some may be absent.

        Raises
        ------
        StoreError
            If a part file is damaged, or the store cannot be written.
        """
        if len(_inside(self._indexes.of(extractor), keys)) < 2:
            return
        folder = self.folder_of(extractor)
        with self.writing() as alone:
            index = self._indexes.now(extractor)
            names = _inside(index, keys)
            if len(names) < 2 or not alone:  # another might be removing what these rows came from
                return
            selected = np.isin(index.find(keys)[0], index.numbers(names))
            moved = [key for key, chosen in zip(keys, selected, strict=True) if chosen]
            values = read_rows(self._indexes, extractor, moved, Parts(0), alone)
            if self._indexes.of(extractor) is not index:
                return  # the index was wrong: which part files are whole is to be asked again
            name = write_part(folder, moved, values, origin_of(extractor))
            sync_folder(folder)
            for old in set(names) - {name}:
                (folder / old).unlink()
            index.replace(names, name, moved)

    def has(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Return, for each key, whether its features are there."""
        present: NDArray[np.bool_] = self._indexes.of(extractor).find(keys)[0] >= 0
        return present

    def read(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the features of some utterances.

        Parameters
        ----------
        extractor : Extractor
            What computed them.
        keys : sequence of str, length n
            From :func:`utterance_key`; repeats are allowed.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Rows in the order of ``keys``.

        Raises
        ------
        StoreError
            If rows are missing, or a part file is damaged.
        """
        return read_rows(self._indexes, extractor, keys, Parts(0))

    def batches(
        self, extractor: Extractor, keys: Iterable[str], rows: int = 1024
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the features of many utterances, some rows at a time.

        Parameters
        ----------
        extractor : Extractor
            What computed them.
        keys : iterable of str
            From :func:`utterance_key`; repeats are allowed. Quickest in the order in which the
            utterances were extracted: each part file is then read once.
        rows : int
            Rows in a batch; the last may have fewer.

        Yields
        ------
        ndarray of float32, shape (rows, d)
            In the order of ``keys``.

        Raises
        ------
        StoreError
            If rows are missing, or a part file is damaged.
        """
        parts = Parts(KEPT_BYTES)
        waiting = iter(keys)
        while some := list(islice(waiting, rows)):
            yield read_rows(self._indexes, extractor, some, parts)

    def flush(self, extractor: Extractor) -> None:
        """Write the index of an extractor, which makes the next opening quicker.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        with self.writing():
            index = self._indexes.now(extractor)
            if not index.parts:
                return
            folder = self.folder_of(extractor)
            on_disk = read_index(folder, index.parts)
            if on_disk is None or not on_disk.says_the_same(index):
                index.write(folder)

    def lost(self, extractor: Extractor) -> Digests:
        """Return the digests of keys that this store had when it last looked and then had no more.

        Returns
        -------
        ndarray of bytes, shape (n,)
            From :func:`~featser.store.digests.digests_of`; each is returned once.
        """
        return self._indexes.lost(extractor)

    def extractors(self) -> list[dict[str, Any]]:
        """Return what is known of every extractor in the store: its ``extractor.json``.

        Raises
        ------
        StoreError
            If one cannot be read.
        """
        return [description(folder) for folder in self.folders()]

    def folders(self) -> list[Path]:
        """Return the folder of every extractor in the store."""
        return sorted(file.parent for file in self.folder.glob("features/*/extractor.json"))

    def folder_of(self, extractor: Extractor) -> Path:
        """Return where an extractor's rows are, or will be."""
        return self._indexes.folder_of(extractor)

    def _describe(self, folder: Path, extractor: Extractor) -> None:
        """Write the description, once, unless somebody removes it."""
        if folder not in self._described or not (folder / "extractor.json").exists():
            write_description(folder, extractor)
            self._described.add(folder)

    def _remove_idle(self, extractor: Extractor) -> None:
        """Remove part files whose rows a merging that was stopped had put into another."""
        folder = self.folder_of(extractor)
        index = self._indexes.of(extractor)
        idle = index.idle()
        for name in idle:
            (folder / name).unlink()
        if idle:
            index.drop(idle)


def _inside(index: Index, keys: Sequence[str]) -> list[str]:
    """Return the part files all of whose rows are among some keys."""
    return index.whole(index.find(keys)[0])
