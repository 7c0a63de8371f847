"""Features on disk: computed once, found again by what they were computed from.

A row of the store is keyed by the content of the audio, the segment, the augmentation and the
extractor's fingerprint, so that a renamed file, a grown corpus or a changed parameter never
brings back the wrong values. On disk::

    featser-store/
      .lock                       held by whoever writes, for as long as a write lasts
      features/
        egemaps-1f0c…/            an extractor and its fingerprint
          extractor.json          its spec, parameters, library versions and feature names
          part-5b1d….arrow        some rows: column ``key``, column ``values`` (float32 lists)
          index-c07a….arrow       digest of key → part and row; made anew when parts changed

Part files are never changed, appear whole or not at all, and are named by the checksum of their
bytes, which every reading compares. They are Arrow IPC: 7,000 × 1,500 values are read back in
about the time that one wide Parquet file of them takes, checksums included, and rows are added
without writing those before them again (``tests/benchmarks/bench_store.py`` measures both).
An extraction adds small parts, which cost little when they are lost, and has those of every
:data:`~featser.features.chunks.GROUP` utterances made one as soon as it has them all: the new
part is on the disk before those that it is made of are removed.

Several processes may write at once, also from several machines: each takes the lock, looks for
what came since it last looked, and adds only what is still missing. Readers take no lock. Where a
file system has no locks (:mod:`featser.features.lock`), or shows another machine's files late,
the worst is a row that is stored twice, with equal values; ``featser store compact`` drops it.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import StoreError
from featser.features.description import describe, description, write_description
from featser.features.extractor import Extractor
from featser.features.index import Index, index_of, read_index, take_in
from featser.features.lock import exclusive
from featser.features.parts import part_names, sync_folder, write_part
from featser.features.reading import KEPT_BYTES, Parts, gather
from featser.features.repair import remove_damaged, sweep

__all__ = ["Store", "describe", "utterance_key"]


def utterance_key(
    audio: str, start: float | None = None, end: float | None = None, augmentation: str = ""
) -> str:
    """Return the identity of an utterance's sound.

    Parameters
    ----------
    audio : str
        The recording's :func:`~featser.audio.content_hash`.
    start, end : float, optional
        The segment in seconds (to the microsecond); None for the recording's own ends.
    augmentation : str
        The kind and index of an augmented copy; empty for the recording itself.

    Returns
    -------
    str
        ``hash[@start-end][+augmentation]``.
    """
    segment = ""
    if start is not None or end is not None:
        segment = f"@{start or 0:.6f}-" + ("" if end is None else f"{end:.6f}")
    return audio + segment + (f"+{augmentation}" if augmentation else "")


class Store:
    """The features of many utterances under many extractors, in one folder.

    Parameters
    ----------
    folder : str or Path
        Where the store is, or will be when something is first added.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._known: dict[str, Index] = {}
        self._described: set[Path] = set()

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
            full, or the store read-only. What was added before stays.
        """
        try:
            with exclusive(self.folder / ".lock") as alone:
                yield alone
        except OSError as error:
            raise _cannot_write(self.folder, error) from error

    def prepare(self, extractors: Sequence[Extractor]) -> list[str]:
        """Make sure that rows can be added, and clear away what stopped runs and bad disks left.

        Unfinished files that no writer can own any more are removed, and so are part files whose
        checksum fails: their rows then count as missing.

        Parameters
        ----------
        extractors : sequence of Extractor
            Those whose rows are to be added.

        Returns
        -------
        list of str
            A line for whatever was removed.

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
            _try_writing(self.folder)
            _try_writing(self.folder / "features")
            for extractor in extractors:
                folder = self.folder_of(extractor)
                if folder.is_dir():
                    _try_writing(folder)
                    write_description(folder, extractor)
                    notes += remove_damaged(folder)
                self._known.pop(extractor.fingerprint(), None)
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
            index = self._look(extractor, again=True)
            new = np.flatnonzero(index.find(keys)[0] < 0)
            if not len(new):
                return
            self._describe(folder, extractor)
            added = [keys[row] for row in new.tolist()]
            index.add(write_part(folder, added, values[new]), added)

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
        if len(_inside(self._look(extractor), keys)) < 2:
            return
        folder = self.folder_of(extractor)
        with self.writing() as alone:
            index = self._look(extractor, again=True)
            names = _inside(index, keys)
            if len(names) < 2 or not alone:  # another might be removing what these rows came from
                return
            wanted = np.isin(index.find(keys)[0], index.numbers(names))
            moved = [key for key, chosen in zip(keys, wanted, strict=True) if chosen]
            values = gather(folder, extractor, index, moved, Parts(0))
            name = write_part(folder, moved, values)
            sync_folder(folder)
            for old in set(names) - {name}:
                (folder / old).unlink()
            index.replace(names, name, moved)

    def has(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Return, for each key, whether its features are there."""
        there: NDArray[np.bool_] = self._look(extractor).find(keys)[0] >= 0
        return there

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
        return self._read(extractor, keys, Parts(0))

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
            yield self._read(extractor, some, parts)

    def flush(self, extractor: Extractor) -> None:
        """Write the index of an extractor, which makes the next opening quicker."""
        folder = self.folder_of(extractor)
        if not part_names(folder):
            return
        with self.writing():
            index = self._look(extractor, again=True)
            if read_index(folder, index.parts) is None:
                index.write(folder)

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
        return self.folder / "features" / f"{extractor.label}-{extractor.fingerprint()}"

    def _read(self, extractor: Extractor, keys: Sequence[str], parts: Parts) -> NDArray[np.float32]:
        folder = self.folder_of(extractor)
        try:
            return gather(folder, extractor, self._look(extractor), keys, parts)
        except FileNotFoundError:  # somebody has merged part files since this store looked
            self._known.pop(extractor.fingerprint(), None)
            return gather(folder, extractor, self._look(extractor), keys, parts)

    def _describe(self, folder: Path, extractor: Extractor) -> None:
        """Write the description, once, unless somebody removes it."""
        if folder not in self._described or not (folder / "extractor.json").exists():
            write_description(folder, extractor)
            self._described.add(folder)

    def _look(self, extractor: Extractor, again: bool = False) -> Index:
        """Return what is there: as of the first look, or, with ``again``, as of now."""
        folder, fingerprint = self.folder_of(extractor), extractor.fingerprint()
        index = self._known.get(fingerprint)
        if index is not None and not again:
            return index
        if index is None:
            index = _open(folder)
        elif (parts := part_names(folder)) != (known := index.parts):
            try:
                take_in(index, folder, parts - known)
            except FileNotFoundError:  # parts were merged between the listing and the reading
                index = _open(folder)
            else:
                index.drop(known - parts)
        self._known[fingerprint] = index
        return index

    def _remove_idle(self, extractor: Extractor) -> None:
        """Remove part files whose rows a merging that was stopped had put into another."""
        folder = self.folder_of(extractor)
        index = self._look(extractor)
        idle = index.idle()
        for name in idle:
            (folder / name).unlink()
        if idle:
            index.drop(idle)


def _inside(index: Index, keys: Sequence[str]) -> list[str]:
    """Return the part files all of whose rows are among some keys."""
    return index.whole(index.find(keys)[0])


def _open(folder: Path) -> Index:
    parts = part_names(folder)
    index = read_index(folder, parts)
    if index is not None:
        return index
    try:
        return index_of(folder, parts)
    except FileNotFoundError:  # parts were merged between the listing and the reading
        return _open(folder)


def _try_writing(folder: Path) -> None:
    with tempfile.TemporaryFile(prefix=".writing-", dir=folder):
        pass


MENDS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`)",
}


def _cannot_write(folder: Path, error: OSError) -> StoreError:
    mend = MENDS.get(error.errno or 0, "make it writable, or choose another place with --store,")
    why = os.strerror(error.errno) if error.errno else str(error)
    return StoreError(
        f"{folder}: cannot write ({why}). What was stored before is whole; "
        f"{mend} and run the same command again to go on"
    )
