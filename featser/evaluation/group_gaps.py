"""Gaps between groups of speakers, by gender, age, corpus and language.

The headline metric has a gap, and so has the recall of each class: where the recalls of all groups
are equal ("equalised recall", for two classes equalised odds), a class is recognised equally well
in all groups (Hardt, Price and Srebro, "Equality of opportunity in supervised learning", 2016).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.missing import as_text
from featser.evaluation.statistics.gaps import Gap, group_gap, recall_gaps
from featser.evaluation.statistics.jackknife_interval import Interval
from featser.tasks import Task

GROUPS = {
    "gender": "gender",
    "age_group": "age group",
    "age": "age",
    "corpus": "corpus",
    "language": "language",
}
"""Columns of the predictions that define groups, and their titles."""

_AGES = ((20, "under 20"), (40, "20 to 39"), (60, "40 to 59"), (math.inf, "60 and over"))
_AGE_ORDER = {name: order for order, (_, name) in enumerate(_AGES)}
_FIGURE = re.compile(r"gap\[(\w+)\]\.(.+)")


def divisions(table: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.str_]]]:
    """Yield the columns that make two groups or more, each with the group of every row.

    A column with the same groups as an earlier one (one language per corpus) is left out. A row
    without a group has empty text.

    Parameters
    ----------
    table : DataFrame, n rows

    Examples
    --------
    >>> table = pd.DataFrame({"gender": ["female", "male"], "age": ["25", None]})
    >>> [(column, groups.tolist()) for column, groups in divisions(table)]
    [('gender', ['female', 'male'])]
    """
    earlier: list[NDArray[np.str_]] = []
    for column in GROUPS:
        if column not in table:
            continue
        groups = as_text(table[column])
        if column == "age":
            groups = np.array([age_group(age) for age in groups.tolist()], dtype=np.str_)
        if len(set(groups.tolist()) - {""}) < 2 or any(_is_same(groups, one) for one in earlier):
            continue
        earlier.append(groups)
        yield column, groups


def age_group(age: str) -> str:
    """Return the group of an age: a band of years for a number, else the words as they are.

    Examples
    --------
    >>> age_group("19.5"), age_group("60"), age_group("child")
    ('under 20', '60 and over', 'child')
    """
    if not re.fullmatch(r"\d+(\.\d+)?", age):
        return age
    return next(name for limit, name in _AGES if float(age) < limit)


def ordered_groups(groups: NDArray[np.str_]) -> list[str]:
    """Return the names of groups: ages by years, others by name.

    Examples
    --------
    >>> ordered_groups(np.array(["20 to 39", "", "under 20"]))
    ['under 20', '20 to 39']
    """
    names = set(groups.tolist()) - {""}
    return sorted(names, key=lambda name: (_AGE_ORDER.get(name, len(_AGES)), name))


def task_gaps(
    task: Task, table: pd.DataFrame, column: str, groups: NDArray[np.str_], speaker: NDArray[Any]
) -> list[Gap]:
    """Return the gaps of a task: of the headline metric, then of the recall of each class.

    Parameters
    ----------
    task : Task
    table : DataFrame, n rows
        With ``{task}.true`` and ``{task}.pred``.
    column : str
        That defines the groups; a task of this name has no gaps.
    groups : ndarray of str, shape (n,)
        As :func:`divisions` yields them.
    speaker : ndarray of str, shape (n,)
        Empty where it is missing.

    Returns
    -------
    list of Gap
        Empty where fewer than two groups have predictions, or each has one class only.
    """
    if f"{task.name}.true" not in table:
        return []
    pair = table[[f"{task.name}.true", f"{task.name}.pred"]]
    chosen = pair.notna().all(axis=1).to_numpy() & (groups != "")
    own = groups[chosen]
    if task.name == column or len(set(own.tolist())) < 2:
        return []
    dtype = object if task.categorical else np.float64
    true, pred = pair[chosen].to_numpy(dtype=dtype).T
    if task.categorical and _one_class_each(true, own):
        return []
    gaps = [group_gap(task, true, pred, own, speaker[chosen])]
    return gaps + recall_gaps(task, true, pred, own, speaker[chosen])


def gap_figures(
    task: Task, table: pd.DataFrame, speaker: NDArray[np.str_]
) -> dict[str, dict[str, Any]]:
    """Return the gaps of a task as figures.

    Parameters
    ----------
    task, table, speaker
        As :func:`task_gaps` has them.

    Returns
    -------
    dict of str to dict
        ``gap[COLUMN].{metric}`` with ``value``, ``low``, ``high``, the ``best`` and ``worst``
        group, the ``level`` of the interval, the figures of all ``groups``, and ``notes`` where
        the groups cannot be compared as they stand.

    Examples
    --------
    >>> task = Task("emotion", "classification", ("angry", "sad"))
    >>> table = pd.DataFrame({"gender": ["f", "f", "m", "m"],
    ...                       "emotion.true": ["angry", "sad"] * 2,
    ...                       "emotion.pred": ["angry", "sad", "sad", "sad"]})
    >>> figures = gap_figures(task, table, np.array(["f1", "f2", "m1", "m2"]))
    >>> {name: figure["value"] for name, figure in figures.items()}
    {'gap[gender].uar': 0.5, 'gap[gender].recall[angry]': 1.0, 'gap[gender].recall[sad]': 0.0}
    """
    return {
        f"gap[{column}].{gap.metric}": gap.gap.to_dict()
        | {"best": gap.best, "worst": gap.worst, "level": gap.level, "groups": gap.groups}
        | ({"notes": gap.notes} if gap.notes else {})
        for column, groups in divisions(table)
        for gap in task_gaps(task, table, column, groups, speaker)
    }


def gaps_among(figures: Mapping[str, Mapping[str, Any]], column: str) -> list[Gap]:
    """Return the gaps between the groups of a column, from figures of :func:`gap_figures`.

    Parameters
    ----------
    figures : mapping of str to mapping
        A task's figures; those that are no gaps of this column are passed over.
    column : str
        That defines the groups.

    Examples
    --------
    >>> figure = {"value": 0.5, "low": 0.1, "high": 0.9, "best": "f", "worst": "m", "level": 0.95,
    ...           "groups": {"f": {"value": 1.0}, "m": {"value": 0.5}}}
    >>> (gap,) = gaps_among({"uar": {"value": 0.75}, "gap[gender].uar": figure}, "gender")
    >>> gap.metric, gap.gap.value, gap.best
    ('uar', 0.5, 'f')
    """
    gaps = []
    for name, figure in figures.items():
        parts = _FIGURE.fullmatch(name)
        if parts is None or parts[1] != column:
            continue
        interval = Interval(figure["value"], figure["low"], figure["high"], figure.get("note", ""))
        best, worst, level = figure["best"], figure["worst"], figure["level"]
        notes = figure.get("notes", [])
        gaps.append(Gap(parts[2], figure["groups"], best, worst, interval, level, notes))
    return gaps


def gap_of_figure(name: str) -> tuple[str, str] | None:
    """Return the title of the groups and the metric of a gap's figure; None for other figures.

    Examples
    --------
    >>> gap_of_figure("gap[age_group].recall[sad]"), gap_of_figure("uar")
    (('age group', 'recall[sad]'), None)
    """
    parts = _FIGURE.fullmatch(name)
    return None if parts is None else (GROUPS.get(parts[1], parts[1]), parts[2])


def _one_class_each(true: NDArray[Any], groups: NDArray[np.str_]) -> bool:
    return all(len(set(true[groups == name])) == 1 for name in set(groups.tolist()))


def _is_same(one: NDArray[np.str_], two: NDArray[np.str_]) -> bool:
    pairs = set(zip(one.tolist(), two.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(two.tolist()))
