"""What must not be divided: speakers and recordings, distinguished and joined."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.errors import TaskError
from featser.evaluation.missing import as_text


def speaker_ids(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return who speaks in each row, distinguished across corpora; empty where it is missing.

    Two corpora may both have a speaker "03".

    Examples
    --------
    >>> import pandas as pd
    >>> len(set(speaker_ids(pd.DataFrame({"speaker": ["f1", "f1", "m1"]}))))
    2
    """
    empty = np.full(len(table), "", dtype=np.str_)
    speaker = as_text(table["speaker"]) if "speaker" in table else empty
    corpus = as_text(table["corpus"]) if "corpus" in table else empty
    if len(np.unique(corpus)) > 1:
        named = np.char.add(np.char.add(corpus, "/"), speaker)
        speaker = np.where(speaker != "", named, "")
    return speaker


def speaker_groups(speaker: ArrayLike | None, n_rows: int) -> NDArray[np.intp]:
    """Give speakers numbers, for folds that keep them together.

    Parameters
    ----------
    speaker : array-like, shape (n_rows,), or None
        Who speaks; a row without a speaker is a group of its own, and so is every row where no
        array is given.
    n_rows : int
        The number of rows.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        From 0: speakers in the order of their names, then the rows without one.

    Examples
    --------
    >>> speaker_groups(["ben", None, "anna", "ben", float("nan")], 5).tolist()
    [1, 2, 0, 1, 3]
    """
    if speaker is None:
        return np.arange(n_rows)
    names = as_text(speaker)
    is_named = names != ""
    groups = np.empty(len(names), dtype=np.intp)
    speakers, groups[is_named] = np.unique(names[is_named], return_inverse=True)
    groups[~is_named] = len(speakers) + np.arange(np.count_nonzero(~is_named))
    return groups


def speaker_names(speaker: ArrayLike, purpose: str) -> NDArray[np.str_]:
    """Return the names of speakers where a speaker's rows are used together.

    Parameters
    ----------
    speaker : array-like, shape (n,)
        Who speaks.
    purpose : str
        What the speakers are needed for, for the message.

    Returns
    -------
    ndarray of str, shape (n,)
        All of them named; or all empty, which stands for one speaker.

    Raises
    ------
    TaskError
        If some rows have a speaker and others do not, so that their speaker is unclear.
    """
    names = as_text(speaker)
    missing = int(np.count_nonzero(names == ""))
    if 0 < missing < len(names):
        have = "has" if missing == 1 else "have"
        raise TaskError(
            f"{purpose} needs the speaker of every row; {missing} of {len(names)} {have} none: "
            f"fill in `speaker`, or leave these rows out"
        )
    return names


def independent_units(speaker: ArrayLike, audio: ArrayLike) -> NDArray[np.str_]:
    """Return the groups that must not be divided between training and test.

    Parameters
    ----------
    speaker : array-like of str, shape (n,)
        Who speaks; may be missing or empty.
    audio : array-like of str, shape (n,)
        The identity of each recording's sound; a row where it is missing is a group of its
        own.

    Returns
    -------
    ndarray of str, shape (n,)
        The speaker, the same for speakers that share a recording; where the speaker is missing, the
        recording.
    """
    names, contents = as_text(speaker), recording_ids(audio)
    units = np.where(names != "", names, np.char.add("recording ", contents))
    return joined(units, contents)


def recording_ids(audio: ArrayLike) -> NDArray[np.str_]:
    """Return the identity of each recording's sound as text; rows that lack one have their own."""
    contents = as_text(audio)
    missing = np.flatnonzero(contents == "")
    if not len(missing):
        return contents
    ids = contents.astype(object)
    ids[missing] = [f"row {row}" for row in missing.tolist()]
    return ids.astype(np.str_)


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

    Examples
    --------
    >>> import numpy as np
    >>> units = joined(np.array(["f1", "f2", "m1"]), np.array(["1", "1", "2"]))
    >>> units[0] == units[1], units[0] == units[2]
    (True, False)
    """
    units = names.copy()
    table = pd.DataFrame({"audio": audio, "unit": units})
    table = table[table["audio"].duplicated(keep=False)]  # of many recordings few are shared
    shared = table.groupby("audio")["unit"].unique()
    for several in shared[shared.map(len) > 1]:
        current = {str(units[names == name][0]) for name in several}
        units[np.isin(units, list(current))] = min(current)
    return units
