"""Audacity's labels: a line for each, with start, end and text separated by tabs.

Lines that begin with a back-slash hold the frequencies of the label before them and are passed
over. Older versions write decimal commas.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from featser.annotation.interval_table import Interval, number_of
from featser.corpora.tables.text_encoding import text_encoding
from featser.errors import AnnotationError, shortened


def read(path: Path, where: str) -> list[Interval]:
    """Read labels as Audacity exports them."""
    encoding, _ = text_encoding(path, where)
    result = []
    for number, line in enumerate(path.read_text(encoding).split("\n"), 1):
        if not line.strip() or line.startswith("\\"):
            continue
        fields = line.split("\t", 2)
        if len(fields) < 2:
            raise AnnotationError(
                f"{where}, line {number}: '{shortened(line)}' is no label of Audacity: a line has "
                f"start, end and label, separated by tabs"
            )
        start, end = (
            number_of(text, field, f"{where}, line {number}")
            for text, field in zip(fields, ("start", "end"), strict=False)
        )
        label = fields[2].strip() if len(fields) == 3 else ""
        result.append(Interval(start, end, label, line=number))
    return result


def write(intervals: pd.DataFrame, path: Path, target: Path) -> None:
    """Write intervals of one recording and tier for Audacity's import of labels."""
    del target
    ordered = intervals.sort_values(["start", "end"], kind="stable")
    labels = [" ".join(label.split()) for label in ordered["label"].fillna("")]
    lines = [
        f"{start:.6f}\t{end:.6f}\t{label}\n"
        for start, end, label in zip(ordered["start"], ordered["end"], labels, strict=True)
    ]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
