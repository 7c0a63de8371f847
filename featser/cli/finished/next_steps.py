"""What is worth trying after a fit, with the commands for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from featser.reporting.summary import RunSummary


def next_steps(summary: RunSummary, folder: str) -> Iterator[str]:
    """Yield a line for each command that looks closer at a run, or may improve it."""
    quoted = shlex.quote(folder)
    yield f"next: featser explain {quoted} (what it listens to)"
    if not summary.primary.categorical:
        return
    yield f"next: featser explore {quoted} (maps, errors to hear, likely label errors)"
    if tables := _helpful_tables(summary):
        yield (
            f"next: the same command with --aux open (the speakers are few: it trains on "
            f"{' and '.join(tables)} too, with a weight chosen on left-out speakers)"
        )


def _helpful_tables(summary: RunSummary) -> list[str]:
    """Return tables that come with featser and could help; none where speakers are many."""
    from featser.auxiliary.suggestion import FEW_SPEAKERS, helpful_tables

    facts = summary.methods
    if summary.predictions["speaker"].nunique() >= FEW_SPEAKERS:
        return []
    if facts.auxiliary or not _takes_weights(str(facts.options.get("model", ""))):
        return []
    corpora = {corpus.name for corpus in facts.corpora}
    return helpful_tables(summary.primary, facts.extractors, corpora)


def _takes_weights(model: str) -> bool:
    from featser.models.registry import find_model, members_of

    return bool(model) and all(find_model(name).uses_weights for name in members_of(model))
