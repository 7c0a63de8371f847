"""The table of labelled intervals, which every format of annotation is read to and written from.

A row is an interval of a recording: ``file``, ``start`` and ``end`` in seconds, ``tier`` (what is
annotated, such as ``emotion``) and ``label``. Further columns hold numbers, such as probabilities,
or text. An interval that ends where it starts is a point. A label that is missing means that the
interval is marked and not labelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.corpora.cleaning import as_text
from featser.errors import AnnotationError, shortened

COLUMNS = ("file", "start", "end", "tier", "label")
"""Columns that every table of intervals has, in this order."""
TIER = "label"
"""The tier of intervals whose format has no tiers."""
LEFT_OUT = "left out"
"""The tier of what a segmentation left out, beside that of the speech."""
LONGEST_S = 1e9
"""No recording lasts longer, in seconds (31 years); formats with whole milliseconds hold it."""
TOUCHING_S = 1e-6
"""Intervals that overlap by less, in seconds, touch: times are rounded by programs that write."""


@dataclass(frozen=True)
class Interval:
    """A labelled interval, as a reader finds it in a file.

    Attributes
    ----------
    start, end : float
        In seconds.
    label : str or None
        None if there is no label.
    tier : str
        What is annotated.
    recording : str or None
        The recording, as the file names it; None if it names none.
    line : int
        Where the interval is in the file; 0 if it has no lines.
    values : mapping of str to float or str
        Further columns.
    """

    start: float
    end: float
    label: str | None
    tier: str = TIER
    recording: str | None = None
    line: int = 0
    values: Mapping[str, float | str] = field(default_factory=dict)


def table_of(intervals: Iterable[Interval], where: str) -> pd.DataFrame:
    """Return intervals as a table, with the recordings as the file names them.

    Parameters
    ----------
    intervals : iterable of Interval
        What a reader returned.
    where : str
        What errors call the file.

    Returns
    -------
    DataFrame
        In the order of the file.

    Raises
    ------
    AnnotationError
        If a time is negative or infinite, or an interval ends before it starts.

    Examples
    --------
    >>> table_of([Interval(0.5, 1.25, "angry", "emotion")], "a.TextGrid")["label"].tolist()
    ['angry']
    """
    rows = [_row(interval, where) for interval in intervals]
    names = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))
    columns = {name: _column([row.get(name) for row in rows], name) for name in names}
    return pd.DataFrame(columns, columns=pd.Index(names))


def _row(interval: Interval, where: str) -> dict[str, Any]:
    problem = time_problem(interval.start, interval.end)
    if problem:
        line = f", line {interval.line}" if interval.line else ""
        raise AnnotationError(f"{where}{line}: {problem} (tier '{shortened(interval.tier)}')")
    return {
        "file": interval.recording,
        "start": interval.start,
        "end": interval.end,
        "tier": interval.tier,
        "label": interval.label or None,
        **interval.values,
    }


def time_problem(start: float, end: float) -> str:
    """Return why two times are no interval, and what to do; empty if they are one.

    Examples
    --------
    >>> time_problem(2.0, 1.5)
    'end (1.5) is before start (2), in seconds: exchange them'
    >>> time_problem(1.0, 1.5)
    ''
    """
    for name, value in (("start", start), ("end", end)):
        if not math.isfinite(value) or value < 0:
            return f"{name} is {value:g}: give seconds from the beginning of the recording"
        if value > LONGEST_S:
            return f"{name} is {value:g} s, and no recording is that long: correct it"
    if end < start:
        return f"end ({end:g}) is before start ({start:g}), in seconds: exchange them"
    return ""


def number_of(text: str, field: str, place: str) -> float:
    """Return the number that a field of a line holds, also with a decimal comma.

    Raises
    ------
    AnnotationError
        If it holds none.

    Examples
    --------
    >>> number_of("0,25", "start", "labels.txt, line 3")
    0.25
    """
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise AnnotationError(
            f"{place}: {field} is '{shortened(text)}', not a number: write it with a decimal point"
        ) from None


def _column(values: list[Any], name: str) -> pd.Series[Any]:
    is_number = name in ("start", "end") or (
        name not in COLUMNS and not any(isinstance(value, str) for value in values)
    )
    if is_number:
        return pd.Series([math.nan if v is None else float(v) for v in values], dtype="float64")
    return as_text(pd.Series(values, dtype="object"))


def check_intervals(table: pd.DataFrame, where: str = "the table of intervals") -> pd.DataFrame:
    """Check a table of intervals and bring it into its usual form.

    Parameters
    ----------
    table : DataFrame
        At least ``start`` and ``end``.
    where : str
        What errors call the table.

    Returns
    -------
    DataFrame
        A copy with all columns of :data:`COLUMNS` first, sorted by file, tier and time on a new
        index; tiers are in the order of their first rows. ``tier`` is never missing.

    Raises
    ------
    AnnotationError
        If a column is missing or has the wrong type, or a row is no interval.

    Examples
    --------
    >>> import pandas as pd
    >>> check_intervals(pd.DataFrame({"start": [1.0], "end": [2.0]}))["tier"].tolist()
    ['label']
    """
    refuse_equal_columns(table, where)
    for name in ("start", "end"):
        if name not in table:
            raise AnnotationError(f"{where}: no column `{name}`: give seconds in it")
        if not types.is_numeric_dtype(table[name]):
            raise AnnotationError(
                f"{where}: column `{name}` contains {table[name].dtype}: convert it to seconds"
            )
    result = table.reset_index(drop=True)
    for name in COLUMNS:
        if name not in result:
            result[name] = pd.Series(np.nan, result.index, dtype="str")
        elif name not in ("start", "end"):
            result[name] = as_text(result[name])
    result["tier"] = result["tier"].fillna(TIER)
    times = result[["start", "end"]].astype("float64").to_numpy()
    for row, (start, end) in enumerate(times):
        problem = time_problem(start, end)
        if problem:
            raise AnnotationError(f"{where}, row {row + 1}: {problem}")
    result[["start", "end"]] = times
    ordered = result[[*COLUMNS, *(name for name in result.columns if name not in COLUMNS)]]
    places = {name: place for place, name in enumerate(tiers_of(ordered))}
    return (
        ordered.assign(_tier=ordered["tier"].map(places))
        .sort_values(["file", "_tier", "start", "end"], kind="stable", ignore_index=True)
        .drop(columns="_tier")
    )


def refuse_equal_columns(table: pd.DataFrame, where: str) -> None:
    """Refuse a table of which two columns have one name.

    Raises
    ------
    AnnotationError
        With the name.
    """
    again = table.columns[table.columns.duplicated()]
    if len(again):
        raise AnnotationError(
            f"{where}: two columns are called `{shortened(str(again[0]))}`: rename or remove one"
        )


def tiers_of(intervals: pd.DataFrame) -> list[str]:
    """Return the tiers of a table of intervals, in the order of their first rows."""
    return [str(name) for name in dict.fromkeys(intervals["tier"])]


def tiers_of_interest(tiers: Sequence[str]) -> list[str]:
    """Return tiers without that of what a segmentation left out beside them.

    Examples
    --------
    >>> tiers_of_interest(["speech", "left out"])
    ['speech']
    """
    return [name for name in tiers if name != LEFT_OUT] or list(tiers)


def further_columns(intervals: pd.DataFrame) -> list[str]:
    """Return the columns of a table of intervals that not every one has."""
    return [str(name) for name in intervals.columns if name not in COLUMNS]


def first_overlap(intervals: pd.DataFrame) -> tuple[int, int] | None:
    """Return the positions of two rows of one recording and tier that overlap; None without any.

    Parameters
    ----------
    intervals : DataFrame
        Sorted, as :func:`check_intervals` returns it.
    """
    for _, rows in intervals.groupby(["file", "tier"], dropna=False, sort=False):
        end, last = -math.inf, -1
        for position, row_start, row_end in rows[["start", "end"]].itertuples():
            if row_start < end - TOUCHING_S:
                return last, int(position)
            if row_end > end:
                end, last = row_end, int(position)
    return None
