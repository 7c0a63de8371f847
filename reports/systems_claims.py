"""What each published system's idea must show, as a difference between two rows of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROTOCOL = "speaker-independent"
Found = Mapping[str, Mapping[str, Any]]
"""An entry's label → its metrics."""


@dataclass(frozen=True)
class Claim:
    """What an idea is to show.

    Attributes
    ----------
    system : str
        The published system's letter.
    says : str
        The claim, in a few words.
    with_it, without : str
        Labels of the entries with the idea and without.
    task, metric : str
        What they are compared by.
    least : float
        How great the difference must be.
    """

    system: str
    says: str
    with_it: str
    without: str
    task: str = "emotion"
    metric: str = "uar"
    least: float = 0.0

    def difference(self, found: Found) -> float | None:
        """Return with less without; None where one of them was not carried out."""
        if self.with_it not in found or self.without not in found:
            return None
        one, other = (
            found[label][PROTOCOL][self.task][self.metric]["value"]
            for label in (self.with_it, self.without)
        )
        return float(one - other)


def claims_table(found: Found) -> list[str]:
    """Return the lines of a table: each claim, its difference, and whether it holds."""
    lines = [
        "| system | to be shown | compared | difference | at least | shown |",
        "|---|---|---|---|---|---|",
    ]
    for claim in CLAIMS:
        difference = claim.difference(found)
        if difference is None:
            continue
        # As it is printed, so that no reader sees a difference that is at least the least fail.
        shown = "yes" if round(difference, 3) >= claim.least else "**no**"
        lines.append(
            f"| {claim.system} | {claim.says} | {claim.with_it} − {claim.without}, {claim.task} "
            f"{claim.metric.upper()} | {difference:+.3f} | {claim.least:+.3f} | {shown} |"
        )
    return lines


WINDOWS = "windows and the whole tell no less than the whole alone"
RICHER = "features that tell of dynamics beat a vector of means"
MOVING = "coefficients that move tell no less than static ones"

CLAIMS = (
    Claim("a", WINDOWS, "multiscale-dynamic-ravdess", "multiscale-dynamic-ravdess-whole"),
    Claim("a", WINDOWS, "multiscale-dynamic-banglaser", "multiscale-dynamic-banglaser-whole"),
    Claim(
        "c", "coupled with intensity, emotion does not suffer", "emotion-intensity",
        "emotion-intensity-single", least=-0.005,
    ),
    Claim(
        "d", "naturalness gains from emotion", "emotion-naturalness-stacked",
        "emotion-naturalness-single", "naturalness", "ccc",
    ),
    Claim(
        "e", "aligned and gated streams are no worse than side by side", "aligned-streams",
        "aligned-streams-beside", least=-0.01,
    ),
    *(
        Claim("f", RICHER, f"multistream-{name}", f"multistream-published-{name}", least=0.05)
        for name in ("banglaser", "ravdess", "emodb")
    ),
    *(
        Claim(
            "f", "with networks in it the vote is no worse", f"multistream-networks-{name}",
            f"multistream-classical-{name}", least=-0.005,
        )
        for name in ("banglaser", "ravdess", "emodb")
    ),
    Claim(
        "g", "weights that change are no worse than equal ones", "dynamic-weights-ming",
        "dynamic-weights-equal",
    ),
    Claim("h", "models that also learn from other languages", "two-pass-weighted",
          "two-pass-common"),
    *(
        Claim("j", MOVING, f"tarma-fear-{name}", f"tarma-fear-{name}-static")
        for name in ("ravdess", "emodb")
    ),
)  # fmt: skip
"""What each idea would have to do on real recordings to be worth its cost."""
