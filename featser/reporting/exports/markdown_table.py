"""Tables of the report as Markdown."""

from __future__ import annotations

from featser.io.escaping import for_markdown
from featser.reporting.tables import Table


def markdown_table(table: Table) -> str:
    r"""Return a table as Markdown, with its caption above and its notes below.

    Parameters
    ----------
    table : Table
        A table; protocols above the columns become part of the columns' names.

    Returns
    -------
    str
        Without a line break at the end.

    Examples
    --------
    >>> print(markdown_table(Table("Counts", ["class", "n"], [["a|b", "3"]])))
    Counts
    <BLANKLINE>
    | class | n |
    |:--|--:|
    | a\|b | 3 |
    """
    alignment = [":--" if column in table.text else "--:" for column in range(len(table.columns))]
    lines = [
        for_markdown(table.caption),
        "",
        _line(full_columns(table)),
        f"|{'|'.join(alignment)}|",
        *map(_line, table.rows),
    ]
    for note in table.notes:
        lines += ["", for_markdown(note)]
    return "\n".join(lines)


def full_columns(table: Table) -> list[str]:
    """Return the names of the columns, each with the protocol that stands above it.

    Examples
    --------
    >>> columns = ["metric", "model", "model"]
    >>> full_columns(Table("t", columns, [], protocols=[("random", 1), ("folds", 1)]))
    ['metric', 'model (random)', 'model (folds)']
    """
    above = [""]
    for name, span in table.protocols:
        above += [name] * span
    above += [""] * (len(table.columns) - len(above))
    return [
        f"{name} ({top})" if top else name for name, top in zip(table.columns, above, strict=True)
    ]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(for_markdown(cell) for cell in cells)} |"
