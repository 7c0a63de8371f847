"""All mutants, and choosing some of them by name."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from tests.mutants import in_ensembles, in_evaluation, in_features, in_models
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = tuple(
    mutant
    for part in (in_features, in_evaluation, in_models, in_ensembles)
    for mutant in part.MUTANTS
)


def chosen_mutants(patterns: Sequence[str]) -> list[Mutant]:
    """Return the mutants whose name or file matches a pattern; all without patterns.

    Raises
    ------
    ValueError
        If a pattern matches none.
    """
    if not patterns:
        return list(MUTANTS)
    for pattern in patterns:
        if not any(_matches(mutant, pattern) for mutant in MUTANTS):
            raise ValueError(f"no mutant's name or file matches '{pattern}'")
    return [one for one in MUTANTS if any(_matches(one, pattern) for pattern in patterns)]


def _matches(mutant: Mutant, pattern: str) -> bool:
    return fnmatch(mutant.name, pattern) or fnmatch(mutant.file, pattern)
