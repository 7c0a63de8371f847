"""Looking after a store: what it holds, merging part files, throwing away.

Whatever rewrites rows writes the new part file before it removes those that the rows came from: a
kill between the two leaves rows that are stored twice, which readers do not notice and the next
merging drops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from shutil import rmtree

import numpy as np

from featser.errors import DamagedPart, FeatureError
from featser.features.registry import make_extractor
from featser.store.description import description, origin_in
from featser.store.feature_store import Store
from featser.store.index_files import index_of, read_index
from featser.store.misplaced_parts import Elsewhere
from featser.store.part_files import open_part, part_names, read_keys, sync_folder, write_part
from featser.store.repair import sweep
from featser.store.row_index import Index
from featser.store.verification import verify

__all__ = ["Holding", "Waste", "collect", "compact", "info", "verify", "waste"]

MERGED_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Holding:
    """What a store holds of one extractor.

    Attributes
    ----------
    spec, fingerprint : str
        The extractor.
    rows, parts, values, bytes : int
        Utterances, part files, values for each utterance, and all bytes of the folder.
    damaged : int
        Part files that are known to be damaged; only
        :func:`~featser.store.verification.verify` reads them all.
    current : bool or None
        Whether this version of featser, with these libraries, makes the same features; None where
        that cannot be decided, such as when the file of an embedding is not where it was.
    folder : Path
        Where they are.
    doubt : str
        Why it cannot be decided.
    """

    spec: str
    fingerprint: str
    rows: int
    parts: int
    values: int
    bytes: int
    damaged: int
    current: bool | None
    folder: Path
    doubt: str = ""


@dataclass
class Waste:
    """What a store could do without.

    Attributes
    ----------
    unfinished : int
        Files that a stopped run did not finish.
    outdated : list of Holding
        Features that this version of featser, with these libraries, does not make.
    doubtful : list of Holding
        Features for which that cannot be decided: they are never deleted.
    unnamed : dict of str to int
        For each current extractor's spec, the rows that the kept manifest does not name.
    fits, fits_bytes : int
        Finished fits of folds and models, and what they take.
    outdated_fits : int
        Those that other versions of featser, or of its libraries, left.
    """

    unfinished: int = 0
    outdated: list[Holding] = field(default_factory=list)
    doubtful: list[Holding] = field(default_factory=list)
    unnamed: dict[str, int] = field(default_factory=dict)
    fits: int = 0
    fits_bytes: int = 0
    outdated_fits: int = 0


def info(store: Store) -> list[Holding]:
    """Return what a store holds.

    Raises
    ------
    StoreError
        If an ``extractor.json`` is damaged.
    """
    return [_holding(folder) for folder in store.folders()]


def compact(store: Store, limit: int = MERGED_BYTES) -> dict[str, tuple[int, int]]:
    """Merge many small part files into few, with equal values; rows stored twice become one.

    Part files of older versions, which do not say what made their rows, then do.

    Parameters
    ----------
    store : Store
        The store.
    limit : int
        Part files are merged up to this many bytes.

    Returns
    -------
    dict of str to (int, int)
        For each extractor's folder, the number of part files before and after.

    Raises
    ------
    StoreError
        If something is damaged (nothing is then removed), or cannot be written.
    """
    counts = {}
    with store.writing():
        for folder in store.folders():
            before = part_names(folder)
            _rewrite(folder, _groups(folder, before, limit), lambda key: True)
            counts[folder.name] = (len(before), len(part_names(folder)))
    return counts


def waste(store: Store, named: Collection[str] | None = None) -> Waste:
    """Return what a store could do without.

    Parameters
    ----------
    store : Store
        The store.
    named : collection of str, optional
        The keys that are needed; None where that is not known, and every row counts as needed.
    """
    unused = Waste(unfinished=sweep(store.folder, really=False))
    for folder in store.folders():
        holding = _holding(folder)
        if holding.current is None:
            unused.doubtful.append(holding)
            continue
        if not holding.current:
            unused.outdated.append(holding)
            continue
        unnamed = 0 if named is None else _unnamed(folder, _is_needed_by(named))
        if unnamed:
            unused.unnamed[holding.spec] = unnamed
    return unused


def collect(store: Store, named: Collection[str] | None = None) -> None:
    """Throw away what :func:`waste` finds.

    Raises
    ------
    StoreError
        If something is damaged, or cannot be written.
    """
    with store.writing() as alone:
        if alone:
            sweep(store.folder)
        unused = waste(store, named)
        for holding in unused.outdated:
            rmtree(holding.folder)
        doubtful = {holding.folder for holding in unused.doubtful}
        if named is not None:
            for folder in sorted(set(store.folders()) - doubtful):
                singly = [[name] for name in sorted(part_names(folder))]
                _rewrite(folder, singly, _is_needed_by(named))


def _holding(folder: Path) -> Holding:
    described = description(folder)
    spec, fingerprint = str(described.get("spec")), str(described.get("fingerprint"))
    rows, damaged = _rows(folder)
    current, doubt = _makes(spec, fingerprint)
    if folder.name.rpartition("-")[2] != fingerprint:
        current, doubt = None, "its extractor.json belongs to another extractor"
    return Holding(
        spec=spec,
        fingerprint=fingerprint,
        rows=rows,
        parts=len(part_names(folder)),
        values=len(described.get("names", [])),
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
        damaged=damaged,
        current=current,
        folder=folder,
        doubt=doubt,
    )


def _makes(spec: str, fingerprint: str) -> tuple[bool | None, str]:
    """Return whether an extractor is still made, or None and why that cannot be decided."""
    try:
        return make_extractor(spec).fingerprint() == fingerprint, ""
    except PackageNotFoundError as error:
        return None, f"{error.name} is not installed"
    except (FeatureError, ImportError) as error:  # its file has moved, or another version made it
        return None, str(error)


def _rows(folder: Path) -> tuple[int, int]:
    """Return the rows in a folder, and the number of part files that are too damaged to say."""
    names = part_names(folder)
    index = read_index(folder, names)
    if index is not None:
        return len(index), 0
    index, damaged = Index(), 0
    for name in names:
        try:
            index.add(name, read_keys(folder / name))
        except DamagedPart:
            damaged += 1
    return len(index), damaged


def _unnamed(folder: Path, is_needed: Callable[[str], bool]) -> int:
    """Count the rows that are not needed, each once, however often it is stored."""
    counted = Index()
    count = 0
    for name in sorted(part_names(folder)):
        with suppress(DamagedPart):  # such a part is counted by `info`
            keys = [key for key in read_keys(folder / name) if not is_needed(key)]
            count += int((counted.find(keys)[0] < 0).sum())
            counted.add(name, keys)
    return count


def _is_needed_by(named: Collection[str] | None) -> Callable[[str], bool]:
    """Return what says of a key whether its row is needed."""
    if named is None:
        return lambda key: True
    # An augmented copy is needed as long as the recording is.
    return lambda key: key.partition("+")[0] in named


def _groups(folder: Path, names: Iterable[str], limit: int) -> list[list[str]]:
    """Put part files together until they have so many bytes."""
    groups: list[list[str]] = []
    room = 0
    for name in sorted(names):
        size = (folder / name).stat().st_size
        if size > room:
            groups.append([])
            room = limit
        groups[-1].append(name)
        room -= size
    return groups


def _rewrite(folder: Path, groups: list[list[str]], keep: Callable[[str], bool]) -> None:
    """Make of each group of part files one, of the rows to keep that no group before had."""
    origin, elsewhere = origin_in(folder), Elsewhere(folder)
    counted: set[str] = set()
    for group in groups:
        keys: list[str] = []
        values = []
        rows = 0
        is_complete = True
        for name in group:
            part = open_part(folder / name, origin)
            if not part.has_origin:
                elsewhere.refuse(name)
                is_complete = False
            part_keys = part.keys.to_pylist()
            rows += len(part_keys)
            chosen = [row for row, key in enumerate(part_keys) if key not in counted and keep(key)]
            keys += [part_keys[row] for row in chosen]
            values.append(part.values[chosen])
            counted.update(part_keys)
        if len(group) == 1 and len(keys) == rows and is_complete:
            continue
        new = {write_part(folder, keys, np.concatenate(values), origin)} if keys else set()
        sync_folder(folder)
        for name in set(group) - new:
            (folder / name).unlink()
    names = part_names(folder)
    if names and read_index(folder, names) is None:
        index_of(folder, names, origin).write(folder)
