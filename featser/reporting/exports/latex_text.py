r"""Text from data, made safe for LaTeX and for the fields of BibTeX.

Braces become commands instead of ``\{`` and ``\}``, because BibTeX counts these, too. Brackets and
asterisks are put in braces, because a row of a table that begins with one would be read as an
argument of ``\\`` at the end of the row before. Quotation marks and grave accents become symbols,
since packages for some languages make them commands.
"""

from __future__ import annotations

from featser.io.escaping import for_terminal

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "`": r"\symbol{96}",
    "\u2009": r"\,",
    "\xa0": "~",
    "–": "--",
    "…": r"\ldots{}",
}
_TABLE = str.maketrans(_COMMANDS)


def for_latex(text: object) -> str:
    r"""Make text fit for LaTeX: none of its characters is a command.

    Control characters and credentials are written as :func:`featser.io.escaping.for_terminal` does.

    Parameters
    ----------
    text : object
        Its ``str`` is written.

    Returns
    -------
    str
        One line. Letters outside ASCII stay as they are, for LaTeX with UTF-8.

    Examples
    --------
    >>> print(for_latex("50 % of a_b & {c}"))
    50 \% of a\_b \& \textbraceleft{}c\textbraceright{}
    """
    return for_terminal(text).translate(_TABLE)
