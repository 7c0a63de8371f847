"""Labels of an auxiliary corpus as labels of the tasks of an experiment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.class_names import ClassNames
from featser.errors import counted
from featser.tasks import Task

LEAST_SHARED = 0.75
"""Ranges of two scales are compatible if they share so much of what both span together."""


@dataclass(frozen=True, eq=False)
class LabelMatch:
    """The labels of an auxiliary corpus for one task.

    Attributes
    ----------
    task : Task
        The task of the experiment.
    labels : Series of str or float, n rows
        Missing where a row has no label of the task.
    left_out : dict of str to int
        Classes that the task does not have, and their rows.
    problem : str
        Why no row has a label; empty if one has.
    """

    task: Task
    labels: pd.Series[Any]
    left_out: dict[str, int] = field(default_factory=dict)
    problem: str = ""

    def note(self, corpus: str) -> str:
        """Return a sentence on the rows and classes that are used."""
        if self.problem:
            return f"auxiliary corpus '{corpus}': no labels for `{self.task.name}`: {self.problem}"
        used = self.labels.dropna()
        text = (
            f"auxiliary corpus '{corpus}': {len(used)} of {counted(len(self.labels), 'utterance')} "
            f"with labels for `{self.task.name}`"
        )
        if self.task.categorical:
            shared = [name for name in self.task.classes if (used == name).any()]
            text += f" ({', '.join(shared)})"
        if self.left_out:
            listed = ", ".join(f"{name} ({count})" for name, count in self.left_out.items())
            text += f"; left out, since the task has no such class: {listed}"
        return text


def match_labels(
    table: AuxiliaryTable, tasks: Sequence[Task], target: pd.DataFrame | None = None
) -> list[LabelMatch]:
    """Find the labels of an auxiliary corpus that the tasks of an experiment can use.

    A label is used for the task of the same name. Classes are matched without regard to case and
    by :data:`~featser.auxiliary.class_names.SAME_MEANING`; rows of classes that the task does not
    have get no label. The levels of an ordinal task must begin and end with the same levels, with
    those between in the same order. Numbers must span about the same range.

    Parameters
    ----------
    table : AuxiliaryTable
        The auxiliary corpus.
    tasks : sequence of Task
        The tasks of the experiment.
    target : DataFrame, optional
        Rows of the experiment, of training sets alone where these are to decide; the numbers of
        regression tasks in them give the range of the scale. Without it, or without numbers in it,
        no labels of such tasks are used.

    Returns
    -------
    list of LabelMatch
        One for each task.
    """
    declared = {task.name: task for task in table.tasks}
    return [_match(table.rows, task, declared.get(task.name), target) for task in tasks]


def auxiliary_labels(
    table: AuxiliaryTable, tasks: Sequence[Task], target: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the labels of an auxiliary corpus for the tasks of an experiment.

    Parameters
    ----------
    table, tasks, target
        As :func:`match_labels` has them.

    Returns
    -------
    DataFrame, n rows
        A column for each task: the task's classes as text, or numbers (float); missing where a row
        has no label that the task can use.

    Examples
    --------
    >>> anger = Task("emotion", "classification", ("Anger", "Joy"))
    >>> rows = pd.DataFrame({"emotion": ["angry", "bored"]})
    >>> rows = rows.assign(file=["a.wav", "b.wav"], speaker="1", language="de", corpus="c", key="0")
    >>> own = Task("emotion", "classification", ("angry", "bored"))
    >>> table = AuxiliaryTable("c", rows, {}, {}, tasks=(own,))
    >>> auxiliary_labels(table, [anger])["emotion"].tolist()
    ['Anger', nan]
    >>> label_notes(table, [anger])
    ["auxiliary corpus 'c': 1 of 2 utterances with labels for `emotion` (Anger); left out, \
since the task has no such class: bored (1)"]
    """
    matches = match_labels(table, tasks, target)
    return pd.DataFrame({match.task.name: match.labels for match in matches})


def label_notes(
    table: AuxiliaryTable, tasks: Sequence[Task], target: pd.DataFrame | None = None
) -> list[str]:
    """Say for each task how many rows are used, and which classes are shared and left out.

    Parameters
    ----------
    table, tasks, target
        As :func:`match_labels` has them.

    Returns
    -------
    list of str
        One sentence for each task.
    """
    return [match.note(table.name) for match in match_labels(table, tasks, target)]


def _match(
    rows: pd.DataFrame, task: Task, declared: Task | None, target: pd.DataFrame | None
) -> LabelMatch:
    if declared is None or task.name not in rows:
        return _without(rows, task, "it is no label of this corpus that can be predicted")
    if task.kind == "regression":
        return _numbers(rows, task, declared, target)
    if declared.kind == "regression":
        return _without(rows, task, "this corpus has numbers, no classes")
    if task.kind == "ordinal" and (problem := _levels_problem(task, declared)):
        return _without(rows, task, problem)
    return _classes(rows, task)


def _classes(rows: pd.DataFrame, task: Task) -> LabelMatch:
    names = ClassNames(task.name, task.classes)
    values = rows[task.name]
    matched = [None if pd.isna(value) else names.find(str(value)) for value in values]
    left_out = Counter(
        str(value)
        for value, match in zip(values, matched, strict=True)
        if match is None and not pd.isna(value)
    )
    labels = pd.Series(matched, dtype="str")
    if labels.isna().all():
        classes = f" (it has {', '.join(sorted(left_out))})" if left_out else ""
        problem = f"this corpus has none of the classes {', '.join(task.classes)}{classes}"
        return LabelMatch(task, labels, {}, problem)
    return LabelMatch(task, labels, dict(sorted(left_out.items())))


def _levels_problem(task: Task, declared: Task) -> str:
    """Return why the levels of two ordinal labels are not those of one scale; empty if they are."""
    if declared.kind != "ordinal":
        return "its classes have no order in this corpus"
    names = ClassNames(task.name, task.classes)
    levels = [names.find(level) for level in declared.classes]
    ranks = [task.classes.index(level) for level in levels if level is not None]
    same_ends = levels[0] == task.classes[0] and levels[-1] == task.classes[-1]
    if same_ends and ranks == sorted(set(ranks)):
        return ""
    return (
        f"its levels are {' < '.join(declared.classes)} in this corpus, and "
        f"{' < '.join(task.classes)} in the task"
    )


def _numbers(
    rows: pd.DataFrame, task: Task, declared: Task, target: pd.DataFrame | None
) -> LabelMatch:
    if declared.kind != "regression" or not types.is_float_dtype(rows[task.name]):
        return _without(rows, task, "this corpus has classes, no numbers")
    ours = _range(target, task.name)
    theirs = _range(rows, task.name)
    if ours is None or theirs is None:
        return _without(rows, task, "the range of its scale is unknown")
    shared = min(ours[1], theirs[1]) - max(ours[0], theirs[0])
    joined = max(ours[1], theirs[1]) - min(ours[0], theirs[0])
    if joined == 0 or shared / joined < LEAST_SHARED:
        return _without(
            rows,
            task,
            f"it spans {theirs[0]:g} to {theirs[1]:g} in this corpus, and {ours[0]:g} to "
            f"{ours[1]:g} in the task",
        )
    return LabelMatch(task, rows[task.name].astype("float64").reset_index(drop=True))


def _range(table: pd.DataFrame | None, name: str) -> tuple[float, float] | None:
    if table is None or name not in table or not types.is_float_dtype(table[name]):
        return None
    values = table[name].dropna().to_numpy(float)
    return (float(values.min()), float(values.max())) if len(values) else None


def _without(rows: pd.DataFrame, task: Task, problem: str) -> LabelMatch:
    missing: pd.Series[Any] = pd.Series(np.nan, range(len(rows)))
    return LabelMatch(task, missing.astype("str") if task.categorical else missing, {}, problem)
