"""Which of a manifest's labels can be predicted, and why the others cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import pandas as pd
from pandas.api import types

from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.card_schema import RESERVED
from featser.corpora.label_kinds import classes_in_order, number_out_of_range
from featser.ratings.rating_columns import is_ratings_column
from featser.tasks import MAX_CLASSES, Kind, Task

_SHOWN_PAIRS = 6
"""How many values of a label that fixes another are listed."""

NEVER_GUESSED = (*RESERVED, "rater", "sentence", "repetition", "take", "item", "age")
"""Columns that become no task unless a card says so; neither does one that ends with ``_id``, or
with :data:`BEFORE_RELABEL`."""

BEFORE_RELABEL = "_before_relabel"
"""How the column is called that has the labels before ``featser relabel`` changed them."""


_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
"""A whole number as ratings are written; codes such as ``01`` are not."""


def is_text_only(name: str) -> bool:
    """Whether a manifest's column holds names or codes, never numbers."""
    if is_ratings_column(name):
        return True
    return name not in ("start", "end") and (
        name in NEVER_GUESSED or name.endswith(("_id", BEFORE_RELABEL))
    )


def cards_of(corpora: pd.Series[str], own: Sequence[Card] = ()) -> list[Card]:
    """Return the cards of the corpora named in a column; none if one of the names is unknown.

    A user's ``own`` card stands before one that featser brings.
    """
    names = sorted(corpora.dropna().unique())
    given = {card.name: card for card in own}
    if corpora.isna().any() or not set(names) <= {*list_cards(), *given}:
        return []
    return [given[name] if name in given else load_card(name) for name in names]


def regression_columns(corpora: pd.Series[str]) -> set[str]:
    """Return the regression labels that the cards of the corpora declare."""
    cards = cards_of(corpora)
    return {
        name for card in cards for name, task in card.tasks.items() if task.kind == "regression"
    }


def tasks_from(
    table: pd.DataFrame,
    own: Sequence[Card] = (),
    primary: str = "emotion",
    kinds: Mapping[str, Kind] | None = None,
) -> tuple[list[Task], dict[str, str]]:
    """Find the labels that can be predicted.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    own : sequence of Card
        Cards of the user's, beside those that featser brings. The cards that the column
        ``corpus`` names say which columns are tasks if all of them are known; otherwise every
        column may be a task that has no fixed meaning and holds 2 to 20 different texts
        (classification) or numbers (regression). ``language`` is a task where it varies.
    primary : str
        The column whose task is primary; no task is when the column cannot be predicted.
    kinds : mapping of str to str, optional
        Kinds that the user gave to labels, which hold what
        :func:`~featser.corpora.label_kinds.with_kinds` makes of them.

    Returns
    -------
    tasks : list of Task
        The primary task first, the others in the table's order. Classes without any utterance
        are left out.
    refused : dict of str
        Why each other label that might be expected to be a task is none: a card forbids it, it
        is missing everywhere, it has one value only, or it is a function of the primary label.
    """
    cards = cards_of(_column(table, "corpus"), own)
    declared = any(card.tasks for card in cards)
    candidates = _declared(table, cards) if declared else _guessed(table)
    for name, kind in (kinds or {}).items():
        classes = classes_in_order(table[name]) if kind == "ordinal" else ()
        candidates[name] = (kind, classes)
    refused = _forbidden(table, cards)
    refused |= {name: why for name, why in candidates.items() if isinstance(why, str)}
    tasks = []
    for name, candidate in candidates.items():
        if name in refused or isinstance(candidate, str):
            continue
        why = _unusable(table, name, primary)
        task = None if why else _task(table, name, *candidate)
        if isinstance(task, Task):
            tasks.append(task.with_role("primary" if name == primary else "auxiliary"))
        else:
            refused[name] = why or str(task)
    order = [primary, *table.columns]
    return sorted(tasks, key=lambda task: order.index(task.name)), refused


def task_notes(table: pd.DataFrame, tasks: Iterable[Task]) -> list[str]:
    """Say which classes have one utterance, too few for training and test set."""
    notes = []
    for task in tasks:
        if task.categorical:
            counts = table[task.name].value_counts()
            for name in [c for c in task.classes if counts.get(c, 0) < 2]:
                notes.append(
                    f"task `{task.name}`: the class '{name}' has one utterance only, so it "
                    f"cannot be in both training and test set: add recordings, or empty that label"
                )
    return notes


def integer_class_notes(
    table: pd.DataFrame, tasks: Iterable[Task], own: Sequence[Card], kinds: Mapping[str, Kind]
) -> list[str]:
    """Say which labels hold whole numbers that are treated as classes without a declared kind.

    Parameters
    ----------
    table : DataFrame
        The manifest.
    tasks : iterable of Task
        The tasks of its labels.
    own : sequence of Card
        Cards of the user's, beside those that featser brings.
    kinds : mapping of str to str
        Kinds that the user gave to labels.

    Returns
    -------
    list of str
        A note for each label with three or more such classes; ratings are often written like
        that, and so are codes of classes.

    Examples
    --------
    >>> table = pd.DataFrame({"stress": ["1", "3", "2"]})
    >>> integer_class_notes(table, tasks_from(table)[0], [], {})[0].partition(";")[0]
    '`stress` holds integers 1 to 3 and is treated as classes'
    """
    cards = cards_of(_column(table, "corpus"), own)
    declared = {*kinds, *(name for card in cards for name in card.tasks)}
    notes = []
    for task in tasks:
        if task.kind != "classification" or task.name in declared or len(task.classes) < 3:
            continue
        if all(_INTEGER.fullmatch(name) for name in task.classes):
            numbers = sorted(map(int, task.classes))
            notes.append(
                f"`{task.name}` holds integers {numbers[0]} to {numbers[-1]} and is treated as "
                f"classes; if they are ratings, use --kind {task.name}=regression or "
                f"--kind {task.name}=ordinal"
            )
    return notes


Candidate = tuple[Kind, tuple[str, ...]]


def _column(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    return table[name] if name in table else pd.Series(pd.NA, table.index, dtype="str")


def _declared(table: pd.DataFrame, cards: list[Card]) -> dict[str, Candidate | str]:
    """Kinds and classes by the cards; a reason instead where two cards contradict each other."""
    by_label: dict[str, Candidate | str] = {}
    for card in cards:
        for name, task in card.tasks.items():
            if name not in table:
                continue
            classes = task.classes
            before = by_label.get(name)
            if isinstance(before, tuple):
                same = before[0] == task.kind
                if not same or (task.kind == "ordinal" and before[1] != classes):
                    by_label[name] = f"the cards of {_names(cards)} describe `{name}` differently"
                    continue
                classes = tuple(sorted({*before[1], *classes})) if before[1] != classes else classes
            by_label[name] = (task.kind, classes)
    if "language" in table:
        by_label.setdefault("language", ("classification", ()))
    return by_label


def _names(cards: list[Card]) -> str:
    return ", ".join(card.name for card in cards)


def _forbidden(table: pd.DataFrame, cards: list[Card]) -> dict[str, str]:
    refused = {}
    for card in cards:
        for name, reason in card.never_tasks.items():
            rows = (
                _column(table, "corpus").eq(card.name)
                if len(cards) > 1
                else table.index == table.index
            )
            if name not in table or table.loc[rows, name].isna().all():
                continue
            detail = function_of(table.loc[rows], name, card.primary)
            fix = f"; empty it for {card.name} to use the other corpora's" if len(cards) > 1 else ""
            refused[name] = f"{card.name}: {reason}{f' ({detail})' if detail else ''}{fix}"
    return refused


def _guessed(table: pd.DataFrame) -> dict[str, Candidate | str]:
    by_label: dict[str, Candidate | str] = {}
    for name in table.columns:
        count = table[name].nunique()
        if (is_text_only(name) and name != "language") or name in RESERVED[:3]:
            continue
        if types.is_float_dtype(table[name]):
            by_label[name] = ("regression", ())
        else:
            many = f"{count} different texts: a label can have at most {MAX_CLASSES} classes"
            by_label[name] = ("classification", ()) if count <= MAX_CLASSES else many
    return by_label


def _unusable(table: pd.DataFrame, name: str, primary: str) -> str:
    """Return why a label cannot be predicted; empty if it can."""
    held = table[name].dropna()
    if held.empty:
        return "missing in every row"
    if held.nunique() == 1:
        return f"only one value: {held.tolist()[0]!r}"
    mapping = function_of(table, name, primary)
    if mapping:
        return f"task `{name}` is a function of `{primary}`: {mapping}"
    return ""


def function_of(table: pd.DataFrame, name: str, primary: str) -> str:
    """Return the mapping from one label to another that it fixes; empty if it does not.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    name : str
        The label that may be fixed.
    primary : str
        The label that may fix it.

    Returns
    -------
    str
        Such as ``"angry → strong, sad → normal"``; of more than 6 values the first, and how many
        more there are.
    """
    if name == primary or primary not in table:
        return ""
    both = table[[primary, name]].dropna().drop_duplicates()
    if both[primary].nunique() < 2 or both[primary].duplicated().any():
        return ""
    rows = both.sort_values(primary).itertuples(index=False, name=None)
    pairs = [f"{source} → {target}" for source, target in islice(rows, _SHOWN_PAIRS)]
    n_more = len(both) - len(pairs)
    return ", ".join(pairs) + (f" and {n_more} more" if n_more else "")


def _task(table: pd.DataFrame, name: str, kind: Kind, classes: tuple[str, ...]) -> Task | str:
    """Return the task with the classes that occur, or why it cannot be one."""
    values = table[name]
    if kind == "regression":
        if not types.is_float_dtype(values):
            return f"a regression label must hold numbers, not {values.dtype}"
        return number_out_of_range(table, name) or Task(name, kind)
    values_present = set(values.dropna().astype(str))
    extra = sorted(values_present - set(classes))
    if extra and kind == "ordinal":
        return f"the levels are {', '.join(classes)}; unknown: {', '.join(extra)}"
    return Task(name, kind, tuple(c for c in classes if c in values_present) + tuple(extra))
