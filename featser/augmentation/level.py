"""How loud speech is while someone speaks, and how loud noise must be for an SNR.

The level of speech is the active speech level of ITU-T P.56 (method B): the power over the time
in which the envelope, held for 200 ms, is less than 15.9 dB below that very power. So pauses do
not count, and a recording with long silence around a word gets no less noise than the word alone.
Two things differ from the Recommendation, neither by more than about 0.1 dB: the envelope is
sampled every millisecond, and thresholds lie 3 dB apart below the envelope's own maximum, so that
the level follows the gain of a recording exactly.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.augmentation.result import Floats

TIME_CONSTANT = 0.03
HANGOVER = 0.2
MARGIN_DB = 15.9
STEP_DB = 3.0
SPAN_DB = 60.0
LINE_LEVEL_DB = -26.0


def speech_power(samples: Floats, rate: int) -> float:
    """Return the mean square of the samples while speech is active.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        At least a millisecond of sound.
    rate : int
        Samples per second.

    Returns
    -------
    float
        The active speech level of ITU-T P.56, as a power; 0 for digital silence.
    """
    energy = float(np.square(samples).sum())  # summed by pairs: float32 is enough
    if energy == 0:
        return 0.0
    block = max(1, round(rate / 1000))
    held = np.sort(_held_envelope(samples, rate, block))
    thresholds = 20 * np.log10(held[-1]) - np.arange(0, SPAN_DB + 1, STEP_DB)
    # The first is the maximum itself, which rounding must not lift above it.
    above = np.searchsorted(held, np.minimum(10 ** (thresholds / 20), held[-1]))
    levels = 10 * np.log10(energy / (block * (len(held) - above)))
    return float(10 ** (_crossing(levels, levels - thresholds) / 10))


def noise_gain(samples: Floats, rate: int, noise: Floats, snr: float) -> np.float32:
    """Return what to multiply noise by, so that it lies ``snr`` dB below the speech.

    Parameters
    ----------
    samples, noise : ndarray of float32
        The speech, whose active level counts, and the noise, whose mean power counts.
    rate : int
        Samples per second.
    snr : float
        In dB.

    Returns
    -------
    float32
        0 where the speech or the noise is digital silence.
    """
    power = float(np.square(noise).mean())
    if power == 0:
        return np.float32(0)
    return np.float32(np.sqrt(speech_power(samples, rate) / power) * 10 ** (-snr / 20))


def at_line_level(signal: Signal) -> Signal:
    """Bring speech to the level at which codecs are meant to work.

    Parameters
    ----------
    signal : Signal
        Speech, loud or quiet.

    Returns
    -------
    Signal
        With an active speech level of −26 dB below full scale (ITU-T P.830), less where its peaks
        would leave [−1, 32767/32768]; ``gain`` is what it was multiplied by. Digital silence as
        it was.
    """
    power = speech_power(signal.samples, signal.rate)
    gain = float(np.sqrt(10 ** (LINE_LEVEL_DB / 10) / power)) if power else 1.0
    louder = Signal(signal.samples * np.float32(gain), signal.rate, gain)
    return louder.resampled(signal.rate)


def _held_envelope(samples: Floats, rate: int, block: int) -> NDArray[np.float64]:
    """Rectified and smoothed twice, then its maximum over the last 200 ms, by the millisecond."""
    from scipy.ndimage import maximum_filter1d
    from scipy.signal import lfilter

    whole = len(samples) // block
    means = np.einsum("ij->i", np.abs(samples[: whole * block]).reshape(whole, block)) / block
    decay = np.exp(-block / (rate * TIME_CONSTANT))
    envelope = lfilter([(1 - decay) ** 2], [1, -2 * decay, decay**2], means.astype(np.float64))
    span = round(HANGOVER * rate / block) + 1
    # The origin makes the window end at each value; before the first there is only silence.
    held: NDArray[np.float64] = maximum_filter1d(
        envelope, span, origin=span // 2 if span % 2 else span // 2 - 1, mode="constant"
    )
    return held


def _crossing(levels: NDArray[np.float64], margins: NDArray[np.float64]) -> float:
    """Level at which the margin above the threshold is 15.9 dB, from the lowest threshold up."""
    upwards = list(zip(margins[::-1], levels[::-1], strict=True))
    for (above, low), (below, high) in pairwise(upwards):
        if below <= MARGIN_DB < above:
            share = (above - MARGIN_DB) / (above - below)
            return float(low + share * (high - low))
    # No pauses to leave out, or nothing but a click: all of the sound, or the click's surroundings.
    return float(levels[-1] if margins[-1] <= MARGIN_DB else levels[0])
