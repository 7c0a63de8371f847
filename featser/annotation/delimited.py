"""Intervals in CSV: a column of labels that is named like their tier, or ``tier`` and ``label``.

Columns are found by their usual names, with any of three separators, as in a manifest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from featser.annotation.interval_table import (
    TIER,
    Interval,
    number_of,
    refuse_equal_columns,
    tiers_of,
)
from featser.annotation.wide_tables import from_wide
from featser.corpora.cleaning import MISSING_WORDS
from featser.corpora.file_paths import relative_to
from featser.corpora.tables.column_names import usual_label
from featser.corpora.tables.text_table import TextTable
from featser.errors import AnnotationError
from featser.io.escaping import for_csv

_TEXTS = ("file", "tier", "label", "speaker", "language", "corpus", "channel", "stream", "split")


def read(path: Path, where: str) -> list[Interval]:
    """Read a table with ``start``, ``end`` and labels; ``file`` may be missing."""
    text = TextTable(path, where)
    table = text.whole()
    refuse_equal_columns(table, where)
    for name in ("start", "end"):
        if name not in table:
            raise AnnotationError(
                f"{where}: no column `{name}`; columns: {', '.join(map(str, table.columns))}. Name "
                f"the columns with seconds `start` and `end`"
            )
    lines = table.index.tolist()
    table = table.reset_index(drop=True).replace(dict.fromkeys(("", *MISSING_WORDS)))
    for name in ("start", "end"):
        table[name] = [
            number_of("" if pd.isna(value) else value, f"`{name}`", f"{where}, line {line}")
            for value, line in zip(table[name], lines, strict=True)
        ]
    is_long = {"tier", "label"} <= set(table.columns)
    labels = [] if is_long else [usual_label([str(name) for name in table.columns])]
    for name in table.columns:
        if name not in (*_TEXTS, "start", "end", *labels):
            table[name] = _numbers(table[name])
    table["_line"] = lines
    if not is_long:
        table = from_wide(table, tuple(name for name in labels if name))
    return [_interval(row) for row in table.to_dict("records")]


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as numbers if all of its values are."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers if (numbers.notna() | values.isna()).all() else values


def _interval(row: dict[Any, Any]) -> Interval:
    present = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    line = int(present.pop("_line") or 0)
    start, end = float(present.pop("start") or 0.0), float(present.pop("end") or 0.0)
    label, file = present.pop("label", None), present.pop("file", None)
    tier = present.pop("tier", None) or TIER
    values = {name: float("nan") if value is None else value for name, value in present.items()}
    return Interval(start, end, label, tier, file, line, values)


def write(intervals: pd.DataFrame, path: Path, target: Path) -> None:
    """Write a table that is a manifest as well; files are relative to its folder."""
    tiers = tiers_of(intervals)
    table = intervals
    if len(tiers) <= 1 and not set(tiers) & ({*intervals.columns} - {TIER}):
        name = tiers[0] if tiers else TIER
        table = intervals.drop(columns="tier").rename(columns={"label": name})
    if table["file"].isna().all():
        table = table.drop(columns="file")
    else:
        files = [relative_to(file, target.parent) for file in table["file"].fillna("")]
        table = table.assign(file=files)
    separator = "\t" if target.suffix.lower() == ".tsv" else ","
    with path.open("w", encoding="utf-8", newline="") as stream:
        for_csv(table).to_csv(stream, sep=separator, index=False, lineterminator="\n")
