"""Side tables: labels that a corpus keeps in a table beside its recordings."""

from __future__ import annotations

import csv
import io
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from featser.corpora.card import Card
from featser.corpora.schema import AUDIO_ENDINGS, SideTable
from featser.errors import CardError


def join_tables(
    card: Card, folder: Path, table: pd.DataFrame, names: list[str], notes: list[str]
) -> pd.DataFrame:
    """Add the columns of a card's side tables.

    Parameters
    ----------
    card : Card
        The corpus.
    folder : Path
        Its folder; a side table lies there or in the folder above.
    table : DataFrame
        One row for each recording.
    names : list of str
        Each recording's path below the folder, without its ending.
    notes : list of str
        Receives a sentence for each table that is not there and for recordings without a row.

    Returns
    -------
    DataFrame
        With a column for each of the tables' ``numbers`` (float) and ``texts``; missing where
        the table says nothing.

    Raises
    ------
    CardError
        If a table cannot be read, lacks a column, names a recording twice or holds no number
        where one is due.
    """
    table = table.copy()
    for side in card.tables:
        columns = [*side.numbers, *side.texts]
        places = [place / side.file for place in (folder, folder.absolute().parent)]
        path = next((place for place in places if place.is_file()), None)
        known: dict[str, dict[str, Any]] = {}
        if path is None:
            notes.append(
                f"{side.file} is neither in {folder} nor above it: {', '.join(columns)} "
                f"{'is' if len(columns) == 1 else 'are'} empty"
            )
        else:
            known = read_side_table(side, path)
        keys = names if side.matches == "path" else [PurePosixPath(name).name for name in names]
        for column in columns:
            values = [known.get(key, {}).get(column) for key in keys]
            table[column] = pd.Series(values, dtype="float64" if column in side.numbers else "str")
        lost = [key for key in keys if key not in known]
        if path is not None and lost:
            notes.append(f"{path} has no row for {len(lost)} recordings, such as {lost[0]}")
    return table


def read_side_table(side: SideTable, path: Path) -> dict[str, dict[str, Any]]:
    """Read a side table: the manifest's columns for each recording's name."""
    try:
        text = path.read_bytes().decode(side.encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: cannot be read as {side.encoding}: {error}") from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=side.separator)
    header = [cell.strip() for cell in next(reader, [])]
    wanted = {**side.numbers, **side.texts}
    for name in (side.key, *wanted.values()):
        if name not in header:
            raise CardError(f"{path}: no column '{name}'; columns: {', '.join(header)}")
    known: dict[str, dict[str, Any]] = {}
    for line in reader:
        cells = dict(zip(header, (cell.strip() for cell in line), strict=False))
        key = _without_ending(cells.get(side.key, ""))
        if not key:
            continue
        where = f"{path}, line {reader.line_num}"
        if key in known:
            raise CardError(f"{where}: '{key}' stands twice: drop one")
        known[key] = {column: cells.get(name) or None for column, name in wanted.items()}
        for column in side.numbers:
            known[key][column] = _number(known[key][column], side, f"{where}: `{wanted[column]}`")
    return known


def _without_ending(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in AUDIO_ENDINGS else name


def _number(text: str | None, side: SideTable, where: str) -> float | None:
    if text is None:
        return None
    try:
        return float(text.replace(side.decimal, "."))
    except ValueError as error:
        raise CardError(f"{where} is '{text}', not a number: mend or empty it") from error
