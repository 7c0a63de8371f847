"""Manifests: the table of utterances, on disk and in memory.

A manifest has one row for each utterance. ``file`` is a path that is absolute or relative to the
manifest's own folder, or a URL; ``start`` and ``end`` are seconds, both empty for the whole file;
``channel`` is which of several channels is meant: a number from 1 on, ``left``, ``right``,
``loudest`` or ``mix``; ``stream`` is which of several audio streams of a video is meant, a number
from 1 on, and becomes a part of ``channel`` when a table is read; ``speaker``, ``language``,
``corpus``, ``split`` and ``fold`` are names; every other column is a label.
A label that is not known is empty, which is a missing value in memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.audio.channels import channel_of_stream, parse_channel
from featser.corpora.cleaning import Cleaner, as_text
from featser.corpora.file_paths import path_notes, plain_paths, relative_to
from featser.corpora.label_columns import (
    is_text_only,
    regression_columns,
    task_notes,
    tasks_from,
)
from featser.corpora.label_kinds import Numeric, without_points
from featser.corpora.tables.column_names import NamedColumns, named_columns
from featser.corpora.tables.excel_table import EXCEL, read_excel
from featser.corpora.tables.rated_rows import places_of, without_raters
from featser.corpora.tables.row_places import RowPlaces
from featser.corpora.tables.text_table import TextTable
from featser.errors import InputError, ManifestError
from featser.io.atomic_write import whole
from featser.io.escaping import csv_cell
from featser.io.location import parent, path_part
from featser.io.parquet_tables import read_audio_table, read_parquet_table
from featser.io.remote_files import local_copy
from featser.ratings.wide_tables import RATER, as_long_table, wide_columns
from featser.tasks import Kind

__all__ = ["read_manifest", "task_notes", "tasks_from", "write_manifest"]

COLUMNS = ("file", "start", "end", "speaker", "language", "corpus")
"""Columns that every manifest has; those a file lacks are added, empty. ``file`` must be there."""

NOTES = "featser-notes"


def read_manifest(
    path: str | Path,
    task_kinds: Mapping[str, Kind] | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read a manifest.

    Parameters
    ----------
    path : str or Path
        A Parquet file (``.parquet``), an Excel workbook (``.xlsx``), or text separated by comma,
        semicolon or tab; it may lie elsewhere (``https://…``, ``s3://…``). Text is in UTF-8 or
        UTF-16; if it is in neither, it is read as Windows-1252, which contains Latin-1.
    task_kinds : mapping of str to kind, optional
        Kinds of labels that are known: a ``regression`` label is read as numbers, any other as
        text. The cards named in the column ``corpus`` know theirs by themselves.
    columns : mapping of str to str, optional
        Other names for some columns of the file. Columns of the manifest that the file then lacks
        are found by their usual names
        (:func:`~featser.corpora.tables.column_names.named_columns`).

    Returns
    -------
    DataFrame
        ``file`` as it is written (see :func:`resolve`), ``start`` and ``end`` as float, every
        other column as text, but for labels that are numbers: those of kind ``regression``, and
        those of unknown kind whose values all are numbers, if one is not whole, more than 20
        differ, or the label is a dimension such as arousal. Codes with leading zeros stay text.
        What is empty is missing, and so are words such as ``NA``, ``NaN`` and ``NULL``, which
        :func:`notes_of` counts, beside whatever else is not read as it is written. White space at
        the ends is removed, and text is in Unicode's composed form.

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
    try:
        with local_copy(path) as held:
            raw = _read_raw(held, where, columns)
    except OSError as error:
        why = " ".join((error.strerror or str(error)).split())
        raise ManifestError(f"{where}: cannot be read: {why}") from error
    cleaner = Cleaner(where)
    rated = wide_columns([str(name) for name in raw.table.columns])
    rows, rating_notes = as_long_table(raw.table, where)
    checked = check_manifest(
        cleaner.clean(rows), where, task_kinds or {}, written=raw.named.written
    )
    cleaner.refuse_twins()
    changed = plain_paths(checked, parent(path))
    if RATER in checked:
        checked, more = without_raters(checked, where, rated)
        rating_notes += more
    checked.attrs[NOTES] = [*raw.notes, *rating_notes, *path_notes(changed), *cleaner.notes()]
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


@dataclass(frozen=True)
class _RawManifest:
    """A table as a file has it, but for the names of its columns."""

    table: pd.DataFrame
    named: NamedColumns
    notes: list[str]


def _read_raw(path: Path, where: str, columns: Mapping[str, str] | None) -> _RawManifest:
    ending = path_part(where).suffix.lower()
    if ending not in (".parquet", EXCEL):
        text = TextTable(path, where, columns)
        return _RawManifest(text.whole(), text.named, text.notes)
    table, notes = (
        (_read_parquet(path, where), []) if ending == ".parquet" else read_excel(path, where)
    )
    named = named_columns([str(name) for name in table.columns], where, columns)
    renamed = table.set_axis(named.names, axis="columns")
    return _RawManifest(renamed, named, [*notes, *named.notes])


def _read_parquet(path: Path, where: str) -> pd.DataFrame:
    import pyarrow

    try:
        table = read_audio_table(path, path_part(where).name)
        return read_parquet_table(path) if table is None else table
    except (pyarrow.ArrowException, UnicodeError, ValueError, TypeError, KeyError) as error:
        raise damaged_parquet(where, error) from error


def damaged_parquet(where: str | Path, error: Exception) -> ManifestError:
    """Return the error of a Parquet file whose content cannot be read."""
    return ManifestError(
        f"{where}: not a Parquet file that can be read ({type(error).__name__}: "
        f"{' '.join(str(error).split())}): "
        f"write it again, for example with pandas"
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
    written: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return a copy with the manifest's columns and types, or say what is wrong with it.

    Parameters
    ----------
    table : DataFrame
        What should be a manifest. An index named ``line`` or ``row`` holds the places of its rows
        in the file, which errors name.
    where : str
        What errors call it.
    kinds : mapping of str to kind
        Kinds of labels that are known.
    guess : bool
        Whether columns of text that look like numbers become numbers.
    before : int
        Rows of the same manifest that come before these, which errors count too.
    written : mapping of str to str, optional
        The names that some columns have in the file, which errors name.

    Raises
    ------
    ManifestError
        As :func:`read_manifest` does.
    """
    names = [str(name) for name in table.columns]
    _check_header(names, where)
    rows = RowPlaces(where, before, table.index, written or {})
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
            values = _to_numbers(values, name, rows)
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
                result[name] = _to_numbers(result[name], name, rows)
            elif numeric.codes:
                result[name] = without_points(result[name])
    if "channel" in result or "stream" in result:
        absent = pd.Series(np.nan, table.index, dtype="str")
        streams = result.pop("stream", absent)
        result["channel"] = _channels(result.get("channel", absent), streams, rows)
    checked = pd.DataFrame(result, index=table.index)
    _check_rows(checked, rows)
    return checked


def _check_header(names: list[str], where: str) -> None:
    if "file" not in names:
        raise ManifestError(
            f"{where}: no column `file`; columns: {', '.join(names) or 'none'}. "
            f"Name the column with the recordings' paths `file`, or add --map COLUMN=file"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ManifestError(f"{where}: the column `{twice[0]}` occurs twice: rename or remove one")
    if "" in names:
        how = "give it one, or remove it (in pandas, write the table with index=False)"
        raise ManifestError(f"{where}: column {names.index('') + 1} has no name: {how}")


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


def _channels(values: pd.Series[Any], streams: pd.Series[Any], rows: RowPlaces) -> pd.Series[Any]:
    """Return the one name of each channel, with its stream; missing values stay missing."""
    names: list[Any] = []
    for row, (value, stream) in enumerate(zip(values, streams, strict=True)):
        try:
            if not pd.isna(stream):
                names.append(channel_of_stream(stream, "" if pd.isna(value) else value))
            else:
                names.append(np.nan if pd.isna(value) else _open_or_named(value))
        except InputError as error:
            raise ManifestError(
                f"{rows.of(row)}: {error}; give the column another name if it holds something else"
            ) from error
    return pd.Series(names, values.index, dtype="str")


def _open_or_named(value: object) -> str:
    """Return the one name of a channel; a stream without a channel stays open."""
    named = parse_channel(value)
    return str(value) if str(value).endswith("/") else named


def _to_strings(values: pd.Series[Any]) -> pd.Series[Any]:
    """Write numbers as text, whole ones without a decimal point."""
    if types.is_float_dtype(values.dtype):
        return as_text(values.map(lambda v: f"{v:.0f}" if float(v).is_integer() else v))
    return as_text(values)


def _to_numbers(values: pd.Series[Any], name: str, rows: RowPlaces) -> pd.Series[float]:
    if types.is_float_dtype(values.dtype):
        return values
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    bad = values.notna() & numbers.isna()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ManifestError(
            f"{rows.of(row)}: {rows.column(name)} is '{values.iloc[row]}', not a "
            f"number: write it with a decimal point, or leave it empty"
        )
    return numbers


def _check_rows(table: pd.DataFrame, rows: RowPlaces) -> None:
    def refuse(bad: Any, what: str) -> None:
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ManifestError(f"{rows.of(row)}: " + what.format(**shown.iloc[row]))

    start, end = table["start"].fillna(0.0), table["end"]
    shown = table[["file", "end"]].assign(start=start)
    columns = {name: rows.column(name) for name in ("file", "start", "end")}
    refuse(table["file"].isna(), f"{columns['file']} is empty: name the recording or drop the row")
    for name in ("start", "end"):
        refuse(
            np.isinf(table[name]) | (table[name] < 0),
            f"{columns[name]} is {{{name}}}: give seconds",
        )
    refuse(
        end <= start,
        f"{columns['end']} ({{end:g}}) is not after {columns['start']} ({{start:g}}), in seconds: "
        "{file}",
    )
    keys = places_of(table)
    if RATER in table:
        keys[RATER] = table[RATER].fillna("")
    twice = keys.duplicated()
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        first = int(np.flatnonzero((keys == keys.iloc[row]).all(axis="columns"))[0])
        rater = str(keys[RATER].iloc[row]) if RATER in keys else ""
        raise rows.twice(row, first, keys["file"].iloc[row], rater)
