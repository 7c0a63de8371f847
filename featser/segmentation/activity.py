"""What a detector finds in each frame of a recording."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FLATTEST = 0.7
"""Sound whose spectrum is flatter, between 0 (a tone) and 1 (white noise), is no speech.

Segments of recordings of EmoDB, RAVDESS and BanglaSER have 0.14 in the middle and 0.54 at most,
half a second of white noise has 0.99.
"""


@dataclass(frozen=True, eq=False)
class Activity:
    """Speech in the frames of a recording.

    Parameters
    ----------
    is_speech : ndarray of bool, shape (n_frames,)
        Frame ``n`` begins ``n`` times 10 ms after the beginning of the recording.
    level_db : ndarray of float32, shape (n_frames,)
        The level of each frame, by which long speech is cut where it is quietest.
    seconds : float
        The length of the recording.
    excess : ndarray of float32, shape (n_frames, n_bands), or None
        The power above the background noise in bands, by which noise is recognised; None if the
        detector recognises it by itself.
    """

    is_speech: NDArray[np.bool_]
    level_db: NDArray[np.float32]
    seconds: float
    excess: NDArray[np.float32] | None = field(default=None, repr=False)

    def is_noise(self, first: int, last: int) -> bool:
        """Whether the spectrum of frames from ``first`` on, before ``last``, is that of noise."""
        if self.excess is None:
            return False
        excess = self.excess[first:last].mean(axis=0, dtype=np.float64)
        return flatness(np.maximum(excess, 0)) > FLATTEST


def flatness(powers: NDArray[np.float64]) -> float:
    """Return the spectral flatness of powers in bands: geometric over arithmetic mean.

    Examples
    --------
    >>> flatness(np.ones(4)), round(flatness(np.array([1.0, 0.01])), 2)
    (1.0, 0.2)
    """
    mean = float(powers.mean())
    if mean <= 0:
        return 0.0
    # A band without power counts as −60 dB: noise of finite length has none in few bands.
    return float(np.exp(np.log(np.maximum(powers, 1e-6 * mean)).mean()) / mean)


def runs_of(is_in: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first frame of each run of True, and the one after its last.

    Examples
    --------
    >>> runs_of(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(is_in.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
