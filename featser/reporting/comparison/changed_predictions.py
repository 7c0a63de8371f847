"""Which utterances two runs predict differently, in both directions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from featser.io.location import below, common_folder
from featser.reporting.comparison.compared_pair import ComparedPair
from featser.reporting.numbers import count, number
from featser.reporting.tables import NOT_GIVEN, Table

MOST_ROWS = 2000
"""How many utterances are listed: those whose prediction changed most, or the first."""


def counts_table(pair: ComparedPair) -> Table:
    """Count the utterances that both, one or none of the runs recognise."""
    true = pair.values("true")
    right = {column: pair.values(column) == true for column in ("a", "b")}
    a, b = pair.letters
    rows = [
        [
            f"{a} right",
            *(count(int((right["a"] & one).sum())) for one in (right["b"], ~right["b"])),
        ],
        [
            f"{a} wrong",
            *(count(int((~right["a"] & one).sum())) for one in (right["b"], ~right["b"])),
        ],
    ]
    caption = f"Utterances by whether {a} and {b} recognise {pair.task.name}"
    return Table(caption, ["recognised", f"{b} right", f"{b} wrong"], rows)


def changed_table(pair: ComparedPair) -> Table:
    """List the utterances whose class, or whose error on a dimension, changed.

    Returns
    -------
    Table
        Without rows if no prediction changed. Of a dimension, the largest changes of the error.
    """
    changed = _changed_classes(pair) if pair.task.categorical else _changed_errors(pair)
    a, b = pair.letters
    columns = ["utterance", "speaker", "truth", a, b, "change"]
    shown = changed.head(MOST_ROWS)
    folder = common_folder(pair.rows["file"])
    names = [
        _utterance(below(str(file), folder), float(start), float(end))
        for file, start, end in zip(shown["file"], shown["start"], shown["end"], strict=True)
    ]
    speakers = [str(speaker) or NOT_GIVEN for speaker in shown["speaker"]]
    others = [shown[column].astype(str).tolist() for column in ("true", "a", "b", "change")]
    rows = [list(cells) for cells in zip(names, speakers, *others, strict=True)]
    notes = []
    if len(shown) < len(changed):
        notes.append(f"{count(len(shown))} of {count(len(changed))} utterances are listed.")
    text = {0, 1, 2, 3, 4, 5} if pair.task.categorical else {0, 1}
    caption = f"Utterances with another prediction of {pair.task.name}"
    return Table(caption, columns, rows, text, notes=notes)


def _changed_classes(pair: ComparedPair) -> pd.DataFrame:
    true, a, b = (pair.values(column) for column in ("true", "a", "b"))
    one, two = pair.letters
    directions = [f"only {two} right", f"only {one} right", "both wrong"]
    kind = np.select([b == true, a == true], [0, 1], 2)
    table = pair.rows.assign(kind=kind, change=np.array(directions, dtype=object)[kind])
    changed = table.take(np.flatnonzero(a != b))
    return changed.sort_values(["kind", "file", "start"], kind="stable")


def _changed_errors(pair: ComparedPair) -> pd.DataFrame:
    true, a, b = (pair.values(column) for column in ("true", "a", "b"))
    change = np.abs(b - true) - np.abs(a - true)
    order = np.argsort(-np.abs(change), kind="stable")
    written = {
        "true": [number(value) for value in true],
        "a": [number(value) for value in a],
        "b": [number(value) for value in b],
        "change": [f"{value:+.3f}" for value in change],
    }
    rows = pair.rows.assign(**written)
    return rows.take(order[change[order] != 0])


def _utterance(name: str, start: float, end: float) -> str:
    if not start and not np.isfinite(end):
        return name
    return f"{name} {start:g}–{end:g} s" if np.isfinite(end) else f"{name} from {start:g} s"
