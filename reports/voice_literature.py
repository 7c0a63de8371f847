"""What published reviews expect of the voice in an emotion, and whether differences agree.

Directions are those that both reviews state, or one of them where the other states none: Juslin
and Laukka have no boredom, and call the high-frequency energy of happiness medium. Where they
contradict each other (the level, range and high frequencies of fear) there is no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featser.explanation.class_differences import DISCOVERY_RATE

BOTH = "Scherer 2003; Juslin & Laukka 2003"
SCHERER = "Scherer 2003"

REFERENCES = (
    "Scherer, K. R. (2003). Vocal communication of emotion: a review of research paradigms. Speech "
    "Communication 40, 227–256. doi:10.1016/S0167-6393(02)00084-5",
    "Juslin, P. N., and Laukka, P. (2003). Communication of emotions in vocal expression and music "
    "performance: different channels, same code? Psychological Bulletin 129, 770–814. "
    "doi:10.1037/0033-2909.129.5.770",
    "Goudbeek, M., and Scherer, K. (2010). Beyond arousal: valence and potency/control cues in the "
    "vocal expression of emotion. Journal of the Acoustical Society of America 128, 1322–1336. "
    "doi:10.1121/1.3466853",
)

LEVEL, PITCH, RANGE = "sound level", "F0", "F0 range"
HIGH, RATE = "alpha ratio in voiced frames", "syllable rate"
TITLES = {
    LEVEL: "sound level",
    PITCH: "F0 level",
    RANGE: "F0 range",
    HIGH: "high-frequency energy (alpha ratio)",
    RATE: "speech rate (syllables)",
}
"""The feature in words of ``class_differences.csv`` → what reviews call it."""


@dataclass(frozen=True)
class Expectation:
    """A direction that reviews state.

    Attributes
    ----------
    label : str
        The class.
    feature : str
        A key of :data:`TITLES`.
    direction : int
        1 for higher than in other classes, -1 for lower.
    source : str
    """

    label: str
    feature: str
    direction: int
    source: str


EXPECTATIONS = (
    *(Expectation("angry", name, 1, BOTH) for name in TITLES),
    *(Expectation("happy", name, 1, SCHERER if name == HIGH else BOTH) for name in TITLES),
    Expectation("fearful", PITCH, 1, BOTH),
    Expectation("fearful", RATE, 1, BOTH),
    *(Expectation("sad", name, -1, BOTH) for name in TITLES),
    Expectation("bored", RANGE, -1, SCHERER),
    Expectation("bored", RATE, -1, SCHERER),
)

SOURCES = {(one.label, one.feature): one.source for one in EXPECTATIONS}
"""The class and the feature of an expectation → who states it."""

AGREES, CONTRADICTS, OPEN = "agrees", "contradicts", "no difference shown"


def verdict(expectation: Expectation, difference: Mapping[str, Any]) -> str:
    """Say whether a measured difference has the expected direction, beyond chance.

    Examples
    --------
    >>> expected = Expectation("sad", LEVEL, -1, BOTH)
    >>> verdict(expected, {"sd": -1.0, "p_adjusted": 0.001})
    'agrees'
    >>> verdict(expected, {"sd": 0.4, "p_adjusted": 0.3})
    'no difference shown'
    """
    if not difference["p_adjusted"] <= DISCOVERY_RATE:
        return OPEN
    return AGREES if difference["sd"] * expectation.direction > 0 else CONTRADICTS


def compared(differences: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the expectations on the classes of a corpus, with what was measured.

    Parameters
    ----------
    differences : sequence of mapping
        Rows of ``class_differences.csv``.
    """
    measured = {(row["class"], row["words"]): row for row in differences}
    return [
        {
            "class": one.label,
            "feature": one.feature,
            "direction": one.direction,
            "verdict": verdict(one, row),
            **{name: row[name] for name in ("sd", "sd.low", "sd.high", "difference", "unit")},
        }
        for one in EXPECTATIONS
        if (row := measured.get((one.label, one.feature))) is not None
    ]
