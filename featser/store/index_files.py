"""The part files of an extractor's folder, and the index file that repeats what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from featser.errors import DamagedPart, StoreError
from featser.store.part_files import check_part, names_of, open_part, part_names, read_table
from featser.store.part_origin import Origin
from featser.store.row_index import Index, names_in_table

Older = Callable[[str], None] | None

ATTEMPTS = 20
"""How often part files that went away are looked for anew before others are made to wait."""


def index_of(
    folder: Path, names: Iterable[str], origin: Origin | None = None, older: Older = None
) -> Index:
    """Return the index of some part files, read from the part files themselves."""
    index = Index()
    take_in(index, folder, names, origin, older)
    return index


def take_in(
    index: Index,
    folder: Path,
    names: Iterable[str],
    origin: Origin | None = None,
    older: Older = None,
) -> None:
    """Add part files to an index, in the order of :func:`by_size`."""
    index.add_all(_keys_of(folder, by_size(folder, names), origin, older))


def _keys_of(
    folder: Path, names: Sequence[str], origin: Origin | None, older: Older
) -> Iterator[tuple[str, list[str]]]:
    for name in names:
        part = open_part(folder / name, origin)
        if older is not None and not part.has_origin:
            older(name)
        yield name, part.keys.to_pylist()


def by_size(folder: Path, names: Iterable[str]) -> list[str]:
    """Return part files, the largest last: a merged file overrides the files it was made of."""
    sizes = {name: (folder / name).stat().st_size for name in names}
    return sorted(sizes, key=lambda name: (sizes[name], name))


def open_index(folder: Path, origin: Origin, trust: bool = True, older: Older = None) -> Index:
    """Return the index of an extractor's folder as it is now.

    Parameters
    ----------
    folder : Path
        The extractor's folder in the store; without part files where it does not exist.
    origin : Origin
        What the rows in it are made by.
    trust : bool
        Whether the file on disk is believed, where it is of the part files that are there.
    older : callable, optional
        Called with the names of part files that do not say what made their rows.

    Raises
    ------
    StoreError
        If a part file is damaged or misplaced.
    FileNotFoundError
        If other processes go on replacing part files while they are read.
    """
    for attempt in range(ATTEMPTS):
        parts = part_names(folder)
        index = read_index(folder, parts) if trust else None
        if index is not None:
            return index
        try:
            return index_of(folder, parts, origin, older)
        except FileNotFoundError:  # parts were merged between the listing and the reading
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def read_index(folder: Path, parts: set[str]) -> Index | None:
    """Return the index on disk; None where it is absent, damaged, or not one of these parts."""
    for name in sorted(names_of(folder, "index-")):
        try:
            index = Index.of_table(read_table(folder / name))
        except (StoreError, FileNotFoundError):  # it only repeats what the part files say
            continue
        if index is not None and index.parts == parts:
            return index
    return None


def parts_in_index_files(folder: Path) -> set[str]:
    """Return the part files that the index files of a folder name, whether there or not."""
    part_files: set[str] = set()
    for name in sorted(names_of(folder, "index-")):
        try:
            part_files.update(names_in_table(read_table(folder / name)) or ())
        except (StoreError, FileNotFoundError):
            continue
    return part_files


def index_damage(folder: Path) -> list[str]:
    """Say which index files in a folder are damaged."""
    damage = []
    for name in sorted(names_of(folder, "index-")):
        try:
            check_part(folder / name)
        except DamagedPart as error:
            damage.append(str(error))
    return damage


def agrees(index: Index, rows: dict[str, list[str]]) -> bool:
    """Return whether an index says what part files' keys say: each found, at a place it has."""
    total: set[str] = set()
    for keys in rows.values():
        numbers, places = index.find(keys)
        for key, number, place in zip(keys, numbers, places, strict=True):
            held: Sequence[str] = rows.get(index.names[number], ()) if number >= 0 else ()
            if place >= len(held) or held[place] != key:
                return False
        total.update(keys)
    return len(total) == len(index)
