"""Speech whose peaks are cut off, as a recorder cuts what is too loud for it."""

from __future__ import annotations

import numpy as np

from featser.audio import Signal
from featser.augmentation.result import altered


def clip_peaks(signal: Signal, db: float) -> Signal:
    """Limit the samples to a level below that of the loudest one.

    Parameters
    ----------
    signal : Signal
        Any sound.
    db : float
        How far the limit is below the peak, in dB: by so much the recording was too loud. 0 leaves
        the samples as they are.

    Returns
    -------
    Signal
        As long as the input. What is below the limit has its level: the recorder's own gain is not
        imitated, so that clipping is not mixed with a change of level.

    Examples
    --------
    >>> signal = Signal(np.array([0.1, -0.8, 0.4], np.float32), 16_000)
    >>> clip_peaks(signal, 20 * np.log10(2)).samples.round(3).tolist()
    [0.10000000149011612, -0.4000000059604645, 0.4000000059604645]
    """
    limit = np.float32(np.abs(signal.samples).max(initial=0.0) * 10 ** (-db / 20))
    return altered(signal, np.clip(signal.samples, -limit, limit))
