"""Where two runs differ: by class with intervals, and by speaker."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featser.evaluation.metrics.metrics import evaluate_task
from featser.evaluation.statistics.comparison import Difference, compare_recalls, holm
from featser.reporting.comparison.compared_pair import ComparedPair
from featser.reporting.numbers import ABSENT, count, number
from featser.reporting.plots import Mark
from featser.reporting.tables import Table
from featser.reporting.wording import as_sentence, headline_metric, metric_title

MOST_SPEAKERS = 40
"""How many speakers the figure has: all, or those who change most in either direction."""


def overall_table(pairs: Sequence[ComparedPair]) -> Table:
    """Give the difference of every pair in every task."""
    rows = [
        [
            pair.task.name,
            " → ".join(pair.letters),
            metric_title(pair.result.metric),
            number(pair.result.a),
            number(pair.result.b),
            difference_text(pair.result),
            p_number(pair.result.p),
            p_number(pair.p_holm),
        ]
        for pair in pairs
    ]
    columns = ["task", "runs", "metric", "first", "second", "difference [95 %]", "p", "p Holm"]
    notes = dict.fromkeys(
        as_sentence(f"{pair.task.name}: {pair.result.difference.note}")
        for pair in pairs
        if pair.result.difference.note
    )
    return Table("Differences of the headline metrics", columns, rows, {0, 1, 2}, notes=list(notes))


def overall_marks(pairs: Sequence[ComparedPair]) -> list[Mark]:
    """Return the rows of the forest plot; none for pairs whose difference is undefined."""
    return [
        difference_mark(
            f"{pair.task.name}: {' → '.join(pair.letters)}",
            pair.result,
            f"(p {p_number(pair.p_holm)})",
        )
        for pair in pairs
        if math.isfinite(pair.result.difference.value)
    ]


def class_differences(pair: ComparedPair) -> dict[str, Difference]:
    """Return the difference of the recall of each class; empty for a dimension."""
    if not pair.task.categorical:
        return {}
    true, a, b = (pair.values(column) for column in ("true", "a", "b"))
    return compare_recalls(pair.task, true, a, b, pair.speakers)


def class_table(pair: ComparedPair, differences: Mapping[str, Difference]) -> Table:
    """Write :func:`class_differences` as a table, with p values corrected over the classes."""
    corrected = holm([one.p for one in differences.values()])
    true = pair.values("true")
    rows = [
        [
            name,
            count(int((true == name).sum())),
            number(one.a),
            number(one.b),
            difference_text(one),
            p_number(one.p),
            p_number(float(p)),
        ]
        for (name, one), p in zip(differences.items(), corrected, strict=True)
    ]
    columns = ["class", "utterances", *pair.letters, "difference [95 %]", "p", "p Holm"]
    notes = [
        f"{name}: {one.difference.note}."
        for name, one in differences.items()
        if one.difference.note
    ]
    notes.append("p Holm is corrected for the number of classes of this table.")
    return Table(f"Recall by class of {pair.task.name}", columns, rows, notes=notes)


def speaker_differences(pair: ComparedPair) -> list[tuple[str, int, float, float]]:
    """Return speaker, utterances and the headline metric of both runs, by their difference.

    Empty where no speaker is named. The metric is NaN where it is undefined for a speaker.
    """
    metric = headline_metric(pair.task)
    who = pair.speakers
    true, a, b = (pair.values(column) for column in ("true", "a", "b"))
    differences = []
    for name in np.unique(who[who != ""]).tolist():
        rows = who == name
        one, two = (evaluate_task(pair.task, true[rows], side[rows])[metric] for side in (a, b))
        differences.append((name, int(rows.sum()), float(one), float(two)))
    return sorted(
        differences, key=lambda row: (math.isnan(row[3] - row[2]), row[3] - row[2], row[0])
    )


def speaker_table(
    pair: ComparedPair, differences: Sequence[tuple[str, int, float, float]]
) -> Table:
    """Write :func:`speaker_differences` as a table."""
    title = metric_title(headline_metric(pair.task))
    rows = [
        [name, count(n), number(one), number(two), signed(two - one)]
        for name, n, one, two in differences
    ]
    columns = ["speaker", "utterances", *pair.letters, "difference"]
    return Table(f"{title} of {pair.task.name} by speaker", columns, rows)


def speaker_marks(differences: Sequence[tuple[str, int, float, float]]) -> list[Mark]:
    """Return the dots of the speakers whose metric is defined in both runs."""
    marks = [
        Mark(name, two - one, baseline=0.0, aside=f"(n = {n})")
        for name, n, one, two in differences
        if math.isfinite(two - one)
    ]
    half = MOST_SPEAKERS // 2
    return marks if len(marks) <= MOST_SPEAKERS else marks[:half] + marks[-half:]


def difference_mark(name: str, result: Difference, aside: str = "") -> Mark:
    """Return a difference with its interval as a row of a figure, beside 0."""
    interval = result.difference
    return Mark(name, interval.value, interval.low, interval.high, 0.0, aside=aside)


def difference_text(result: Difference) -> str:
    """Write a difference with its interval: ``+0.031 [+0.002, +0.060]``."""
    interval = result.difference
    if not np.isfinite([interval.low, interval.high]).all():
        return signed(interval.value)
    return f"{signed(interval.value)} [{signed(interval.low)}, {signed(interval.high)}]"


def signed(value: float) -> str:
    """Write a difference with its sign; ``n/a`` where it is undefined.

    Examples
    --------
    >>> signed(0.0312), signed(-0.2), signed(float("nan"))
    ('+0.031', '-0.200', 'n/a')
    """
    return f"{value:+.3f}" if math.isfinite(value) else ABSENT


def p_number(value: float) -> str:
    """Write a p value as a number.

    Examples
    --------
    >>> p_number(0.0312), p_number(0.0001)
    ('0.031', '< 0.001')
    """
    if math.isnan(value):
        return ABSENT
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def settings_table(names: Sequence[str], settings: Sequence[tuple[str, list[str]]]) -> Table:
    """Write the settings that differ between runs as a table."""
    rows: list[list[Any]] = [[name, *values] for name, values in settings]
    columns = ["setting", *names]
    return Table("Settings that differ", columns, rows, set(range(len(columns))))
