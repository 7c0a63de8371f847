"""The 25 descriptors of a signal, frame by frame, before smoothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.gemaps import formants as lpc
from featser.features.gemaps import framing, harmonics, loudness, periods, pitch, tracking
from featser.features.gemaps import spectral_balance as spectral
from featser.features.gemaps.names import SPECTRAL, VOICE
from featser.features.lowlevel.blocks import FrameBlock, contour_array, frame_blocks
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.frames import framed, scratch

FRAME_RATE = framing.RATE / framing.HOP

_NEAR = 20

_FORMANTS = [VOICE.index(f"F{n}frequency") for n in (1, 2, 3)]
_WIDTHS = [VOICE.index(f"F{n}bandwidth") for n in (1, 2, 3)]
_LEVELS = [VOICE.index(f"F{n}amplitudeLogRelF0") for n in (1, 2, 3)]


@dataclass(frozen=True)
class Contours:
    """The descriptors of a signal.

    Attributes
    ----------
    spectral : ndarray, shape (short frames, 10)
        ``names.SPECTRAL``, of the 20 ms frames.
    voice : ndarray, shape (long frames, 15)
        ``names.VOICE``, of the 60 ms frames; formants of the 20 ms frame that begins with them.
    voiced : ndarray of bool, shape (long frames,)
        Where there is a fundamental frequency.
    energy : float
        Mean square of the 20 ms frames' samples, full scale 1.
    hertz : ndarray of float64, shape (long frames,)
        Fundamental frequency; 0 where unvoiced.
    magnitude : ndarray, shape (voiced frames, 513)
        Spectra of the voiced 60 ms frames; none for a long signal.
    samples : ndarray, shape (n,), or None
        Of a long signal, whose spectra are computed again where they are needed.
    """

    spectral: Floats
    voice: Floats
    voiced: NDArray[np.bool_]
    energy: float
    hertz: NDArray[np.float64]
    magnitude: Floats
    samples: NDArray[Any] | None = None

    def magnitudes(self) -> Iterator[tuple[slice, Floats]]:
        """Yield which voiced frames, and the spectra of these: all at once, or block by block."""
        if self.samples is None:
            yield slice(0, len(self.magnitude)), self.magnitude
            return
        first = 0
        for block in frame_blocks(len(self.voiced), framing.HOP, framing.LONG, 0):
            at = np.flatnonzero(self.voiced[block.frames])
            yield slice(first, first + len(at)), _magnitude(_pcm(self.samples, block), at)
            first += len(at)


def contours_of(signal: Signal) -> Contours:
    """Return the signal's descriptors: computed once for all callers while the signal lives.

    Formants are those of voiced frames alone.
    """
    return signal.derived(Contours, lambda: _contours(signal))


def _contours(signal: Signal) -> Contours:
    """Compute a signal's descriptors, or take those of a window from the longer signal."""
    if signal.window_of is not None:
        whole, first = signal.window_of
        if first % framing.HOP == 0 and not whole.is_long:
            return _of_window(contours_of(whole), first // framing.HOP, signal.samples)
    if signal.is_long:
        return contours_in_blocks(signal.samples)
    return contours(framing.as_pcm(signal.samples), unvoiced=False)


def _of_window(whole: Contours, first: int, samples: Floats) -> Contours:
    """Take the descriptors of a window, which begins at a frame, from those of a longer signal."""
    pcm = framing.as_pcm(samples)
    short = slice(first, first + framing.n_frames(pcm, framing.SHORT))
    long = slice(first, first + framing.n_frames(pcm, framing.LONG))
    voiced = whole.voiced[long]
    return Contours(
        whole.spectral[short],
        whole.voice[long],
        voiced,
        float(_energies(pcm).mean(dtype=np.float64)) / framing.SHORT,
        whole.hertz[long],
        whole.magnitude[voiced_rows(whole.voiced, first, len(voiced))],
    )


def voiced_rows(voiced: NDArray[np.bool_], first: int, count: int) -> slice:
    """Return which voiced frames of a signal are those of a window.

    Parameters
    ----------
    voiced : ndarray of bool, shape (frames,)
        Of the signal.
    first, count : int
        The first frame of the window, and how many it has.

    Examples
    --------
    >>> voiced_rows(np.array([True, False, True, True]), 1, 2)
    slice(1, 2, None)
    """
    before = int(np.count_nonzero(voiced[:first]))
    return slice(before, before + int(np.count_nonzero(voiced[first : first + count])))


def contours(samples: Floats, convention: str = lpc.REFERENCE, unvoiced: bool = True) -> Contours:
    """Compute the descriptors of a signal of 60 ms or more.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        At 16 kHz, as :func:`~featser.features.gemaps.framing.as_pcm` gives them.
    convention : {"reference", "textbook"}
        How formants are found.
    unvoiced : bool
        Whether to find formants in unvoiced frames too; they are 0 there if not.
    """
    hertz, voice = _voice(samples)
    at = np.flatnonzero((hertz > 0) | unvoiced)
    spectral, energies = _short_frames(samples, voice, at, at, convention)
    _relate(voice, hertz)
    energy = energies.mean(dtype=np.float64) / framing.SHORT
    return Contours(spectral, voice.values, hertz > 0, float(energy), hertz, voice.magnitude)


def contours_in_blocks(samples: NDArray[Any]) -> Contours:
    """Compute the descriptors of a long signal; formants are those of voiced frames alone.

    The path of the pitch is found through the candidates of all frames, and the periods of a
    stretch of voice are followed from block to block: both are exactly those of the whole signal.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        At 16 kHz.
    """
    hertz = _pitch_in_blocks(samples)
    frames = len(hertz)
    values: Floats = contour_array((frames, len(VOICE)))
    values[:] = 0
    values[:, 0] = tracking.semitones(hertz)
    values[:, 1], values[:, 2] = periods.jitter_and_shimmer_in_blocks(samples, hertz)
    n_short = 1 + (len(samples) - framing.SHORT) // framing.HOP
    spectral: Floats = contour_array((n_short, len(SPECTRAL)))
    energy = 0.0
    for block in frame_blocks(n_short, framing.HOP, framing.LONG, 1):
        inside, pcm = block.inside, _pcm(samples, block)
        here = slice(block.frames.start, min(block.frames.stop, frames))
        at = np.flatnonzero(hertz[here] > 0)
        voice = _Voice(values[here], _magnitude(pcm, inside.start + at))
        _add_noise_ratio(voice, hertz[here])
        of_frames, energies = _short_frames(pcm, voice, at, inside.start + at, lpc.REFERENCE)
        _relate(voice, hertz[here])
        spectral[block.frames] = of_frames[inside]
        energy += float(energies[inside].sum(dtype=np.float64))
    energy /= framing.SHORT * n_short
    none = _magnitude(samples, np.zeros(0, np.int64))
    return Contours(spectral, values, hertz > 0, energy, hertz, none, samples)


def _short_frames(
    samples: Floats,
    voice: _Voice,
    voiced: NDArray[np.int64],
    at: NDArray[np.int64],
    convention: str,
) -> tuple[Floats, Floats]:
    """Return the descriptors and the energy of the 20 ms frames; fill in formants.

    Those of the 20 ms frames ``at`` become those of the voice's frames ``voiced``.
    """
    shape = (framing.n_frames(samples, framing.SHORT), 1 + framing.SHORT_FFT // 2)
    spectrum = framing.transform(
        samples,
        framing.SHORT,
        framing.hamming(),
        framing.SHORT_FFT,
        scratch("short", shape, np.complex64),
    )
    taps = lpc.predictor(lpc.resampled(spectrum[at], convention))
    centre, width = lpc.formants(taps, convention)
    voice.values[voiced[:, None], _FORMANTS] = centre
    voice.values[voiced[:, None], _WIDTHS] = width
    power = framing.power_of(spectrum, scratch("power", shape, np.float32))
    return _spectral(power), _energies(samples)


def _energies(samples: Floats) -> Floats:
    """Return the energy of each 20 ms frame."""
    blocks = framed(samples, framing.SHORT, framing.HOP)
    return np.asarray(np.einsum("tk,tk->t", blocks, blocks))


def _spectral(power: Floats) -> Floats:
    bands = loudness.mel_power(power)
    columns = (
        loudness.loudness(bands),
        spectral.alpha_ratio(power),
        spectral.hammarberg_index(power),
        *spectral.slopes(power),
        spectral.spectral_flux(np.sqrt(power)),
    )
    return np.column_stack((*columns, loudness.mfcc(bands)))


@dataclass(frozen=True)
class _Voice:
    """The columns of the voice, and the magnitudes of its voiced 60 ms frames."""

    values: Floats
    magnitude: Floats


def _voice(samples: Floats) -> tuple[NDArray[np.float64], _Voice]:
    """Pitch, and what follows from it without the 20 ms frames.

    The spectra of unvoiced frames end with this function: large arrays that live together cost
    more in page faults than their arithmetic.
    """
    sounding, candidates, magnitude = _candidates(samples)
    hertz = np.where(sounding, tracking.track(*candidates), 0.0)
    voiced = hertz > 0
    values = np.zeros((len(hertz), len(VOICE)), np.float32)
    values[:, 0] = tracking.semitones(hertz)
    values[:, 1], values[:, 2] = periods.jitter_and_shimmer(samples, hertz)
    voice = _Voice(values, magnitude[voiced])
    _add_noise_ratio(voice, hertz)
    return hertz, voice


def _candidates(
    samples: Floats,
) -> tuple[NDArray[np.bool_], tuple[NDArray[np.float64], NDArray[np.float64]], Floats]:
    """Return which 60 ms frames sound, their candidates of pitch, and their spectra, in scratch."""
    shape = (framing.n_frames(samples, framing.LONG), 1 + framing.LONG_FFT // 2)
    power = framing.transformed_power(
        samples,
        framing.LONG,
        framing.gauss(),
        framing.LONG_FFT,
        scratch("long", shape, np.float32),
    )
    # Parseval: the energy of the weighted frame from its spectrum.
    energy = 2 * power.sum(axis=1) - power[:, 0] - power[:, -1]
    magnitude = np.sqrt(power, out=power)
    sounding = np.sqrt(energy / (framing.LONG * framing.LONG_FFT)) > tracking.MIN_RMS
    # Silence decides nothing about the path unless sound is near.
    near = np.convolve(sounding, np.ones(2 * _NEAR + 1))[_NEAR:-_NEAR] > 0.5
    candidates = pitch.pitch_candidates(
        pitch.subharmonic_sums(magnitude, ~near, scratch("sums", shape, np.float32))
    )
    return sounding, candidates, magnitude


def _pitch_in_blocks(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Return the fundamental frequency of each 60 ms frame of a long signal; 0 where unvoiced."""
    frames = 1 + (len(samples) - framing.LONG) // framing.HOP
    sounding = np.empty(frames, np.bool_)
    shape = frames, pitch.CANDIDATES
    hertz, voicing = contour_array(shape, np.float64), contour_array(shape, np.float64)
    for block in frame_blocks(frames, framing.HOP, framing.LONG, _NEAR):
        sounds, (frequency, probability), _ = _candidates(_pcm(samples, block))
        sounding[block.frames] = sounds[block.inside]
        hertz[block.frames] = frequency[block.inside]
        voicing[block.frames] = probability[block.inside]
    return np.where(sounding, tracking.track(hertz, voicing), 0.0)


def _pcm(samples: NDArray[Any], block: FrameBlock) -> Floats:
    return framing.as_pcm(samples[block.samples])


def _magnitude(samples: Floats, at: NDArray[np.int64]) -> Floats:
    """Return the spectra of chosen 60 ms frames."""
    if not len(at):
        return np.zeros((0, 1 + framing.LONG_FFT // 2), np.float32)
    power = framing.transformed_power(
        samples, framing.LONG, framing.gauss(), framing.LONG_FFT, at=at
    )
    return np.sqrt(power, out=power)


def _add_noise_ratio(voice: _Voice, hertz: NDArray[np.float64]) -> None:
    voiced = hertz > 0
    voice.values[voiced, 3] = harmonics.harmonics_to_noise(voice.magnitude**2, hertz[voiced])


def _relate(voice: _Voice, hertz: NDArray[np.float64]) -> None:
    """Fill in the levels of harmonics and formants."""
    at = np.flatnonzero(hertz > 0)
    centre = voice.values[at[:, None], _FORMANTS]
    first, second, levels = harmonics.harmonic_levels(voice.magnitude, hertz[at], centre)
    voice.values[at, 4], voice.values[at, 5] = first, second
    voice.values[:, _LEVELS] = harmonics.NO_LEVEL
    voice.values[at[:, None], _LEVELS] = levels
