"""Looking after a store: what it holds, whether it is sound, merging part files, throwing away.

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

from featser.errors import DamagedPart, FeatureError, StoreError
from featser.features.description import description
from featser.features.extractor import make_extractor
from featser.features.index import Index, agrees, index_damage, index_of, read_index
from featser.features.parts import part_names, read_keys, read_part, sync_folder, write_part
from featser.features.repair import sweep
from featser.features.store import Store

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
        Part files that are known to be damaged; only :func:`verify` reads them all.
    current : bool
        Whether this version of featser, with these libraries, makes the same features.
    folder : Path
        Where they are.
    """

    spec: str
    fingerprint: str
    rows: int
    parts: int
    values: int
    bytes: int
    damaged: int
    current: bool
    folder: Path


@dataclass
class Waste:
    """What a store could do without.

    Attributes
    ----------
    unfinished : int
        Files that a stopped run did not finish.
    outdated : list of Holding
        Features that this version of featser, with these libraries, does not make.
    unnamed : dict of str to int
        For each current extractor's spec, the rows that the kept manifest does not name.
    fits, fits_bytes : int
        Finished fits of folds and models, and what they take.
    outdated_fits : int
        Those that other versions of featser, or of its libraries, left.
    """

    unfinished: int = 0
    outdated: list[Holding] = field(default_factory=list)
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


def verify(store: Store) -> list[str]:
    """Read everything in a store and say what is wrong with it.

    Returns
    -------
    list of str
        A line for each fault; none when all part files have their checksums and can be read,
        and every index says what the part files say. An index that is older than the part files
        is no fault: it is made anew.
    """
    problems = []
    described = set(store.folders())
    for folder in sorted(path for path in store.folder.glob("features/*") if path.is_dir()):
        if folder not in described:
            if part_names(folder):  # else a run was stopped before it wrote anything
                problems.append(
                    f"{folder}: has no extractor.json; run `featser extract` with this extractor "
                    f"again, which writes it anew, or delete the folder"
                )
            continue
        try:
            names = description(folder)["names"]
        except (StoreError, KeyError) as error:
            problems.append(str(error))
            continue
        problems += _verify_folder(folder, len(names))
    return problems


def compact(store: Store, limit: int = MERGED_BYTES) -> dict[str, tuple[int, int]]:
    """Merge many small part files into few, with equal values; rows stored twice become one.

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
    found = Waste(unfinished=sweep(store.folder, really=False))
    for folder in store.folders():
        holding = _holding(folder)
        if not holding.current:
            found.outdated.append(holding)
            continue
        unnamed = 0 if named is None else _unnamed(folder, _wanted(named))
        if unnamed:
            found.unnamed[holding.spec] = unnamed
    return found


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
        for holding in waste(store, named).outdated:
            rmtree(holding.folder)
        if named is not None:
            for folder in store.folders():
                singly = [[name] for name in sorted(part_names(folder))]
                _rewrite(folder, singly, _wanted(named))


def _holding(folder: Path) -> Holding:
    known = description(folder)
    spec, fingerprint = str(known.get("spec")), str(known.get("fingerprint"))
    rows, damaged = _rows(folder)
    return Holding(
        spec=spec,
        fingerprint=fingerprint,
        rows=rows,
        parts=len(part_names(folder)),
        values=len(known.get("names", [])),
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
        damaged=damaged,
        current=_makes(spec, fingerprint),
        folder=folder,
    )


def _makes(spec: str, fingerprint: str) -> bool:
    try:
        return make_extractor(spec).fingerprint() == fingerprint
    except (FeatureError, PackageNotFoundError):  # from another version, or an extra not installed
        return False


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


def _unnamed(folder: Path, wanted: Callable[[str], bool]) -> int:
    """Count the rows that are not wanted, each once, however often it is stored."""
    seen = Index()
    count = 0
    for name in sorted(part_names(folder)):
        with suppress(DamagedPart):  # such a part is counted by `info`
            keys = [key for key in read_keys(folder / name) if not wanted(key)]
            count += int((seen.find(keys)[0] < 0).sum())
            seen.add(name, keys)
    return count


def _wanted(named: Collection[str] | None) -> Callable[[str], bool]:
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
    seen: set[str] = set()
    for group in groups:
        keys: list[str] = []
        values = []
        rows = 0
        for name in group:
            found, block = read_part(folder / name)
            rows += len(found)
            chosen = [row for row, key in enumerate(found) if key not in seen and keep(key)]
            keys += [found[row] for row in chosen]
            values.append(block[chosen])
            seen.update(found)
        if len(group) == 1 and len(keys) == rows:
            continue
        new = {write_part(folder, keys, np.concatenate(values))} if keys else set()
        sync_folder(folder)
        for name in set(group) - new:
            (folder / name).unlink()
    names = part_names(folder)
    if names and read_index(folder, names) is None:
        index_of(folder, names).write(folder)


def _verify_folder(folder: Path, width: int) -> list[str]:
    problems = index_damage(folder)
    rows: dict[str, list[str]] = {}
    for name in sorted(part_names(folder)):
        try:
            rows[name], values = read_part(folder / name)
        except StoreError as error:
            problems.append(str(error))
            continue
        if values.shape[1] != width:
            problems.append(
                f"{folder / name}: has {values.shape[1]} values a row, extractor.json names {width}"
            )
    index = read_index(folder, part_names(folder))
    if index is None or len(rows) < len(part_names(folder)):
        return problems
    if not agrees(index, rows):
        problems.append(
            f"{folder}: the index does not say what the part files say; delete {folder}/index-*"
        )
    return problems
