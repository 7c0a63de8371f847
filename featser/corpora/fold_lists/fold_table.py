"""Published folds in a table: columns ``name`` or ``file``, ``fold``, and perhaps ``split``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pandas.api.types import is_scalar

from featser.corpora.fold_lists.list_entry import (
    NAME_COLUMNS,
    ListEntry,
    entry_of,
    refuse_no_name,
    text_of_cell,
)
from featser.corpora.manifest import damaged_parquet
from featser.corpora.tables.text_table import text_rows, text_table
from featser.errors import ManifestError
from featser.io.location import path_part
from featser.io.parquet_tables import read_parquet_table


def entries_of_table(file: Path, origin: str) -> Iterator[ListEntry]:
    """Yield the entries of a table; rows without a fold are left out.

    Parameters
    ----------
    file : Path
        Parquet, or text in UTF-8 separated by comma, semicolon or tab.
    origin : str
        What messages call it.

    Raises
    ------
    ManifestError
        If it lacks a column, or a row has a fold and no name.
    """
    table = _table(file, origin)
    columns = [str(name) for name in table.columns]
    refuse_no_name(columns, origin)
    table = table.set_axis(columns, axis="columns")
    named = next(name for name in NAME_COLUMNS if name in columns)
    for name in (named, "fold", "split"):
        if columns.count(name) > 1:
            raise ManifestError(f"{origin}: the column `{name}` occurs twice: keep one of them")
    if not all(is_scalar(value) for value in table["fold"]):
        raise ManifestError(f"{origin}: `fold` holds lists or objects: give texts or numbers")
    if not _has_lists(table, named):
        table = table.drop(columns="split", errors="ignore")
    for number, row in enumerate(table.to_dict("records"), start=1):
        values = {str(name): value for name, value in row.items()}
        where = f"{origin}, data row {number}"
        entry = entry_of(values, text_of_cell(values[named]), where)
        if entry is not None:
            yield entry


def columns_of_table(file: Path, origin: str) -> list[str]:
    """Return the names of a table's columns."""
    return [str(name) for name in _table(file, origin).columns]


def _has_lists(table: pd.DataFrame, named: str) -> bool:
    """Whether the column ``split`` is about folds: not in a manifest, which has it for all data."""
    return bool(table[named].duplicated().any()) or table["fold"].nunique() < 2


def _table(file: Path, origin: str) -> pd.DataFrame:
    import pyarrow

    if path_part(origin).suffix.lower() == ".parquet":
        try:
            return read_parquet_table(file)
        except (pyarrow.ArrowException, UnicodeError, ValueError, TypeError, KeyError) as error:
            raise damaged_parquet(origin, error) from error
    text = file.read_bytes().decode("utf-8-sig")
    if not text.strip():
        raise ManifestError(f"{origin}: is empty: folds are a table with `name` and `fold`")
    return text_table(*text_rows(text, origin))
