"""Where the rows of a table are in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from featser.corpora.tables.excel_table import ROW
from featser.corpora.tables.text_table import LINE
from featser.errors import ManifestError, shortened


@dataclass(frozen=True)
class RowPlaces:
    """Where rows and columns of a table are in its file, for errors.

    Parameters
    ----------
    where : str
        What errors call the file.
    before : int
        Rows of it that come before these.
    index : Index
        The table's. If its name is ``line`` or ``row``, its values are places in the file.
    written : mapping of str to str
        The names that some columns have in the file.
    """

    where: str
    before: int
    index: pd.Index[Any]
    written: Mapping[str, str] = field(default_factory=dict)

    def of(self, row: int) -> str:
        """Return the file and the place of a row."""
        if self.index.name in (LINE, ROW):
            return f"{self.where}, {self._short(row)}"
        return f"{self.where}, data {self._short(row)}"

    def column(self, name: str) -> str:
        """Return a column's name in the file, quoted; it must be safe in a format string."""
        return f"`{self.written.get(name, name)}`".replace("{", "{{").replace("}", "}}")

    def twice(self, row: int, first: int, file: str, rater: str = "") -> ManifestError:
        """Return the error of a row that names the same segment, and rater, as an earlier one."""
        where = (
            f"{self.of(row)}: '{file}' is in {self._short(first)} already, with the same start, "
        )
        if rater:
            return ManifestError(f"{where}end, channel and rater '{shortened(rater)}': remove one")
        return ManifestError(
            f"{where}end and channel: remove one, or, if several raters rated it, add a column "
            f"`rater`"
        )

    def _short(self, row: int) -> str:
        if self.index.name in (LINE, ROW):
            return f"{self.index.name} {self.index[row]}"
        return f"row {self.before + row + 1}"
