"""The report's section on prediction sets: their coverage and size, out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from featser.evaluation.conformal import COVERAGES, speakers_needed
from featser.evaluation.statistics.set_coverage import ALL_CLASSES, coverage_table
from featser.reporting.numbers import count, estimate, number
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table
from featser.reporting.wording import is_optimistic

_SENTENCE = (
    "A prediction set has the classes that left-out {units} of the training fold do not rule out. "
    "Sets at coverage 0.9 have the true class with a probability of 0.9 or more, for each class "
    "and for {whose}. A class can only be ruled out if enough {units} of the training fold have "
    "it ({needed}): with fewer, it is in every set. The model abstains where a set has not exactly "
    "one class. Each speaker has the same weight in these figures."
)
_COLUMNS = ["covered", "classes in the set", "one class", "right of these"]


def coverage_sentence(run: RunSummary) -> str:
    """Say what the sets guarantee, and for whom."""
    if is_optimistic(run, run.protocol) or not run.has_speakers:
        units, whose = "recordings", "new recordings of the same speakers"
    else:
        units, whose = "speakers", "new speakers like those of the training"
    needed = ", ".join(f"{speakers_needed(one)} at coverage {one:g}" for one in COVERAGES)
    return _SENTENCE.format(units=units, whose=whose, needed=needed)


def coverage_frame(run: RunSummary) -> pd.DataFrame:
    """Return the figures of all tasks with prediction sets, as ``coverage_table`` has them."""
    speakers = run.speakers()
    tables = [coverage_table(task, run.predictions, speakers) for task in run.ordered_tasks]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def coverage_tables(run: RunSummary) -> list[Table]:
    """Return a table for each task with prediction sets: all classes together, then each."""
    frame = coverage_frame(run)
    if not len(frame):
        return []
    return [
        _table(str(task), rows) for task, rows in frame.groupby("task", sort=False, observed=True)
    ]


def _table(task: str, rows: pd.DataFrame) -> Table:
    ordered = pd.concat([rows[rows["class"] == ALL_CLASSES], rows[rows["class"] != ALL_CLASSES]])
    cells = [
        [
            str(row["class"]),
            f"{row['coverage']:g}",
            *(_estimate(row, name) for name in ("covered", "set_size", "answered")),
            number(row["right"]),
            count(int(row["utterances"])),
            count(int(row["speakers"])),
        ]
        for row in ordered.to_dict("records")
    ]
    columns = ["class", "coverage", *_COLUMNS, "utterances", "speakers"]
    return Table(f"Prediction sets of {task}", columns, cells)


def _estimate(row: Mapping[Any, Any], name: str) -> str:
    return estimate({"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]})
