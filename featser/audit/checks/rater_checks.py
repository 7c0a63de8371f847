"""Check how far the raters of a label agree, and who and what agrees least."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from featser.audit.finding import Finding, Severity
from featser.corpora.label_kinds import classes_in_order
from featser.errors import counted
from featser.ratings.agreement.agreement import Agreement, agreement_of
from featser.ratings.rating_columns import rated_labels, read_ratings
from featser.tasks import Task

_SHOWN = 10


def rater_findings(
    table: pd.DataFrame, tasks: Sequence[Task], names: Sequence[str]
) -> Iterator[Finding]:
    """Check the ratings of a manifest.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    tasks : sequence of Task
        Labels that can be predicted, which decide the kind of their ratings.
    names : sequence of str
        The name of each row's recording.

    Yields
    ------
    Finding
        For each rated label the agreement of its raters: a warning where it is not above chance,
        else a note; and the raters and recordings that agree least.
    """
    kinds = {task.name: task.kind for task in tasks}
    for label in rated_labels(table):
        ratings = read_ratings(table, label)
        if kinds.get(label) == "ordinal":
            ratings = ratings.as_classes()
            ratings = ratings.in_order(classes_in_order(pd.Series(ratings.classes)))
        agreement = agreement_of(ratings, label, kinds.get(label))
        yield _agreement(agreement)
        yield from _least(agreement, names)


def _agreement(agreement: Agreement) -> Finding:
    leading = agreement.figures[0]
    what = f"`{agreement.label}`: {leading.title} is "
    if not math.isfinite(leading.value):
        return Finding(
            "agreement of raters",
            "warning",
            f"{what}undefined: no recording has two ratings, or all ratings are the same",
        )
    value = f"{leading.value:.2f} [{leading.low:.2f}, {leading.high:.2f}]"
    over = f"{counted(agreement.n_ratings, 'rating')} of {counted(leading.n_items, 'recording')}"
    is_chance = leading.low <= 0
    hint = " (1 is perfect, 0 is chance)"
    if is_chance:
        hint += ": raters may agree by chance alone, so a model has nothing certain to predict"
    rows = [
        {
            "coefficient": figure.title,
            "value": _rounded(figure.value),
            "low": _rounded(figure.low),
            "high": _rounded(figure.high),
            "recordings": figure.n_items,
            "interval": figure.note,
        }
        for figure in agreement.figures
    ]
    severity: Severity = "warning" if is_chance else "note"
    return Finding("agreement of raters", severity, f"{what}{value} over {over}{hint}", rows)


def _least(agreement: Agreement, names: Sequence[str]) -> Iterator[Finding]:
    raters, items = agreement.raters.head(_SHOWN), agreement.items.head(_SHOWN)
    if len(agreement.raters) > 1:
        first = raters.iloc[0]
        yield Finding(
            "least agreeing raters",
            "note",
            f"`{agreement.label}`: '{first['rater']}' agrees least with the other raters "
            f"({first['agreement']:.2f}); {counted(len(agreement.raters), 'rater')} in all",
            [_plain(row) for row in raters.to_dict("records")],
        )
    if len(items):
        named = items.assign(recording=[names[row] for row in items["row"]]).drop(columns="row")
        yield Finding(
            "least agreeing recordings",
            "note",
            f"`{agreement.label}`: the recordings whose raters agree least, of "
            f"{counted(agreement.n_items, 'recording')} with two or more ratings",
            [_plain(row) for row in named[["recording", *items.columns[1:]]].to_dict("records")],
        )


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(name): _rounded(value) if isinstance(value, float) else value
        for name, value in row.items()
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 4) + 0.0 if math.isfinite(value) else None
