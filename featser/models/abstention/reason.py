"""Why a recording is unlike those of a training set: the measure, its value, and the words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BETWEEN = "; also "
"""Stands between the reasons of one recording."""


@dataclass(frozen=True)
class Reason:
    """A measure of a recording that is outside the range of the training recordings.

    Attributes
    ----------
    measure : str
        The name of the measure, with which the text begins.
    text : str
        Such as "level -62 dB; training -41 to -18 dB".
    value : float
        Of the recording.
    highest : float
        Of the training recordings.

    Examples
    --------
    >>> Reason("length", "length 70.0 s; training 1.5 to 7.5 s", 70.0, 7.5).is_above
    True
    """

    measure: str
    text: str
    value: float
    highest: float

    @property
    def is_above(self) -> bool:
        """Whether the value is above those of the training recordings, and not below them."""
        return self.value > self.highest


def in_words(reasons: Iterable[Reason]) -> str:
    """Return the reasons of one recording as text; empty without any.

    Examples
    --------
    >>> in_words([Reason("level", "level 3 dB", 3.0, 0.0), Reason("length", "length 9 s", 9.0, 2)])
    'level 3 dB; also length 9 s'
    """
    return BETWEEN.join(reason.text for reason in reasons)
