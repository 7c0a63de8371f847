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


def task_stretches(table: pd.DataFrame, most: int | None = None) -> tuple[pd.DataFrame, int]:
    """Return what every task says in the stretches of equal label of the first task with classes.

    Parameters
    ----------
    table : DataFrame
        The timeline of one recording. Without a task with classes, a stretch is speech without a
        pause.
    most : int, optional
        How many stretches are described, the first ones; all by default.

    Returns
    -------
    stretches : DataFrame
        ``start`` and ``end``, and text for each task: the label of most frames with its mean
        probability in the stretch, or the mean of the numbers; empty if there is neither.
    count : int
        Of all stretches.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "start": [0.0, 0.5], "end": [0.5, 1.0], "speech": True, "emotion.pred": ["sad", "sad"],
    ...     "emotion.p[sad]": [0.75, 0.25], "arousal.pred": [0.25, 0.5],
    ... })
    >>> stretches, count = task_stretches(table)
    >>> stretches.values.tolist(), count
    ([[0.0, 1.0, 'sad (0.50)', '0.375']], 1)
    """
    rows = table[table["speech"].to_numpy(dtype=bool)].reset_index(drop=True)
    names = [str(name) for name in table]
    tasks = [name.removesuffix(".pred") for name in names if name.endswith(".pred")]
    with_classes = [task for task in tasks if any(name.startswith(f"{task}.p[") for name in names)]
    labels = rows[f"{with_classes[0]}.pred"].to_numpy(dtype=object) if with_classes else None
    continues = np.isclose(rows["start"].to_numpy()[1:], rows["end"].to_numpy()[:-1])
    if labels is not None:
        continues &= labels[1:] == labels[:-1]
    number = np.cumsum(np.append(True, ~continues))[: len(rows)]
    count = int(number[-1]) if len(rows) else 0
    described = rows if most is None else rows[number <= most]
    result = [
        {
            "start": one["start"].iloc[0],
            "end": one["end"].iloc[-1],
            **{task: _summary(one, task, task in with_classes) for task in tasks},
        }
        for _, one in described.groupby(number[: len(described)])
    ]
    return pd.DataFrame(result, columns=["start", "end", *tasks]), count


def _summary(rows: pd.DataFrame, task: str, has_classes: bool) -> str:
    """Return what a task says in a stretch, as text."""
    values = rows[f"{task}.pred"].dropna()
    if values.empty:
        return ""
    if not has_classes:
        return f"{values.astype(float).mean():.3g}"
    label = str(values.value_counts().index[0])
    return f"{label} ({rows[f'{task}.p[{label}]'].astype(float).mean():.2f})"


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
