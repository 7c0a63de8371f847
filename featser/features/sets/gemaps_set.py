"""The 88 eGeMAPS values as an extractor."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from featser.audio import RATE, Signal
from featser.errors import UnusableAudio
from featser.features.extractor import Extractor
from featser.features.gemaps import names
from featser.features.lowlevel.frame_settings import Floats

MIN_SECONDS = 0.06
"""The shortest signal that has a frame of pitch."""


def refuse_short(signal: Signal, name: str) -> None:
    """Refuse a signal without a frame of 60 ms, in the name of an extractor.

    Raises
    ------
    UnusableAudio
        If the signal is shorter than 60 ms.
    """
    if len(signal.samples) < MIN_SECONDS * signal.rate:
        raise UnusableAudio(
            "signal",
            f"too short for {name}: {1000 * signal.seconds:.0f} ms, "
            f"{1000 * MIN_SECONDS:.0f} ms are needed",
        )


class Gemaps(Extractor):
    """eGeMAPSv02 (Eyben et al. 2016), computed here: no openSMILE, and none of its licence.

    The names and their order are openSMILE's. Values follow its output, its departures from the
    literature included, which the functions of this package name one by one; shimmer alone departs
    from it, where it would be too low.
    """

    version: ClassVar[int] = 2
    in_blocks = True
    libraries: ClassVar[tuple[str, ...]] = ("numba", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "gemaps"
        self.rate = RATE
        self.cost_ms = 6.2
        self.units = "semitones, Hz, dB, ratios, 1/s"
        self.description = "eGeMAPS, our implementation of the extended Geneva minimalistic set"

    @property
    def params(self) -> dict[str, Any]:
        """The feature set, and how formants are found."""
        return {"feature_set": "eGeMAPSv02", "formants": "reference"}

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the set."""
        return ("f0", "loudness", "formants", "voice quality", "spectral", "mfcc", "rhythm")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names as in openSMILE, after ``gemaps.``."""
        return tuple(f"gemaps.{name}" for name in names.FUNCTIONALS)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 88 values.

        NaN where an utterance has no frame of the kind: without voiced frames, all that is said
        of pitch and of voiced frames (and likewise without unvoiced ones); a variation
        (``stddevNorm``) around a mean of 0; the sound level of a signal that is 0 in 16 bits.

        Raises
        ------
        UnusableAudio
            If the signal is shorter than 60 ms.
        FeatureError
            If the signal has another rate, or samples outside [−1, 32767/32768] or NaN.
        """
        self._check_rate(signal)
        refuse_short(signal, self.name)
        from featser.features.gemaps.gemaps_descriptors import contours_of
        from featser.features.gemaps.gemaps_functionals import functionals

        return functionals(contours_of(signal))

    def descriptors(self, signal: Signal) -> Floats:
        """Compute the 25 smoothed descriptors by frame.

        Returns
        -------
        ndarray of float32, shape (frames, 25)
            Every 10 ms, in the order of
            :data:`featser.features.gemaps.names.DESCRIPTORS`; 0 where there is none.
        """
        self._check_rate(signal)
        from featser.features.gemaps.framing import as_pcm
        from featser.features.gemaps.gemaps_descriptors import contours
        from featser.features.gemaps.gemaps_functionals import smoothed, smoothed_where_present

        frame_values = contours(as_pcm(signal.samples))
        spectral = smoothed(frame_values.spectral)[: len(frame_values.voice)]
        return np.hstack((spectral, smoothed_where_present(frame_values.voice)))
