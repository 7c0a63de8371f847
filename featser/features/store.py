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
          index-c07a….arrow       key → part and row; made anew whenever parts came or went

Part files are never changed, appear whole or not at all, and are named by the checksum of their
bytes, which every reading compares. They are Arrow IPC: 7,000 × 1,500 values are read back in
about the time that one wide Parquet file of them takes, checksums included, and rows are added
without writing those before them again (``tests/benchmarks/bench_store.py`` measures both).

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
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import DamagedPart, StoreError
from featser.features.description import describe, description, write_description
from featser.features.extractor import Extractor
from featser.features.lock import exclusive
from featser.features.parts import (
    Index,
    check_part,
    index_of,
    part_names,
    read_index,
    read_part,
    write_index,
    write_part,
)

__all__ = ["Store", "describe", "sweep", "utterance_key"]


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


@dataclass
class _Known:
    """What a store knows of an extractor's folder since it last looked."""

    parts: set[str]
    index: Index


class Store:
    """The features of many utterances under many extractors, in one folder.

    Parameters
    ----------
    folder : str or Path
        Where the store is, or will be when something is first added.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._known: dict[str, _Known] = {}

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
                    notes += _remove_damaged(folder)
                self._known.pop(extractor.fingerprint(), None)
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
            known = self._look(extractor, again=True)
            new = [row for row, key in enumerate(keys) if key not in known.index]
            if not new:
                return
            write_description(folder, extractor)
            added = [keys[row] for row in new]
            name = write_part(folder, added, values[new])
            known.parts.add(name)
            known.index.update({key: (name, row) for row, key in enumerate(added)})

    def has(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Return, for each key, whether its features are there."""
        index = self._look(extractor).index
        return np.fromiter((key in index for key in keys), dtype=bool, count=len(keys))

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
        try:
            return self._read(extractor, keys)
        except FileNotFoundError:  # somebody has merged part files since this store looked
            self._known.pop(extractor.fingerprint(), None)
            return self._read(extractor, keys)

    def batches(
        self, extractor: Extractor, keys: Iterable[str], rows: int = 1024
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the features of many utterances, some rows at a time.

        Parameters
        ----------
        extractor : Extractor
            What computed them.
        keys : iterable of str
            From :func:`utterance_key`; repeats are allowed.
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
        waiting = iter(keys)
        while some := list(islice(waiting, rows)):
            yield self.read(extractor, some)

    def flush(self, extractor: Extractor) -> None:
        """Write the index of an extractor, which makes the next opening quicker."""
        folder = self.folder_of(extractor)
        if not part_names(folder):
            return
        with self.writing():
            known = self._look(extractor, again=True)
            if read_index(folder, known.parts) is None:
                write_index(folder, known.index)

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
        name = extractor.spec.replace(":", "_")
        return self.folder / "features" / f"{name}-{extractor.fingerprint()}"

    def _read(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.float32]:
        index = self._look(extractor).index
        missing = [key for key in keys if key not in index]
        if missing:
            raise StoreError(
                f"{self.folder}: {len(missing)} of {len(keys)} utterances have no "
                f"'{extractor.spec}' features (the first: {missing[0]}); "
                f"run `featser extract … -f {extractor.spec}` first"
            )
        rows_of: dict[str, list[tuple[int, int]]] = {}
        for position, key in enumerate(keys):
            part, row = index[key]
            rows_of.setdefault(part, []).append((position, row))
        result = np.empty((len(keys), len(extractor.names)), dtype=np.float32)
        for part, pairs in rows_of.items():
            _, values = read_part(self.folder_of(extractor) / part)
            positions, rows = np.array(pairs).T
            result[positions] = values[rows]
        return result

    def _look(self, extractor: Extractor, again: bool = False) -> _Known:
        """Return what is there: as of the first look, or, with ``again``, as of now."""
        folder, fingerprint = self.folder_of(extractor), extractor.fingerprint()
        known = self._known.get(fingerprint)
        if known is not None and not again:
            return known
        parts = part_names(folder)
        if known is None or known.parts - parts:
            known = _open(folder)
        elif parts != known.parts:
            known.index.update(index_of(folder, parts - known.parts))
            known.parts = parts
        self._known[fingerprint] = known
        return known


def sweep(folder: Path, really: bool = True) -> int:
    """Remove unfinished files from a store, and return how many there were.

    Only to be called with the store's lock held: whoever writes holds it, so that what is then
    unfinished has no writer any more.

    Parameters
    ----------
    folder : Path
        The store.
    really : bool
        False to count alone.
    """
    places = (".writing-*", "features/.writing-*", "features/*/.writing-*")
    found = [file for place in places for file in folder.glob(place)]
    for file in found if really else ():
        file.unlink(missing_ok=True)
    return len(found)


def _remove_damaged(folder: Path) -> list[str]:
    notes = []
    for name in sorted(part_names(folder)):
        try:
            check_part(folder / name)
        except DamagedPart:
            (folder / name).unlink()
            notes.append(f"{folder / name} was damaged: it was removed, its rows count as missing")
    return notes


def _open(folder: Path) -> _Known:
    parts = part_names(folder)
    index = read_index(folder, parts)
    if index is not None:
        return _Known(parts, index)
    try:
        return _Known(parts, index_of(folder, parts))
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
