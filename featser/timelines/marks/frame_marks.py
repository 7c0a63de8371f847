"""From windows that are unlike the training recordings to frames and stretches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.models.abstention.training_domain import reason_names

UNLIKE = "unlike"
"""The column of tables, and the tier of annotations."""
LEAST_SHARE = 0.5
"""A frame is marked if more than this share of the windows that cover it is, by their time."""

Doubles = NDArray[np.float64]


def frame_marks(
    marks: NDArray[Any],
    windows: Doubles,
    frames: Doubles,
    shared: Any,
    is_speech: NDArray[np.bool_],
) -> NDArray[Any]:
    """Return in which ways frames are unlike the training recordings.

    Parameters
    ----------
    marks : ndarray of str, shape (windows,)
        The reasons of each window; empty where it is like the training recordings.
    windows, frames : ndarray, shape (n, 2)
        Beginnings and ends in seconds.
    shared : sparse array, shape (frames, windows)
        Seconds that they share.
    is_speech : ndarray of bool, shape (frames,)
        Others have no mark: nothing is predicted there.

    Returns
    -------
    ndarray of object, shape (frames,)
        The reasons of the marked window whose middle is nearest; None without speech.

    Examples
    --------
    >>> from featser.timelines.window_plan import overlaps
    >>> windows, frames = np.array([[0.0, 2], [1, 3]]), np.array([[0.0, 1], [1, 2], [2, 3]])
    >>> marks = np.array(["", "level -62 dB; training -41 to -18 dB"])
    >>> frame_marks(marks, windows, frames, overlaps(windows, frames), np.ones(3, bool)).tolist()
    ['', '', 'level -62 dB; training -41 to -18 dB']
    """
    is_marked = marks != ""
    result: NDArray[Any] = np.full(len(frames), None, dtype=object)
    result[is_speech] = ""
    if not is_marked.any():
        return result
    seconds = np.asarray(shared.sum(axis=1)).ravel()
    marked_s = np.asarray(shared @ is_marked.astype(np.float64)).ravel()
    chosen = np.flatnonzero(is_speech & (marked_s > LEAST_SHARE * seconds + 1e-9))
    own = np.flatnonzero(is_marked)
    centres = windows[own].mean(axis=1)
    nearest = np.rint(np.interp(frames[chosen].mean(axis=1), centres, np.arange(len(own))))
    result[chosen] = marks[own[nearest.astype(np.int64)]]
    return result


def marked_stretches(table: pd.DataFrame) -> pd.DataFrame:
    """Return the stretches of a recording that are unlike in the same measures.

    Parameters
    ----------
    table : DataFrame
        The timeline of one recording, perhaps with ``unlike``.

    Returns
    -------
    DataFrame
        ``start``, ``end``, ``tier``, ``label`` (the measures, without their values, which differ
        from frame to frame) and ``confidence``, which is missing.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "start": [0.0, 0.5, 1.0], "end": [0.5, 1.0, 1.5],
    ...     "unlike": ["", "level -62 dB; training -41 to -18 dB",
    ...                "level -60 dB; training -41 to -18 dB"],
    ... })
    >>> marked_stretches(table)[["start", "end", "label"]].values.tolist()
    [[0.5, 1.5, 'level']]
    """
    names = pd.Series(mark_names(table))
    rows = table[["start", "end"]][(names != "").to_numpy()]
    labels = names[names != ""].to_numpy()
    continues = np.isclose(rows["start"].to_numpy()[1:], rows["end"].to_numpy()[:-1])
    first = np.flatnonzero(np.append(True, ~(continues & (labels[1:] == labels[:-1]))))
    if not len(rows):
        first = first[:0]
    last = np.append(first[1:], len(rows))[: len(first)] - 1
    return pd.DataFrame(
        {
            "start": rows["start"].to_numpy(dtype=float)[first],
            "end": rows["end"].to_numpy(dtype=float)[last],
            "tier": UNLIKE,
            "label": labels[first],
            "confidence": np.nan,
        }
    )


def mark_names(table: pd.DataFrame) -> list[str]:
    """Return for each row the measures in which it is unlike, such as "level; feature distance"."""
    if UNLIKE not in table:
        return [""] * len(table)
    return ["; ".join(reason_names(one)) if isinstance(one, str) else "" for one in table[UNLIKE]]


def marked_sentence(table: pd.DataFrame) -> str:
    """Say how much of the speech of a recording is unlike the training recordings, and in what.

    Parameters
    ----------
    table : DataFrame
        The timeline of one recording.

    Returns
    -------
    str
        Empty if none is.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "start": [0.0, 0.5], "end": [0.5, 1.0], "speech": True,
    ...     "unlike": ["", "level -62 dB; training -41 to -18 dB"],
    ... })
    >>> marked_sentence(table)
    '0.5 s of 1.0 s with speech are unlike the training recordings: level 0.5 s'
    """
    names = [one.split("; ") if one else [] for one in mark_names(table)]
    if not any(names):
        return ""
    seconds = (table["end"] - table["start"]).to_numpy(dtype=float)
    of_measure: dict[str, float] = {}
    for own, length in zip(names, seconds.tolist(), strict=True):
        for name in own:
            of_measure[name] = of_measure.get(name, 0.0) + length
    listed = ", ".join(
        f"{name} {length:.1f} s" for name, length in sorted(of_measure.items(), key=lambda p: -p[1])
    )
    marked = float(seconds[[bool(own) for own in names]].sum())
    total = float(seconds[table["speech"].to_numpy(dtype=bool)].sum())
    return (
        f"{marked:.1f} s of {total:.1f} s with speech are unlike the training recordings: {listed}"
    )


def abstention_sentences(table: pd.DataFrame) -> list[str]:
    """Say of each task with prediction sets how often these have not exactly one class.

    Parameters
    ----------
    table : DataFrame
        The timeline of one recording, perhaps with ``{task}.abstains``.

    Examples
    --------
    >>> table = pd.DataFrame({"emotion.set": ["sad", "angry | sad", None],
    ...                       "emotion.abstains": [False, True, None]})
    >>> abstention_sentences(table)
    ['emotion: the model abstains at 1 of 2 places with speech']
    """
    sentences = []
    for name in (str(column) for column in table if str(column).endswith(".abstains")):
        answers = table[name].dropna().astype(bool)
        if len(answers):
            sentences.append(
                f"{name.removesuffix('.abstains')}: the model abstains at {int(answers.sum())} of "
                f"{len(answers)} places with speech"
            )
    return sentences
