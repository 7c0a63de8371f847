"""The recording made louder or quieter."""

from __future__ import annotations

import numpy as np

from featser.audio import Signal
from featser.augmentation.result import altered


def change_gain(signal: Signal, db: float) -> Signal:
    """Multiply the samples by 10^(db/20), or by what the loudest sample allows.

    Parameters
    ----------
    signal : Signal
        Any sound.
    db : float
        Change of level in dB.

    Returns
    -------
    Signal
        As long as the input; louder by less than asked where its peaks would leave
        [−1, 32767/32768], since nothing is ever clipped.
    """
    return altered(signal, signal.samples * np.float32(10 ** (db / 20)))
