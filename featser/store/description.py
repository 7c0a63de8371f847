"""What an extractor's folder in the store says of itself: ``extractor.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.io.atomic_write import write_text
from featser.io.file_format import FileFormat
from featser.store.part_origin import Origin, described_origin

FORMAT = FileFormat("features", 2)


def describe(extractor: Extractor) -> dict[str, Any]:
    """Return what identifies an extractor, as plain data.

    Returns
    -------
    dict
        ``kind``, ``format``, ``spec``, ``version``, ``params``, ``libraries`` (name → version),
        ``fingerprint``, ``families``, ``names``.
    """
    return {
        **FORMAT.header,
        "spec": extractor.spec,
        "version": extractor.version,
        "params": extractor.params,
        "libraries": extractor.library_versions(),
        "fingerprint": extractor.fingerprint(),
        "families": list(extractor.families),
        "names": list(extractor.names),
    }


def description(folder: Path) -> dict[str, Any]:
    """Return the ``extractor.json`` of an extractor's folder.

    Raises
    ------
    StoreError
        If it cannot be read, or is of another format.
    """
    file = folder / "extractor.json"
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{file}: damaged ({error}); run `featser extract` with this extractor again, "
            f"which writes it again, or delete its folder"
        ) from error
    if not isinstance(described, dict):
        raise StoreError(f"{file}: damaged (not an object); delete its folder")
    _refuse_other_format(file, described)
    return described


def refuse_other_format(folder: Path) -> None:
    """Refuse an extractor's folder whose files this featser may read wrongly.

    An ``extractor.json`` that is missing or damaged is not an error here: the part files state what
    made them.

    Raises
    ------
    StoreError
        If the folder is of another format.
    """
    file = folder / "extractor.json"
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if isinstance(described, dict) and "format" in described:
        _refuse_other_format(file, described)


def _refuse_other_format(file: Path, described: dict[str, Any]) -> None:
    try:
        FORMAT.number_of(described)
    except ValueError as error:
        raise StoreError(
            f"{file}: {error}. Run `featser extract` with another --store, which computes the "
            f"features again"
        ) from error


def origin_in(folder: Path) -> Origin:
    """Return what the rows in an extractor's folder are made by, as its ``extractor.json`` says.

    Raises
    ------
    StoreError
        If that cannot be read, or is of the extractor of another folder.
    """
    described = description(folder)
    file = folder / "extractor.json"
    try:
        origin = described_origin(described)
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"{file}: damaged (it lacks {error}); run `featser extract` with this extractor "
            f"again, which writes it again, or delete its folder"
        ) from error
    if folder.name.rpartition("-")[2] != origin.fingerprint:
        raise StoreError(
            f"{file}: belongs to the extractor {described.get('spec')} {origin.fingerprint}, not "
            f"to "
            f"the extractor of its folder; run `featser extract` with that one again, which "
            f"writes it again"
        )
    return origin


def write_description(folder: Path, extractor: Extractor) -> None:
    """Write an extractor's ``extractor.json``, unless it says the same already.

    Raises
    ------
    StoreError
        If the folder is of another format.
    """
    text = json.dumps(describe(extractor), indent=1)
    file = folder / "extractor.json"
    if file.exists() and file.read_bytes() == text.encode():
        return
    refuse_other_format(folder)
    write_text(file, text)
