"""Published folds as JSON lines, one file for each list of a fold, as EmoBox has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from featser.corpora.fold_lists.list_entry import (
    ListEntry,
    entry_of,
    split_named_in,
    text_of_cell,
)
from featser.errors import ManifestError

_FOLD = re.compile(r"(?<![A-Za-z])fold[_-]?(\d+)", re.IGNORECASE)
_NAME_FIELDS = ("wav", "file", "name", "key")
"""Where a line has the recording: EmoBox has its path in ``wav``."""


def entries_of_folder(folder: Path, origin: str) -> Iterator[ListEntry]:
    """Yield the entries of a folder whose files are called after folds, in sub-folders or not.

    Parameters
    ----------
    folder : Path
        With files such as ``fold_1.jsonl`` or ``fold_1/emodb_test_fold_1.jsonl``. Files without a
        fold in their names are not read.
    origin : str
        What messages call it.

    Raises
    ------
    ManifestError
        If no file is called after a fold, or one cannot be read.
    """
    n_files = 0
    for file in sorted(folder.rglob("*.jsonl")):
        named = _FOLD.search(file.stem) or _FOLD.search(file.parent.name)
        if named is None or file.name.startswith("."):
            continue
        n_files += 1
        yield from entries_of_lines(file, str(file), named[1], split_named_in(file.stem))
    if not n_files:
        raise ManifestError(
            f"{origin}: no file of this folder is called after a fold, such as fold_1.jsonl or "
            f"fold_1/emodb_test_fold_1.jsonl"
        )


def entries_of_lines(
    file: Path, origin: str, fold: str = "", split: str = ""
) -> Iterator[ListEntry]:
    """Yield the entries of JSON lines.

    Parameters
    ----------
    file : Path
        Each line an object with ``wav``, ``file``, ``name`` or ``key``; ``fold`` and ``split``
        where the parameters do not give them.
    origin : str
        What messages call it.
    fold, split : str
        Of all lines.

    Raises
    ------
    ManifestError
        If a line is no object, or has no recording.
    """
    lines = file.read_bytes().decode("utf-8-sig").splitlines()
    n_entries = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{origin}, line {number}"
        values = _object(line, where)
        given = {"fold": fold or values.get("fold"), "split": split or values.get("split")}
        entry = entry_of(given, _name(values), where)
        if entry is not None:
            n_entries += 1
            yield entry
    if lines and not n_entries and not fold:
        raise ManifestError(
            f"{origin}: no line has a field `fold`: add it, or name the folder that holds a file "
            f"for each fold"
        )


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{where}: not JSON ({error}): write one object a line") from error
    if not isinstance(values, dict):
        raise ManifestError(f"{where}: not an object: write one object a line")
    return values


def _name(values: dict[str, Any]) -> str:
    """Return the recording of a line; EmoBox's keys begin with the corpus."""
    field = next((name for name in _NAME_FIELDS if text_of_cell(values.get(name))), "")
    name = text_of_cell(values.get(field))
    corpus = text_of_cell(values.get("dataset"))
    return name.removeprefix(f"{corpus}-") if field == "key" and corpus else name
