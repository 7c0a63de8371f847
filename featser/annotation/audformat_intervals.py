"""Intervals in audformat databases: the rows of segmented tables, a column for each tier."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from featser.annotation.interval_table import Interval
from featser.annotation.recordings import length_of
from featser.annotation.wide_tables import from_wide, to_wide
from featser.corpora.audformat_io import read_audformat, write_audformat
from featser.errors import AnnotationError


def read(path: Path, where: str) -> list[Interval]:
    """Read all segments; a row without times is an interval as long as the recording."""
    table, _ = read_audformat(path)
    if table["end"].isna().any():
        table["end"] = [
            _end_of(file, where) if math.isnan(end) else end
            for file, end in zip(table["file"], table["end"], strict=True)
        ]
    table = table.fillna({"start": 0.0}).dropna(axis="columns", how="all")
    rows = from_wide(table).to_dict("records")
    names = ("file", "start", "end", "tier", "label")
    return [
        Interval(
            row["start"],
            row["end"],
            None if pd.isna(row["label"]) else row["label"],
            row["tier"],
            row["file"],
            values={str(name): value for name, value in row.items() if name not in names},
        )
        for row in rows
    ]


def _end_of(file: str, where: str) -> float:
    length = length_of(file)
    if length is None:
        raise AnnotationError(
            f"{where}: {file} has no `end`, and its length is unknown: put the recording beside "
            f"the database, or give `end`"
        )
    return length


def write(intervals: pd.DataFrame, path: Path, target: Path) -> None:
    """Write a new database; no audio is copied."""
    del path
    if intervals["file"].isna().any():
        raise AnnotationError(
            f"{target}: a database names recordings, and {int(intervals['file'].isna().sum())} "
            f"intervals have none: fill the column `file`"
        )
    write_audformat(to_wide(intervals), target)
