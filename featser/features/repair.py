"""Clearing away what stopped runs and bad disks left in a store."""

from __future__ import annotations

from pathlib import Path

from featser.errors import DamagedPart
from featser.features.parts import check_part, part_names


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
    found = [file for place in places for file in folder.glob(place)]
    for file in found if really else ():
        file.unlink(missing_ok=True)
    return len(found)


def remove_damaged(folder: Path) -> list[str]:
    """Remove the part files of a folder whose checksum fails, and return a line for each."""
    notes = []
    for name in sorted(part_names(folder)):
        try:
            check_part(folder / name)
        except DamagedPart:
            (folder / name).unlink()
            notes.append(f"{folder / name} was damaged: it was removed, its rows count as missing")
    return notes
