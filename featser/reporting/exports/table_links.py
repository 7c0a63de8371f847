"""Links below a table of a page that save it as CSV and as LaTeX."""

from __future__ import annotations

import re

from featser.reporting.exports.csv_table import csv_table
from featser.reporting.exports.data_links import DataLink, data_link
from featser.reporting.exports.latex_table import latex_table
from featser.reporting.tables import Table

_LONGEST_NAME = 60


def table_links(table: Table) -> list[DataLink]:
    """Return the links that save a table; none for a table without rows.

    Examples
    --------
    >>> [link.name for link in table_links(Table("Metrics of a/b", ["m"], [["1"]]))]
    ['metrics-of-a-b.csv', 'metrics-of-a-b.tex']
    """
    if not table.rows:
        return []
    name = _file_name(table.caption)
    return [
        data_link("CSV", f"{name}.csv", csv_table(table), "text/csv"),
        data_link("LaTeX", f"{name}.tex", latex_table(table), "text/x-tex"),
    ]


def _file_name(caption: str) -> str:
    """Return a caption as the name of a file, without its ending."""
    return re.sub(r"[^\w]+", "-", caption.lower())[:_LONGEST_NAME].strip("-") or "table"
