"""Another pitch at the same speed, or another speed at the same pitch.

Tempo is Signalsmith Stretch (Luff, Signalsmith Audio, MIT), a phase vocoder that keeps the phases
of neighbouring partials together, by way of the package ``python-stretch``; pitch is that and then
resampling by soxr, as SoX's ``pitch`` is made of ``tempo`` and ``rate``: exact, where the library's
own transposition of steady tones errs by up to 0.2 semitones. So formants move with the pitch;
:mod:`featser.augmentation.vocal_tract` moves them alone.

Windows are 60 ms long and 20 ms apart in place of the library's preset of 120 and 30 ms, which
suits music: on synthetic vowels of gliding pitch the shorter ones come nearer to the vowel that is
truly higher (2.1 dB of log-spectral distance against 2.6) and take less time, and tones keep their
pitch to 0.1 semitones from 75 Hz up.
"""

from __future__ import annotations

import numpy as np

from featser.audio import Signal
from featser.augmentation.result import Floats, altered, fitted
from featser.errors import AugmentationError

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
    import soxr

    length = len(signal.samples)
    slower = _stretched(signal, 2 ** (-semitones / 12))
    higher = soxr.resample(slower, len(slower), length, quality="HQ")
    return altered(signal, fitted(higher, length))


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
    return altered(signal, fitted(_stretched(signal, rate), round(len(signal.samples) / rate)))


def _stretched(signal: Signal, rate: float) -> Floats:
    """Play faster or slower; the length may be a sample off, since it is rounded in float32."""
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
    engine.setTimeFactor(rate)
    # It takes a writable array only.
    made = engine.process(np.array(signal.samples[None], np.float32))
    return np.asarray(made, np.float32).ravel()
