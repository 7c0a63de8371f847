"""Praat's TextGrid, read in each of its text forms and written in the long one.

Praat reads text files by one rule: free-standing numbers, text in double quotes and flags such as
``<exists>`` count, and all else is a comment. The long and the short form differ in comments only.
The reader follows this rule, so that whatever Praat reads is read here, and an error names the
line; libraries that look for the words of the long form lose labels that contain those words.

References
----------
https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.annotation.interval_table import TOUCHING_S, Interval, tiers_of
from featser.annotation.recordings import length_of
from featser.corpora.tables.text_encoding import text_encoding
from featser.errors import AnnotationError, shortened

INTERVALS, POINTS = "IntervalTier", "TextTier"

_TOKEN = re.compile(
    r"""(?P<text>"[^"]*(?:""[^"]*)*")
    |(?P<open>")
    |(?P<comment>![^\n]*)
    |(?P<flag><\w+>)
    |(?<![^\s=])(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)
    |(?P<other>(?:(?<==)|(?<==[ ]))[^\s"=]+)
    |[^\s"=]+|=""",
    re.VERBOSE,
)
_SAVE = "open it in Praat and use Save > Save as text file"


class _Values:
    """The numbers, texts and flags of a text file, one after the other."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._values = self._scanned(text)
        self.line = 1

    def _scanned(self, text: str) -> Iterator[tuple[str, str, int]]:
        line, last = 1, 0
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup
            if kind in (None, "comment"):
                continue
            line += text.count("\n", last, match.start())
            last = match.start()
            yield str(kind), match[0], line

    def _next(self, kind: str, field: str) -> str:
        what = {"number": "a number", "text": "text in double quotes", "flag": "<exists>"}[kind]
        found_kind, value, line = next(self._values, ("", "", self.line))
        if not found_kind:
            raise AnnotationError(
                f"{self._where}: ends before {field}: the file is cut off; save it again"
            )
        self.line = line
        if found_kind == "open":
            raise AnnotationError(
                f"{self._where}, line {line}: a double quote is opened here and not closed: close "
                f"it, and write a double quote inside a label twice"
            )
        if found_kind != kind:
            raise AnnotationError(
                f"{self._where}, line {line}: {field} is {shortened(value)}, not {what}: {_SAVE}"
            )
        return value

    def number(self, field: str) -> float:
        return float(self._next("number", field))

    def count(self, field: str) -> int:
        value = self.number(field)
        if value < 0 or not value.is_integer():
            raise AnnotationError(
                f"{self._where}, line {self.line}: {field} is {value:g}, not a count: {_SAVE}"
            )
        return int(value)

    def text(self, field: str) -> str:
        return self._next("text", field)[1:-1].replace('""', '"')

    def flag(self, field: str) -> str:
        return self._next("flag", field)


def read(path: Path, where: str) -> list[Interval]:
    """Read a TextGrid; intervals and points without a label are left out, as Praat means them."""
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"ooBinaryFile"):
        raise AnnotationError(f"{where}: a binary TextGrid: {_SAVE}")
    encoding, _ = text_encoding(path, where)
    values = _Values(path.read_text(encoding), where)
    _check_header(values, where)
    values.number("the beginning (xmin)")
    values.number("the end (xmax)")
    if values.flag("whether there are tiers") != "<exists>":
        return []
    n_tiers = values.count("the number of tiers")
    return [one for number in range(n_tiers) for one in _tier(values, number + 1, where)]


def _check_header(values: _Values, where: str) -> None:
    fix = f"{where}: not a TextGrid in Praat's text form: {_SAVE}"
    try:
        kind = values.text("the file type")
        content = values.text("the object class")
    except AnnotationError as error:
        raise AnnotationError(fix) from error
    if not kind.startswith("ooTextFile") or content != "TextGrid":
        raise AnnotationError(fix)


def _tier(values: _Values, number: int, where: str) -> Iterator[Interval]:
    kind = values.text(f"the class of tier {number}")
    if kind not in (INTERVALS, POINTS):
        raise AnnotationError(
            f"{where}, line {values.line}: the class of tier {number} is '{shortened(kind)}', not "
            f"'{INTERVALS}' or '{POINTS}': {_SAVE}"
        )
    name = values.text(f"the name of tier {number}")
    values.number(f"the beginning of tier {number}")
    values.number(f"the end of tier {number}")
    size = values.count(f"the size of tier {number}")
    what = "interval" if kind == INTERVALS else "point"
    for place in range(1, size + 1):
        field = f"{what} {place} of {size} of tier '{shortened(name)}'"
        start = values.number(f"the time of {field}")
        line = values.line
        end = values.number(f"the end of {field}") if kind == INTERVALS else start
        label = values.text(f"the label of {field}").strip()
        if label:
            yield Interval(start, end, label, name, line=line)


def write(intervals: pd.DataFrame, path: Path, target: Path) -> None:
    """Write intervals of one recording as a long TextGrid in UTF-8, gaps as empty intervals."""
    del target
    files = intervals["file"].dropna().unique()
    length = length_of(files[0]) if len(files) else None
    end = max([length or 0.0, *intervals["end"]])
    tiers = [_tier_lines(name, intervals, end) for name in tiers_of(intervals)]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0"]
    lines += [f"xmax = {_seconds(end)}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, tier in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *tier]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _tier_lines(name: str, intervals: pd.DataFrame, end: float) -> list[str]:
    rows = intervals[intervals["tier"] == name]
    is_point = rows["start"] == rows["end"]
    if is_point.any() and not is_point.all():
        raise AnnotationError(
            f"the tier '{shortened(name)}' has intervals and points: a tier of a TextGrid has "
            f"either; put the points into a tier of their own"
        )
    kind = POINTS if is_point.any() else INTERVALS
    head = [f"class = {_quoted(kind)}", f"name = {_quoted(name)}", "xmin = 0"]
    head += [f"xmax = {_seconds(end)}"]
    if kind == POINTS:
        entries = [
            [f"number = {_seconds(row.start)}", f"mark = {_quoted(row.label)}"]
            for row in rows.itertuples()
        ]
        what = "points"
    else:
        entries = [
            [f"xmin = {_seconds(first)}", f"xmax = {_seconds(last)}", f"text = {_quoted(label)}"]
            for first, last, label in _without_gaps(rows, end)
        ]
        what = "intervals"
    lines = [f"        {line}" for line in [*head, f"{what}: size = {len(entries)}"]]
    for number, entry in enumerate(entries, 1):
        lines += [f"        {what} [{number}]:", *(f"            {line}" for line in entry)]
    return lines


def _without_gaps(rows: pd.DataFrame, end: float) -> Iterator[tuple[float, float, str]]:
    """Yield the intervals of a tier from 0 to the end, those between labels empty."""
    last = 0.0
    for row in rows.itertuples():
        start: Any = row.start
        if start - last > TOUCHING_S:
            yield last, start, ""
            last = start
        yield last, row.end, row.label  # type: ignore[misc]
        last = row.end  # type: ignore[assignment]
    if end - last > 0:
        yield last, end, ""


def _seconds(value: Any) -> str:
    return np.format_float_positional(float(value), trim="-")


def _quoted(text: Any) -> str:
    return '"' + str(text).replace('"', '""') + '"'
