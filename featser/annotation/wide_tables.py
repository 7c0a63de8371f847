"""Intervals as a manifest has them: a row for each interval, a column for each tier."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.api import types

from featser.annotation.interval_table import COLUMNS, TIER, further_columns, tiers_of
from featser.errors import AnnotationError, shortened

SPEAKER = "speaker"
_FURTHER = (SPEAKER, "language", "corpus", "channel", "stream", "split", "fold")
"""Columns of a manifest that annotate no intervals."""


def from_wide(table: pd.DataFrame, tiers: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a table with a column for each tier as a table of intervals.

    Parameters
    ----------
    table : DataFrame
        With ``start`` and ``end``. Columns of text are tiers, but for those that every manifest
        has; without any, the column ``speaker`` is one.
    tiers : tuple of str
        Columns that are tiers although they hold numbers.

    Examples
    --------
    >>> wide = pd.DataFrame({"start": [0.0], "end": [1.0], "emotion": ["sad"], "p": [0.9]})
    >>> from_wide(wide)[["tier", "label", "p"]].values.tolist()
    [['emotion', 'sad', 0.9]]
    """
    named = [
        name
        for name in table.columns
        if name in tiers
        or (
            name not in (*COLUMNS, *_FURTHER)
            and not types.is_numeric_dtype(table[name])
            and table[name].notna().any()
        )
    ]
    if TIER in table and TIER not in named:
        named.insert(0, TIER)
    if not named and SPEAKER in table and table[SPEAKER].notna().any():
        named = [SPEAKER]
    rest = table.drop(columns=named)
    if not named:
        return rest.assign(tier=TIER, label=None)
    longs = [
        rest.assign(tier=name, label=table[name])[table[name].notna() | (len(named) == 1)]
        for name in named
    ]
    return pd.concat(longs, ignore_index=True)


def to_wide(intervals: pd.DataFrame) -> pd.DataFrame:
    """Return a table of intervals with a column for each tier.

    Parameters
    ----------
    intervals : DataFrame
        As :func:`~featser.annotation.interval_table.check_intervals` returns it. Further columns of
        several tiers are named ``TIER.COLUMN``.

    Raises
    ------
    AnnotationError
        If an interval has two labels of one tier.
    """
    tiers = tiers_of(intervals)
    further = further_columns(intervals)
    keys = ["file", "start", "end"]
    result: pd.DataFrame | None = None
    for tier in tiers:
        rows = intervals[intervals["tier"] == tier].drop(columns="tier")
        _refuse_twice(rows, tier)
        names: dict[Any, Any] = {"label": tier}
        if len(tiers) > 1:
            names |= {name: f"{tier}.{name}" for name in further}
        rows = rows.rename(columns=names)
        result = rows if result is None else result.merge(rows, "outer", keys)
    if result is None:
        return intervals.drop(columns=["tier", "label"])
    return result.sort_values(keys, kind="stable", ignore_index=True)


def _refuse_twice(rows: pd.DataFrame, tier: str) -> None:
    twice = rows.duplicated(["file", "start", "end"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise AnnotationError(
            f"the interval {row['start']:g}–{row['end']:g} s has two labels of the tier "
            f"'{shortened(tier)}': remove one, or rename the tier of one"
        )
