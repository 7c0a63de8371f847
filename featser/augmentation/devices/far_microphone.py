"""Speech as a microphone far from the talker records it: reverberant, noisy and quiet."""

from __future__ import annotations

import numpy as np

from featser.audio import Signal
from featser.augmentation.gain import change_gain
from featser.augmentation.noise import add_noise
from featser.augmentation.reverb import add_reverb


def move_away(
    signal: Signal, distance: float, rt60: float, snr: float, db: float, rng: np.random.Generator
) -> Signal:
    """Put speech into a room, add the room's noise, and change the level.

    Parameters
    ----------
    signal : Signal
        Speech, recorded close to the talker.
    distance : float
        From talker to microphone, in m.
    rt60 : float
        Reverberation time of the room in seconds.
    snr : float
        Active level of the reverberant speech over the power of the noise, in dB. The noise is
        pink, as that of ventilation and traffic is, roughly.
    db : float
        Change of level of all that, in dB.
    rng : numpy.random.Generator
        Where the room and the noise come from.

    Returns
    -------
    Signal
        As long as the input.
    """
    reverberant = add_reverb(signal, rt60, distance, rng)
    return change_gain(add_noise(reverberant, snr, "pink", rng), db)
