"""What every kind of augmentation gives back: a signal as its input was, but for the samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.audio import PEAK, Signal

Floats = NDArray[np.float32]


def altered(signal: Signal, samples: NDArray[Any]) -> Signal:
    """Return other samples at the signal's rate, with its gain and note.

    Parameters
    ----------
    signal : Signal
        What was augmented.
    samples : ndarray of float, shape (n,)
        The outcome, its peaks anywhere.

    Returns
    -------
    Signal
        Float32, scaled as a whole where peaks were outside [−1, 32767/32768]: never clipped.
        ``gain`` and ``note`` stay those of the recording.
    """
    resampled = Signal(np.ascontiguousarray(samples, np.float32), signal.rate).resampled(
        signal.rate
    )
    inside = resampled.samples
    if resampled.gain < 1:  # rounding may have left the last bit of a peak outside
        inside = np.clip(inside, -1, np.float32(PEAK))
    return Signal(inside, signal.rate, signal.gain, signal.note)


def fitted(samples: Floats, length: int) -> Floats:
    """Return as many samples as asked for: cut at the end, or zeros added there.

    For the sample or two by which resampling forth and back may differ.
    """
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))
