"""Tables of the report as CSV."""

from __future__ import annotations

import csv
import io

from featser.io.escaping import csv_cell, for_terminal
from featser.reporting.exports.markdown_table import full_columns
from featser.reporting.tables import Table


def csv_table(table: Table) -> str:
    r"""Return a table as CSV, without caption and notes.

    Parameters
    ----------
    table : Table
        A table; protocols above the columns become part of the columns' names.

    Returns
    -------
    str
        Cells that a spreadsheet would run as a formula have an apostrophe in front. Thin spaces
        within numbers are removed.

    Examples
    --------
    >>> csv_table(Table("Counts", ["class", "n"], [["=1+1", "1\u2009200"]]))
    "class,n\n'=1+1,1200\n"
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for row in [full_columns(table), *table.rows]:
        writer.writerow([_cell(cell) for cell in row])
    return lines.getvalue()


def _cell(text: str) -> str:
    return csv_cell(for_terminal(text.replace("\u2009", "")))
