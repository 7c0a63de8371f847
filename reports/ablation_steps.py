"""What ``reports/ablation.py`` measures of a corpus: every step yields rows of one table."""

from __future__ import annotations

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

PRESETS = {name: ("speaker", "field") if name == "emodb" else ("speaker",) for name in CORPORA}
"""Which altered copies are tried; ``field`` is four copies of each recording."""

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
    yield from of_all("vote", votes, transductive)
    yield "copies (speaker)", copies("speaker"), cases["emodb"][none]
    yield "copies (field)", copies("field"), cases["emodb"][none]
    yield "copies (speaker)", copies("speaker"), cases["ravdess"][none]
    yield from of_all("families left out", left_out, transductive)
    yield "copies (speaker)", copies("speaker"), cases["banglaser"][none]


def left_out_sets(specs: Sequence[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, name and extractors of all features, of all without one, and of the base."""
    yield "all", "all", tuple(specs)
    for spec in specs:
        yield "without", spec, tuple(other for other in specs if other != spec)
    yield "base", " + ".join(BASE), BASE


def left_out(case: Case) -> Iterator[tuple[str, Row]]:
    """Yield a row for all features, for all without each extractor, and for the base."""
    whole = case.predicted(DEFAULT_FEATURES).predictions
    for kind, name, specs in left_out_sets(DEFAULT_FEATURES):
        yield "families", family_row(case, kind, name, specs, whole)


def family_row(case: Case, kind: str, name: str, specs: Sequence[str], whole: pd.DataFrame) -> Row:
    """Return the figure of some extractors, and how much better it is than that of all."""
    predictions = case.predicted(specs).predictions
    return {
        "kind": kind,
        "name": name,
        "values": sum(one.dimension for one in case.part(specs).extractors),
        "uar": case.figure(predictions),
        "to_all": case.gain(whole, predictions),
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
