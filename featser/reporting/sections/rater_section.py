"""The report's section on raters: how labels were made, agreement, the human ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from featser.errors import counted
from featser.ratings.agreement.agreement import Agreement
from featser.reporting.numbers import ABSENT, count, estimate, number
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table
from featser.reporting.wording import headline_metric, metric_title
from featser.tasks import Task

SHOWN = 10
"""How many of the least agreeing raters and recordings are listed."""
_CEILING_NOTE = (
    "Each rating is compared with what the other raters of the recording gave, and so are the "
    "model's predictions: both figures have the same truths. Of tied classes, each is the truth in "
    "equal shares."
)


_ROUNDING = 1e-9
_OF_CLASSES = "share of equal pairs of ratings"


@dataclass
class RaterSection:
    """The section on one rated label."""

    label: str
    note: str
    agreement: Table
    ceiling: Table | None
    least: list[Table] = field(default_factory=list)


def rater_sections(run: RunSummary) -> list[RaterSection]:
    """Return a section for each task whose label has ratings by several raters."""
    tasks = {task.name: task for task in run.tasks}
    return [
        RaterSection(
            one.agreement.label,
            one.note,
            agreement_table(one.agreement),
            _ceiling_table(run, tasks[one.agreement.label]),
            least_agreeing(one.agreement, one.names),
        )
        for one in run.rated
        if one.agreement.label in tasks
    ]


def agreement_table(agreement: Agreement) -> Table:
    """Return the coefficients of agreement with their intervals, and how these are made."""
    rows = [
        [figure.title, estimate(figure.to_dict()), count(figure.n_items), figure.note]
        for figure in agreement.figures
    ]
    columns = ["coefficient", "value [95 % interval]", "recordings", "how the interval is made"]
    caption = f"Agreement of the raters on {agreement.label}"
    return Table(caption, columns, rows, {0, 1, 3}, notes=_notes_of(agreement))


def _notes_of(agreement: Agreement) -> list[str]:
    """Say that raters agree on everything, where no recording can be listed as doubtful."""
    if not len(agreement.items) or len(_disagreed(agreement)):
        return []
    n_items = counted(len(agreement.items), "recording")
    return [f"No ratings of {agreement.label} differ: the raters agree fully on {n_items}."]


def _disagreed(agreement: Agreement) -> pd.DataFrame:
    """Return the recordings whose ratings differ, those that differ most first."""
    items = agreement.items
    if "agreement" in items:
        return items[items["agreement"] < 1 - _ROUNDING]
    return items[items["sd"] > _ROUNDING]


def least_agreeing(agreement: Agreement, names: Sequence[str]) -> list[Table]:
    """Return the raters and the recordings that agree least; none where no ratings differ.

    Parameters
    ----------
    agreement : Agreement
        Of a label.
    names : sequence of str
        The name of each recording, by its row.
    """
    label, tables = agreement.label, []
    is_categorical = "agreement" in agreement.items
    disagreed = _disagreed(agreement)
    if disagreed.empty:
        return []
    if len(agreement.raters) > 1:
        rows = [list(map(_cell, row)) for row in _first(agreement.raters)]
        caption = f"Raters of {label} who agree least with the others"
        of_raters = _OF_CLASSES if is_categorical else "correlation with the others' mean"
        columns = ["rater", "ratings", of_raters]
        tables.append(Table(caption, columns, rows))
    shown = disagreed.assign(row=[names[row] for row in disagreed["row"]])
    rows = [list(map(_cell, row)) for row in _first(shown)]
    caption = f"Recordings whose raters agree least on {label}"
    of_items = _OF_CLASSES if is_categorical else "standard deviation, in units of the rating"
    return [*tables, Table(caption, ["recording", "ratings", of_items], rows)]


def _first(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(table.head(SHOWN).itertuples(index=False, name=None))


def _cell(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _ceiling_table(run: RunSummary, task: Task) -> Table | None:
    """Return what a rater and the model reach against the other raters."""
    metric = headline_metric(task)
    figures = run.figures(task)
    if f"human.{metric}" not in figures:
        return None
    rows = [
        ["a rater", estimate(figures[f"human.{metric}"])],
        ["the model", estimate(figures.get(f"against_raters.{metric}"))],
    ]
    notes = [_CEILING_NOTE]
    lowest = number(figures.get("cross_entropy", {}).get("lowest"))
    if lowest != ABSENT:
        notes.append(f"The cross-entropy with the votes cannot be below their entropy, {lowest}.")
    title = metric_title(metric)
    caption = f"{title} of {task.name} against the other raters"
    return Table(caption, ["who", title], rows, notes=notes)
