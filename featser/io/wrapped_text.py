"""Sentences for the terminal: wrapped between words, with their commands whole."""

from __future__ import annotations

import os
import re
import sys
import textwrap

from featser.io.escaping import for_terminal

_CODE = re.compile(r"`[^`]+`")
_BLANK = "\0"
"""Stands for a blank inside a command while text is wrapped; no text for a terminal has it."""
_NARROWEST = 40
"""Sentences are not wrapped to fewer characters than this."""


def lines_of(text: str) -> list[str]:
    """Return the lines in which a sentence is printed on the output stream.

    Output to a file or a pipe is not wrapped, unless ``COLUMNS`` asks for it.
    """
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return [for_terminal(text)]
    return wrapped(text)


def wrapped(text: str) -> list[str]:
    """Return the lines of a sentence, wrapped between words to the width of the terminal.

    A command between back-quotes stays on one line, so that it can be copied.
    """
    from rich.console import Console

    lines = textwrap.wrap(
        _CODE.sub(lambda code: code[0].replace(" ", _BLANK), for_terminal(text)),
        max(Console().width, _NARROWEST),
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_BLANK, " ") for line in lines]
