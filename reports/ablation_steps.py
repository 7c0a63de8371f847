"""What ``reports/ablation.py`` measures of a corpus: every step yields rows of one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd
from ablation_cases import NORMS, Case
from ablation_page import BASE
from ablation_votes import (
    Votes,
    calibration,
    calibration_row,
    fit_votes,
    loss_gain,
    summary,
    vote_rows,
)
from common import CORPORA, Row

from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.coupling.couplers import pair_of

PRESETS = {name: ("speaker", "field") if name == "emodb" else ("speaker",) for name in CORPORA}
"""Which altered copies are tried; ``field`` is four copies of each recording."""

COUPLED = {"ravdess": "intensity", "emodb": "naturalness"}
COUPLINGS = ("independent", "chain", "powerset", "stacked", "auto")

Measure = Callable[[Case], Iterator[tuple[str, Row]]]
"""Yields the table that a row belongs to, and the row."""


def steps(cases: Mapping[str, Sequence[Case]]) -> Iterator[tuple[str, Measure, Case]]:
    """Yield all steps with a name, the most important first."""
    none, transductive = range(len(NORMS))
    smallest_first = tuple(reversed(CORPORA))

    def of_all(name: str, measure: Measure, norm: int) -> Iterator[tuple[str, Measure, Case]]:
        yield from ((name, measure, cases[corpus][norm]) for corpus in smallest_first)

    yield from of_all("vote", votes, none)
    yield from of_all("families left out", left_out, none)
    yield from of_all("other corpora", auxiliary, none)
    yield "copies (speaker)", copies("speaker"), cases["emodb"][none]
    yield from of_all("vote", votes, transductive)
    yield from of_all("families left out", left_out, transductive)
    yield "copies (field)", copies("field"), cases["emodb"][none]
    yield from of_all("families added", added, none)
    for corpus in smallest_first[1:]:
        yield "copies (speaker)", copies("speaker"), cases[corpus][none]
    yield from (("couplings", couplings, cases[name][none]) for name in reversed(COUPLED))


def left_out_sets(specs: Sequence[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, name and extractors of all features, of all without one, and of the base."""
    yield "all", "all", tuple(specs)
    for spec in specs:
        yield "without", spec, tuple(other for other in specs if other != spec)
    yield "base", " + ".join(BASE), BASE


def added_sets(specs: Sequence[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, name and extractors of the base with one more extractor."""
    for spec in specs:
        if spec not in BASE:
            yield "plus", spec, (*BASE, spec)


def left_out(case: Case) -> Iterator[tuple[str, Row]]:
    """Yield a row for all features, for all without each extractor, and for the base."""
    whole = case.predicted(DEFAULT_FEATURES).predictions
    for kind, name, specs in left_out_sets(DEFAULT_FEATURES):
        yield "families", family_row(case, kind, name, specs, whole)


def added(case: Case) -> Iterator[tuple[str, Row]]:
    """Yield a row for the base with each other extractor."""
    whole = case.predicted(DEFAULT_FEATURES).predictions
    base = case.predicted(BASE).predictions
    for kind, name, specs in added_sets(DEFAULT_FEATURES):
        yield "families", family_row(case, kind, name, specs, whole, base)


def family_row(
    case: Case,
    kind: str,
    name: str,
    specs: Sequence[str],
    whole: pd.DataFrame,
    base: pd.DataFrame | None = None,
) -> Row:
    """Return the figure of some extractors, less that of all and less that of the base."""
    predictions = case.predicted(specs).predictions
    return {
        "kind": kind,
        "name": name,
        "values": sum(one.dimension for one in case.part(specs).extractors),
        "uar": case.figure(predictions),
        "to_all": case.gain(whole, predictions),
        "to_base": None if base is None else case.gain(base, predictions),
    }


def votes(case: Case) -> Iterator[tuple[str, Row]]:
    """Yield rows of the vote and its members, and one of its calibration."""
    fitted = fit_votes(case)
    for row in vote_rows(case, fitted):
        yield "votes", row
    yield "calibration", calibration_row(case, fitted)


def auxiliary(case: Case) -> Iterator[tuple[str, Row]]:
    """Yield a row for the vote that is also fitted on the other two corpora."""
    alone = fit_votes(case)
    loaded, rows = case.auxiliary()
    more = fit_votes(case, auxiliary=(loaded, rows))
    yield "training", training_row(case, "other corpora", len(rows.X), alone, more)


def copies(preset: str) -> Measure:
    """Return the step that also fits the vote on the altered copies of a preset."""

    def measure(case: Case) -> Iterator[tuple[str, Row]]:
        alone, altered = fit_votes(case), case.copies(preset)
        more = fit_votes(case, copies=altered)
        yield "training", training_row(case, f"copies: {preset}", len(altered.X), alone, more)

    return measure


def training_row(case: Case, name: str, rows: int, alone: Votes, more: Votes) -> Row:
    """Set the vote with more training rows beside the vote without."""
    return {
        "name": name,
        "rows": rows,
        "without": case.figure(alone.vote),
        "uar": case.figure(more.vote),
        "gain": case.gain(alone.vote, more.vote),
        "calibration": {
            "without": calibration(case, alone.vote),
            "with": calibration(case, more.vote),
        },
        "loss_gain": loss_gain(case, alone.vote, more.vote),
        "chosen": summary(more.chosen),
    }


def couplings(case: Case) -> Iterator[tuple[str, Row]]:
    """Yield a row for each task under each coupling that applies."""
    other = COUPLED[case.corpus]
    tasks = [case.emotion, next(task for task in case.plan.tasks if task.name == other)]
    alone = None
    for coupling in COUPLINGS:
        if coupling == "powerset" and pair_of(tasks, case.plan.labels) is None:
            continue
        predicted = case.predicted(DEFAULT_FEATURES, tasks, coupling=coupling)
        predictions = predicted.predictions
        alone = predictions if alone is None else alone
        for task in tasks:
            yield (
                "couplings",
                {
                    "coupling": coupling,
                    "task": task.name,
                    "metric": "UAR" if task.categorical else "CCC",
                    "figure": case.figure(predictions, task),
                    "to_independent": case.gain(alone, predictions, task),
                    "chosen": choices(predicted.notes, case.plan.folds.count),
                },
            )


def choices(notes: Sequence[str], folds: int) -> dict[str, int]:
    """Count in how many folds `auto` chose what, from what the folds' models noted."""
    counts: dict[str, int] = {}
    for note in notes:
        match = re.search(r"coupling auto chose (\w+)", note)
        if match:
            of_folds = len(re.findall(r"fold \d+", note[: match.start()])) or folds
            counts[match[1]] = counts.get(match[1], 0) + of_folds
    return counts
