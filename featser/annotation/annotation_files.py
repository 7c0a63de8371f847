"""Reading and writing files of labelled intervals, in the format that their ending says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from featser.annotation.annotation_formats import FORMATS, AnnotationFormat, format_of
from featser.annotation.earlier_files import sign
from featser.annotation.interval_table import (
    check_intervals,
    first_overlap,
    further_columns,
    table_of,
    tiers_of,
)
from featser.annotation.recordings import recordings_of
from featser.corpora.cleaning import as_text
from featser.errors import AnnotationError, ManifestError, shortened, unknown
from featser.io.atomic_write import whole
from featser.io.location import absolute, is_local_file, is_remote, local_path


def read_annotation(
    file: str | Path, *, recording: str | Path | None = None, tier: str | None = None
) -> pd.DataFrame:
    """Read labelled intervals in the format that a file's ending says.

    Parameters, result and errors are those of ``featser.read_annotation``, which documents them.
    """
    return read_with_names(file, recording, tier)[0]


def read_with_names(
    file: str | Path, recording: str | Path | None = None, tier: str | None = None
) -> tuple[pd.DataFrame, dict[str | None, str | None]]:
    """Read labelled intervals, and what the file itself calls their recordings.

    Parameters
    ----------
    file, recording, tier
        As :func:`read_annotation` takes them.

    Returns
    -------
    intervals : DataFrame
        As :func:`read_annotation` returns them.
    names : dict
        By recording, as ``intervals`` have it, the name that the file gives it; None if it gives
        none. Empty if ``recording`` is given.
    """
    path, where = local_path(file), str(file)
    chosen = format_of(path)
    try:
        table = table_of(chosen.module.read(path, where), where)
    except ManifestError as error:  # of the readers that share the table's code
        raise AnnotationError(str(error)) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise AnnotationError(f"{where}: cannot be read: {why}") from error
    written: dict[str | None, str | None] = {}
    if recording is None:
        names = [None if pd.isna(name) else str(name) for name in table["file"]]
        resolved = recordings_of(names, path)
        written = {place: name for name, place in resolved.items()}
        files = [resolved[name] for name in names]
    else:
        files = [_absolute(str(recording))] * len(table)
    table["file"] = as_text(pd.Series(files, table.index, dtype="object"))
    table = check_intervals(table, where)
    return (table if tier is None else _of_tier(table, tier, where)), written


def write_annotation(
    intervals: pd.DataFrame, file: str | Path, *, tier: str | None = None, signed: bool = False
) -> list[str]:
    """Write labelled intervals in the format that a file's ending says.

    Parameters, result and errors are those of ``featser.write_annotation``, which documents them.
    With ``signed``, a command may replace the file later
    (:mod:`featser.annotation.earlier_files`).
    """
    path = local_path(file)
    chosen = format_of(path)
    table = check_intervals(intervals)
    if tier is not None:
        table = _of_tier(table, tier, "the table of intervals")
    table["file"] = table["file"].map(_absolute, na_action="ignore")
    for problem in (_several, _unlabelled, _points, _overlaps):
        problem_text = problem(table, chosen)
        if problem_text:
            raise AnnotationError(f"{path}: {problem_text}")
    notes = _left_out(table, chosen, path)
    if not chosen.endings:
        chosen.module.write(table, path, path)
        return notes
    with whole(path) as temporary:
        chosen.module.write(table, temporary, path)
        if signed:
            sign(temporary, chosen)
    return notes


def _of_tier(table: pd.DataFrame, tier: str, where: str) -> pd.DataFrame:
    if tier not in tiers_of(table):
        raise AnnotationError(f"{where}: {unknown('tier', tier, tiers_of(table))}")
    return table[table["tier"] == tier].reset_index(drop=True)


def _absolute(file: str) -> str:
    """Return the absolute path of a recording that exists here; other names stay as they are."""
    if is_remote(file) or not is_local_file(local_path(file)):
        return file
    return absolute(file)


def _formats_with(attribute: str) -> str:
    return ", ".join(one.title for one in FORMATS if getattr(one, attribute))


def _several(table: pd.DataFrame, chosen: AnnotationFormat) -> str:
    n_files = table["file"].nunique(dropna=False)
    if n_files > 1 and not chosen.has_recordings:
        return (
            f"{chosen.name} holds one recording, and the intervals are of {n_files}: write one "
            f"file for each, or {_formats_with('has_recordings')}"
        )
    tiers = tiers_of(table)
    if len(tiers) > 1 and not chosen.has_tiers:
        names = ", ".join(f"'{shortened(name)}'" for name in tiers[:5])
        return (
            f"{chosen.name} holds one tier, and the intervals have {len(tiers)} ({names}): choose "
            f"one, or write {_formats_with('has_tiers')}"
        )
    return ""


def _unlabelled(table: pd.DataFrame, chosen: AnnotationFormat) -> str:
    if chosen.needs_labels and table["label"].isna().any():
        row = table[table["label"].isna()].iloc[0]
        return (
            f"the interval {row['start']:g}–{row['end']:g} s has no label, and {chosen.name} "
            f"cannot hold it: give it one"
        )
    if chosen.needs_words:
        for label in table["label"].unique():
            if len(str(label).split()) != 1:
                return (
                    f"the label '{shortened(label)}' has blanks, which {chosen.name} cannot hold: "
                    f"replace them by '_', or write .csv"
                )
    return ""


def _points(table: pd.DataFrame, chosen: AnnotationFormat) -> str:
    is_point = table["start"] == table["end"]
    if chosen.has_points or not is_point.any():
        return ""
    row = table[is_point].iloc[0]
    return (
        f"the label '{shortened(str(row['label']))}' at {row['start']:g} s is a point, and "
        f"{chosen.name} holds intervals only: give it an end, or write "
        f"{_formats_with('has_points')}"
    )


def _overlaps(table: pd.DataFrame, chosen: AnnotationFormat) -> str:
    overlap = None if chosen.has_overlaps else first_overlap(table)
    if overlap is None:
        return ""
    first, second = (table.iloc[row] for row in overlap)
    return (
        f"the intervals {first['start']:g}–{first['end']:g} s and {second['start']:g}–"
        f"{second['end']:g} s of the tier '{shortened(first['tier'])}' overlap, which "
        f"{chosen.name} cannot hold: put them into two tiers, or write "
        f"{_formats_with('has_overlaps')}"
    )


def _left_out(table: pd.DataFrame, chosen: AnnotationFormat, path: Path) -> list[str]:
    if chosen.columns is None:
        return []
    lost = [name for name in further_columns(table) if name not in chosen.columns]
    if not lost:
        return []
    names = ", ".join(f"`{shortened(name)}`" for name in lost)
    return [f"{path}: {names} left out, because the format ({chosen.name}) holds only labels"]
