r"""Tables of the report as LaTeX, with the rules of the package booktabs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from featser.reporting.exports.latex_text import for_latex
from featser.reporting.tables import Table


def latex_table(table: Table) -> str:
    r"""Return a table as a ``table`` environment of LaTeX.

    Parameters
    ----------
    table : Table
        A table. Protocols above the columns span them; notes stand below the last rule.

    Returns
    -------
    str
        Needs ``\usepackage{booktabs}``. Every cell is escaped.

    Examples
    --------
    >>> print(latex_table(Table("Counts", ["class", "n"], [["a_b", "3"]])))
    % \usepackage{booktabs}
    \begin{table}
      \centering
      \caption{Counts}
      \begin{tabular}{lr}
        \toprule
        class & n \\
        \midrule
        a\_b & 3 \\
        \bottomrule
      \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    alignment = "".join("l" if at in table.text else "r" for at in range(len(table.columns)))
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{for_latex(table.caption)}}}",
        rf"  \begin{{tabular}}{{{alignment}}}",
        r"    \toprule",
        *_spanning(table),
        _row(table.columns),
        r"    \midrule",
        *map(_row, table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        *(rf"  \par\footnotesize {for_latex(note)}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _spanning(table: Table) -> Iterator[str]:
    """Yield the line of protocols above the columns, and the rules below it."""
    if not table.protocols:
        return
    cells, rules, column = [""], [], 2
    for name, span in table.protocols:
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{for_latex(name)}}}")
        rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    cells += [""] * (len(table.columns) - column + 1)
    yield rf"    {' & '.join(cells)} \\"
    yield f"    {' '.join(rules)}"


def _row(cells: Sequence[str]) -> str:
    return rf"    {' & '.join(for_latex(cell) for cell in cells)} \\"
