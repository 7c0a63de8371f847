"""Lines, sentences, notes and tables on the terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from featser.io.escaping import for_terminal
from featser.io.wrapped_text import lines_of, wrapped

SHOWN = 20
SHOWN_VALUES = 8


def say(*cells: object) -> None:
    """Print a line, its cells with tabs between; what could control the terminal is escaped."""
    print(*map(for_terminal, cells), sep="\t", flush=True)


def say_text(text: str) -> None:
    """Print a sentence, wrapped between words to the width of the terminal.

    Output to a file or a pipe is not wrapped, unless ``COLUMNS`` asks for it.
    """
    for line in lines_of(text):
        say(line)


def say_notes(notes: Iterable[str], fits: Iterable[str]) -> None:
    """Print what limits a result of a finished run, and which of its fits were read or repeated."""
    for note in notes:
        say_text(f"note: {note}")
    for line in fits:
        say(line)


def note_aside(text: str) -> None:
    """Print a note on the error stream, so that the output has predictions alone."""
    note = f"featser: note: {text}"
    for line in wrapped(note) if sys.stderr.isatty() else [note]:
        print(for_terminal(line), file=sys.stderr)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; text columns to the left, numbers to the right.

    Cells are wrapped between words. A word is broken only if the terminal is too narrow for the
    longest words of all columns together.
    """
    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

    def cell_text(value: object, style: str = "") -> Text:
        return Text(for_terminal(value), style)  # a Text has no markup: `[/]` stays `[/]`

    lines = [[("" if cell is None else cell) for cell in row] for row in rows]
    is_number = [
        bool(lines) and all(isinstance(line[position], int | float) for line in lines)
        for position in range(len(columns))
    ]
    for position, numbers in enumerate(is_number):
        column = [line[position] for line in lines]
        for line, cell in zip(lines, same_decimals(column) if numbers else column, strict=True):
            line[position] = cell
    grid = Table(header_style="bold")
    texts = [[for_terminal(cell) for cell in line] for line in [columns, *lines]]
    widths = column_widths(texts, Console().width)
    for position, name in enumerate(columns):
        grid.add_column(
            cell_text(name),
            justify="right" if is_number[position] else "left",
            overflow="fold",
            width=widths[position] if widths else None,
        )
    for line in lines:
        grid.add_row(*map(cell_text, line))
    shown = Group(cell_text(title, "bold"), grid) if title else grid
    Console().print(shown)


def same_decimals(numbers: Sequence[Any]) -> list[str]:
    """Return the numbers of a column as text, with as many decimals as the longest of them has.

    Examples
    --------
    >>> same_decimals([0.297, 0.28, 1.0])
    ['0.297', '0.280', '1.000']
    >>> same_decimals([3, 12]), same_decimals([1e-07, 0.5])
    (['3', '12'], ['1e-07', '0.5'])
    """
    texts = list(map(str, numbers))
    fractions = [text.partition(".")[2] for text in texts]
    if not any(fractions) or any(not text.lstrip("-").replace(".", "").isdigit() for text in texts):
        return texts  # integers; 1e-07, inf or nan among them
    return [f"{number:.{max(map(len, fractions))}f}" for number in numbers]


def column_widths(texts: Sequence[Sequence[str]], available: int) -> list[int]:
    """Return the widths of a table's columns such that no word is broken.

    Parameters
    ----------
    texts : sequence of sequence of str
        The rows, the header among them.
    available : int
        The width of the terminal, in characters.

    Returns
    -------
    list of int
        Empty if the longest words of the columns do not fit beside each other.

    Examples
    --------
    >>> column_widths([["task", "metric"], ["emotion", "Accuracy (WA)"]], 80)
    [7, 13]
    >>> column_widths([["task", "metric"], ["emotion", "Accuracy (WA)"]], 24)
    [7, 10]
    >>> column_widths([["task", "metric"], ["emotion", "Accuracy (WA)"]], 20)
    []
    """
    from rich.cells import cell_len

    columns = list(zip(*texts, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    longest = [
        max((cell_len(word) for text in column for word in text.split()), default=0)
        for column in columns
    ]
    # Each column has a border and two spaces.
    excess = sum(widths) + 3 * len(widths) + 1 - available
    while excess > 0:
        spare = [at for at, width in enumerate(widths) if width > longest[at]]
        if not spare:
            return []
        widths[max(spare, key=widths.__getitem__)] -= 1
        excess -= 1
    return widths


def _finite(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else number


def span_text(start: float, end: float) -> str:
    """Return the times of a segment, empty for a whole recording.

    Examples
    --------
    >>> span_text(0.5, 2.0), span_text(1.0, math.nan)
    ('0.5–2 s', '1–end s')
    >>> span_text(61.0, 69.9994375)
    '61–70 s'
    """
    first, last = _finite(start), _finite(end)
    if first is None and last is None:
        return ""
    return f"{_seconds(first or 0)}–{'end' if last is None else _seconds(last)} s"


def _seconds(value: float) -> str:
    return f"{round(value, 2):.10g}"
