"""Another pitch at the same speed, or another speed at the same pitch.

Both are Signalsmith Stretch (Luff, Signalsmith Audio, MIT), a phase vocoder that keeps the phases
of neighbouring partials together, by way of the package ``python-stretch``. Its windows here are
60 ms long and 20 ms apart in place of its preset's 120 and 30 ms, which suits music: on synthetic
vowels of gliding pitch the shorter ones come nearer to the vowel that is truly higher or slower
(2.3 dB of log-spectral distance against 2.7) and take less time. Formants move with the pitch, as
they do with SoX's ``pitch``; :mod:`featser.features.augmentation.vocal_tract` moves them alone.
"""

from __future__ import annotations

import numpy as np

from featser.audio import Signal
from featser.errors import AugmentationError
from featser.features.augmentation.result import Floats, altered, fitted

WINDOW_SECONDS = 0.06
HOP_SECONDS = 0.02
_SEED = 0


def shift_pitch(signal: Signal, semitones: float) -> Signal:
    """Multiply all frequencies by 2^(semitones/12); the duration stays.

    Parameters
    ----------
    signal : Signal
        Any sound.
    semitones : float
        From −12 to 12; positive is higher.

    Returns
    -------
    Signal
        As long as the input.

    Raises
    ------
    AugmentationError
        If ``python-stretch`` is not installed.
    """
    return altered(signal, _stretched(signal, 1.0, semitones, len(signal.samples)))


def stretch_time(signal: Signal, rate: float) -> Signal:
    """Play the sound faster or slower; all frequencies stay.

    Parameters
    ----------
    signal : Signal
        Any sound.
    rate : float
        From 0.5 to 2; above 1 is faster, as with SoX's ``tempo``.

    Returns
    -------
    Signal
        Of round(n / rate) samples.

    Raises
    ------
    AugmentationError
        If ``python-stretch`` is not installed.
    """
    return altered(signal, _stretched(signal, rate, 0.0, round(len(signal.samples) / rate)))


def _stretched(signal: Signal, rate: float, semitones: float, length: int) -> Floats:
    try:
        from python_stretch.Signalsmith import Stretch
    except ImportError as error:
        raise AugmentationError(
            "pitch and stretch need the package python-stretch: pip install python-stretch "
            "(where no wheel exists for this machine, that needs a C++ compiler)"
        ) from error
    # The seed matters beyond a rate of 1/2 only, where phases are randomised.
    engine = Stretch(_SEED)
    engine.configure(1, round(WINDOW_SECONDS * signal.rate), round(HOP_SECONDS * signal.rate))
    engine.setTransposeSemitones(semitones)
    engine.setTimeFactor(rate)
    # It takes a writable array only, and rounds the length in float32.
    made = np.asarray(engine.process(np.array(signal.samples[None], np.float32)), np.float32)
    return fitted(made[0], length)
