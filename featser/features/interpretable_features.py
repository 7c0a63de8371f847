"""Features that a phonetician reads: their descriptor and functional in words, and their unit.

The words are put together from one table of descriptors and one of functionals; the other features
have rows of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from featser.features.extractor import Extractor

INTERPRETABLE = ("gemaps", "egemaps", "rhythm")
"""The extractors with interpretable features."""

_DESCRIPTORS = {
    "F0semitoneFrom27.5Hz": ("F0", "semitones"),
    "loudness": ("loudness", ""),
    "spectralFlux": ("spectral flux", ""),
    **{f"mfcc{n}": (f"MFCC {n}", "") for n in range(1, 5)},
    "jitterLocal": ("jitter", ""),
    "shimmerLocaldB": ("shimmer", "dB"),
    "HNRdBACF": ("harmonics-to-noise ratio", "dB"),
    "logRelF0-H1-H2": ("H1–H2", "dB"),
    "logRelF0-H1-A3": ("H1–A3", "dB"),
    **{f"F{n}frequency": (f"F{n}", "Hz") for n in range(1, 4)},
    **{f"F{n}bandwidth": (f"F{n} bandwidth", "Hz") for n in range(1, 4)},
    **{f"F{n}amplitudeLogRelF0": (f"F{n} level relative to F0", "dB") for n in range(1, 4)},
    "alphaRatio": ("alpha ratio", "dB"),
    "hammarbergIndex": ("Hammarberg index", "dB"),
    "slope0-500": ("spectral slope 0–500 Hz", "dB/Hz"),
    "slope500-1500": ("spectral slope 500–1500 Hz", "dB/Hz"),
}
"""Descriptors of eGeMAPS: words and unit."""

_SIGNED = re.compile(r"MFCC|H1–|level relative|alpha ratio|Hammarberg|slope|harmonics-to-noise")
"""Descriptors whose mean can be near 0, so that a variation relative to it means little."""

_RELATIVE = "stddevNorm"

_FUNCTIONALS = {
    "amean": ("", "{}"),
    _RELATIVE: ("relative variation", ""),
    "percentile20.0": ("20 % quantile", "{}"),
    "percentile50.0": ("median", "{}"),
    "percentile80.0": ("80 % quantile", "{}"),
    "pctlrange0-2": ("range", "{}"),
    "meanRisingSlope": ("rising slope", "{}/s"),
    "stddevRisingSlope": ("variation of rising slopes", "{}/s"),
    "meanFallingSlope": ("falling slope", "{}/s"),
    "stddevFallingSlope": ("variation of falling slopes", "{}/s"),
}
"""Functionals of eGeMAPS: words after those of the descriptor, and what the unit becomes."""

_SINGLE = {
    "loudnessPeaksPerSec": ("loudness peaks", "per s"),
    "VoicedSegmentsPerSec": ("voiced segments", "per s"),
    "MeanVoicedSegmentLengthSec": ("voiced segment length", "s"),
    "StddevVoicedSegmentLengthSec": ("variation of voiced segment length", "s"),
    "MeanUnvoicedSegmentLength": ("unvoiced segment length", "s"),
    "StddevUnvoicedSegmentLength": ("variation of unvoiced segment length", "s"),
    "equivalentSoundLevel_dBp": ("sound level", "dB"),
    "rhythm.beat_rate": ("syllable rate", "syllables per s"),
    "rhythm.pause_rate": ("pauses", "per s"),
    "rhythm.pause_share": ("share of pauses", ""),
    "rhythm.pause_mean": ("pause length", "s"),
    "rhythm.seconds": ("duration", "s"),
}
"""Features that are no functional of a contour."""

_CONTOUR = re.compile(r"(?P<descriptor>.+?)_sma3(?:nz)?_(?P<functional>.+)")
_FRAMES = re.compile(r"(?P<name>.+?)(?P<mark>UV|V)(?P<band>[\d-]*)$")
_MARKS = {"V": " in voiced frames", "UV": " in unvoiced frames"}


@dataclass(frozen=True)
class InterpretableFeature:
    """A feature in words.

    Attributes
    ----------
    name : str
        As the extractor has it.
    words : str
        Such as "F0 range".
    unit : str
        Empty where it has none.
    descriptor : str
        What it is a statistic of, such as "F0".
    column : int
        Its position among the features of its extractor.
    is_readable : bool
        Whether sentences name it: a variation relative to a mean near 0 is left to the tables.
    """

    name: str
    words: str
    unit: str
    descriptor: str
    column: int
    is_readable: bool = True


def interpretable_features(extractor: Extractor) -> list[InterpretableFeature]:
    """Return the features of an extractor that have words; none of most extractors.

    Examples
    --------
    >>> from featser.features.registry import make_extractor
    >>> features = interpretable_features(make_extractor("gemaps"))
    >>> len(features), features[5].words, features[5].unit
    (88, 'F0 range', 'semitones')
    """
    described = []
    for column, name in enumerate(extractor.names):
        if (row := _described(name)) is not None:
            is_readable = not (name.endswith(_RELATIVE) and _SIGNED.search(row[2]))
            described.append(InterpretableFeature(name, *row, column, is_readable))
    return described


def words_of(name: str) -> str:
    """Return a feature in words; empty where it has none.

    Examples
    --------
    >>> words_of("rhythm.pause_share"), words_of("mfcc_03.mean")
    ('share of pauses', '')
    """
    described = _described(name)
    return "" if described is None else described[0]


def _described(name: str) -> tuple[str, str, str] | None:
    """Return words, unit and descriptor of a feature."""
    if name in _SINGLE:
        return (*_SINGLE[name], _SINGLE[name][0])
    extractor, _, own = name.partition(".")
    if extractor not in ("gemaps", "egemaps"):
        return None
    if own in _SINGLE:
        return (*_SINGLE[own], _SINGLE[own][0])
    contour = _CONTOUR.fullmatch(own)
    if contour is None:
        return None
    descriptor, frames = contour["descriptor"], ""
    marked = _FRAMES.fullmatch(descriptor)
    if descriptor not in _DESCRIPTORS and marked is not None:
        descriptor, frames = marked["name"] + marked["band"], _MARKS[marked["mark"]]
    words, unit = _DESCRIPTORS[descriptor]
    statistic, unit_of = _FUNCTIONALS[contour["functional"]]
    full = " ".join(filter(None, [words, statistic])) + frames
    return full, unit_of.format(unit) if unit else "", words
