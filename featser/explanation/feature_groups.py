"""Interpretable groups of features: one table from the names of features to what they describe.

A feature belongs to the first row of a table whose pattern fits its name, so that the special rows
come first. Features of other packages and of tables that fit no row are a group of their own,
named after their extractor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from featser.errors import TaskError, unknown
from featser.features.extractor import Extractor

_RECORDING = "also a property of the recording"


@dataclass(frozen=True)
class GroupRow:
    """A group of features.

    Attributes
    ----------
    name : str
        As tables show it.
    title : str
        What it holds, in a few words.
    pattern : str
        A regular expression that is searched in the names of features.
    caution : str
        Why the group may be a shortcut instead of speech emotion; empty where it is none.
    """

    name: str
    title: str
    pattern: str
    caution: str = ""

    @cached_property
    def fits(self) -> Callable[[str], object]:
        """The search of the pattern in a name."""
        return re.compile(self.pattern).search


DESCRIPTORS = (
    GroupRow("contour shapes", "random convolutions of all contours", r"^rocket\."),
    GroupRow("covariance", "which contours move together", r"^covariance\."),
    GroupRow("linear prediction", "coefficients that vary in time", r"^(tarma|tar|static-ar)\."),
    GroupRow("frames", "log-mel frames", r"^frame_\d"),
    GroupRow("modulation", "how fast levels change", r"^modulation\.|^rhythm\.modulation_"),
    GroupRow(
        "duration and silence",
        "length of the recording, sounding share, onset",
        r"^rhythm\.(seconds|sounding|sounding_share|onset)$",
        f"{_RECORDING}: how it was cut",
    ),
    GroupRow(
        "loudness",
        "loudness, energy and level",
        r"loudness(_|\.)|Loudness\.|Loudness$|(^|\.)rms\.|\.level(\.|$)|^rhythm\.(level|energy)_"
        r"|equivalentSoundLevel|RMSenergy|_lengthL1norm",
        f"{_RECORDING}: gain and distance from the microphone",
    ),
    GroupRow(
        "rhythm",
        "beats, pauses, voiced segments",
        r"^rhythm\.|PeaksPerSec|SegmentsPerSec|SegmentLength",
    ),
    GroupRow("pitch", "fundamental frequency", r"F0semitone|(^|\.)f0\.|F0final"),
    GroupRow(
        "formants",
        "frequencies, bandwidths and amplitudes of F1–F3",
        r"(^|\.)F[123](frequency|bandwidth|amplitude|/F)|\.dispersion(\.|$)",
    ),
    GroupRow(
        "voice quality",
        "jitter, shimmer, noise, tilt of the harmonics",
        r"jitter|shimmer|HNR|logRelF0-H1|\.cpp(\.|$)|\.H1-H[24](\.|$)|\.tilt(\.|$)|voicingFinal"
        r"|harmonic_|tristimulus|odd_even",
    ),
    GroupRow("MFCC", "mel-frequency cepstral coefficients", r"mfcc"),
    GroupRow(
        "mel bands",
        "levels of frequency bands",
        r"(^|\.)(log)?mel_\d|audSpec_Rfilt|\.band_\d",
    ),
    GroupRow("chroma", "pitch classes", r"(^|\.)chroma_"),
    GroupRow(
        "spectrum",
        "shape and balance of the spectrum, zero crossings",
        r"^timbre\.|fftMag|zcr|alphaRatio|hammarberg|slope(U?V)?\d|spectralFlux"
        r"|(^|\.)(log_)?(centroid|bandwidth|rolloff|contrast|flatness|flux|slope)(_\d)?(\.|$)",
    ),
)
"""What features describe. The order matters: the first row that fits counts."""

FUNCTIONALS = (
    GroupRow("contour shapes", "random convolutions of all contours", r"^rocket\."),
    GroupRow("covariance", "which contours move together", r"^covariance\."),
    GroupRow("frames", "no statistic: frames as they are", r"^frame_\d"),
    GroupRow("modulation", "how fast levels change", r"^modulation\.|^rhythm\.modulation_"),
    GroupRow("rhythm", "rates, shares and lengths", r"^rhythm\.|PerSec|SegmentLength"),
    GroupRow(
        "change",
        "slopes, deltas and other movements",
        r"\.delta\.|lope$|_sma_de|slope_(first|last)$|legendre|dct_|(rise|fall)_(rate|mean|max)"
        r"|step_|(end|middle|loud)-(middle|start|soft)$|linregc1|qregc[12]"
        r"|^contrasts\.",
    ),
    GroupRow(
        "level",
        "means and medians",
        r"(mean|_amean|median|q50|percentile50\.0|quartile2|mean_first|mean_last|_dBp|\.loud)$"
        r"|(rq|posa)mean$",
    ),
    GroupRow(
        "spread",
        "deviations and ranges",
        r"(std|stddevNorm|stddev|_range|range_\d+|pctlrange0-[12]|iqr\d-\d|_error|errQ)$",
    ),
    GroupRow(
        "extremes",
        "minima, maxima and quantiles",
        r"(min|max|p\d\d|q\d\d|percentile\d+\.0|quartile[13])$",
    ),
    GroupRow("other statistics", "shape of the distribution, times, peaks", r"\."),
)
"""Which statistic of its contour a feature is."""


CORRELATED = "correlated"
"""The grouping whose groups :func:`featser.explanation.correlated_groups.joined_groups` joins."""


@dataclass(frozen=True, eq=False)
class FeatureGroup:
    """Columns of the features that are permuted together.

    Attributes
    ----------
    name, title, caution : str
        As :class:`GroupRow` has them.
    columns : ndarray of int, shape (m,)
        Positions among all features.
    """

    name: str
    title: str
    columns: NDArray[np.intp]
    caution: str = ""


@dataclass(frozen=True)
class Grouping:
    """A way to group features.

    Attributes
    ----------
    name : str
        What users write.
    title : str
        What the groups are, for help.
    rows : tuple of GroupRow
        The table; empty for a group for each extractor.
    """

    name: str
    title: str
    rows: tuple[GroupRow, ...] = ()


GROUPINGS = {
    row.name: row
    for row in (
        Grouping("descriptor", "what features describe: pitch, loudness, MFCC …", DESCRIPTORS),
        Grouping(CORRELATED, "descriptors, joined where they vary together", DESCRIPTORS),
        Grouping("functional", "which statistic they are: level, spread, change …", FUNCTIONALS),
        Grouping("extractor", "which extractor computes them"),
    )
}
"""The ways to group features, by name."""


def feature_groups(extractors: Sequence[Extractor], by: str = "descriptor") -> list[FeatureGroup]:
    """Return the groups of the features of some extractors, side by side.

    Parameters
    ----------
    extractors : sequence of Extractor
        In the order of their columns.
    by : str
        One of :data:`GROUPINGS`. What is correlated depends on recordings: groups of
        ``correlated`` are those of ``descriptor``, still to be joined.

    Returns
    -------
    list of FeatureGroup
        Each column is in one group. Groups are in the order of the table; those of features that
        fit no row come last.

    Raises
    ------
    TaskError
        If there is no such grouping.

    Examples
    --------
    >>> from featser.features.registry import make_extractors
    >>> groups = feature_groups(make_extractors(["mfcc+rms:basic", "rhythm"]))
    >>> [(group.name, len(group.columns)) for group in groups][:3]
    [('modulation', 10), ('duration and silence', 4), ('loudness', 21)]
    """
    if by not in GROUPINGS:
        raise TaskError(unknown("grouping", by, GROUPINGS))
    rows = {row.name: row for row in GROUPINGS[by].rows}
    columns: dict[str, list[int]] = {name: [] for name in rows}
    titles = {name: row.title for name, row in rows.items()}
    position = 0
    for extractor in extractors:
        titles.setdefault(extractor.spec, extractor.description)
        for name in extractor.names:
            fitting = group_name(name, by) or extractor.spec
            columns.setdefault(fitting, []).append(position)
            position += 1
    return [
        FeatureGroup(
            name, titles[name], np.array(own, dtype=np.intp),
            rows[name].caution if name in rows else "",
        )
        for name, own in columns.items()
        if own
    ]  # fmt: skip


def group_name(feature: str, by: str = "descriptor") -> str:
    """Return the group of a feature; empty where it fits no row of the table.

    Examples
    --------
    >>> group_name("gemaps.loudness_sma3_amean"), group_name("mfcc_03.delta.std", "functional")
    ('loudness', 'change')
    """
    return next((row.name for row in GROUPINGS[by].rows if row.fits(feature)), "")
