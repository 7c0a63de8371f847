"""Timelines as files: tables, intervals for Praat, ELAN and others, pictures.

A kind of file is a row of :data:`OUTPUTS`; help, errors and documentation read the rows. A file
that can hold one recording only is written for each of several: ``{name}`` in its name stands for
the recording's, which otherwise comes before the ending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_files import write_annotation
from featser.annotation.annotation_formats import format_of
from featser.annotation.earlier_files import refuse_foreign_file
from featser.annotation.interval_table import check_intervals, first_overlap
from featser.annotation.segment_files import (
    NAME,
    refuse_unfit_names,
    refuse_unknown_placeholder,
)
from featser.errors import InputError
from featser.io.atomic_write import whole
from featser.io.result_tables import TABLE_ENDINGS, table_format, write_table
from featser.tasks import Task
from featser.timelines.label_intervals import label_intervals
from featser.timelines.marks.frame_marks import UNLIKE, marked_stretches
from featser.timelines.recording_timeline import RecordingTimeline
from featser.timelines.timeline_picture import PICTURE_ENDINGS, write_picture

SEGMENTS_CSV = ".segments.csv"


@dataclass(frozen=True)
class Output:
    """A kind of file.

    Attributes
    ----------
    meaning : str
        What it holds, for help.
    endings : tuple of str
        By which it is chosen, in lower case.
    """

    meaning: str
    endings: tuple[str, ...]


PICTURE = Output("a picture", PICTURE_ENDINGS)
INTERVALS = Output(
    "stretches of equal label for Praat, ELAN, RTTM, Audacity, as a table",
    (".textgrid", ".eaf", ".rttm", ".txt", SEGMENTS_CSV),
)
TABLE = Output("the frames as a table", TABLE_ENDINGS)
OUTPUTS = (INTERVALS, PICTURE, TABLE)
"""The first whose ending fits is written."""

OUTPUT_ENDINGS = tuple(ending for output in OUTPUTS for ending in output.endings)


def output_of(path: str | Path) -> Output:
    """Return the kind of a file by its ending.

    Examples
    --------
    >>> output_of("talk.segments.csv").meaning
    'stretches of equal label for Praat, ELAN, RTTM, Audacity, as a table'
    >>> output_of("talk.csv").meaning
    'the frames as a table'
    """
    return next(output for output in OUTPUTS if str(path).lower().endswith(output.endings))


def check_outputs(paths: Sequence[str | Path]) -> None:
    """Refuse files that cannot be written here, before anything is computed for them.

    Raises
    ------
    InputError
        If a name has an unknown placeholder, or ``{name}`` where a file holds all recordings.
    ResourceError
        If a package that writes one is not installed.
    """
    for path in paths:
        refuse_unknown_placeholder(path)
        if NAME in str(path) and _holds_all(path):
            raise InputError(
                f"'{path}': such a file holds all recordings: leave {NAME} out", "output"
            )
        if output_of(path) is TABLE:
            table_format(path)


def _holds_all(path: str | Path) -> bool:
    """Whether a file holds several recordings."""
    kind = output_of(path)
    return kind is TABLE or (kind is INTERVALS and format_of(path).has_recordings)


def refuse_unfit_outputs(paths: Sequence[str | Path], files: Sequence[str]) -> None:
    """Refuse files that cannot be written, or are not featser's, before anything is computed.

    Parameters
    ----------
    paths : sequence of str or Path
        What is to be written.
    files : sequence of str
        The recordings, as results call them.

    Raises
    ------
    InputError
        If annotation that featser did not write would be replaced, or a format cannot hold the
        names of the recordings.
    """
    for path in map(Path, paths):
        if output_of(path) is INTERVALS:
            refuse_unfit_names(path, format_of(path), files)
            for place, _ in [(path, "")] if _holds_all(path) else _places(path, files):
                refuse_foreign_file(place)


def refuse_overlaps(
    paths: Sequence[str | Path], intervals: pd.DataFrame, tasks: Sequence[Task]
) -> None:
    """Refuse intervals that a format cannot hold, before they are predicted.

    Parameters
    ----------
    paths : sequence of str or Path
        What is to be written.
    intervals : DataFrame
        ``file``, ``start`` and ``end`` of what is to be predicted.
    tasks : sequence of Task
        What is predicted; numbers are not written as intervals.

    Raises
    ------
    InputError
        If two intervals of a recording overlap, and a format holds no overlaps.
    """
    if not any(task.categorical for task in tasks):
        return
    for path in paths:
        if output_of(path) is not INTERVALS or format_of(path).has_overlaps:
            continue
        table = check_intervals(intervals)
        overlap = first_overlap(table)
        if overlap is not None:
            first, second = (table.iloc[row] for row in overlap)
            raise InputError(
                f"'{path}': the segments {first['start']:g}–{first['end']:g} s and "
                f"{second['start']:g}–{second['end']:g} s overlap, which {format_of(path).name} "
                f"cannot hold: write {SEGMENTS_CSV} or .txt, or correct the segments",
                "output",
            )


def write_outputs(
    paths: Sequence[str | Path], timelines: Mapping[str, RecordingTimeline], table: pd.DataFrame
) -> tuple[list[str], list[str]]:
    """Write timelines, each file whole or not at all.

    Parameters
    ----------
    paths : sequence of str or Path
        The files.
    timelines : mapping of str to RecordingTimeline
        By recording.
    table : DataFrame
        The rows of all of them.

    Returns
    -------
    written : list of str
        The files.
    notes : list of str
        What a format cannot hold.
    """
    written: list[str] = []
    notes: list[str] = []
    for path in map(Path, paths):
        output = output_of(path)
        if output is TABLE:
            write_table(table, path)
            written.append(str(path))
        elif output is PICTURE:
            for place, file in _used_places(path, timelines, table):
                with whole(place) as temporary:
                    write_picture(timelines[file], temporary, Path(file).name)
                written.append(str(place))
        else:
            written += _write_intervals(path, timelines, table, notes)
    return written, notes


def _write_intervals(
    path: Path,
    timelines: Mapping[str, RecordingTimeline],
    table: pd.DataFrame,
    notes: list[str],
) -> list[str]:
    """Write the intervals of all recordings into one file, or into one for each."""
    chosen = format_of(path)
    tasks = next((list(one.tasks) for one in timelines.values()), [])
    tiers = [task.name for task in tasks if task.categorical]
    marks = {file: marked_stretches(one.table) for file, one in timelines.items()}
    has_marks = any(len(one) for one in marks.values())
    left_out = [*tiers[1:], *([UNLIKE] if has_marks else [])]
    if left_out and tiers and not chosen.has_tiers:
        notes.append(
            f"{path}: {chosen.name} holds one tier: '{tiers[0]}' is written, not "
            f"{', '.join(repr(tier) for tier in left_out)}"
        )
        tiers = tiers[:1]
    intervals = {file: label_intervals(one.table, tiers, file) for file, one in timelines.items()}
    if chosen.has_tiers:
        intervals = {
            file: pd.concat([one, marks[file].assign(file=file)], ignore_index=True)
            if len(marks[file])
            else one
            for file, one in intervals.items()
        }
    if chosen.needs_words:
        intervals = {
            file: one.assign(label=one["label"].str.replace(r"\s+", "_", regex=True))
            for file, one in intervals.items()
        }
    if chosen.columns == ():
        intervals = {file: one.drop(columns="confidence") for file, one in intervals.items()}
    if chosen.has_recordings:
        joined = pd.concat(intervals.values(), ignore_index=True) if intervals else pd.DataFrame()
        notes += write_annotation(joined, path, signed=True)
        return [str(path)]
    places = _used_places(path, timelines, table)
    for place, file in places:
        notes += write_annotation(intervals[file], place, signed=True)
    return [str(place) for place, _ in places]


def _used_places(
    path: Path, timelines: Mapping[str, RecordingTimeline], table: pd.DataFrame
) -> list[tuple[Path, str]]:
    """Return where files are written; their names do not depend on which recordings are usable."""
    files = list(dict.fromkeys(table["file"]))
    return [(place, file) for place, file in _places(path, files) if file in timelines]


def _places(path: Path, files: Sequence[str]) -> list[tuple[Path, str]]:
    """Return where each recording's file is written.

    ``{name}.eaf`` → ``RECORDING.eaf``; of several, ``talk.eaf`` → ``talk.RECORDING.eaf``.
    """
    if len(files) == 1 and NAME not in str(path):
        return [(path, files[0])]
    pattern = str(path if NAME in str(path) else path.with_stem(f"{path.stem}.{NAME}"))
    places: dict[Path, str] = {}
    for file in files:
        stem = Path(file).stem
        name, number = stem, 2
        while (place := Path(pattern.replace(NAME, name))) in places:
            name, number = f"{stem}-{number}", number + 1
        places[place] = file
    return list(places.items())
