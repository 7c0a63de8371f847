r"""Text from data, made safe for the place where it is shown or written.

File names, labels and messages of libraries come from strangers. Control characters can move the
cursor of a terminal or clear it, direction marks can reverse what a reader sees, and markup can be
taken for our own. Every output passes its text through one of these functions.

A CSV cell of text that a spreadsheet would run as a formula (it begins with ``=``, ``+``, ``-``,
``@``, a tab or a carriage return) gets an apostrophe in front. Numbers stay as they are, also those
that stand in a column of text. Where featser reads a table, it takes the apostrophe away again.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from featser.credentials import without_credentials

if TYPE_CHECKING:
    import pandas as pd

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, among them ESC, which begins ANSI sequences
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that change the direction of writing
    "\u2028\u2029"  # separators of lines and paragraphs
    "\ufff9-\ufffb"  # annotations, which hide text
    "\U000e0000-\U000e007f"  # tags, which nobody sees
    "\ud800-\udfff]"  # what stands for bytes that are no UTF-8
)
_MARKDOWN = re.compile(r"([\\`*_<>|~&$@]|\](?=[(\[:]))")  # of brackets those that make a link
_MARKDOWN_CODE = re.compile(r"([\\*_<>|~&$@]|\](?=[(\[:]))")
"""Pandoc reads ``@name`` as a citation, and pages of projects as the mention of a person."""
JOINERS = "\u200c\u200d"
"""What decides whether two letters are joined, in the scripts of Bangla, Persian and others."""
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def is_printable(text: str) -> bool:
    """Whether text has neither control characters nor other invisible ones, but for joiners.

    Examples
    --------
    >>> is_printable("\u09b0\u09be\u0997\u09cd\u200c"), is_printable("\u202eanna")
    (True, False)
    """
    return without_joiners(text).isprintable()


def without_joiners(text: str) -> str:
    """Return text without the joiners that the scripts of Bangla, Persian and others need."""
    return "".join(letter for letter in text if letter not in JOINERS)


def for_terminal(text: object, lines: bool = False) -> str:
    r"""Make text fit for a terminal: what would control it is shown as an escape sequence.

    Credentials in addresses are removed (:func:`featser.credentials.without_credentials`), here and
    therefore in every function that calls this one.

    Parameters
    ----------
    text : object
        Its ``str`` is shown.
    lines : bool
        Whether line breaks and tabs stay, as in a message of several lines.

    Examples
    --------
    >>> print(for_terminal("angry\x1b[2J"))
    angry\x1b[2J
    """
    return _UNSAFE.sub(
        lambda match: _visible(match[0], "\n\t" if lines else ""), without_credentials(str(text))
    )


def for_html(value: Any) -> Any:
    r"""Make text fit for a page; to be the ``finalize`` of a Jinja environment with autoescape.

    Parameters
    ----------
    value : object
        Text and other values. Markup, which is made by featser, is returned as it is.

    Returns
    -------
    object
        Text without control characters, whose markup Jinja still escapes.

    Examples
    --------
    >>> print(for_html("a\x07b"))
    a\x07b
    """
    if value is None or hasattr(value, "__html__"):
        return value
    return for_terminal(value, lines=True)


def for_svg(text: object) -> str:
    """Make text fit for an attribute or an element of an SVG file.

    Examples
    --------
    >>> for_svg('<a href="x">')
    '&lt;a href=&quot;x&quot;&gt;'
    """
    return html.escape(for_terminal(text), quote=True)


def for_markdown(text: object, code: bool = False) -> str:
    r"""Make text fit for a line or a table cell of Markdown.

    Parameters
    ----------
    text : object
        Its ``str`` is shown.
    code : bool
        Whether backticks mark code, as in sentences of featser's own.

    Examples
    --------
    >>> print(for_markdown("a|b <i>"))
    a\|b \<i\>
    """
    return (_MARKDOWN_CODE if code else _MARKDOWN).sub(r"\\\1", for_terminal(text))


def for_markdown_code(text: object) -> str:
    """Return text as a code span of Markdown.

    Examples
    --------
    >>> for_markdown_code("featser fit")
    '`featser fit`'
    """
    shown = for_terminal(text)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}"


def csv_cell(text: str) -> str:
    """Put an apostrophe in front of text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> csv_cell("=1+1"), csv_cell("-1.5"), csv_cell("angry")
    ("'=1+1", '-1.5', 'angry')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def plain_cell(text: str) -> str:
    """Undo :func:`csv_cell`.

    Examples
    --------
    >>> plain_cell("'=1+1"), plain_cell("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if _ESCAPED.match(text) else text


def for_csv(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy of a table whose text and column names are safe in a CSV file.

    Addresses lose their credentials.

    Parameters
    ----------
    table : DataFrame
        Its numbers are not touched.
    """
    return _mapped(table, lambda text: csv_cell(without_credentials(text)))


def from_csv(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy of a table as it was before :func:`for_csv`."""
    return _mapped(table, plain_cell)


def _mapped(table: pd.DataFrame, change: Any) -> pd.DataFrame:
    """Return a copy with every text and every name of a column changed."""
    changed = {}
    for position, name in enumerate(table.columns):
        values = table.iloc[:, position]
        if not (values.dtype.kind in "OUS" or str(values.dtype) in ("str", "string", "category")):
            changed[position] = values
            continue
        cells = [change(v) if isinstance(v, str) else v for v in values.astype(object)]
        dtype = "object" if str(values.dtype) == "category" else values.dtype
        changed[position] = type(values)(cells, values.index, dtype=dtype, name=name)
    result = type(table)(changed, index=table.index)
    result.columns = table.columns.map(lambda name: change(name) if isinstance(name, str) else name)
    return result


def _visible(letter: str, allowed: str) -> str:
    if letter in allowed:
        return letter
    code = ord(letter)
    if letter in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[letter]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
