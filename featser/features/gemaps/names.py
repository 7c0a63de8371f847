"""The names of the 25 descriptors and of the 88 values, as openSMILE writes them."""

from __future__ import annotations

SPECTRAL = (
    *("Loudness", "alphaRatio", "hammarbergIndex", "slope0-500", "slope500-1500"),
    *("spectralFlux", "mfcc1", "mfcc2", "mfcc3", "mfcc4"),
)
VOICE = (
    *("F0semitoneFrom27.5Hz", "jitterLocal", "shimmerLocaldB", "HNRdBACF"),
    *("logRelF0-H1-H2", "logRelF0-H1-A3"),
    *("F1frequency", "F1bandwidth", "F1amplitudeLogRelF0"),
    *("F2frequency", "F2bandwidth", "F2amplitudeLogRelF0"),
    *("F3frequency", "F3bandwidth", "F3amplitudeLogRelF0"),
)
DESCRIPTORS = (*(f"{name}_sma3" for name in SPECTRAL), *(f"{name}_sma3nz" for name in VOICE))
"""Names of the 25 smoothed descriptors, as openSMILE writes them."""

_CONTOUR = (
    *("amean", "stddevNorm", "percentile20.0", "percentile50.0", "percentile80.0"),
    *("pctlrange0-2", "meanRisingSlope", "stddevRisingSlope"),
    *("meanFallingSlope", "stddevFallingSlope"),
)
_BOTH = ("amean", "stddevNorm")
_EVERYWHERE = SPECTRAL[5:]
_VOICED = SPECTRAL[1:]
_UNVOICED = SPECTRAL[1:6]
_RHYTHM = (
    *("loudnessPeaksPerSec", "VoicedSegmentsPerSec"),
    *("MeanVoicedSegmentLengthSec", "StddevVoicedSegmentLengthSec"),
    *("MeanUnvoicedSegmentLength", "StddevUnvoicedSegmentLength"),
)


def _marked(name: str, mark: str) -> str:
    return name.replace("slope", f"slope{mark}") if "slope" in name else name + mark


FUNCTIONALS = (
    *(f"F0semitoneFrom27.5Hz_sma3nz_{what}" for what in _CONTOUR),
    *(f"loudness_sma3_{what}" for what in _CONTOUR),
    *(f"{name}_sma3_{what}" for name in _EVERYWHERE for what in _BOTH),
    *(f"{name}_sma3nz_{what}" for name in VOICE[1:] for what in _BOTH),
    *(f"{_marked(name, 'V')}_sma3nz_{what}" for name in _VOICED for what in _BOTH),
    *(f"{_marked(name, 'UV')}_sma3nz_amean" for name in _UNVOICED),
    *_RHYTHM,
    "equivalentSoundLevel_dBp",
)
"""Names of the 88 values, as openSMILE writes them and in its order."""
