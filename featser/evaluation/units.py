"""What must not be divided: speakers and recordings, told apart and joined."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def speaker_ids(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return who speaks in each row, told apart across corpora; empty where it is not known.

    Two corpora may both have a speaker "03".
    """
    empty = pd.Series("", index=table.index)
    speaker = table.get("speaker", empty).astype("object").fillna("").astype(str)
    corpus = table.get("corpus", empty).astype("object").fillna("").astype(str)
    if corpus.nunique() > 1:
        speaker = (corpus + "/" + speaker).where(speaker != "", "")
    return speaker.to_numpy(dtype=np.str_)


def independent_units(speaker: ArrayLike, audio: ArrayLike) -> NDArray[np.str_]:
    """Return what must not be divided if nothing of a test part is to be heard in training.

    Parameters
    ----------
    speaker : array-like of str, shape (n,)
        Who speaks; may be empty.
    audio : array-like of str, shape (n,)
        The identity of each recording's sound.

    Returns
    -------
    ndarray of str, shape (n,)
        The speaker, the same for speakers that share a recording; where no speaker is known, the
        recording.
    """
    names, contents = as_text(speaker), as_text(audio)
    known = np.where(names != "", names, np.char.add("recording ", contents))
    return joined(known, contents)


def joined(names: NDArray[np.str_], audio: NDArray[np.str_]) -> NDArray[np.str_]:
    """Give what shares a recording one name (union by repeated relabelling).

    Parameters
    ----------
    names : ndarray of str, shape (n,)
        Speakers, or sentences.
    audio : ndarray of str, shape (n,)
        The identity of each recording's sound.

    Returns
    -------
    ndarray of str, shape (n,)
        The names, the first one in place of all that are joined to it.
    """
    units = names.copy()
    table = pd.DataFrame({"audio": audio, "unit": units})
    table = table[table["audio"].duplicated(keep=False)]  # of many recordings few are shared
    shared = table.groupby("audio")["unit"].unique()
    for several in shared[shared.map(len) > 1]:
        current = {str(units[names == name][0]) for name in several}
        units[np.isin(units, list(current))] = min(current)
    return units


def as_text(values: ArrayLike | None) -> NDArray[np.str_]:
    """Return names as text, empty where they are missing."""
    series = pd.Series(np.asarray(values, dtype=object))
    return series.fillna("").astype(str).to_numpy(dtype=np.str_)
