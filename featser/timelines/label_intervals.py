"""Stretches of equal label: what programs that show annotations read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

COLUMNS = ("start", "end", "tier", "label", "confidence")


def label_intervals(table: pd.DataFrame, tasks: Iterable[str], file: str) -> pd.DataFrame:
    """Return the stretches of equal label of a recording as a table of intervals.

    Parameters
    ----------
    table : DataFrame
        The timeline of one recording, whose rows lie one after the other.
    tasks : iterable of str
        Tasks with classes.
    file : str
        The recording.

    Returns
    -------
    DataFrame
        ``file``, ``start``, ``end``, ``tier`` (the task), ``label`` and ``confidence``, the mean
        probability of the label, as :mod:`featser.annotation` writes them. Stretches without
        speech have no intervals.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "start": [0.0, 0.5, 1.0], "end": [0.5, 1.0, 1.5], "speech": True,
    ...     "emotion.pred": ["sad", "sad", "angry"],
    ...     "emotion.p[angry]": [0.25, 0.25, 0.75], "emotion.p[sad]": [0.75, 0.75, 0.25],
    ... })
    >>> label_intervals(table, ["emotion"], "a.wav")[["start", "end", "label"]].values.tolist()
    [[0.0, 1.0, 'sad'], [1.0, 1.5, 'angry']]
    """
    tables = [stretches for task in tasks if len(stretches := _of_task(table, task))]
    joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    joined = joined.astype({"start": float, "end": float, "confidence": float})
    joined.insert(0, "file", file)
    return joined


def _of_task(table: pd.DataFrame, task: str) -> pd.DataFrame:
    rows = table[table["speech"].to_numpy(dtype=bool)]
    if rows.empty:
        return rows
    labels = rows[f"{task}.pred"].to_numpy(dtype=object)
    starts, ends = rows["start"].to_numpy(dtype=float), rows["end"].to_numpy(dtype=float)
    continues = (labels[1:] == labels[:-1]) & np.isclose(starts[1:], ends[:-1])
    first = np.flatnonzero(np.append(True, ~continues))
    last = np.append(first[1:], len(rows)) - 1
    probabilities = np.zeros(len(rows))
    for name in set(labels):
        chosen = labels == name
        probabilities[chosen] = rows[f"{task}.p[{name}]"].to_numpy(dtype=float)[chosen]
    counts = last - first + 1
    return pd.DataFrame(
        {
            "start": starts[first],
            "end": ends[last],
            "tier": task,
            "label": labels[first],
            "confidence": np.add.reduceat(probabilities, first) / counts,
        }
    )
