"""Labels that are made of the ratings of several raters, as an experiment asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from featser.corpora.label_kinds import classes_in_order, with_kinds
from featser.errors import TaskError, counted, unknown
from featser.ratings.aggregation import aggregated, default_labels, default_method
from featser.ratings.agreement.agreement import Agreement, agreement_of
from featser.ratings.methods import method_of
from featser.ratings.rating_columns import rated_labels, read_ratings
from featser.ratings.ratings import UNNAMED, Ratings
from featser.tasks import Kind, Task

OWN = "own"
"""The method of a label that the data have beside its ratings."""


@dataclass(frozen=True, eq=False)
class RatedLabel:
    """A label with the ratings of several raters.

    Attributes
    ----------
    label : str
        The label.
    method : str
        How it was made of the ratings; :data:`OWN` if it was not.
    ratings : Ratings
        Items are the rows of the data.
    n_undecided : int
        Rated recordings for which the method gives no label.
    kind : str, optional
        The kind of the task.
    """

    label: str
    method: str
    ratings: Ratings
    n_undecided: int
    kind: Kind | None = None

    @cached_property
    def agreement(self) -> Agreement:
        """How far the raters agree."""
        ratings = self.ratings
        if self.kind == "ordinal":
            ratings = ratings.as_classes()
            ratings = ratings.in_order(classes_in_order(pd.Series(ratings.classes)))
        return agreement_of(ratings, self.label, self.kind)

    @property
    def is_soft(self) -> bool:
        """Whether models are fitted on the shares of the votes."""
        return self.method != OWN and method_of(self.method).is_soft

    @property
    def n_raters(self) -> int:
        """How many raters are named."""
        return len(self.ratings.raters)

    @property
    def n_rated(self) -> int:
        """How many recordings have a rating."""
        return int((self.ratings.per_item > 0).sum())

    def note(self) -> str:
        """Say how the label was made of what."""
        counts = self.ratings.per_item
        few, many = int(counts[counts > 0].min()), int(counts.max())
        each = f"{few}" if few == many else f"{few} to {many}"
        is_named = bool((self.ratings.rater != UNNAMED).any())
        by = f" of {counted(self.n_raters, 'rater')}" if is_named else ""
        given = f"{each} {'rating' if each == '1' else 'ratings'}{by} for each recording"
        if self.method == OWN:
            return f"`{self.label}` is a label of the data's own, beside {given}"
        note = f"`{self.label}` is {method_of(self.method).meaning.split(';')[0]}: {given}"
        if self.is_soft:
            return note + (
                f"; {self.n_undecided} of {self.n_rated} rated recordings, whose votes are tied, "
                f"are fitted on, and not scored against the class with most votes"
                if self.n_undecided
                else ""
            )
        if self.n_undecided:
            note += (
                f"; {self.n_undecided} of {self.n_rated} rated recordings have no label, because "
                f"their ratings are tied"
            )
        return note

    def to_dict(self) -> dict[str, Any]:
        """Return what was done as plain data, for ``run.json``."""
        return {
            "name": self.label,
            "aggregation": self.method,
            "raters": self.n_raters,
            "ratings": len(self.ratings.value),
            "recordings": self.n_rated,
            "undecided": self.n_undecided,
        }


def with_aggregates(
    table: pd.DataFrame, aggregate: Mapping[str, str], kinds: Mapping[str, Kind]
) -> tuple[pd.DataFrame, list[RatedLabel]]:
    """Return a manifest whose rated labels are what an experiment asks for.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    aggregate : mapping of str to str
        Label → method.
    kinds : mapping of str to str
        Kinds that the user gave to labels, which decide the default method.

    Returns
    -------
    table : DataFrame
        A label that the data have beside its ratings changes only where ``aggregate`` names it.
    rated : list of RatedLabel
        In the table's order.

    Raises
    ------
    TaskError
        If a label has no ratings, or a method does not suit them.
    """
    labels = rated_labels(table)
    for label, method in aggregate.items():
        if label not in labels:
            raise TaskError(
                f"--aggregate {label}={method}: "
                + (unknown("rated label", label, labels) if labels else NO_RATINGS)
            )
    changed: dict[str, pd.Series[Any]] = {}
    rated = []
    for label in labels:
        ratings = read_ratings(table, label)
        method = aggregate.get(label) or _default(table, label, ratings, kinds.get(label))
        if method != OWN:
            changed[label] = _aggregated(label, ratings, method, kinds, table.index)
        values = changed.get(label, table.get(label))
        assert values is not None
        undecided = int(((ratings.per_item > 0) & values.isna().to_numpy()).sum())
        rated.append(RatedLabel(label, method, ratings, undecided))
    return (table.assign(**changed) if changed else table), rated


def of_tasks(rated: Sequence[RatedLabel], tasks: Sequence[Task]) -> list[RatedLabel]:
    """Return the rated labels that are tasks, with their kinds."""
    kinds = {task.name: task.kind for task in tasks}
    return [replace(one, kind=kinds[one.label]) for one in rated if one.label in kinds]


def refuse_soft_numbers(rated: Sequence[RatedLabel]) -> None:
    """Refuse to fit a label of numbers or ordered levels on the shares of its votes.

    Raises
    ------
    TaskError
        With the label and how to fix it.
    """
    for one in rated:
        if one.is_soft and one.kind != "classification":
            kind = "ordinal" if one.kind == "ordinal" else "a regression"
            raise TaskError(
                f"--aggregate {one.label}={one.method}: '{one.label}' is {kind}, which is fitted "
                f"on one value for each utterance: use --kind {one.label}=classification, or "
                f"--aggregate {one.label}=median"
            )


def labelled(
    table: pd.DataFrame, aggregate: Mapping[str, str], kinds: Mapping[str, Kind]
) -> pd.DataFrame:
    """Return a manifest whose labels are aggregated, and hold what their kinds demand."""
    return with_kinds(with_aggregates(table, aggregate, kinds)[0], kinds)


NO_RATINGS = (
    "no label has ratings by several raters: give a table with a column `rater` and a row for each "
    "rating, or columns such as emotion.r1 and emotion.r2"
)


def _default(table: pd.DataFrame, label: str, ratings: Ratings, kind: Kind | None) -> str:
    """Return the default method, or that the data have the label of their own."""
    given = default_labels(ratings).set_axis(table.index)
    if label in table and not table[label].equals(given):
        return OWN
    return default_method(ratings, kind)


def _aggregated(
    label: str,
    ratings: Ratings,
    method: str,
    kinds: Mapping[str, Kind],
    index: pd.Index[Any],
) -> pd.Series[Any]:
    try:
        return aggregated(ratings, method, kinds.get(label)).set_axis(index)
    except TaskError as error:
        raise TaskError(f"--aggregate {label}={method}: {error}") from error
