"""What each published system's idea must show, as a difference between two rows of its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import featser

PROTOCOL = "speaker-independent"
Found = Mapping[str, Mapping[str, Any]]
"""A claim's key → the difference's ``value``, ``low``, ``high`` and ``p``."""


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
        What they are compared by: the task's headline metric.
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

    @property
    def key(self) -> str:
        """What it is kept by."""
        return f"{self.with_it} - {self.without}, {self.task}"

    def judged(self, difference: Mapping[str, Any]) -> str:
        """Return whether a difference shows it, or is none that recordings like these can tell."""
        # As it is printed, so that no reader sees a difference that is at least the least fail.
        if round(difference["value"], 3) >= self.least:
            return "yes"
        high = difference["high"]
        return "**no**" if high is None or high < self.least else "no, within chance"


def differences(work: Path, label: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Compare an entry's run with those that a claim puts it beside, as far as they are there.

    Parameters
    ----------
    work : Path
        Where runs are, each by its entry's label.
    label : str

    Yields
    ------
    tuple of (str, dict)
        The claim's key; the difference, and its interval and p, by speaker.
    """
    for claim in CLAIMS:
        sides = [work / claim.without, work / claim.with_it]
        if label not in (claim.with_it, claim.without):
            continue
        if not all((side / "metrics.json").exists() for side in sides):
            continue
        compared = featser.compare(sides, protocol=PROTOCOL)
        (pair,) = (pair for pair in compared.pairs if pair.task == claim.task)
        if pair.found.metric != claim.metric:
            raise ValueError(f"{claim.key}: compared by {pair.found.metric}, not {claim.metric}")
        told = asdict(pair.found.difference)
        found = {name: told[name] for name in ("value", "low", "high")}
        yield claim.key, found | {"p": pair.found.permutation.p}


def keep(path: Path, found: Iterator[tuple[str, dict[str, Any]]]) -> Found:
    """Put differences beside those that a file has; return all."""
    kept: dict[str, Any] = {}
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
    kept |= dict(found)
    path.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
    return kept


def claims_table(found: Found) -> list[str]:
    """Return the lines of a table: each claim, its difference, and whether it holds."""
    lines = [
        "| system | to be shown | compared | difference | p | at least | shown |",
        "|---|---|---|---|---|---|---|",
    ]
    for claim in CLAIMS:
        if claim.key not in found:
            continue
        told = found[claim.key]
        interval = ""
        if told["low"] is not None:
            interval = f" [{told['low']:+.3f}, {told['high']:+.3f}]"
        lines.append(
            f"| {claim.system} | {claim.says} | {claim.with_it} − {claim.without}, {claim.task} "
            f"{claim.metric.upper()} | {told['value']:+.3f}{interval} | {told['p']:.2g} "
            f"| {claim.least:+.3f} | {claim.judged(told)} |"
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
