"""How long segments are, and what parts of a recording are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

from featser.errors import InputError

SPEECH, SILENCE, SHORT, NOISE = "speech", "silence", "too short", "noise"
"""What a part of a recording is; all but the first are left out."""

HOP_S = 0.01
"""Speech is decided for frames of 10 ms."""


@dataclass(frozen=True)
class Segment:
    """A part of a recording.

    Attributes
    ----------
    start, end : float
        In seconds.
    kind : str
        ``speech``, or why it is left out: ``silence``, ``too short`` or ``noise``.
    """

    start: float
    end: float
    kind: str = SPEECH


@dataclass(frozen=True)
class LengthRules:
    """How long segments are.

    Parameters
    ----------
    min_s : float
        Shorter speech is left out, in seconds, without padding.
    max_s : float
        Longer speech is cut where it is quietest, in seconds, with padding.
    pad_s : float
        Seconds added before and after speech, at most half of the pause beside it.
    gap_s : float
        Shorter pauses within speech are bridged, in seconds.

    Raises
    ------
    InputError
        If a length is negative, or ``max_s`` leaves no room for ``min_s`` and padding.

    Examples
    --------
    >>> LengthRules(min_s=1.0, max_s=1.5)
    Traceback (most recent call last):
    featser.errors.InputError: max_s: 1.5: give 2.2 or more: twice min_s (1), and pad_s (0.1) twice
    """

    min_s: float = 0.3
    max_s: float = 20.0
    pad_s: float = 0.1
    gap_s: float = 0.3

    @classmethod
    def of(cls, lengths: Mapping[str, Any]) -> LengthRules:
        """Return rules with some lengths, by name; others have their defaults.

        Raises
        ------
        InputError
            If there is no length of that name, or a value is no number.
        """
        names = [field.name for field in fields(cls)]
        for name, value in lengths.items():
            if name not in names:
                raise InputError(f"there is no such length; valid: {', '.join(names)}", name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise InputError(f"{value!r}: give a number of seconds", name)
        return cls(**lengths)

    def __post_init__(self) -> None:
        for name in ("min_s", "pad_s", "gap_s"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InputError(f"{value:g}: give seconds, 0 or more", name)
        least = 2 * max(self.min_s, HOP_S) + 2 * self.pad_s
        if not self.max_s >= least - 1e-9:
            raise InputError(
                f"{self.max_s:g}: give {least:g} or more: twice min_s ({self.min_s:g}), and pad_s "
                f"({self.pad_s:g}) twice",
                "max_s",
            )
