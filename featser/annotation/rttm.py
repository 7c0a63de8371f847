"""RTTM (NIST's rich transcription time marks): which speaker speaks when, in several recordings.

A line has nine or ten fields separated by blanks: ``SPEAKER recording channel start duration <NA>
<NA> label confidence <NA>``. Lines of other types and comments (``;;``) are passed over.

References
----------
NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
"""

from __future__ import annotations

from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from featser.annotation.interval_table import Interval, number_of
from featser.corpora.tables.text_encoding import text_encoding
from featser.errors import AnnotationError, shortened

TIER = "speaker"
"""What RTTM annotates."""
_MISSING = "<NA>"


def read(path: Path, where: str) -> list[Interval]:
    """Read the lines of type SPEAKER; the channel is a column where it is not always 1."""
    encoding, _ = text_encoding(path, where)
    lines = enumerate(path.read_text(encoding).split("\n"), 1)
    rows = [(number, line.split()) for number, line in lines]
    rows = [(number, row) for number, row in rows if row and row[0] == "SPEAKER"]
    has_channels = any(len(row) > 2 and row[2] not in ("1", _MISSING) for _, row in rows)
    return [_interval(row, number, where, has_channels) for number, row in rows]


def _interval(row: list[str], number: int, where: str, has_channels: bool) -> Interval:
    place = f"{where}, line {number}"
    if len(row) < 8:
        raise AnnotationError(
            f"{place}: {len(row)} fields, RTTM has 9 or 10: SPEAKER recording channel start "
            f"duration <NA> <NA> label confidence <NA>; replace blanks inside names by '_'"
        )
    start = number_of(row[3], "start", place)
    duration = number_of(row[4], "duration", place)
    values: dict[str, float | str] = {}
    if len(row) > 8 and row[8] != _MISSING:
        values["confidence"] = number_of(row[8], "confidence", place)
    if has_channels:
        values["channel"] = row[2]
    label = None if row[7] == _MISSING else row[7]
    # The sum of two decimal numbers, which a binary sum misses by its last digit.
    return Interval(start, round(start + duration, 9), label, TIER, row[1], number, values)


def write(intervals: pd.DataFrame, path: Path, target: Path) -> None:
    """Write a line of type SPEAKER for each interval; recordings lose folder and ending."""
    no_file = target.stem
    _refuse_equal_names(intervals["file"].dropna(), target)
    ordered = intervals.sort_values(["file", "start", "end"], kind="stable")
    lines = []
    for row in ordered.to_dict("records"):
        name = no_file if pd.isna(row["file"]) else PurePath(row["file"]).stem
        if name.split() != [name]:
            raise AnnotationError(
                f"{target}: the name of the recording '{shortened(name)}' has blanks, which RTTM "
                f"cannot hold: rename the recording, or write .csv"
            )
        confidence = row.get("confidence", np.nan)
        channel = row.get("channel", np.nan)
        fields = [
            "SPEAKER",
            name,
            "1" if pd.isna(channel) else str(channel),
            _seconds(row["start"]),
            _seconds(row["end"] - row["start"]),
            _MISSING,
            _MISSING,
            row["label"],
            _MISSING if pd.isna(confidence) else f"{confidence:g}",
            _MISSING,
        ]
        lines.append(" ".join(fields) + "\n")
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def _refuse_equal_names(files: pd.Series[str], target: Path) -> None:
    """Refuse recordings whose names differ in folder or ending only, which RTTM does not have."""
    paths: dict[str, str] = {}
    for file in files.unique():
        other = paths.setdefault(PurePath(file).stem, file)
        if other != file:
            raise AnnotationError(
                f"{target}: RTTM names recordings without folder and ending, and cannot "
                f"distinguish {shortened(other)} from {shortened(file)}: rename one, or write .csv"
            )


def _seconds(value: float) -> str:
    return np.format_float_positional(round(value, 6), trim="0")
