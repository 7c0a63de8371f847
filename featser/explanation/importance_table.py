"""Importance as tables, sentences and plain data, for the terminal, the report and files."""

from __future__ import annotations

from typing import Any

import pandas as pd

from featser.evaluation.metrics.registry import title_of
from featser.evaluation.statistics.intervals import to_json
from featser.explanation.importance import GroupImportance, Importance
from featser.reporting.numbers import estimate, number, shows_interval
from featser.reporting.plots import Mark
from featser.reporting.tables import Table


def importance_table(importance: Importance) -> Table:
    """Return the groups with the fall of the metric, and of the recall of each class."""
    metric = title_of(importance.metric)
    classes = list(importance.task.classes) if importance.task.categorical else []
    columns = ["group", "features", f"fall of {metric}", f"{metric} alone", *classes]
    rows = [
        [
            one.group,
            str(one.n_features),
            estimate(one.drop),
            estimate(one.alone),
            *(
                number(one.recalls[name]["value"]) if name in one.recalls else ""
                for name in classes
            ),
        ]
        for one in importance.groups
    ]
    caption = (
        f"{importance.task.name}: fall of {metric} when a group is permuted, {metric} with all "
    )
    caption += f"others permuted{', and the fall of the recall of each class' if classes else ''}"
    return Table(caption, columns, rows)


def importance_overview(importance: Importance) -> Table:
    """Return the groups with the fall of the metric, and the class whose recall falls most.

    It is as narrow as a terminal, whatever the number of classes.
    """
    metric = title_of(importance.metric)
    has_classes = any(one.recalls for one in importance.groups)
    columns = ["group", f"fall of {metric}", f"{metric} alone"]
    rows = [
        [one.group, estimate(one.drop), number(one.alone["value"])] for one in importance.groups
    ]
    if has_classes:
        columns.append("recall falls most")
        for row, one in zip(rows, importance.groups, strict=True):
            name = max(one.recalls, key=lambda name: float(one.recalls[name]["value"]))
            row.append(f"{name} {number(one.recalls[name]['value'])}")
    caption = f"{importance.task.name}: fall of {metric} when a group is permuted"
    return Table(caption, columns, rows)


def importance_sentences(importance: Importance) -> list[str]:
    """Say in words what the model relies on, and which groups may be shortcuts."""
    metric = title_of(importance.metric)
    first = importance.groups[0]
    of_task = f"{metric} of {importance.task.name} ({number(importance.value)})"
    if not shows_interval(first.drop):
        return [
            f"{of_task} falls most without {first.group} ({first.title}): by "
            f"{number(first.drop['value'])}. Without an interval it is unknown whether that is "
            f"more than chance."
        ]
    if not first.is_above_zero:
        return [
            f"No group is shown to matter by itself: the interval of every fall of {of_task} "
            f"includes 0.",
            _alone_sentence(importance),
        ]
    sentences = [
        f"{metric} of {importance.task.name} ({number(importance.value)}) falls most without "
        f"{first.group} ({first.title}): by {estimate(first.drop)}."
    ]
    if others := [one.group for one in importance.groups[1:] if one.is_above_zero]:
        sentences.append(f"It also falls without {', '.join(others)}.")
    sentences.append(_alone_sentence(importance))
    sentences += [
        f"{one.group.capitalize()} is {one.caution}. See whether the audit names it as a shortcut."
        for one in importance.groups
        if one.caution and one.is_above_zero
    ]
    return sentences


def _alone_sentence(importance: Importance) -> str:
    """Say which group has the most information by itself."""
    most = max(importance.groups, key=lambda one: float(one.alone["value"]))
    return (
        f"With all other groups permuted, {most.group} keeps the most: "
        f"{title_of(importance.metric)} {estimate(most.alone)}."
    )


def importance_marks(importance: Importance) -> list[Mark]:
    """Return the rows of the figure."""
    return [
        Mark(one.group, one.drop["value"], one.drop["low"], one.drop["high"], 0.0)
        for one in importance.groups
    ]


def importance_frame(importance: Importance) -> pd.DataFrame:
    """Return a row for each group, with the bounds of the falls."""
    return pd.DataFrame([_flat(one, importance.metric) for one in importance.groups])


def importance_dict(importance: Importance) -> dict[str, Any]:
    """Return all figures as plain data, for JSON."""
    return {
        "task": importance.task.name,
        "metric": importance.metric,
        "value": to_json(importance.value),
        "groups": [
            {
                "group": one.group,
                "title": one.title,
                "caution": one.caution,
                "features": one.n_features,
                "fall": to_json(one.drop),
                "alone": to_json(one.alone),
                "recalls": to_json(one.recalls),
            }
            for one in importance.groups
        ],
        "notes": importance.notes,
    }


def _flat(one: GroupImportance, metric: str) -> dict[str, Any]:
    row: dict[str, Any] = {"group": one.group, "features": one.n_features}
    figures = {metric: one.drop, f"{metric}.alone": one.alone}
    figures |= {f"recall[{name}]": recall for name, recall in one.recalls.items()}
    for name, figure in figures.items():
        row |= {f"{name}.{bound}": figure[bound] for bound in ("value", "low", "high")}
    return row
