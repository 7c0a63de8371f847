"""What the cells of a sheet do not show: merged cells, hidden rows, formulas without values."""

from __future__ import annotations

import re
from typing import NamedTuple

from featser.errors import counted

_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_HIDDEN = re.compile(rb'<(?:\w+:)?row\s[^<>]*?hidden="(?:1|true)"')
_NO_VALUE = re.compile(
    rb"<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></|</(?:\w+:)?c>)"
)


class Merged(NamedTuple):
    """Cells below each other that a sheet shows as one; columns and rows count from 1."""

    column: int
    first_row: int
    last_row: int


class SheetLayout(NamedTuple):
    """What the XML of a sheet says beside its cells.

    Attributes
    ----------
    merged : list of Merged
        Cells of one column that are merged; only the first one has the value.
    n_hidden : int
        Hidden rows.
    n_without_value : int
        Formulas whose value was not saved.
    """

    merged: list[Merged]
    n_hidden: int
    n_without_value: int

    def fill(self, numbers: list[int], rows: list[list[str]]) -> int:
        """Write the value of merged cells into all of their rows below the header.

        Parameters
        ----------
        numbers : list of int
            The rows' numbers in the sheet, the header first.
        rows : list of list of str
            Their cells, which are changed.

        Returns
        -------
        int
            How many cells were filled.
        """
        places = {number: place for place, number in enumerate(numbers)}
        n_filled, n_left = 0, len(rows) * len(rows[0])  # merged cells do not overlap
        for column, first, last in self.merged:
            if first not in places or first <= numbers[0] or column > len(rows[0]):
                continue
            value = rows[places[first]][column - 1]
            place = places[first] + 1
            while place < len(rows) and numbers[place] <= last and n_left:
                if value and not rows[place][column - 1]:
                    rows[place][column - 1] = value
                    n_filled += 1
                place, n_left = place + 1, n_left - 1
        return n_filled

    def notes(self, n_filled: int) -> list[str]:
        """Say what was read otherwise than a person may expect."""
        notes = []
        if n_filled:
            notes.append(f"{counted(n_filled, 'cell')} read with the value of merged cells")
        if self.n_hidden:
            notes.append(f"{counted(self.n_hidden, 'hidden row')} read like the others")
        if self.n_without_value:
            notes.append(
                f"{counted(self.n_without_value, 'formula')} without a value read as empty: open "
                f"the workbook in a spreadsheet program and save it"
            )
        return notes


def sheet_layout(xml: bytes) -> SheetLayout:
    """Read the layout of a sheet.

    Parameters
    ----------
    xml : bytes
        The XML of the sheet, in UTF-8.

    Examples
    --------
    >>> sheet_layout(b'<row r="3" hidden="1"></row><mergeCell ref="B2:B9"/>')
    SheetLayout(merged=[Merged(column=2, first_row=2, last_row=9)], n_hidden=1, n_without_value=0)
    """
    merged = [
        Merged(_number(column), int(first), int(last))
        for column, first, last_column, last in _MERGED.findall(xml)
        if column == last_column
    ]
    hidden, formulas = _HIDDEN.findall(xml), _NO_VALUE.findall(xml)
    return SheetLayout(merged, len(hidden), len(formulas))


def _number(letters: bytes) -> int:
    """Return the number of a column, such as 27 for AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
