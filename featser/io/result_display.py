"""How results show themselves: one line in Python, a summary with a small table in notebooks."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from featser.errors import counted
from featser.io.escaping import for_terminal

MOST_ROWS = 20
"""Rows of a table that are shown in a notebook."""
_LONGEST = 300


@dataclass(frozen=True)
class Display:
    """What a result shows of itself; nothing in it is escaped yet.

    Parameters
    ----------
    text : str
        The summary, in one line.
    columns : sequence of str
        The header of the table.
    rows : sequence of sequence of object
        The rows of the table.
    """

    text: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


class ShownResult(ABC):
    """Give a result a short ``repr`` and, in notebooks, a summary with a table.

    A subclass defines :meth:`display`. A dataclass among the subclasses needs ``repr=False``.

    Examples
    --------
    >>> class Count(ShownResult):
    ...     def display(self) -> Display:
    ...         return Display("2 utterances", ["class", "n"], [["<b>angry</b>", 2]])
    >>> Count()
    <Count: 2 utterances>
    >>> "&lt;b&gt;angry" in Count()._repr_html_()
    True
    """

    @abstractmethod
    def display(self) -> Display:
        """Return what the result shows of itself."""

    def __repr__(self) -> str:
        text = for_terminal(self.display().text)
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}…"
        return f"<{type(self).__name__}: {text}>"

    def _repr_html_(self) -> str:
        shown = self.display()
        title = f"<p><strong>{type(self).__name__}</strong>: {_escaped(shown.text)}</p>"
        return f"<div>{title}{_table(shown)}</div>"


def _escaped(cell: object) -> str:
    return html.escape(for_terminal("" if cell is None else cell))


def _table(shown: Display) -> str:
    if not shown.rows:
        return ""
    head = "".join(f"<th>{_escaped(name)}</th>" for name in shown.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in row) + "</tr>"
        for row in shown.rows[:MOST_ROWS]
    )
    more = len(shown.rows) - MOST_ROWS
    note = f"<p>… and {counted(more, 'more row')}</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"
