"""Clearing away what stopped runs and bad disks left in a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from featser.errors import DamagedPart, MisplacedPart
from featser.store.index_files import by_size
from featser.store.misplaced_parts import Elsewhere
from featser.store.part_files import open_part, part_names
from featser.store.part_origin import Origin
from featser.store.row_index import Index


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
    places = (".writing-*", "features/.writing-*", "features/*/.writing-*", "fits/*/.writing-*")
    unfinished = [file for place in places for file in folder.glob(place)]
    for file in unfinished if really else ():
        file.unlink(missing_ok=True)
    return len(unfinished)


def repair(folder: Path, origin: Origin) -> tuple[Index, list[str]]:
    """Read all part files of an extractor, and take away those that do not belong there.

    Parameters
    ----------
    folder : Path
        The extractor's folder in the store.
    origin : Origin
        What its rows must be made by.

    Returns
    -------
    index : Index
        Of the part files that are left.
    notes : list of str
        A line for each that was damaged and removed, or of another extractor and moved there; it
        is removed where the store does not have that extractor.
    """
    notes: list[str] = []
    index = Index()
    index.add_all(_belonging(folder, origin, notes))
    return index, notes


def _belonging(folder: Path, origin: Origin, notes: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield part files with their keys; take away those that do not belong there."""
    elsewhere = Elsewhere(folder)
    for name in by_size(folder, part_names(folder)):
        path = folder / name
        try:
            part = open_part(path, origin)
            if not part.has_origin:
                elsewhere.refuse(name)
        except DamagedPart:
            path.unlink()
            notes.append(f"{path} was damaged: it was removed, its rows count as missing")
        except MisplacedPart as error:
            notes.append(_moved(path, elsewhere.home(name, error.fingerprint)))
        else:
            yield name, part.keys.to_pylist()


def _moved(path: Path, home: Path | None) -> str:
    if home is None:
        path.unlink()
        return (
            f"{path} holds rows of an extractor that is not in this store: it was removed, the "
            f"rows "
            f"of its folder's extractor count as missing"
        )
    path.replace(home / path.name)
    return f"{path} holds rows of another extractor: it was moved to {home.name}"
