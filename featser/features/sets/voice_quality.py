"""The voice: the course of its pitch, and how its quality moves with time, pitch and loudness."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, Signal
from featser.features.extractor import Extractor
from featser.features.gemaps.intonation import NAMES, intonation
from featser.features.gemaps.names import SPECTRAL, VOICE
from featser.features.lowlevel.blocks import by_rows, stacked
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.functionals import functional_names
from featser.features.sets.gemaps_contours import functionals_of_voiced
from featser.features.sets.gemaps_set import refuse_short

PRESET = "standard"
MIN_FRAMES = 9
"""The least number of voiced frames that are divided into thirds and related to one another."""

FURTHER = ("cpp", "H1-H2", "H1-H4", "tilt", "dispersion", "F2/F1", "F3/F2")
CONTOURS = (*VOICE, *FURTHER, *SPECTRAL)
"""The contours over voiced frames that are contrasted and correlated."""

_PITCH = CONTOURS.index("F0semitoneFrom27.5Hz")
_LOUDNESS = CONTOURS.index("Loudness")
_FORMANTS = [VOICE.index(f"F{n}frequency") for n in (1, 2, 3)]
_LEAST_HZ = 50.0

_CONTRASTS = ("middle-start", "end-middle", "end-start")
_WITH_PITCH = tuple(name for name in CONTOURS if name != CONTOURS[_PITCH])
_WITH_LOUDNESS = tuple(name for name in (*VOICE[1:], *FURTHER))


class Voice(Extractor):
    """Statistics over voiced frames beyond those of eGeMAPS.

    Of four kinds:

    - the course of the fundamental frequency (``intonation``);
    - 14 functionals (``PRESETS``, ``standard``) of contours
      that eGeMAPS has not: cepstral peak prominence ``cpp`` and, in dB, ``H1-H2`` and ``H1-H4``,
      the level of the fundamental over the second and the fourth harmonic (in ``gemaps`` the name
      counts from 0), ``tilt``, the slope of the first eight harmonics in dB per octave;
      ``dispersion``, half the distance of formants 1 and 3 in Hz, ``F2/F1`` and ``F3/F2`` in
      octaves;
    - of these and the 25 of ``gemaps``: differences between the means of the first, second and
      last third of the voiced frames, and between the loudest and the softest third (``loud``:
      the mean of the loudest);
    - Pearson's correlation of these with pitch, and of those of the voice with loudness.

    Sources: Hillenbrand et al. 1994 (CPP); H. M. Hanson, J. Acoust. Soc. Am. 101(1), 1997
    (harmonics); W. T. Fitch, J. Acoust. Soc. Am. 102(2), 1997 (dispersion: the mean distance of
    neighbouring formants). Formants are those of ``gemaps``, its departures from the truth
    included; one below 50 Hz counts as 50 Hz in the octaves. Computed on the same
    :class:`~featser.audio.Signal` as ``gemaps``, it shares the contours.
    """

    version: ClassVar[int] = 1
    in_blocks = True
    libraries: ClassVar[tuple[str, ...]] = ("numba", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "voice"
        self.rate = RATE
        self.cost_ms = 7.6
        self.units = "semitones, dB, Hz, octaves, ratios, 1/s"
        self.description = "course of pitch; voice quality in time, with pitch and with loudness"

    @property
    def params(self) -> dict[str, Any]:
        """The contours and their functionals."""
        return {"contours": list(CONTOURS), "functionals": PRESET, "formants": "reference"}

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the set."""
        return ("f0", "voice quality", "formants", "spectral")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names such as ``voice.f0.range_90``, ``voice.cpp.q75``, ``voice.tilt.loud-soft``."""
        parts = (
            *(f"f0.{name}" for name in NAMES),
            *functional_names(FURTHER, PRESET),
            *(f"{name}.{contrast}" for contrast in _CONTRASTS for name in CONTOURS),
            *(f"{name}.loud-soft" for name in CONTOURS),
            *(f"{name}.loud" for name in CONTOURS),
            *(f"{name}.with_f0" for name in _WITH_PITCH),
            *(f"{name}.with_loudness" for name in _WITH_LOUDNESS),
        )
        return tuple(f"voice.{part}" for part in parts)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the values.

        All are NaN without voiced frames; of F0 for fewer than five, contrasts and correlations
        for fewer than nine; a correlation with a constant is NaN.

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

        contours = contours_of(signal)
        values = voiced_contours(signal)
        course = intonation(values[_PITCH].astype(np.float64), contours.voiced)
        further = values[len(VOICE) : len(VOICE) + len(FURTHER)]
        return np.concatenate(
            [
                np.array([course[name] for name in NAMES]),
                functionals_of_voiced(further, FRAME_RATE, PRESET).ravel(),
                *_relations(values),
            ]
        ).astype(np.float32)


def voiced_contours(signal: Signal) -> Floats:
    """Return :data:`CONTOURS` of the signal's voiced frames, shape (32, voiced frames)."""
    from featser.features.gemaps.gemaps_descriptors import contours_of
    from featser.features.gemaps.gemaps_functionals import smoothed, smoothed_where_present
    from featser.features.gemaps.phonation import (
        cepstral_prominence,
        harmonic_tilt,
        voiced_harmonics,
    )

    contours = contours_of(signal)
    voiced = contours.voiced
    voice = smoothed_where_present(contours.voice)[voiced].T
    level = voiced_harmonics(signal).level
    formants = voice[_FORMANTS]
    octaves = np.diff(np.log2(np.maximum(formants, np.float32(_LEAST_HZ))), axis=0)
    further = (
        np.concatenate([cepstral_prominence(each) for _, each in contours.magnitudes()]),
        level[:, 0] - level[:, 1],
        level[:, 0] - level[:, 3],
        harmonic_tilt(level),
        (formants[2] - formants[0]) / 2,
        *octaves,
    )
    spectral = smoothed(contours.spectral)[: len(voiced)][voiced].T
    return stacked((voice, *further, spectral))


def _relations(values: Floats) -> list[NDArray[np.float64]]:
    """Contrasts in time and loudness, and correlations; all NaN for fewer than nine frames."""
    frames = values.shape[1]
    if frames < MIN_FRAMES:
        count = 5 * len(CONTOURS) + len(_WITH_PITCH) + len(_WITH_LOUDNESS)
        return [np.full(count, np.nan)]
    loudness = values[_LOUDNESS].astype(np.float64)
    low, high = np.quantile(loudness, (1 / 3, 2 / 3))
    is_soft, is_loud = loudness <= low, loudness >= high
    pitch = values[_PITCH].astype(np.float64)

    def relations_of(contours: Floats) -> NDArray[np.float64]:
        rows = contours.astype(np.float64)
        start, middle, end = (part.mean(axis=1) for part in np.array_split(rows, 3, axis=1))
        soft, loud = (rows[:, at].mean(axis=1) for at in (is_soft, is_loud))
        contrasts = (middle - start, end - middle, end - start, loud - soft, loud)
        return np.column_stack(
            (*contrasts, _correlation(rows, pitch), _correlation(rows, loudness))
        )

    *contrasts, with_pitch, with_loudness = by_rows(relations_of, values).T
    others = np.delete(with_pitch, _PITCH)
    return [*contrasts, others, with_loudness[1 : len(VOICE) + len(FURTHER)]]


def _correlation(values: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's correlation of each row with one contour; NaN where either is constant."""
    apart = values - values.mean(axis=1, keepdims=True)
    other_apart = other - other.mean()
    size = np.sqrt(np.sum(apart**2, axis=1) * np.sum(other_apart**2))
    varies = (np.ptp(values, axis=1) > 0) & (np.ptp(other) > 0)
    result = np.full(len(values), np.nan)
    np.divide(np.sum(apart * other_apart, axis=1), size, out=result, where=varies)
    return result
