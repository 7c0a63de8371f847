"""The report's tables of gaps between groups: genders, ages, corpora, languages."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.evaluation.statistics.gaps import Gap, group_gap
from featser.reporting.numbers import ABSENT, count, estimate
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table, pairs
from featser.reporting.wording import as_sentence, metric_title
from featser.tasks import Task

GROUPS = {
    "gender": "gender",
    "age_group": "age group",
    "age": "age",
    "corpus": "corpus",
    "language": "language",
}
"""Columns of the predictions that define groups, and their titles."""
_AGES = ((30, "under 30"), (50, "30 to 49"), (math.inf, "50 and over"))
_AGE_ORDER = {name: order for order, (_, name) in enumerate(_AGES)}


def group_tables(run: RunSummary) -> list[Table]:
    """Compare the headline metrics between groups; one table per column with two or more groups.

    The intervals are computed from the predictions. A column with the same groups as an earlier one
    (one language per corpus) is left out.
    """
    tables: list[Table] = []
    divisions: list[npt.NDArray[np.str_]] = []
    for column, title in GROUPS.items():
        groups = _groups(run, column)
        if len(set(groups) - {""}) < 2 or any(_same_division(groups, other) for other in divisions):
            continue
        made = _table(run, column, title, groups)
        if made is not None:
            divisions.append(groups)
            tables.append(made)
    return tables


def _groups(run: RunSummary, column: str) -> npt.NDArray[np.str_]:
    values = run.column_text(column).to_numpy(dtype=str)
    return np.array([age_group(value) for value in values]) if column == "age" else values


def age_group(age: str) -> str:
    """Return the group of an age in years; empty if it is not a number."""
    if not re.fullmatch(r"\d+(\.\d+)?", age):
        return ""
    return next(name for limit, name in _AGES if float(age) < limit)


def _table(run: RunSummary, column: str, title: str, groups: npt.NDArray[np.str_]) -> Table | None:
    names = sorted(set(groups) - {""}, key=lambda name: (_AGE_ORDER.get(name, 0), name))
    rows: list[list[str]] = []
    notes: dict[str, None] = {}
    speaker = run.speakers()
    for task in run.ordered_tasks:
        chosen = run.scored(task) & np.asarray(groups != "")
        if task.name == column or len(set(groups[chosen])) < 2:
            continue
        true, pred = pairs(run, task, chosen)
        if task.categorical and _one_class_each(true, groups[chosen]):
            continue
        gap = group_gap(task, true, pred, groups[chosen], speaker[chosen])
        cells = [_cell(gap, name) for name in names]
        rows.append([f"{task.name}: {metric_title(gap.metric)}", *cells, _largest_gap(gap)])
        notes |= dict.fromkeys(_notes(gap, task))
    if not rows:
        return None
    caption = f"Headline metrics by {title}, and the largest gap"
    return Table(caption, ["task", *names, "largest gap"], rows, notes=list(notes))


def _cell(gap: Gap, name: str) -> str:
    if name not in gap.groups:
        return ABSENT
    figure = gap.groups[name]
    return f"{estimate(figure)}, n = {count(figure['n'])}"


def _largest_gap(gap: Gap) -> str:
    if not gap.best:
        return ABSENT
    text = f"{estimate(gap.gap.to_dict())} ({gap.best} over {gap.worst})"
    if math.isfinite(gap.gap.low) and gap.gap.low <= 0:
        text += "; compatible with no gap"
    return text


def _notes(gap: Gap, task: Task) -> list[str]:
    notes = [f"{task.name}: {note}." for note in gap.notes]
    notes += [
        f"{name}: {figure['note']}." for name, figure in gap.groups.items() if "note" in figure
    ]
    notes += [as_sentence(gap.gap.note)] if gap.gap.note else []
    if gap.best and len(gap.groups) > 2 and math.isfinite(gap.gap.low):
        notes.append(
            f"The gap is between the best and the worst of several groups, so its interval has a "
            f"level of {100 * gap.level:.1f} %."
        )
    return notes


def _one_class_each(true: npt.NDArray[Any], groups: npt.NDArray[np.str_]) -> bool:
    return all(len(set(true[groups == name])) == 1 for name in set(groups))


def _same_division(one: npt.NDArray[np.str_], two: npt.NDArray[np.str_]) -> bool:
    pairs_of_names = set(zip(one.tolist(), two.tolist(), strict=True))
    return len(pairs_of_names) == len(set(one)) == len(set(two))
