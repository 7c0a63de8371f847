"""Manifests: the table of utterances, on disk and in memory.

A manifest has one row for each utterance. ``file`` is a path that is absolute or relative to the
manifest's own folder, or a URL; ``start`` and ``end`` are seconds, both empty for the whole file;
``channel`` is which of several channels is meant: a number from 1 on, ``left``, ``right``,
``loudest`` or ``mix``; ``speaker``, ``language``, ``corpus``, ``split`` and ``fold`` are names;
every other column is a label.
A label that is not known is empty, which is a missing value in memory.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
from pandas.api import types

from featser.audio.channels import MIX, parse_channel
from featser.corpora.cleaning import Cleaner, as_text
from featser.corpora.file_paths import relative_to
from featser.corpora.label_columns import (
    is_text_only,
    regression_columns,
    task_notes,
    tasks_from,
)
from featser.corpora.label_kinds import Numeric, without_points
from featser.errors import InputError, ManifestError
from featser.io.atomic_write import whole
from featser.io.escaping import csv_cell, plain_cell
from featser.io.location import path_part
from featser.io.parquet_tables import read_parquet_table
from featser.io.remote_files import local_copy
from featser.tasks import Kind

__all__ = ["read_manifest", "task_notes", "tasks_from", "write_manifest"]

COLUMNS = ("file", "start", "end", "speaker", "language", "corpus")
"""Columns that every manifest has; those a file lacks are added, empty. ``file`` must be there."""

NOTES = "featser-notes"
SEPARATORS = (",", ";", "\t")


def read_manifest(path: str | Path, task_kinds: Mapping[str, Kind] | None = None) -> pd.DataFrame:
    """Read a manifest.

    Parameters
    ----------
    path : str or Path
        A Parquet file (``.parquet``), or text in UTF-8 separated by comma, semicolon or tab; it
        may lie elsewhere (``https://…``, ``s3://…``).
    task_kinds : mapping of str to kind, optional
        Kinds of labels that are known: a ``regression`` label is read as numbers, any other as
        text. The cards named in the column ``corpus`` know theirs by themselves.

    Returns
    -------
    DataFrame
        ``file`` as it is written (see :func:`resolve`), ``start`` and ``end`` as float, every
        other column as text, but for labels that are numbers: those of kind ``regression``, and
        those of unknown kind whose values all are numbers, if one is not whole, more than 20
        differ, or the label is a dimension such as arousal. Codes with leading zeros stay text.
        What is empty is missing, and so are words such as ``NA``, ``NaN`` and ``NULL``, which
        :func:`notes_of` counts. White space at the ends is removed, and text is in Unicode's
        composed form.

    Raises
    ------
    ManifestError
        If the file cannot be read, has no column ``file``, has a row without a file, a time that
        is no number, an ``end`` before its ``start``, a segment twice, a column that is neither
        text nor numbers, or labels that differ by case alone.

    Examples
    --------
    >>> import pandas as pd
    >>> _ = write_manifest(pd.DataFrame({"file": ["a.wav"], "speaker": ["f1"]}), "manifest.csv")
    >>> read_manifest("manifest.csv")["speaker"].tolist()
    ['f1']
    """
    where = str(path)
    parquet = path_part(path).suffix.lower() == ".parquet"
    try:
        with local_copy(path) as held:
            table = _read_parquet(held, where) if parquet else _read_text(held, where)
    except UnicodeDecodeError as error:
        raise ManifestError(f"{where}: not UTF-8 text ({error}): save it as UTF-8") from error
    except OSError as error:
        raise ManifestError(f"{where}: cannot be read: {error.strerror or error}") from error
    cleaner = Cleaner(where)
    checked = check_manifest(cleaner.clean(table), where, task_kinds or {})
    cleaner.refuse_twins()
    checked.attrs[NOTES] = cleaner.notes()
    return checked


def notes_of(table: pd.DataFrame) -> list[str]:
    """Return, once, what reading a manifest has changed, as sentences."""
    notes: list[str] = table.attrs.pop(NOTES, [])
    return notes


def write_manifest(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a manifest, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        The utterances. Absolute files are written relative to the manifest's folder; relative
        ones stay as they are, for they are relative to it already.
    path : str or Path
        ``.parquet`` gives Parquet, ``.csv`` and ``.tsv`` text in UTF-8 separated by comma or tab.
        Text forgets types: a label of text that looks like a decimal number is read as a number.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    ManifestError
        If the table is no valid manifest, or the ending is none of these.

    Examples
    --------
    >>> import pandas as pd
    >>> write_manifest(pd.DataFrame({"file": ["a.wav"]}), "written.csv").name
    'written.csv'
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".parquet", ".csv", ".tsv"):
        raise ManifestError(f"{path}: a manifest ends with .csv, .tsv or .parquet, not '{ending}'")
    table = check_manifest(table, f"the table for {path}", {}, guess=False)
    table["file"] = pd.Series([relative_to(f, path.parent) for f in table["file"]], dtype="str")
    with whole(path) as temporary:
        if ending == ".parquet":
            table.to_parquet(temporary, index=False)
        else:
            text = _to_text(table, "\t" if ending == ".tsv" else ",")
            temporary.write_bytes(text.encode("utf-8"))
    return path


def _read_parquet(path: Path, where: str) -> pd.DataFrame:
    import pyarrow

    try:
        return read_parquet_table(path)
    except (pyarrow.ArrowException, UnicodeError, ValueError, TypeError, KeyError) as error:
        raise damaged_parquet(where, error) from error


def damaged_parquet(where: str | Path, error: Exception) -> ManifestError:
    """Return the error of a Parquet file whose content cannot be read."""
    return ManifestError(
        f"{where}: not a Parquet file that can be read ({type(error).__name__}: {error}): "
        f"write it again, for example with pandas"
    )


def _read_text(path: Path, where: str) -> pd.DataFrame:
    text = path.read_bytes().decode("utf-8-sig")
    rows = list(text_rows(io.StringIO(text, newline=""), where))
    return text_table(rows[0], rows[1:])


def text_rows(stream: TextIO, where: str | Path) -> Iterator[list[str]]:
    """Yield the names of a text manifest's columns, then the fields of every row.

    Raises
    ------
    ManifestError
        If there is no header, or a row has more or fewer fields than it.
    """
    first = stream.readline()
    stream.seek(0)
    separator = _separator(first)
    header: list[str] = []
    try:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        for row in reader:
            if header and row and len(row) != len(header):
                raise ManifestError(
                    f"{where}, line {reader.line_num}: {len(row)} fields, the header has "
                    f"{len(header)}: put text that holds '{separator}' in double quotes"
                )
            if row and not header:
                header = [plain_cell(name.strip()) for name in row]
                yield header
            elif row:
                yield [plain_cell(value) for value in row]
    except csv.Error as error:
        raise ManifestError(f"{where}, line {reader.line_num}: {error}") from error
    if not header:
        raise ManifestError(f"{where}: empty: a manifest has a header with a column `file`")


def text_table(header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    """Return the fields of some rows as columns of text."""
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    table = pd.DataFrame({i: list(values) for i, values in enumerate(columns)}, dtype="str")
    table.columns = pd.Index(header)
    return table


def _separator(text: str) -> str:
    """Choose the separator that finds a column ``file``, then the one with most columns."""
    header = text.split("\n", 1)[0].rstrip("\r")
    columns_by_mark = {mark: [n.strip(' "') for n in header.split(mark)] for mark in SEPARATORS}
    return max(
        SEPARATORS, key=lambda mark: ("file" in columns_by_mark[mark], len(columns_by_mark[mark]))
    )


def _to_text(table: pd.DataFrame, separator: str) -> str:
    """Write text; a missing value is empty, and whatever could be misread stands in quotes."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "" if np.isnan(value) else repr(float(value))
        text = csv_cell(str(value))
        if re.search(r'[",;\t\r\n]', text):
            return '"' + text.replace('"', '""') + '"'
        return text

    rows = [list(table.columns), *table.itertuples(index=False, name=None)]
    return "".join(separator.join(map(cell, row)) + "\n" for row in rows)


def check_manifest(
    table: pd.DataFrame,
    where: str,
    kinds: Mapping[str, Kind],
    guess: bool = True,
    before: int = 0,
) -> pd.DataFrame:
    """Return a copy with the manifest's columns and types, or say what is wrong with it.

    Parameters
    ----------
    table : DataFrame
        What should be a manifest.
    where : str
        What errors call it.
    kinds : mapping of str to kind
        Kinds of labels that are known.
    guess : bool
        Whether columns of text that look like numbers become numbers.
    before : int
        Rows of the same manifest that come before these, which errors count too.

    Raises
    ------
    ManifestError
        As :func:`read_manifest` does.
    """
    names = [str(name) for name in table.columns]
    _check_header(names, where)
    table = table.set_axis(names, axis="columns").reset_index(drop=True)
    numbers = {"start", "end"} | {name for name, kind in kinds.items() if kind == "regression"}
    result: dict[str, Any] = {}
    for name in [*COLUMNS, *(n for n in names if n not in COLUMNS)]:
        if name not in names:
            result[name] = pd.Series(
                np.nan, table.index, dtype="float64" if name in numbers else "str"
            )
            continue
        values = _plain_type(table[name], name, where)
        if name in numbers:
            values = _to_numbers(values, name, where, before)
        elif is_text_only(name) or kinds.get(name):
            values = _to_strings(values)
        result[name] = values
    if guess:
        regression_labels = regression_columns(result["corpus"])
        for name in set(names) - set(COLUMNS) - set(kinds):
            if is_text_only(name) or types.is_float_dtype(result[name]):
                continue
            numeric = Numeric(name).see(result[name])
            if name in regression_labels or numeric:
                result[name] = _to_numbers(result[name], name, where, before)
            elif numeric.codes:
                result[name] = without_points(result[name])
    if "channel" in result:
        result["channel"] = _channels(result["channel"], where, before)
    checked = pd.DataFrame(result, index=table.index)
    _check_rows(checked, where, before)
    return checked


def _check_header(names: list[str], where: str) -> None:
    if "file" not in names:
        raise ManifestError(
            f"{where}: no column `file`; columns: {', '.join(names) or 'none'}. "
            f"Name the column with the recordings' paths `file`"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ManifestError(f"{where}: the column `{twice[0]}` occurs twice: rename or remove one")
    if "" in names:
        raise ManifestError(f"{where}: column {names.index('') + 1} has no name: give it one")


def _plain_type(values: pd.Series[Any], name: str, where: str) -> pd.Series[Any]:
    """Return text or float; missing values of every sort become NaN, empty text too."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if types.is_float_dtype(values.dtype):
        return values.astype("float64")
    if types.is_bool_dtype(values.dtype) or types.is_integer_dtype(values.dtype):
        return _to_strings(values)
    held = values.dropna()
    if not all(isinstance(value, str) for value in held):
        kinds = sorted({type(value).__name__ for value in held if not isinstance(value, str)})
        raise ManifestError(
            f"{where}: column `{name}` holds {', '.join(kinds)} ({values.dtype}): "
            f"a manifest holds text and numbers; write its values as text"
        )
    return as_text(values)


def _channels(values: pd.Series[Any], where: str, before: int) -> pd.Series[Any]:
    """Return the one name of each channel; missing values stay missing."""
    names: list[Any] = []
    for row, value in enumerate(values):
        try:
            names.append(np.nan if pd.isna(value) else parse_channel(value))
        except InputError as error:
            raise ManifestError(
                f"{where}, data row {before + row + 1}: {error}; give the column another name if "
                f"it holds something else"
            ) from error
    return pd.Series(names, values.index, dtype="str")


def _to_strings(values: pd.Series[Any]) -> pd.Series[Any]:
    """Write numbers as text, whole ones without a decimal point."""
    if types.is_float_dtype(values.dtype):
        return as_text(values.map(lambda v: f"{v:.0f}" if float(v).is_integer() else v))
    return as_text(values)


def _to_numbers(values: pd.Series[Any], name: str, where: str, before: int) -> pd.Series[float]:
    if types.is_float_dtype(values.dtype):
        return values
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    bad = values.notna() & numbers.isna()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ManifestError(
            f"{where}, data row {before + row + 1}: `{name}` is '{values.iloc[row]}', not a "
            f"number: write it with a decimal point, or leave it empty"
        )
    return numbers


def _check_rows(table: pd.DataFrame, where: str, before: int) -> None:
    def refuse(bad: Any, what: str) -> None:
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ManifestError(
                f"{where}, data row {before + row + 1}: " + what.format(**shown.iloc[row])
            )

    start, end = table["start"].fillna(0.0), table["end"]
    shown = table[["file", "end"]].assign(start=start)
    refuse(table["file"].isna(), "`file` is empty: name the recording or drop the row")
    for name in ("start", "end"):
        refuse(np.isinf(table[name]) | (table[name] < 0), f"`{name}` is {{{name}}}: give seconds")
    refuse(end <= start, "`end` ({end:g}) is not after `start` ({start:g}), in seconds: {file}")
    keys = table[["file", "end"]].assign(start=start).fillna({"end": np.inf})
    if "channel" in table:
        keys["channel"] = table["channel"].fillna(MIX)
    twice = keys.duplicated()
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        first = int(np.flatnonzero((keys == keys.iloc[row]).all(axis="columns"))[0])
        raise ManifestError(
            f"{where}, data row {before + row + 1}: '{keys['file'].iloc[row]}' is in row "
            f"{before + first + 1} already, with the same start, end and channel: remove one"
        )
