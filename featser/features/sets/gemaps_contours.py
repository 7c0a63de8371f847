"""eGeMAPS' 25 descriptors with the functionals of the handcrafted ones."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from featser.audio import RATE, Signal
from featser.features.extractor import Extractor
from featser.features.gemaps.names import SPECTRAL, VOICE
from featser.features.lowlevel.blocks import stacked
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.functionals import functional_names, functionals
from featser.features.sets.gemaps_set import refuse_short

PRESET = "full"


class GemapsContours(Extractor):
    """The 25 smoothed descriptors of ``gemaps``, each with 21 functionals.

    eGeMAPS (Eyben et al. 2016) describes most of its contours by mean and variation alone. Here
    all have quantiles, extremes, slope, deltas, shape, errors of a line and a parabola, and
    movement (``PRESETS``, ``full``). The ten spectral contours
    are described over all frames, and once more over the voiced ones; the 15 of the voice over
    voiced frames. Voiced frames are strung together: a delta or slope passes over the gaps, and
    its unit is a second (or a frame) of voice.

    Computed on the same :class:`~featser.audio.Signal` as ``gemaps``, it costs only the
    functionals.
    """

    version: ClassVar[int] = 1
    in_blocks = True
    libraries: ClassVar[tuple[str, ...]] = ("numba", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "gemaps-contours"
        self.rate = RATE
        self.cost_ms = 6.6
        self.units = "semitones, Hz, dB, ratios, and these per s and per frame"
        self.description = "gemaps' 25 contours, 21 functionals each, over all and voiced frames"

    @property
    def params(self) -> dict[str, Any]:
        """The descriptors and the functionals."""
        return {"descriptors": "eGeMAPSv02", "formants": "reference", "functionals": PRESET}

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the set."""
        return ("f0", "loudness", "formants", "voice quality", "spectral", "mfcc")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Contour and functional, such as ``gemaps.HNRdBACF.voiced.q75``."""
        contours = (
            *(f"gemaps.{name}.all" for name in SPECTRAL),
            *(f"gemaps.{name}.voiced" for name in SPECTRAL),
            *(f"gemaps.{name}.voiced" for name in VOICE),
        )
        return functional_names(contours, PRESET)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 735 values.

        NaN where a functional is undefined: all that is said of voiced frames if there is none,
        deltas of fewer than nine frames, the shape of a constant.

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
        from featser.features.gemaps.gemaps_functionals import smoothed, smoothed_where_present

        contours = contours_of(signal)
        spectral = smoothed(contours.spectral)[: len(contours.voiced)]
        voice = smoothed_where_present(contours.voice)
        voiced = contours.voiced
        during = stacked((spectral[voiced].T, voice[voiced].T))
        return np.concatenate(
            [
                functionals(spectral.T, PRESET, FRAME_RATE).ravel(),
                functionals_of_voiced(during, FRAME_RATE).ravel(),
            ]
        )


def functionals_of_voiced(values: Floats, frame_rate: float, preset: str = PRESET) -> Floats:
    """Functionals of contours over voiced frames: all NaN where there are none.

    Parameters and result as of :func:`featser.features.lowlevel.functionals.functionals`.
    """
    if values.shape[1] == 0:
        count = len(functional_names(("contour",), preset))
        return np.full((len(values), count), np.nan, np.float32)
    return functionals(values, preset, frame_rate)
