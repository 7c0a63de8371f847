"""Tables in text: CSV with any of three separators, and numbers with a decimal comma."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TextIO

import pandas as pd

from featser.corpora.cleaning import MISSING_WORDS
from featser.corpora.tables.column_names import NamedColumns, has_file_column, named_columns
from featser.corpora.tables.text_encoding import text_encoding
from featser.errors import ManifestError, counted, shortened
from featser.io.escaping import plain_cell

SEPARATORS = (",", ";", "\t")
LINE = "line"
"""The name of the index of a table in text, whose values are the lines of the rows."""

_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_STATED = re.compile(rf"sep=([{''.join(SEPARATORS)}])", re.IGNORECASE)
_CSV_FAULTS = {"unexpected end of data": "a double quote is opened here and not closed"}
_NO_NUMBERS = frozenset(("file", "speaker", "language", "corpus", "channel", "split", "fold"))


class TextTable:
    """A table in text, opened: how it is encoded and separated, and what its columns are.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        What errors call it.
    columns : mapping of str to str, optional
        Other names for some columns.

    Attributes
    ----------
    named : NamedColumns
        The columns by the names of a manifest.
    notes : list of str
        What is not read as it is written.

    Raises
    ------
    ManifestError
        If it is no text or has no header, a row has more or fewer fields than the header, or a
        name of a column is ambiguous.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path, where: str, columns: Mapping[str, str] | None = None) -> None:
        self._path, self._where = path, where
        self._encoding, encoded = text_encoding(path, where)
        with self._open() as stream:
            rows = numbered_rows(stream, where)
            self.named: NamedColumns = named_columns(next(rows)[1], where, columns)
        self._decimals = self._with_decimal_comma()
        self.notes = [*encoded, *self.named.notes]
        if self._decimals:
            listed = ", ".join(f"`{shortened(self.named.names[n])}`" for n in self._decimals)
            self.notes.append(f"numbers with a decimal comma: {listed}")

    def blocks(self, size: int) -> Iterator[pd.DataFrame]:
        """Yield some rows at a time, as text, on an index of their lines; at least one block."""
        with self._open() as stream:
            rows = numbered_rows(stream, self._where)
            next(rows)
            is_first = True
            while (some := list(islice(rows, size))) or is_first:
                is_first = False
                yield self._table(some)

    def whole(self) -> pd.DataFrame:
        """Return all rows, as :meth:`blocks` yields them."""
        with self._open() as stream:
            rows = numbered_rows(stream, self._where)
            next(rows)
            return self._table(list(rows))

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, newline="")

    def _table(self, rows: list[tuple[int, list[str]]]) -> pd.DataFrame:
        cells = [row for _, row in rows]
        for column in self._decimals:
            for row in cells:
                row[column] = row[column].replace(",", ".")
        table = text_table(self.named.names, cells)
        table.index = pd.Index([line for line, _ in rows], name=LINE, dtype="int64")
        return table

    def _with_decimal_comma(self) -> list[int]:
        """Return the columns whose cells all are numbers and some have a decimal comma."""
        with self._open() as stream:
            if _beginning(stream)[1] == ",":
                return []
            stream.seek(0)
            rows = numbered_rows(stream, self._where)
            next(rows)
            names = self.named.names
            open_columns = [n for n, name in enumerate(names) if name not in _NO_NUMBERS]
            with_comma: set[int] = set()
            for _, row in rows:
                if not open_columns:
                    break
                for column in list(open_columns):
                    cell = row[column].strip()
                    if _COMMA.fullmatch(cell):
                        with_comma.add(column)
                    elif cell and cell not in MISSING_WORDS and not _WHOLE.fullmatch(cell):
                        open_columns.remove(column)
        return [column for column in open_columns if column in with_comma]


def numbered_rows(stream: TextIO, where: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the fields of each row of a table, its header first.

    Rows without any text are passed over: spreadsheets write them where cells were emptied.

    Raises
    ------
    ManifestError
        If there is no header, or a row has more or fewer fields than it.
    """
    n_before, separator = _beginning(stream)
    stream.seek(0)
    for _ in range(n_before):
        stream.readline()
    header: list[str] = []
    line = n_before + 1
    reader = csv.reader(stream, delimiter=separator, strict=True)
    try:
        for row in reader:
            has_text = any(map(str.strip, row))
            if header and has_text and len(row) != len(header):
                raise ManifestError(
                    f"{where}, line {line}: {counted(len(row), 'field')}, the header has "
                    f"{len(header)} ({_listed(header)}): put text that holds '{separator}' in "
                    f"double quotes"
                )
            if has_text and not header:
                header = [plain_cell(name.strip()) for name in row]
                yield line, header
            elif has_text:
                yield line, [plain_cell(value) for value in row]
            line = n_before + reader.line_num + 1
    except csv.Error as error:
        why = _CSV_FAULTS.get(str(error), str(error))
        raise ManifestError(f"{where}, line {line}: {why}") from error
    if not header:
        raise ManifestError(f"{where}: empty: a manifest has a header with a column `file`")


def text_rows(text: str, where: str | Path) -> tuple[list[str], list[list[str]]]:
    r"""Return the header of a table in text, and the fields of its rows.

    Raises
    ------
    ManifestError
        As :func:`numbered_rows` does.

    Examples
    --------
    >>> text_rows("name;fold\na;1\n", "folds.csv")
    (['name', 'fold'], [['a', '1']])
    """
    header, *rows = (row for _, row in numbered_rows(io.StringIO(text, newline=""), where))
    return header, rows


def text_table(header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    """Return the fields of some rows as columns of text."""
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    table = pd.DataFrame({i: list(values) for i, values in enumerate(columns)}, dtype="str")
    table.columns = pd.Index(header)
    return table


def _listed(header: list[str]) -> str:
    names = ", ".join(f"`{shortened(name)}`" for name in header[:5])
    return f"{names}, …" if len(header) > 5 else names


def _beginning(stream: TextIO) -> tuple[int, str]:
    """Return how many lines precede the header, and the separator.

    Excel reads, and some programs write, a first line such as ``sep=;``.
    """
    n_before = 0
    for line in iter(stream.readline, ""):
        text = line.strip(" \r\n")
        stated = _STATED.fullmatch(text)
        if stated is not None and not n_before:
            return 1, stated[1]
        if text:
            return n_before, _separator(text)
        n_before += 1
    return n_before, ","


def _separator(text: str) -> str:
    """Choose the separator that finds the column of files, then the one with most columns."""
    header = text.split("\r", 1)[0]
    columns_by_mark = {mark: [n.strip(' "') for n in header.split(mark)] for mark in SEPARATORS}

    def rank(mark: str) -> tuple[bool, bool, int]:
        names = columns_by_mark[mark]
        return "file" in names, has_file_column(names), len(names)

    return max(SEPARATORS, key=rank)
