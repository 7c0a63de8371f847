"""Whether a store is sound: everything in it is read and compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from featser.errors import StoreError
from featser.store.description import origin_in
from featser.store.feature_store import Store
from featser.store.index_files import agrees, index_damage, read_index
from featser.store.misplaced_parts import Elsewhere
from featser.store.part_files import open_part, part_names


@dataclass
class Verification:
    """What is wrong with a store, and what could not be checked.

    Attributes
    ----------
    faults : list of str
        A line for each fault, with how to fix it.
    notes : list of str
        A line for each extractor with part files of an older version, of which less can be known.
    """

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(store: Store) -> list[str]:
    """Read everything in a store and say what is wrong with it.

    Returns
    -------
    list of str
        The faults that :func:`verification_of` finds.
    """
    return verification_of(store).faults


def verification_of(store: Store) -> Verification:
    """Read everything in a store.

    Returns
    -------
    Verification
        Without faults when all part files have their checksums, can be read and are of the
        extractor of their folder, and every index says what the part files say. An index that is
        older than the part files is no fault: it is made anew.
    """
    verification = Verification()
    described = set(store.folders())
    for folder in sorted(path for path in store.folder.glob("features/*") if path.is_dir()):
        if folder in described:
            _verify_folder(folder, verification)
        elif part_names(folder):  # else a run was stopped before it wrote anything
            verification.faults.append(
                f"{folder}: has no extractor.json; run `featser extract` with this extractor "
                f"again, which writes it again, or delete the folder"
            )
    return verification


def _verify_folder(folder: Path, result: Verification) -> None:
    result.faults += index_damage(folder)
    try:
        origin = origin_in(folder)
    except StoreError as error:
        result.faults.append(str(error))
        return
    elsewhere = Elsewhere(folder)
    rows: dict[str, list[str]] = {}
    without_origin = []
    names = part_names(folder)
    for name in sorted(names):
        try:
            part = open_part(folder / name, origin)
            if not part.has_origin:
                elsewhere.refuse(name)
                without_origin.append(name)
            rows[name] = part.keys.to_pylist()
        except StoreError as error:
            result.faults.append(str(error))
    if without_origin:
        result.notes.append(_note_on_older(folder, without_origin, elsewhere))
    index = read_index(folder, names)
    if index is not None and len(rows) == len(names) and not agrees(index, rows):
        result.faults.append(
            f"{folder}: the index does not match the part files; run `featser extract` "
            f"again, which writes it again, or delete {folder}/index-*"
        )


def _note_on_older(folder: Path, names: list[str], elsewhere: Elsewhere) -> str:
    """Say what could be checked of part files that do not name their extractor."""
    n_indexed = sum(elsewhere.vouches(name) for name in names)
    files = "1 part file does" if len(names) == 1 else f"{len(names)} part files do"
    return (
        f"{folder}: {files} not say which extractor made the rows, as those of older versions; "
        f"checksums and numbers of values are right, and the folder's index names {n_indexed} of "
        f"them. `featser store compact` writes it into them"
    )
