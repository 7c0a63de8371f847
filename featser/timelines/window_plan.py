"""Where the windows and the frames of a timeline lie, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import InputError

WINDOW_S = 2.0
HOP_S = 0.5
GRID_S = 0.01
"""Windows begin at multiples, so that they share the frames of the descriptors."""
SHORTEST_S = 0.1
"""The shortest window, and the shortest rest at the end that is a frame of its own."""
LONGEST_S = 60.0
_ROUNDING = 1e-6

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class WindowPlan:
    """Windows of equal length at equal distances, and frames as long as that distance.

    Parameters
    ----------
    window_s : float
        The length of a window, 0.1 to 60 s.
    hop_s : float
        From the beginning of a window to that of the next, at most its length; multiples of 10 ms.

    Raises
    ------
    InputError
        If the numbers describe no windows.

    Examples
    --------
    >>> plan = WindowPlan(2.0, 0.5)
    >>> plan.starts(3.2).tolist()
    [0.0, 0.5, 1.0, 1.2]
    >>> plan.frames(3.2)[-2:].tolist()
    [[2.5, 3.0], [3.0, 3.2]]
    """

    window_s: float = WINDOW_S
    hop_s: float = HOP_S

    def __post_init__(self) -> None:
        if not SHORTEST_S <= self.window_s <= LONGEST_S:
            raise InputError(
                f"{self.window_s:g} s: give {SHORTEST_S:g} to {LONGEST_S:g} seconds", "window"
            )
        if not GRID_S <= self.hop_s <= self.window_s:
            raise InputError(
                f"{self.hop_s:g} s: give {GRID_S:g} s to the length of the window "
                f"({self.window_s:g} s), so that every moment lies in a window",
                "hop",
            )
        if abs(self.hop_s / GRID_S - round(self.hop_s / GRID_S)) > _ROUNDING:
            raise InputError(f"{self.hop_s:g} s: give a multiple of {GRID_S:g} s", "hop")

    def starts(self, duration_s: float) -> Doubles:
        """Return where the windows of a recording begin.

        The last one ends with the recording. A recording that is shorter than a window has one.
        """
        last = duration_s - self.window_s
        if last <= 0:
            return np.zeros(1)
        count = int(np.floor(last / self.hop_s + _ROUNDING)) + 1
        starts = np.round(np.arange(count) * self.hop_s, 6)
        final = np.floor(last / GRID_S + _ROUNDING) * GRID_S
        return np.append(starts, np.round(final, 6)) if final > starts[-1] + GRID_S / 2 else starts

    def frames(self, duration_s: float) -> Doubles:
        """Return where the frames of a recording begin and end, shape (frames, 2).

        The last one ends with the recording; a rest below 100 ms belongs to it.
        """
        count = max(1, int(np.ceil((duration_s - SHORTEST_S) / self.hop_s - _ROUNDING)))
        edges = np.round(np.arange(count + 1) * self.hop_s, 6)
        edges[-1] = duration_s
        return np.column_stack([edges[:-1], edges[1:]])


def overlaps(intervals: Doubles, frames: Doubles) -> Any:
    """Return how many seconds each frame shares with each interval, as a sparse matrix.

    Parameters
    ----------
    intervals : ndarray, shape (n, 2)
        Beginnings and ends.
    frames : ndarray, shape (m, 2)
        Likewise, one after the other without gaps.

    Returns
    -------
    scipy.sparse.csr_array, shape (m, n)

    Examples
    --------
    >>> frames = np.array([[0, 1], [1, 2]])
    >>> overlaps(np.array([[0.0, 1.5], [1.5, 2.0]]), frames).toarray().tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    from scipy.sparse import csr_array

    first = np.searchsorted(frames[:, 1], intervals[:, 0], "right")
    last = np.searchsorted(frames[:, 0], intervals[:, 1], "left")
    counts = np.maximum(last - first, 0)
    column = np.repeat(np.arange(len(intervals)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    row = np.arange(counts.sum()) - before + np.repeat(first, counts)
    seconds = np.minimum(frames[row, 1], intervals[column, 1]) - np.maximum(
        frames[row, 0], intervals[column, 0]
    )
    return csr_array((seconds, (row, column)), shape=(len(frames), len(intervals)))
