"""Other people talking: a sum of other utterances, added at a given signal-to-noise ratio.

Each utterance is brought to the same active speech level, so that no talker covers the others,
begins at a random place, and is repeated to the length of the speech. Their sum is scaled as
noise is: see :mod:`featser.augmentation.noise`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featser.audio import Signal
from featser.augmentation.level import noise_gain, speech_power
from featser.augmentation.result import Floats, altered
from featser.errors import AugmentationError


def add_babble(
    signal: Signal, snr: float, donors: Sequence[Signal], rng: np.random.Generator
) -> Signal:
    """Add other utterances.

    Parameters
    ----------
    signal : Signal
        Speech.
    snr : float
        Active speech level over the mean power of the babble, in dB.
    donors : sequence of Signal
        The other utterances, one for each talker, at any rate.
    rng : numpy.random.Generator
        Where the donors' beginnings come from.

    Returns
    -------
    Signal
        As long as the input; the input itself where that is digital silence.

    Raises
    ------
    AugmentationError
        If a donor is digital silence.
    """
    babble = np.zeros(len(signal.samples), np.float32)
    for number, donor in enumerate(donors, start=1):
        babble += _talker(donor, number, signal, rng)
    babble *= noise_gain(signal.samples, signal.rate, babble, snr)
    babble += signal.samples
    return altered(signal, babble)


def _talker(donor: Signal, number: int, signal: Signal, rng: np.random.Generator) -> Floats:
    samples = donor.resampled(signal.rate).samples
    power = speech_power(samples, signal.rate)
    if power == 0:
        raise AugmentationError(
            f"babble: donor {number} is digital silence; give another utterance"
        )
    beginning = int(rng.integers(len(samples)))
    turned = np.concatenate((samples[beginning:], samples[:beginning]))
    turned /= np.float32(np.sqrt(power))
    return np.resize(turned, len(signal.samples))
