"""Windows of equal length, whatever a recording holds."""

from __future__ import annotations

from collections.abc import Iterable

from featser.audio.signal import Signal
from featser.errors import InputError
from featser.segmentation.length_rules import SHORT, LengthRules, Segment

WINDOW, SKIPPED = "window", "between windows"


class FixedWindows:
    """Cuts a recording into windows.

    Parameters
    ----------
    window_s : float
        The length of a window, in seconds.
    hop_s : float
        Seconds from the beginning of a window to that of the next one.

    Examples
    --------
    >>> import numpy as np
    >>> signal = Signal(np.zeros(4_500, np.float32), 1_000)
    >>> windows = FixedWindows(2.0, 2.0).segments([signal], LengthRules(min_s=1.0))
    >>> [(one.start, one.end, one.kind) for one in windows]
    [(0.0, 2.0, 'window'), (2.0, 4.0, 'window'), (4.0, 4.5, 'too short')]
    """

    def __init__(self, window_s: float, hop_s: float) -> None:
        for name, value in (("WINDOW", window_s), ("HOP", hop_s)):
            if not 0.01 <= value < float("inf"):
                raise InputError(
                    f"fixed: {name} is {value:g}: give seconds, 0.01 or more", "method"
                )
        self._window_s, self._hop_s = window_s, hop_s

    def segments(self, blocks: Iterable[Signal], rules: LengthRules) -> list[Segment]:
        """Return the windows of a recording, the last one if it is not too short."""
        count, rate = 0, 1
        for block in blocks:
            count, rate = count + len(block.samples), block.rate
        seconds = round(count / rate, 6)
        result: list[Segment] = []
        number, reached = 0, 0.0
        while (start := round(number * self._hop_s, 6)) < seconds and reached < seconds:
            end = min(round(start + self._window_s, 6), seconds)
            if start > reached:
                result.append(Segment(reached, start, SKIPPED))
            is_short = end - start < min(rules.min_s, self._window_s) - 1e-9
            result.append(
                Segment(
                    max(start, reached) if is_short else start, end, SHORT if is_short else WINDOW
                )
            )
            number, reached = number + 1, end
        if reached < seconds:
            result.append(Segment(reached, seconds, SKIPPED))
        return result
