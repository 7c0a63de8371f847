"""Intervals of a tier as a manifest: each is an utterance, and the tier is its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_files import read_annotation
from featser.annotation.annotation_formats import SOURCES
from featser.annotation.interval_table import tiers_of, tiers_of_interest
from featser.corpora.manifest import NOTES, check_manifest
from featser.corpora.tables.column_names import named_columns
from featser.errors import AnnotationError, counted, shortened, unknown
from featser.io.location import is_remote, path_part

_MANIFEST_COLUMNS = ("speaker", "language", "corpus", "channel", "split", "fold")


def is_annotation(location: str | Path) -> bool:
    """Whether a location's ending is that of a file of intervals, and of no other table.

    Examples
    --------
    >>> is_annotation("interview.TextGrid"), is_annotation("manifest.csv")
    (True, False)
    """
    return path_part(location).suffix.lower() in SOURCES


def annotated_manifest(
    file: str | Path, tier: str | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read a file of intervals as a manifest.

    Parameters
    ----------
    file : str or Path
        As :func:`~featser.annotation.annotation_files.read_annotation` reads it.
    tier : str, optional
        The tier whose intervals are utterances; the only one by default.
    columns : mapping of str to str, optional
        Other names for columns.

    Returns
    -------
    DataFrame
        A manifest with absolute paths, whose label is named like the tier;
        :func:`~featser.corpora.manifest.notes_of` returns what was left out.

    Raises
    ------
    AnnotationError
        If the file cannot be read, has several tiers or not this one, or names no recording.
    """
    if is_remote(file):
        raise AnnotationError(f"{file}: intervals are read from a file of this machine: copy it")
    intervals = read_annotation(file)
    return manifest_of(
        intervals, chosen_tier(tiers_of(intervals), tier, str(file)), str(file), columns
    )


def chosen_tier(tiers: Sequence[str], tier: str | None, where: str) -> str:
    """Return the tier to read: the one that was asked for, or the only one but ``left out``.

    Raises
    ------
    AnnotationError
        If it does not exist, or none was asked for and there are several.

    Examples
    --------
    >>> chosen_tier(["emotion", "left out"], None, "talk.eaf")
    'emotion'
    """
    if not tiers:
        raise AnnotationError(f"{where}: no labelled interval: label some, and save it")
    if tier is not None and tier not in tiers:
        raise AnnotationError(f"{where}: {unknown('tier', tier, tiers)}")
    if tier is not None:
        return tier
    tiers = tiers_of_interest(tiers)
    if len(tiers) > 1:
        names = ", ".join(f"'{shortened(name)}'" for name in tiers)
        raise AnnotationError(
            f"{where}: {len(tiers)} tiers ({names}): choose one with `featser scan "
            f"{where} --annotation TIER -o manifest.csv`"
        )
    return tiers[0]


def manifest_of(
    intervals: pd.DataFrame,
    tier: str,
    where: str,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the intervals of a tier as a manifest.

    Parameters
    ----------
    intervals : DataFrame
        As :func:`~featser.annotation.annotation_files.read_annotation` returns them.
    tier : str
        One of its tiers.
    where : str
        What errors call the intervals.
    columns : mapping of str to str, optional
        Other names for columns.

    Returns
    -------
    DataFrame
        As :func:`annotated_manifest` returns it.

    Raises
    ------
    AnnotationError
        If no interval has a recording and a length.
    ManifestError
        If the tier has the name of another column, or an interval occurs twice.
    """
    rows = intervals[intervals["tier"] == tier]
    is_point, is_lost = rows["start"] == rows["end"], rows["file"].isna()
    if is_lost.all():
        raise AnnotationError(
            f"{where}: names no recording, and none is beside it: put the recording into the same "
            f"folder, with the same name"
        )
    notes = []
    if is_lost.any():
        notes.append(f"{counted(int(is_lost.sum()), 'interval')} without a recording: left out")
    if is_point.any():
        notes.append(f"{counted(int(is_point.sum()), 'label')} at points in time: left out")
    rows = rows[~is_point & ~is_lost]
    if rows.empty:
        raise AnnotationError(f"{where}: the tier '{tier}' has points only, and no interval")
    table = rows[["file", "start", "end", "label"]].rename(columns={"label": tier})
    for name in _MANIFEST_COLUMNS:
        if name in rows and name != tier:
            table[name] = rows[name]
    named = named_columns(list(table.columns), where, columns)
    manifest = check_manifest(table.set_axis(named.names, axis="columns"), where, {})
    manifest.attrs[NOTES] = [*notes, *named.notes]
    return manifest
