"""The table of all mutants and of the tests that caught them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.mutants.trial import CAUGHT, FAULT, Trial

REQUIRED = 0.95
"""The share of mutants that tests must catch."""
AREAS = {
    "features": ("augmentation", "features"),
    "evaluation": ("evaluation",),
    "models": ("models", "speakers"),
}
"""The areas in which errors are planted, with their folders of the package."""


def caught_share(trials: Sequence[Trial]) -> float:
    """Return the share of mutants that tests caught."""
    return sum(trial.outcome == CAUGHT for trial in trials) / len(trials)


def is_enough(trials: Sequence[Trial]) -> bool:
    """Return whether enough were caught, and all could be tried."""
    faults = any(trial.outcome == FAULT for trial in trials)
    return not faults and caught_share(trials) >= REQUIRED


def page(trials: Sequence[Trial]) -> str:
    """Return the report as Markdown."""
    caught = sum(trial.outcome == CAUGHT for trial in trials)
    counts = ", ".join(f"{_count(trials, area)} in {area}" for area in AREAS)
    lines = [
        "# Planted errors",
        "",
        "Written by `make mutants`. Each row is one deliberate error in a copy of the package; "
        "it is caught if a test named for it fails.",
        "",
        f"{caught} of {len(trials)} errors are caught ({100 * caught / len(trials):.0f} %, "
        f"at least {100 * REQUIRED:.0f} % are required): {counts}.",
        "",
        "| error | file | what it breaks | outcome |",
        "|---|---|---|---|",
        *(_row(trial) for trial in trials),
    ]
    return "\n".join(lines) + "\n"


def _count(trials: Sequence[Trial], area: str) -> str:
    own = [trial for trial in trials if trial.mutant.file.partition("/")[0] in AREAS[area]]
    return f"{sum(trial.outcome == CAUGHT for trial in own)} of {len(own)}"


def _row(trial: Trial) -> str:
    mutant = trial.mutant
    why = f"{trial.outcome}: {mutant.survives or trial.detail}"
    if trial.outcome == CAUGHT:
        why = f"caught by `{trial.detail}`"
    cells = (f"`{mutant.name}`", f"`{mutant.file}`", mutant.breaks, why)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
