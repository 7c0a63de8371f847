"""Low-level descriptors: one value, or one vector, for each frame of a spectrum.

Each is a function of a ``Spectrum`` and returns float32 of shape
``(frames,)``, or ``(size, frames)`` where a frame has several values. What librosa also has, has
librosa's values at the same settings, its values for silent frames included; flux and slope are
defined here. Differences on speech stay below 1e-5 of the value, or, where values may be near
zero (MFCC and deltas; levels and contrast in dB), below 1e-5 of the descriptor's range.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from featser.errors import FeatureError
from featser.features.lowlevel.blocks import contour_array
from featser.features.lowlevel.filterbanks import N_MELS, frequencies
from featser.features.lowlevel.frame_settings import Floats, FrameSettings
from featser.features.lowlevel.frames import scratch
from featser.features.lowlevel.spectrum import AMIN, Spectrum, decibels, framewise

N_MFCC = 20
DELTA_WIDTH = 9
ROLL_PERCENT = 0.85
_ROLL_STEP = 16
CONTRAST_FMIN = 200.0
CONTRAST_BANDS = 6
CONTRAST_QUANTILE = 0.02


def mfcc(spectrum: Spectrum) -> Floats:
    """Mel-frequency cepstral coefficients 0–19, in dB, shape (20, frames).

    Orthonormal DCT-II of :func:`logmel`. Source: Davis & Mermelstein, IEEE TASSP 28(4), 1980;
    ``librosa.feature.mfcc(n_mfcc=20, n_mels=40)``.
    """
    levels = spectrum.mel_db
    coefficients: Floats = contour_array((N_MFCC, levels.shape[1]))
    return np.matmul(_dct(N_MFCC, N_MELS), levels, out=coefficients)


def mel(spectrum: Spectrum) -> Floats:
    """Power in 40 mel bands of equal area from 0 Hz to half the rate, shape (40, frames).

    ``librosa.feature.melspectrogram(n_mels=40)``.
    """
    return spectrum.mel_power


def logmel(spectrum: Spectrum) -> Floats:
    """Power in 40 mel bands in dB re 1, shape (40, frames).

    At least −100 dB and at most 80 dB below the utterance's maximum: ``librosa.power_to_db``.
    """
    return spectrum.mel_db


@framewise
def zcr(spectrum: Spectrum) -> Floats:
    """Zero-crossing rate: sign changes for each sample of the frame, in [0, 1), shape (frames,).

    Beyond its ends the signal keeps its first and last value; |x| ≤ 1e-10 counts as positive:
    ``librosa.feature.zero_crossing_rate(frame_length=win_length)``.
    """
    settings = spectrum.settings
    negative = spectrum.samples < -1e-10
    # Crossing i lies between samples i and i+1: a frame holds those that start and end in it.
    crossings = np.flatnonzero(negative[1:] != negative[:-1])
    first = np.arange(spectrum.n_frames) * settings.hop_length - settings.win_length // 2
    last = first + settings.win_length - 1
    counts = np.searchsorted(crossings, last) - np.searchsorted(crossings, first)
    return (counts / settings.win_length).astype(np.float32)


@framewise
def rms(spectrum: Spectrum) -> Floats:
    """Root of the mean squared sample under the (rectangular) window, shape (frames,).

    ``librosa.feature.rms(y=y, frame_length=win_length)``.

    Examples
    --------
    >>> import numpy as np
    >>> from featser.audio import Signal
    >>> from featser.features.lowlevel.spectrum import spectrum_of
    >>> tone = np.sin(np.arange(16000) * 0.2).astype(np.float32)
    >>> round(float(np.median(rms(spectrum_of(Signal(tone, 16000))))), 2)
    0.71
    """
    frames = spectrum.frames
    energy = np.einsum("tn,tn->t", frames, frames)
    result: Floats = np.sqrt(energy / np.float32(spectrum.settings.win_length))
    return result


def chroma(spectrum: Spectrum) -> Floats:
    """Power in the twelve pitch classes C … B over the greatest of them, shape (12, frames).

    ``librosa.feature.chroma_stft(tuning=0)``: in [0, 1]; 0 in a silent frame. The tuning is
    fixed at A4 = 440 Hz: speech has none to estimate.
    """
    peak = spectrum.chroma_power.max(axis=0)
    peak[peak < np.finfo(np.float32).tiny] = 1
    result: Floats = spectrum.chroma_power / peak
    return result


@framewise
def centroid(spectrum: Spectrum) -> Floats:
    """Mean frequency, weighted by magnitude, in Hz; 0 in a silent frame; shape (frames,).

    ``librosa.feature.spectral_centroid``.
    """
    moment = spectrum.magnitude @ frequencies(spectrum.settings)
    result: Floats = moment / spectrum.total
    return result


@framewise
def bandwidth(spectrum: Spectrum) -> Floats:
    """Spread around the centroid (standard deviation), in Hz, shape (frames,).

    Weighted by magnitude; 0 in a silent frame: ``librosa.feature.spectral_bandwidth``.
    """
    # About the centroid, not as a difference of moments, which cancels for a pure tone.
    deviation = scratch("bins", spectrum.power.shape)
    np.subtract(frequencies(spectrum.settings), centroid(spectrum)[:, None], out=deviation)
    np.square(deviation, out=deviation)
    moment = np.einsum("tf,tf->t", deviation, spectrum.magnitude)
    result: Floats = np.sqrt(moment / spectrum.total)
    return result


@framewise
def rolloff(spectrum: Spectrum) -> Floats:
    """Lowest frequency, in Hz, below which 85 % of the magnitude lies; shape (frames,).

    0 in a silent frame: ``librosa.feature.spectral_rolloff``. It is a bin's frequency: where the
    running sum meets the 85 % within the last bits of float32, it may be a bin beside librosa's.
    """
    magnitude = spectrum.magnitude
    frames, bins = magnitude.shape
    row = np.arange(frames)
    # Sums of 16 bins show in which sixteen the 85 % are reached; only those are searched.
    part = np.add.reduceat(magnitude, np.arange(0, bins, _ROLL_STEP), axis=1)
    running = np.cumsum(part, axis=1)
    threshold = np.float32(ROLL_PERCENT) * running[:, -1]
    step = np.argmax(running >= threshold[:, None], axis=1)
    inside = np.minimum(step[:, None] * _ROLL_STEP + np.arange(_ROLL_STEP), bins - 1)
    running_inside = np.cumsum(magnitude[row[:, None], inside], axis=1)
    running_inside += (running[row, step] - part[row, step])[:, None]
    met = running_inside >= threshold[:, None]
    # What rounding leaves unmet at the end of the sixteen is met there.
    met[:, -1] = True
    first = inside[row, np.argmax(met, axis=1)]
    result: Floats = frequencies(spectrum.settings)[first]
    return result


def contrast(spectrum: Spectrum) -> Floats:
    """Level of the peaks over the valleys in seven bands, in dB, shape (7, frames).

    Bands 0–200, 200–400, …, 3200–6400 Hz and above; peak and valley are the means of the greatest
    and least 2 % of the magnitudes (one bin or more), each in dB like :func:`logmel`. 0 in
    a silent frame. Source: Jiang et al., ICME 2002; ``librosa.feature.spectral_contrast``.
    """
    peak, valley = np.split(peaks_and_valleys(spectrum), 2)
    return decibels(peak) - decibels(valley)


@framewise
def peaks_and_valleys(spectrum: Spectrum) -> Floats:
    """Magnitude of the peaks in the bands of :func:`contrast`, and of the valleys; (14, frames)."""
    magnitude = spectrum.magnitude
    bands = contrast_bands(spectrum.settings)
    marks, every = [start for start, _, _ in bands], 1
    if any(stop != start for (_, stop, _), (start, _, _) in pairwise(bands)):
        # Bands that overlap in a bin: of the segments a₀ b₀ a₁ b₁ … every second one is a band.
        marks, every = [mark for start, stop, _ in bands for mark in (start, stop)][:-1], 2
    valley = np.minimum.reduceat(magnitude, marks, axis=1)[:, ::every].T
    peak = np.maximum.reduceat(magnitude, marks, axis=1)[:, ::every].T
    for band, (start, stop, count) in enumerate(bands):
        if count > 1:
            # numpy's vectorised sort of a short row is faster than its partition.
            ordered = scratch("bins", (len(magnitude), stop - start))
            ordered[...] = magnitude[:, start:stop]
            ordered.sort(axis=1)
            valley[band] = ordered[:, :count].mean(axis=1)
            peak[band] = ordered[:, -count:].mean(axis=1)
    return np.concatenate((peak, valley))


@framewise
def flatness(spectrum: Spectrum) -> Floats:
    """Geometric over arithmetic mean of the power, in (0, 1]; 1 in a silent frame; (frames,).

    Powers below 1e-10 count as 1e-10: ``librosa.feature.spectral_flatness``.
    """
    power = _floored_power(spectrum)
    arithmetic = power.mean(axis=1)
    geometric = np.exp(np.log(power, out=power).mean(axis=1))
    return np.asarray(geometric / arithmetic, np.float32)


@framewise
def flux(spectrum: Spectrum) -> Floats:
    """Euclidean distance between a frame's spectrum and the one before, in [0, √2]; (frames,).

    ``F[t] = ‖N[t] − N[t−1]‖₂`` with ``N`` the magnitudes divided by their sum, hence independent
    of loudness. The first frame has none before it and takes the second's value; a signal of one
    frame has NaN. Source: Scheirer & Slaney, ICASSP 1997 (2-norm of the frame-to-frame
    difference); Tzanetakis & Cook, IEEE TSAP 10(5), 2002 (normalised magnitudes).
    """
    shares = scratch("bins", spectrum.power.shape)
    np.divide(spectrum.magnitude, spectrum.total[:, None], out=shares)
    change = scratch("change", (len(shares) - 1, shares.shape[1]))
    np.subtract(shares[1:], shares[:-1], out=change)
    result = np.full(spectrum.n_frames, np.nan, np.float32)
    if len(change):
        np.sqrt(np.einsum("tf,tf->t", change, change), out=result[1:])
        result[0] = result[1]
    return result


@framewise
def slope(spectrum: Spectrum) -> Floats:
    """Slope of the line fitted to the power spectrum in dB over frequency, in dB/kHz; (frames,).

    Least squares over all bins; powers below 1e-10 count as 1e-10, so a silent frame has 0.
    Source: the spectral slope of Eyben et al. (GeMAPS), IEEE TAFFC 7(2), 2016, over the whole
    band instead of its parts.
    """
    kilohertz = frequencies(spectrum.settings) / 1000
    centred = kilohertz - kilohertz.mean()
    weights = centred * (10 / np.log(10) / np.sum(centred**2))
    # The weights sum to zero but for rounding: a level subtracted first keeps silence at 0.
    level = _floored_power(spectrum)
    np.log(level, out=level)
    level -= level[:, :1].copy()
    return np.asarray(level @ weights.astype(np.float32), np.float32)


def _floored_power(spectrum: Spectrum) -> Floats:
    """Power, 1e-10 where it is less, in scratch; shape (frames, bins)."""
    floored: Floats = scratch("bins", spectrum.power.shape)
    return np.maximum(spectrum.power, np.float32(AMIN), out=floored)


def delta(values: Floats) -> Floats:
    """Local slope of contours over 9 frames, per frame, the same shape.

    ``Δ[t] = Σ i (x[t+i] − x[t−i]) / 2 Σ i²``, i = 1 … 4; the four frames at each end take the
    slope of the nine frames there: ``librosa.feature.delta(values)``. NaN where there are fewer
    than nine frames. Source: Furui, IEEE TASSP 34(1), 1986.

    Parameters
    ----------
    values : ndarray of float32, shape (..., frames)
        The contours.

    Examples
    --------
    >>> import numpy as np
    >>> delta(np.arange(10, dtype=np.float32)[None]).round(3)[0, :3].tolist()
    [1.0, 1.0, 1.0]
    """
    half = DELTA_WIDTH // 2
    frames = values.shape[-1]
    result = np.full(values.shape, np.nan, np.float32)
    if frames < DELTA_WIDTH:
        return result
    inner = result[..., half : frames - half]
    inner[...] = 0
    for lag in range(1, half + 1):
        ahead = values[..., half + lag : frames - half + lag]
        behind = values[..., half - lag : frames - half - lag]
        inner += np.float32(lag) * (ahead - behind)
    inner /= 2 * sum(lag**2 for lag in range(1, half + 1))
    result[..., :half] = inner[..., :1]
    result[..., frames - half :] = inner[..., -1:]
    return result


@lru_cache(maxsize=8)
def contrast_bands(settings: FrameSettings) -> tuple[tuple[int, int, int], ...]:
    """First bin, bin after the last, and number of bins in the 2 % tails, of each contrast band.

    Raises
    ------
    FeatureError
        If the rate is too low for the highest band.
    """
    top = CONTRAST_FMIN * 2 ** (CONTRAST_BANDS - 1)
    if top >= settings.rate / 2:
        raise FeatureError(
            f"spectral contrast needs more than {2 * top:g} samples per second, "
            f"the frame settings have rate={settings.rate}"
        )
    hertz = np.fft.rfftfreq(settings.n_fft, 1 / settings.rate)
    edges = [0.0, *(CONTRAST_FMIN * 2.0**octave for octave in range(CONTRAST_BANDS + 1))]
    bands = []
    for band in range(CONTRAST_BANDS + 1):
        inside = np.flatnonzero((hertz >= edges[band]) & (hertz <= edges[band + 1]))
        first = int(inside[0]) - (band > 0)
        last = settings.bins - 1 if band == CONTRAST_BANDS else int(inside[-1])
        # librosa counts the bins before it drops the last one of all bands but the highest.
        count = max(1, round(CONTRAST_QUANTILE * (last + 1 - first)))
        bands.append((first, last + (band == CONTRAST_BANDS), count))
    return tuple(bands)


@lru_cache(maxsize=8)
def _dct(n_out: int, n_in: int) -> Floats:
    """First rows of the orthonormal DCT-II as a matrix, shape (n_out, n_in)."""
    index = np.arange(n_out)[:, None]
    basis = np.cos(np.pi * index * (np.arange(n_in) + 0.5) / n_in) * np.sqrt(2 / n_in)
    basis[0] /= np.sqrt(2)
    result: Floats = basis.astype(np.float32)
    result.setflags(write=False)
    return result
