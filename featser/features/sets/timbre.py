"""Timbre: the shape of the spectrum and the balance of the harmonics in voiced frames."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.blocks import by_rows_of
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.functionals import functional_names
from featser.features.lowlevel.spectral_shape import SHAPE, shape
from featser.features.lowlevel.spectrum import spectrum_of
from featser.features.sets.gemaps_contours import functionals_of_voiced
from featser.features.sets.gemaps_set import refuse_short

if TYPE_CHECKING:
    from featser.features.gemaps.phonation import Harmonics

PRESET = "standard"

HARMONIC = (
    *("tristimulus_1", "tristimulus_2", "tristimulus_3"),
    *("odd_even", "inharmonicity", "harmonic_irregularity", "harmonic_centroid"),
)
"""Contours of the first 20 harmonics."""

# A 60 ms frame of pitch is centred three hops after the spectrum's frame of the same number.
_LATER = 3

_LEAST = 1e-3
_ODD_EVEN_DB = 40.0


class Timbre(Extractor):
    """Shape of the spectrum and balance of the harmonics, with 14 functionals over voiced frames.

    The contours of ``shape``, of the 25 ms frames that ``handcrafted``
    uses too; and of the first 20 harmonics of the 60 ms frames of ``gemaps``
    (:func:`harmonic_balance`). All are independent of the level of the recording, as far as
    quiet bins stay above −100 dB.

    Sources: G. Peeters et al., "The Timbre Toolbox", J. Acoust. Soc. Am. 130(5), 2011 (moments,
    decrease, crest, tristimulus, odd to even ratio, inharmonicity); J. Krimphoff, S. McAdams and
    S. Winsberg, J. Phys. IV 4, 1994, and K. Jensen, PhD thesis, Copenhagen 1999 (irregularity);
    H. F. Pollard and E. V. Jansson, Acustica 51, 1982 (tristimulus).
    """

    version: ClassVar[int] = 1
    in_blocks = True
    libraries: ClassVar[tuple[str, ...]] = ("numba", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "timbre"
        self.rate = RATE
        self.cost_ms = 8.2
        self.units = "octaves, dB, dB/kHz, dB/octave, ratios, and these per s and per frame"
        self.description = "spectral shape and balance of harmonics over voiced frames"

    @property
    def params(self) -> dict[str, Any]:
        """The contours, their functionals, and the frames of the spectrum."""
        return {
            "contours": [*SHAPE, *HARMONIC],
            "functionals": PRESET,
            "n_fft": DEFAULT.n_fft,
            "hop_length": DEFAULT.hop_length,
            "win_length": DEFAULT.win_length,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the set."""
        return ("spectral", "harmonics")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Contour and functional, such as ``timbre.entropy.q25``."""
        return functional_names((f"timbre.{name}" for name in (*SHAPE, *HARMONIC)), PRESET)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the values; all NaN without voiced frames, deltas with fewer than nine.

        Raises
        ------
        UnusableAudio
            If the signal is shorter than 60 ms.
        FeatureError
            If the signal has another rate.
        """
        self._check_rate(signal)
        refuse_short(signal, self.name)
        from featser.features.gemaps.gemaps_descriptors import FRAME_RATE, contours_of
        from featser.features.gemaps.phonation import voiced_harmonics

        contours = contours_of(signal)
        voiced = np.flatnonzero(contours.voiced)
        balance = [balance_of(part) for part in voiced_harmonics(signal).parts()]
        contours_of_kinds = (
            spectrum_of(signal).at(shape, voiced + _LATER),
            balance[0] if len(balance) == 1 else np.hstack(balance),
        )
        values = by_rows_of(
            lambda rows: functionals_of_voiced(rows, FRAME_RATE, PRESET), contours_of_kinds
        )
        return values.ravel()


def harmonic_balance(magnitude: Floats, hertz: NDArray[np.float64]) -> Floats:
    """Contours of the first 20 harmonics below 7.9 kHz, with ``p`` the power of each.

    - ``tristimulus_1`` to ``3``: parts of the power in the first, the second to fourth, and the
      higher harmonics, in dB, −30 at least;
    - ``odd_even``: power of harmonics 3, 5, … over that of 2, 4, … in dB, −40 to 40;
    - ``inharmonicity``: mean distance of the peaks from the multiples of the fundamental, over
      the fundamental, weighted by power;
    - ``harmonic_irregularity``: ``Σ (a[n] − a[n+1])² / Σ a[n]²`` of the amplitudes (Jensen);
    - ``harmonic_centroid``: natural logarithm of the mean number of the harmonic, weighted by
      power.

    Parameters
    ----------
    magnitude : ndarray, shape (frames, 513)
        Of the voiced 60 ms frames' spectrum.
    hertz : ndarray, shape (frames,)
        Their fundamental frequency.

    Returns
    -------
    ndarray, shape (7, frames)
        In the order of :data:`HARMONIC`.
    """
    from featser.features.gemaps.phonation import harmonics_of

    return balance_of(harmonics_of(magnitude, hertz))


def balance_of(harmonics: Harmonics) -> Floats:
    """Return :func:`harmonic_balance` of harmonics that are known, shape (7, frames)."""
    present = np.isfinite(harmonics.level)
    amplitude = np.where(present, 10 ** (np.where(present, harmonics.level, 0.0) / 20), 0.0)
    power = amplitude.astype(np.float64) ** 2
    total = np.maximum(power.sum(axis=1), np.finfo(float).tiny)
    share = power / total[:, None]
    parts = (share[:, 0], share[:, 1:4].sum(axis=1), share[:, 4:].sum(axis=1))
    odd, even = share[:, 2::2].sum(axis=1), share[:, 1::2].sum(axis=1)
    tiny = np.finfo(float).tiny
    balance = 10 * (np.log10(np.maximum(odd, tiny)) - np.log10(np.maximum(even, tiny)))
    distance = np.where(present, np.abs(harmonics.deviation), 0.0)
    rows = (
        *(10 * np.log10(np.maximum(part, _LEAST)) for part in parts),
        np.clip(balance, -_ODD_EVEN_DB, _ODD_EVEN_DB),
        np.sum(distance * share, axis=1),
        np.sum(np.diff(amplitude, axis=1) ** 2, axis=1) / total,
        np.log(np.sum(share * np.arange(1, share.shape[1] + 1), axis=1)),
    )
    return np.array(rows, np.float32)
