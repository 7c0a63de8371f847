"""What an extractor's folder in the store says of itself: ``extractor.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.files import write_text

FORMAT = 2


def describe(extractor: Extractor) -> dict[str, Any]:
    """Return what identifies an extractor, as plain data.

    Returns
    -------
    dict
        ``spec``, ``version``, ``params``, ``libraries`` (name → version), ``fingerprint``,
        ``families``, ``names``.
    """
    from importlib.metadata import version

    return {
        "format": FORMAT,
        "spec": extractor.spec,
        "version": extractor.version,
        "params": extractor.params,
        "libraries": {name: version(name) for name in extractor.libraries},
        "fingerprint": extractor.fingerprint(),
        "families": list(extractor.families),
        "names": list(extractor.names),
    }


def description(folder: Path) -> dict[str, Any]:
    """Return the ``extractor.json`` of an extractor's folder.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    file = folder / "extractor.json"
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{file}: damaged ({error}); run `featser extract` with this extractor again, "
            f"which writes it anew, or delete its folder"
        ) from error
    if not isinstance(known, dict):
        raise StoreError(f"{file}: damaged (not an object); delete its folder")
    return known


def write_description(folder: Path, extractor: Extractor) -> None:
    """Write an extractor's ``extractor.json``, unless it says the same already."""
    text = json.dumps(describe(extractor), indent=1)
    file = folder / "extractor.json"
    if not file.exists() or file.read_bytes() != text.encode():
        write_text(file, text)
