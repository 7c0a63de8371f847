"""Excel workbooks: the first sheet of an ``.xlsx`` file with recordings as a table of text."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from featser.corpora.tables.column_names import has_file_column
from featser.corpora.tables.sheet_layout import sheet_layout
from featser.corpora.tables.text_table import text_table
from featser.errors import ManifestError, ResourceError, shortened

EXCEL = ".xlsx"
ROW = "row"
"""The name of the index of a sheet, whose values are the numbers of its rows."""

MAX_BYTES = 512 * 1024 * 1024
"""Unpacked size of a workbook; a full sheet of ten columns has less."""
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files begin that programs of Microsoft wrote before .xlsx, and still write encrypted."""
_MAX_COLUMNS, _MAX_ROWS = 1_000, 1_048_576


def read_excel(path: Path, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Read the first sheet of a workbook that has a column of recordings as text.

    Parameters
    ----------
    path : Path
        An ``.xlsx`` file.
    where : str
        What errors call it.

    Returns
    -------
    table : DataFrame
        Columns of text named by the first row with content, on an index of the sheet's rows.
        Formulas have the values that they had when the file was saved; dates are written as
        ``2026-11-30``. Merged cells of a column all have the value that is shown.
    notes : list of str
        Which sheets were not read, and what the cells do not show.

    Raises
    ------
    ManifestError
        If the file is no workbook, too large, or has no table.
    ResourceError
        If openpyxl is not installed.
    OSError
        If the file cannot be read.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise ResourceError(
            f"{where}: Excel files need the package openpyxl, which is not installed: pip install "
            f"'featser[excel]', or save the sheet as CSV (UTF-8)"
        ) from error
    _refuse_large(path, where)
    try:
        with path.open("rb") as stream:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            sheets = book.worksheets
            if not sheets:
                raise ManifestError(f"{where}: the workbook has no sheet with cells")
            chosen = next((sheet for sheet in sheets if _has_recordings(sheet, where)), sheets[0])
            numbers, rows = _rows(chosen, where)
            with chosen._get_source() as xml:
                layout = sheet_layout(xml.read())
    except (ManifestError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever openpyxl and its XML parser raise on damaged files
        raise ManifestError(
            f"{where}: not an Excel workbook that can be read ({type(error).__name__}: "
            f"{shortened(str(error))}): save the sheet as CSV (UTF-8)"
        ) from error
    n_filled = layout.fill(numbers, rows)
    table = text_table([name.strip() for name in rows[0]], rows[1:])
    table.index = pd.Index(numbers[1:], name=ROW, dtype="int64")
    notes = []
    if len(sheets) > 1:
        others = [shortened(sheet.title) for sheet in sheets if sheet is not chosen]
        notes.append(
            f"sheet '{shortened(chosen.title)}' was read; not: {', '.join(others[:3])}"
            + (", …" if len(others) > 3 else "")
        )
    return table, [*notes, *layout.notes(n_filled)]


def _has_recordings(sheet: Any, where: str) -> bool:
    """Whether the first row with content names a column of recordings."""
    sheet.reset_dimensions()
    for _, row in _numbered(sheet.iter_rows(values_only=True), where):
        names = [_text(value) for value in row]
        if any(names):
            return has_file_column(names)
    return False


def _refuse_large(path: Path, where: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        with path.open("rb") as stream:
            if stream.read(len(_COMPOUND)) == _COMPOUND:
                raise ManifestError(
                    f"{where}: an old workbook (.xls), or one with a password: save it as .xlsx "
                    f"without a password, or as CSV (UTF-8)"
                ) from error
        raise ManifestError(
            f"{where}: not an Excel workbook ({error}): save it as .xlsx or as CSV (UTF-8)"
        ) from error
    if size > MAX_BYTES:
        raise ManifestError(
            f"{where}: {size / 1e6:,.0f} MB when unpacked, more than {MAX_BYTES / 1e6:,.0f}: save "
            f"the sheet as CSV (UTF-8)"
        )


def _rows(sheet: Any, where: str) -> tuple[list[int], list[list[str]]]:
    """Return the numbers and cells of the rows with content, all as wide as the header."""
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, row in _numbered(sheet.iter_rows(values_only=True), where):
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        width = len(rows[0]) if rows else len(cells)
        if len(cells) > width:
            raise ManifestError(
                f"{where}, row {number}: {len(cells)} cells, the header in row {numbers[0]} has "
                f"{width}: give each column a name"
            )
        numbers.append(number)
        rows.append(cells + [""] * (width - len(cells)))
    if not rows:
        raise ManifestError(f"{where}: empty: a manifest has a header with a column `file`")
    return numbers, rows


def _numbered(rows: Iterable[tuple[Any, ...]], where: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for number, row in enumerate(rows, 1):
        if number > _MAX_ROWS or len(row) > _MAX_COLUMNS:
            raise ManifestError(
                f"{where}, row {number}: a sheet has at most {_MAX_ROWS:,} rows and "
                f"{_MAX_COLUMNS:,} columns: remove the others, or save it as CSV (UTF-8)"
            )
        yield number, row


def _text(value: Any) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
