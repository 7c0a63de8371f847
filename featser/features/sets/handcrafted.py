"""The handcrafted extractor: functionals of descriptors, all from one spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from featser.audio import Signal
from featser.errors import FeatureError, unknown
from featser.features.extractor import Extractor
from featser.features.lowlevel.descriptor_families import (
    FAMILIES,
    contour_names,
    description,
    descriptors_of,
)
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.functionals import (
    DEFAULT_PRESET,
    PRESETS,
    functional_names,
    functionals,
)
from featser.features.lowlevel.spectrum import spectrum_of

ALL_FAMILIES = tuple(family for family in FAMILIES if family != "mel")
"""All families but the power mel, whose logarithm is among them and better spread."""

# Milliseconds for 3.5 s of speech beyond the spectrum's own, which every family pays.
_SPECTRUM_MS = 0.8
_FAMILY_MS = {
    "mfcc": 0.4,
    "zcr": 0.1,
    "rms": 0.1,
    "chroma": 0.2,
    "mel": 0.4,
    "logmel": 0.4,
    "spectral": 1.1,
}
_DESCRIPTIONS = {
    "mfcc": "20 mel-frequency cepstral coefficients",
    "zcr": "zero-crossing rate",
    "rms": "root mean square energy",
    "chroma": "12 pitch classes",
    "mel": "power in 40 mel bands",
    "logmel": "level in 40 mel bands",
    "spectral": "centroid, bandwidth, roll-off, contrast, flatness, flux, slope",
}


class Handcrafted(Extractor):
    """Functionals of descriptors over 25 ms frames every 10 ms at 16 kHz.

    Extractors called on the same :class:`~featser.audio.Signal` share its spectrum.

    Parameters
    ----------
    families : sequence of str
        Keys of ``FAMILIES``; in this order come the values.
    preset : str
        Key of :data:`~featser.features.lowlevel.functionals.PRESETS`.

    Raises
    ------
    FeatureError
        If a family or the preset does not exist, or a family is named twice or none is.
    """

    version: ClassVar[int] = 1
    in_blocks = True

    def __init__(
        self, families: Sequence[str] = ALL_FAMILIES, preset: str = DEFAULT_PRESET
    ) -> None:
        if not families:
            raise FeatureError(f"no descriptor family named; valid: {', '.join(FAMILIES)}")
        if preset not in PRESETS:
            raise FeatureError(unknown("preset of functionals", preset, PRESETS))
        descriptors = descriptors_of(families)
        self._families = tuple(families)
        self.preset = preset
        self.name = "handcrafted" if self._families == ALL_FAMILIES else "+".join(self._families)
        self.rate = DEFAULT.rate
        self.units = ", ".join(dict.fromkeys(descriptor.unit for descriptor in descriptors))
        self.cost_ms = _SPECTRUM_MS + sum(_FAMILY_MS[family] for family in self._families)
        what = "; ".join(_DESCRIPTIONS[family] for family in self._families)
        self.description = f"functionals of {what}"

    @property
    def spec(self) -> str:
        """Families and preset, such as ``handcrafted:standard`` or ``mfcc+zcr:basic``."""
        return f"{self.name}:{self.preset}"

    @property
    def params(self) -> dict[str, Any]:
        """Families, functionals and frame settings."""
        return {
            "families": list(self._families),
            "functionals": list(PRESETS[self.preset]),
            "n_fft": DEFAULT.n_fft,
            "hop_length": DEFAULT.hop_length,
            "win_length": DEFAULT.win_length,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The families of descriptors, in order."""
        return self._families

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Contour and functional, such as ``mfcc_03.delta.std``."""
        return functional_names(contour_names(self._families), self.preset)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the functionals of all contours, contour by contour."""
        self._check_rate(signal)
        values = [
            functionals(contours, self.preset, DEFAULT.frame_rate).ravel()
            for contours in description(spectrum_of(signal), self._families)
        ]
        return values[0] if len(values) == 1 else np.concatenate(values)


def handcrafted(preset: str) -> Handcrafted:
    """Return the extractor ``handcrafted``: all families but ``mel``, with a preset."""
    return Handcrafted(ALL_FAMILIES, preset)
