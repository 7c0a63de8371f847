"""The intervals of recordings that an annotation gives, to be predicted one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

import pandas as pd

from featser.annotation.annotation_files import read_annotation
from featser.annotation.interval_table import tiers_of, tiers_of_interest
from featser.errors import InputError


def segments_of(source: str, files: Sequence[str]) -> pd.DataFrame:
    """Read the intervals of some recordings.

    Parameters
    ----------
    source : str
        An annotation file, after which ``#TIER`` may name a tier.
    files : sequence of str
        The recordings.

    Returns
    -------
    DataFrame
        ``file``, ``start`` and ``end``, in the order of the recordings and of time.

    Raises
    ------
    InputError
        If a tier must be named, or a recording has no interval.
    AnnotationError
        If the file cannot be read, or has no such tier.
    """
    path, _, tier = source.rpartition("#") if "#" in source else (source, "", "")
    intervals = read_annotation(path, tier=tier or None)
    tiers = tiers_of_interest(tiers_of(intervals))
    if len(tiers) > 1:
        raise InputError(
            f"'{source}' has {len(tiers)} tiers ({', '.join(tiers)}): name one, such as "
            f"{path}#{tiers[0]}",
            "segments",
        )
    intervals = intervals[intervals["tier"].isin(tiers) & (intervals["end"] > intervals["start"])]
    tables = []
    for file in files:
        rows = intervals if len(files) == 1 else _of_recording(intervals, file)
        if rows.empty:
            raise InputError(f"'{source}' has no interval of {file}", "segments")
        tables.append(rows[["start", "end"]].sort_values(["start", "end"]).assign(file=file))
    return pd.concat(tables, ignore_index=True)[["file", "start", "end"]]


def _of_recording(intervals: pd.DataFrame, file: str) -> pd.DataFrame:
    """Return the intervals of a recording: of its path, or of its name without the ending."""
    named = intervals["file"].fillna("").astype(str)
    exact = named.map(lambda name: bool(name) and Path(name).absolute() == Path(file).absolute())
    if exact.any():
        return intervals[exact.to_numpy()]
    return intervals[
        (named.map(lambda name: PurePath(name).stem) == PurePath(file).stem).to_numpy()
    ]
