r"""Random convolution kernels over contours: how often, how far and how long a pattern matches.

Statistics of a contour forget the order of its values. A short kernel that is moved along the
contour responds where a pattern occurs, such as a rise and fall within 100 ms. Many random kernels
together describe a time series as well as trained networks do on small data (Dempster, Petitjean
and Webb 2020, ROCKET; Dempster, Schmidt and Webb 2021, MiniRocket; Tan et al. 2022, MultiRocket).
The kernels here are those of MiniRocket, with nine weights of which three are 2 and six are −1, and
the poolings are those of MultiRocket. Nothing is estimated from a user's data: contours are divided
by their usual spreads, kernels are drawn from a fixed seed, and biases are quantiles of a normal
distribution with the usual spread of the responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import combinations
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, Signal
from featser.features.extractor import Extractor
from featser.features.gemaps.names import SPECTRAL, VOICE
from featser.features.lowlevel.blocks import contour_array
from featser.features.lowlevel.contours import (
    SOUNDING_DB,
    SPREADS,
    TRACK_NAMES,
    band_levels,
    sounding,
    tracks_of,
)
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.spectrum import spectrum_of
from featser.features.sets.gemaps_set import refuse_short
from featser.io.disk_arrays import release_pages

N_BANDS = 20
"""Bands of the log-mel spectrum: neighbours of the 40 by twos, means of their levels in dB."""

BAND_SPREAD_DB = 15.0
SPECTRAL_SPREADS = (0.75, 10.9, 11.0, 0.045, 0.017, 0.56, 14.0, 20.0, 18.6, 20.0)
VOICE_SPREADS = (
    *(7.3, 0.039, 1.4, 3.7, 9.4, 12.5),
    *(277.0, 295.0, 24.0, 286.0, 337.0, 23.5, 286.0, 355.0, 23.0),
)
"""Usual standard deviations of gemaps' contours in speech (of voiced frames for the voice)."""

N_SETS = 3
"""Sets of kernels that are drawn independently; each is a block of features of its own."""

N_GROUPS = 96
"""Groups of kernels in a set: kernels of a group have the same contours and the same dilation."""

N_PATTERNS = 8
"""Kernels in a group."""

LENGTH = 9
DILATIONS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Frames of 10 ms between two weights of a kernel: kernels span 90 ms to 1.3 s."""

SCALES = (2.1, 2.8, 3.2, 3.5, 3.8, 3.8, 4.0, 3.9)
"""Usual standard deviation of the response to one contour, for each dilation.

Rounded medians over recordings of acted speech (German, English, Bangla), as the spreads are. The
responses to n contours, which are added, vary n to the power of 2/3 as much.
"""

MOST_CONTOURS = 4
POOLINGS = ("share", "excess", "position", "stretch")
"""Of the frames whose response exceeds the bias: share of all frames, mean excess, mean position
(from 0, the start, to 1; 0.5 without any), and logarithm of 1 + the longest stretch in frames."""

CONTOURS = (
    *TRACK_NAMES,
    *(f"logmel_{band:02}" for band in range(N_BANDS)),
    *(f"gemaps.{name}" for name in (*SPECTRAL, *VOICE)),
)
"""The contours that kernels draw from: a family first, then one to four of its contours."""

_FAMILIES = (
    range(len(TRACK_NAMES)),
    range(len(TRACK_NAMES), len(TRACK_NAMES) + N_BANDS),
    range(len(TRACK_NAMES) + N_BANDS, len(CONTOURS)),
)
# A 60 ms frame of pitch is centred three hops after the spectrum's frame of the same number.
_LATER = 3
_GOLDEN_RATIO = (np.sqrt(5) - 1) / 2
_TAIL = 0.05


@dataclass(frozen=True, eq=False)
class Kernels:
    """The kernels of one set.

    Attributes
    ----------
    dilation : ndarray of int, shape (groups,)
        Frames between two weights.
    n_contours : ndarray of int, shape (groups,)
        How many contours are added before the kernel is applied.
    contours : ndarray of int, shape (groups, 4)
        Which; only the first ``n_contours`` count.
    twos : ndarray of int, shape (groups, patterns, 3)
        The positions of the three weights of 2 among the nine.
    bias : ndarray of float32, shape (groups, patterns)
        What a response must exceed to be counted.
    """

    dilation: NDArray[np.int64]
    n_contours: NDArray[np.int64]
    contours: NDArray[np.int64]
    twos: NDArray[np.int64]
    bias: Floats


class Rocket(Extractor):
    """Responses of 2,304 random kernels to contours, in three sets, with four poolings each.

    Of the part from the first frame that sounds to the last (``sounding``). Contours: the 21 of
    ``TRACKS``, 20 log-mel bands, and the 25 of ``gemaps``; those of the voice are interpolated
    between voiced frames, and 0 in a recording without any. The weights of a kernel sum to 0, so a
    constant offset of a contour, such as the gain of the recording, changes nothing. Before the
    first frame and after the last, contours continue with their first and last value.
    """

    version: ClassVar[int] = 1
    in_blocks = True
    libraries: ClassVar[tuple[str, ...]] = ("numba", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "rocket"
        self.rate = RATE
        self.cost_ms = 5.0
        self.units = "shares, usual spreads, log of frames"
        self.description = "random convolution kernels over contours: how often and long they match"

    @property
    def params(self) -> dict[str, Any]:
        """Contours, kernels, their draws and the poolings."""
        return {
            "contours": list(CONTOURS),
            "spreads": [float(value) for value in SPREADS],
            "band_spread_db": BAND_SPREAD_DB,
            "gemaps_spreads": [*SPECTRAL_SPREADS, *VOICE_SPREADS],
            "sets": N_SETS,
            "groups": N_GROUPS,
            "patterns": N_PATTERNS,
            "dilations": list(DILATIONS),
            "scales": list(SCALES),
            "poolings": list(POOLINGS),
            "sounding_db": SOUNDING_DB,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor that the kernels are applied to."""
        return (
            *("mfcc", "rms", "spectral", "zcr", "logmel"),
            *("f0", "loudness", "formants", "voice quality"),
        )

    @property
    def blocks(self) -> tuple[int, ...]:
        """Each set of kernels is a block."""
        return (self.dimension // N_SETS,) * N_SETS

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Set, group, dilation, positions of the twos, pooling: ``rocket.0.17.d8.025.share``."""
        return _names()

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 9,216 values; none is undefined.

        Raises
        ------
        UnusableAudio
            If the signal is shorter than 60 ms.
        FeatureError
            If the signal has another rate.
        """
        self._check_rate(signal)
        refuse_short(signal, self.name)
        contours = scaled_contours(signal)
        return np.concatenate(
            [responses(contours, kernels_of(number)).ravel() for number in range(N_SETS)]
        )


def scaled_contours(signal: Signal) -> Floats:
    """Return the contours between the first and the last frame that sounds, in usual spreads.

    Returns
    -------
    ndarray of float32, shape (66, frames)
        Rows in the order of :data:`CONTOURS`.
    """
    from featser.features.gemaps.gemaps_descriptors import contours_of
    from featser.features.gemaps.gemaps_functionals import smoothed, smoothed_where_present

    tracks = tracks_of(signal)
    sounding_frames = np.flatnonzero(sounding(tracks))
    inside = slice(sounding_frames[0], sounding_frames[-1] + 1)
    gemaps = contours_of(signal)
    rows = contour_array((len(CONTOURS), inside.stop - inside.start))
    first, second, third, fourth = np.split(rows, np.cumsum(_COUNTS)[:-1])
    _divide(tracks[:, inside], SPREADS, first)
    levels = band_levels(spectrum_of(signal).mel_db)
    _divide(levels[:, inside], np.full(N_BANDS, BAND_SPREAD_DB), second)
    at = np.arange(inside.start, inside.stop)
    spectral = smoothed(gemaps.spectral).T
    _divide(spectral[:, np.clip(at, 0, spectral.shape[1] - 1)], SPECTRAL_SPREADS, third)
    voice = smoothed_where_present(gemaps.voice).T
    at = np.clip(at - _LATER, 0, voice.shape[1] - 1)
    for values, spread, row in zip(voice, VOICE_SPREADS, fourth, strict=True):
        row[:] = _interpolated(values, gemaps.voiced)[at] / np.float32(spread)
    release_pages()
    return rows


_COUNTS = (len(TRACK_NAMES), N_BANDS, len(SPECTRAL), len(VOICE))


def _divide(contours: Floats, spreads: Sequence[float] | NDArray[Any], out: Floats) -> None:
    np.divide(contours, np.asarray(spreads, np.float32)[:, None], out=out)
    release_pages()


def _interpolated(values: Floats, voiced: NDArray[np.bool_]) -> Floats:
    """Fill unvoiced frames from the voiced ones around them; zeros without voiced frames."""
    voiced_frames = np.flatnonzero(voiced)
    if not len(voiced_frames):
        return np.zeros_like(values)
    course = np.interp(np.arange(len(voiced)), voiced_frames, values[voiced_frames])
    return np.asarray(course, np.float32)


@lru_cache(maxsize=N_SETS)
def kernels_of(number: int) -> Kernels:
    """Draw the kernels of a set: the same in every process.

    Parameters
    ----------
    number : int
        The set, from 0; it seeds the draws.

    Examples
    --------
    >>> kernels_of(0).twos.shape
    (96, 8, 3)
    """
    random = np.random.default_rng(number)
    every = np.array(list(combinations(range(LENGTH), 3)))
    which = np.arange(N_GROUPS) % len(DILATIONS)
    n_contours = random.integers(1, MOST_CONTOURS + 1, N_GROUPS)
    contours = np.zeros((N_GROUPS, MOST_CONTOURS), np.int64)
    for group, count in enumerate(n_contours):
        family = _FAMILIES[random.integers(len(_FAMILIES))]
        contours[group, :count] = random.choice(family, count, replace=False)
    twos = np.array(
        [every[random.choice(len(every), N_PATTERNS, replace=False)] for _ in range(N_GROUPS)]
    )
    # Multiples of the golden ratio fill the quantiles evenly, however many kernels there are.
    quantile = _TAIL + (1 - 2 * _TAIL) * (
        np.arange(1, N_GROUPS * N_PATTERNS + 1) * _GOLDEN_RATIO % 1
    )
    normal = np.array([NormalDist().inv_cdf(one) for one in quantile])
    scale = np.array(SCALES)[which] * n_contours ** (2 / 3)
    bias = normal.reshape(N_GROUPS, N_PATTERNS) * scale[:, None]
    return Kernels(np.array(DILATIONS)[which], n_contours, contours, twos, bias.astype(np.float32))


def responses(contours: Floats, kernels: Kernels) -> Floats:
    """Apply kernels to contours and pool what exceeds their biases.

    Parameters
    ----------
    contours : ndarray of float32, shape (66, frames)
        As :func:`scaled_contours` returns them.
    kernels : Kernels
        One set.

    Returns
    -------
    ndarray of float32, shape (groups, patterns, 4)
        :data:`POOLINGS` of each kernel.
    """
    from featser.features.lowlevel.convolution import pooled_responses

    pooled: Floats = pooled_responses(
        contours,
        kernels.dilation,
        kernels.n_contours,
        kernels.contours,
        kernels.twos,
        kernels.bias,
    )
    return pooled


@cache
def _names() -> tuple[str, ...]:
    """Return the names of the values, which are the same for every instance: there are many."""
    return tuple(
        f"rocket.{number}.{group}.d{step}.{''.join(map(str, twos))}.{pooling}"
        for number in range(N_SETS)
        for kernels in [kernels_of(number)]
        for group, step in enumerate(kernels.dilation.tolist())
        for twos in kernels.twos[group].tolist()
        for pooling in POOLINGS
    )
