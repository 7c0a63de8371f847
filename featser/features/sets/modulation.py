r"""Modulation spectrum: how fast the level of each frequency band comes and goes.

Syllables modulate speech at 2 to 8 times a second, tremor and roughness faster, phrases more
slowly; how the power of modulation is spread over these rates changes with arousal and tempo.
Sources: Houtgast & Steeneken, JASA 77(3), 1985; Wu, Falk & Chan, Automatic speech emotion
recognition using modulation spectral features, Speech Communication 53(5), 2011. Here the
trajectories are levels in dB, so that gain changes nothing, and their spectrum is one periodogram
over the whole utterance.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.blocks import by_rows
from featser.features.lowlevel.contours import band_levels
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.spectrum import decibels, spectrum_of

N_BANDS = 20
"""Acoustic bands: neighbours of the 40 mel bands by twos."""

EDGES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Limits of the modulation bands in Hz: octaves."""

SUMMARIES = ("centroid", "spread", "power")

# dB²: what is constant has this power, so that logarithms stay finite.
_LEAST_POWER = 1e-3
_LEAST_FFT = 512


class Modulation(Extractor):
    r"""Shares of six octaves of modulation, 0.5 to 32 Hz, in the level of 20 mel bands.

    For each band's level :math:`x_t` in dB, its mean removed: the periodogram
    :math:`P(f) = 2 |X(f)|^2 / (n T)` of an FFT of :math:`n` points over :math:`T` frames, 100 a
    second. Values: ``10 log10`` of each octave's sum over the sum of all six, in dB; the mean and
    the standard deviation of :math:`\log_2 f` weighted by :math:`P`, in octaves re 1 Hz; ``10
    log10`` of the sum of all six, in dB re 1 dB².
    """

    version: ClassVar[int] = 1
    in_blocks = True

    def __init__(self) -> None:
        self.name = "modulation"
        self.rate = DEFAULT.rate
        self.cost_ms = 1.2
        self.units = "dB, octaves"
        self.description = "modulation spectrum of 20 mel bands' levels, 0.5 to 32 Hz"

    @property
    def params(self) -> dict[str, Any]:
        """Bands of frequency and of modulation, and frame settings."""
        return {
            "bands": N_BANDS,
            "edges": list(EDGES),
            "n_fft": DEFAULT.n_fft,
            "hop_length": DEFAULT.hop_length,
            "win_length": DEFAULT.win_length,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor."""
        return ("modulation",)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Band and octave, such as ``modulation.band_03.4-8Hz``, or summary."""
        octaves = [f"{low:g}-{high:g}Hz" for low, high in pairwise(EDGES)]
        what = (*octaves, *SUMMARIES)
        return tuple(f"modulation.band_{band:02}.{one}" for band in range(N_BANDS) for one in what)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 180 values.

        NaN, of the shares, in octaves whose lower limit has no whole period in the signal.
        """
        self._check_rate(signal)
        levels = decibels(band_levels(spectrum_of(signal).mel_power))
        return by_rows(modulation, levels).astype(np.float32).ravel()


def modulation(levels: Floats) -> NDArray[np.float64]:
    """Octave shares and summaries of trajectories.

    Parameters
    ----------
    levels : ndarray, shape (d, frames)
        In dB, 100 frames a second.

    Returns
    -------
    ndarray of float64, shape (d, 9)
        Six shares in dB, then :data:`SUMMARIES`.
    """
    frames = levels.shape[1]
    points = max(_LEAST_FFT, 1 << (frames - 1).bit_length())
    centred = levels.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    rates, member = _octaves(points)
    transform = np.fft.rfft(centred, points, axis=1)[:, rates]
    power = (transform.real**2 + transform.imag**2) * (2 / (points * frames))
    octaves = power @ member + _LEAST_POWER
    total = octaves.sum(axis=1, keepdims=True)
    shares = 10 * np.log10(octaves / total)
    shares[:, frames / DEFAULT.frame_rate * np.array(EDGES[:-1]) < 1] = np.nan
    scale = np.log2(np.fft.rfftfreq(points, 1 / DEFAULT.frame_rate)[rates])
    weight = power + _LEAST_POWER / power.shape[1]
    weight /= weight.sum(axis=1, keepdims=True)
    centroid = weight @ scale
    spread = np.sqrt(np.maximum(weight @ scale**2 - centroid**2, 0))
    return np.column_stack([shares, centroid, spread, 10 * np.log10(total)])


@lru_cache(maxsize=16)
def _octaves(points: int) -> tuple[slice, NDArray[np.float64]]:
    """Bins of the FFT from the first to the last edge, and which octave each is in."""
    hertz = np.fft.rfftfreq(points, 1 / DEFAULT.frame_rate)
    inside = slice(*np.searchsorted(hertz, (EDGES[0], EDGES[-1])))
    octave = np.searchsorted(EDGES, hertz[inside], side="right") - 1
    member: NDArray[np.float64] = np.eye(len(EDGES) - 1)[octave]
    member.setflags(write=False)
    return inside, member
