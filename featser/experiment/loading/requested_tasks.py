"""Which tasks an experiment has: the primary one, and those that the user asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from featser.corpora.card import Card
from featser.corpora.label_columns import tasks_from
from featser.corpora.tables.column_names import usual_label
from featser.errors import TaskError, unknown
from featser.experiment.loading.rated_labels import labelled
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.tasks import Kind, Task


def requested_tasks(
    table: pd.DataFrame, cards: Sequence[Card], experiment: Experiment
) -> tuple[list[Task], dict[str, str]]:
    """Return the tasks of an experiment, and why other labels are no tasks.

    Parameters
    ----------
    table : DataFrame
        A manifest whose labels hold what the experiment's kinds demand.
    cards : sequence of Card
        Cards of the user's own that the corpora have.
    experiment : Experiment
        Its ``primary``, ``tasks`` and ``kinds`` count; without ``tasks`` every usable label is one.

    Returns
    -------
    tasks : list of Task
        The primary one first.
    refused : dict of str to str
        As :func:`~featser.corpora.label_columns.tasks_from` returns it.

    Raises
    ------
    TaskError
        If a label that is asked for, or the primary one, cannot be predicted.
    """
    possible, refused = tasks_from(table, cards, experiment.primary, experiment.kinds)
    refused |= {task.name: _ALL_SINGLE for task in possible if _is_all_single(table, task)}
    possible = [task for task in possible if task.name not in refused]
    named = {task.name: task for task in possible}
    for name in dict.fromkeys([experiment.primary, *experiment.tasks]):
        if name in refused:
            raise TaskError(
                f"task '{name}' is refused: {refused[name]}{_without(name, named, experiment)}"
            )
        if name not in named:
            raise TaskError(_no_task(name, table, named, refused))
    order = dict.fromkeys([experiment.primary, *(experiment.tasks or named)])
    return [named[name] for name in order], refused


def _without(name: str, possible: Mapping[str, Task], experiment: Experiment) -> str:
    """Say how the other tasks are predicted without one that cannot be."""
    rest = [other for other in experiment.tasks if other != name and other in possible]
    if name == experiment.primary or not rest:
        return ""
    options = " ".join(f"--task {other}" for other in rest)
    return (
        f". Add recordings with other values, or predict the rest alone, after `featser extract`: "
        f"`featser fit {options}`"
    )


_ALL_SINGLE = (
    "each of its classes has one utterance only, so none can be in both training and test set: add "
    "recordings, or merge classes"
)


def _is_all_single(table: pd.DataFrame, task: Task) -> bool:
    return task.categorical and bool(table[task.name].value_counts().max() < 2)


def primary_of(
    source: Source,
    asked: Sequence[str],
    kinds: Mapping[str, Kind],
    aggregate: Mapping[str, str] | None = None,
) -> tuple[str, str | None]:
    """Return the primary task where the user names none, and a note if it is not the usual one.

    Parameters
    ----------
    source : Source
        The utterances; the label that leads them is primary if it can be predicted.
    asked : sequence of str
        The tasks that the user asks for. The first of them is primary unless the usual one is
        among them.
    kinds : mapping of str to str
        Kinds that the user gave to labels.
    aggregate : mapping of str to str, optional
        How labels are made of ratings.

    Returns
    -------
    primary : str
        The label. Without tasks that were asked for, it is the one with a usual name such as
        ``label``, else the first one that can be predicted; ``language`` only if there is no other.
    note : str or None
        Which label is primary, and why.
    """
    usual = source.primary
    is_column = usual in source.table
    if asked and usual not in asked:
        return asked[0], (
            None
            if len(asked) == 1
            else f"the primary task is `{asked[0]}`, the first of those asked for; `--primary` "
            f"names another"
        )
    if is_column and not asked:
        return usual, None
    table = labelled(source.table.drop(columns="key", errors="ignore"), aggregate or {}, kinds)
    possible, _ = tasks_from(table, source.cards, usual, kinds)
    names = [task.name for task in possible]
    if usual in names:
        return usual, None
    usually_named = usual_label(names)
    candidates = [*asked] or sorted(
        names, key=lambda name: (name != usually_named, name == "language")
    )
    if not candidates:
        return usual, None
    why = "cannot be predicted" if is_column else "is no label of these data"
    return candidates[0], (
        f"the primary task is `{candidates[0]}`, because `{usual}` {why}; `--primary` names another"
    )


def _no_task(
    name: str, table: pd.DataFrame, valid: Mapping[str, Task], refused: Mapping[str, str]
) -> str:
    """Say why a name is no task, and how to fix it."""
    if name in table and name not in ("file", "start", "end"):
        is_number = pd.to_numeric(table[name], errors="coerce").notna().any()
        kind = "regression" if is_number else "classification"
        return (
            f"task '{name}': this column is a label only if its kind is declared: add "
            f"`--kind {name}={kind}`"
        )
    if valid:
        return unknown("task", name, valid)
    reasons = "; ".join(f"`{label}`: {why}" for label, why in refused.items())
    if reasons:
        return f"unknown task '{name}'; no label of these data can be predicted: {reasons}"
    return (
        f"unknown task '{name}'; no column of these data can be predicted: add a column of labels, "
        f"or declare the kind of one, such as `--kind arousal=regression`"
    )
