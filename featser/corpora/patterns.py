"""Regular expressions from cards, with a limit on the time that one match may take.

A pattern such as ``([a-z]+)+_x`` tries more ways to fit a name than a computer can count. Python's
``re`` has no limit of time, so patterns are matched by the package ``regex``, which reads the same
syntax and has one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from featser.errors import CardError, shortened

MATCH_SECONDS = 0.5
"""How long one name or line may take; the cards that come with featser need microseconds."""


class Pattern:
    """A compiled regular expression of a card.

    Parameters
    ----------
    text : str
        The expression, in the syntax of Python's ``re``.
    ignore_case : bool
        Whether case does not matter.

    Raises
    ------
    ValueError
        If it is no regular expression of Python's.
    """

    def __init__(self, text: str, ignore_case: bool = False) -> None:
        self._text = text
        self._compiled = _compiled(text, ignore_case)

    @property
    def names(self) -> list[str]:
        """Names of its groups."""
        return list(self._compiled.groupindex)

    def groups_of(self, text: str) -> dict[str, str | None] | None:
        """Return the named groups of a text that fits as a whole; None if it does not fit.

        Raises
        ------
        CardError
            If that takes too long.
        """
        try:
            match = self._compiled.fullmatch(text, timeout=MATCH_SECONDS)
        except TimeoutError as error:
            raise CardError(
                f"the pattern `{shortened(self._text)}` takes more than {MATCH_SECONDS:g} s on "
                f"'{shortened(text)}': simplify it; repetitions inside repetitions, such as "
                f"(a+)+, are slow"
            ) from error
        return None if match is None else match.groupdict()


@lru_cache(maxsize=256)
def _compiled(text: str, ignore_case: bool) -> Any:
    import regex  # type: ignore[import-untyped, import-not-match, unused-ignore]

    try:
        re.compile(text)  # what only the package `regex` knows, such as recursion, is an error
        return regex.compile(text, regex.IGNORECASE if ignore_case else 0)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except (re.error, regex.error, OverflowError, ValueError) as error:
        raise ValueError(shortened(str(error))) from error
