"""The overview of a run: one line and three small tables, for terminals and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from featser.reporting import baselines
from featser.reporting.numbers import count, estimate, number, shows_interval
from featser.reporting.statements.verdict import chance_level, shortcut_of, verdict_of
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table, confusion, used_classes
from featser.reporting.wording import headline_metric, metric_title, norm_badge

VALUE = "value [95 % interval]"
_LONGEST_NAME = 40
RATERS = ("human.", "against_raters.")
"""Beginnings of the names of figures against the other raters."""


def summary_line(run: RunSummary) -> str:
    """Return a run's result in one line.

    Returns
    -------
    str
        The primary metric with its 95 % interval, the chance level, the strongest shortcut and
        the verdict.
    """
    task = run.primary
    figures = run.figures(task)
    metric = headline_metric(task)
    figure = figures.get(metric)
    parts = [
        f"{task.name}: {metric_title(metric)} {estimate(figure)}"
        + " (95 % interval)" * shows_interval(figure),
        f"chance {number(chance_level(task, figures))}",
    ]
    shortcut = shortcut_of(run)
    if shortcut is not None:
        of_metric = f"{metric_title(metric)} {number(shortcut.value)}"
        parts.append(f"strongest shortcut '{shortcut.name}' {of_metric}")
    if badge := norm_badge(run.speaker_norm):
        parts.append(badge)
    return f"{', '.join(parts)}: {verdict_of(run)}"


def task_table(run: RunSummary, protocol: str) -> Table:
    """Return the metrics of all tasks under a protocol, without recalls, baselines and folds."""
    rows = [
        [task.name, metric_title(name), estimate(figure)]
        for task in run.ordered_tasks
        for name, figure in run.figures(task, protocol).items()
        if baselines.baseline_of(name) is None
        and not name.startswith(("recall[", "gap[", "fold[", *RATERS))
    ]
    return Table("Tasks", ["task", "metric", VALUE], rows, {0, 1, 2})


def recall_table(run: RunSummary) -> Table | None:
    """Return recall per class of the primary task; None if it has no classes or no predictions.

    Returns
    -------
    Table or None
        For each class its recall, the number of its utterances, and the class for which they are
        most often mistaken, with the number of such errors.
    """
    task = run.primary
    if not task.categorical or not run.scored(task).any():
        return None
    figures, classes = run.figures(task), used_classes(run, task)
    rows = [
        [
            _short(name),
            estimate(figures.get(f"recall[{name}]")),
            count(sum(counts)),
            _most_frequent_confusion(classes, position, counts),
        ]
        for position, (name, counts) in enumerate(
            zip(classes, confusion(run, task).tolist(), strict=True)
        )
    ]
    columns = ["class", "recall [95 % interval]", "n", "most frequent confusion"]
    return Table(f"Recall per class of {task.name}", columns, rows, {0, 1, 3})


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _most_frequent_confusion(classes: Sequence[str], position: int, counts: list[int]) -> str:
    errors = np.array(counts)
    errors[position] = 0
    if not errors.any():
        return "none"
    most = int(errors.argmax())
    return f"{_short(classes[most])} ({count(int(errors[most]))})"


def rater_table(run: RunSummary, protocol: str) -> Table | None:
    """Return what a rater and the model reach against the other raters; None without ratings."""
    rows = [
        [task.name, metric_title(name), estimate(figure)]
        for task in run.ordered_tasks
        for name, figure in run.figures(task, protocol).items()
        if name.startswith(RATERS)
    ]
    return Table("Against the other raters", ["task", "metric", VALUE], rows) if rows else None


def baseline_table(run: RunSummary, protocol: str) -> Table | None:
    """Return the baselines of all tasks under a protocol; None if there is none."""
    rows = [
        [task.name, baselines.SHORT[head], metric_title(metric), estimate(figure)]
        for task in run.ordered_tasks
        for head, metric, figure in _baseline_figures(run.figures(task, protocol))
    ]
    if not rows:
        return None
    return Table("Baselines", ["task", "baseline", "metric", VALUE], rows, {0, 1, 2, 3})


def _baseline_figures(
    figures: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, figure in baselines.shown(figures).items():
        if (baseline := baselines.baseline_of(name)) is not None:
            yield *baseline, figure
