"""What folds are asked for, and the columns that they need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import ProtocolError
from featser.evaluation.units import as_text, speaker_ids

_MENDS = {
    "speaker": "fill in the manifest's column `speaker`, or ask for `--protocol random` and its "
    "optimistic figures",
    "sentence": "fill in the manifest's column `sentence` (what is spoken, by any name), or ask "
    "for `--protocol speaker-independent`",
    "corpus": "fill in the manifest's column `corpus`, or ask for `--protocol speaker-independent`",
    "split": "fill in the manifest's column `split` with train, dev and test, or ask for "
    "`--protocol speaker-independent`",
}


@dataclass(frozen=True)
class Sides:
    """What is for training and what for test, where the user or the corpus says so.

    Parameters
    ----------
    train, test : tuple of str
        Corpora of ``cross-corpus``; empty for all others, and if both are, each corpus is tested
        by the others.
    dev : {'train', 'unused'}
        What becomes of the part ``dev`` of a ``fixed-split``.
    """

    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    dev: Literal["train", "unused"] = "train"


@dataclass(frozen=True, eq=False)
class Request:
    """Folds that are asked for.

    Parameters
    ----------
    protocol : str
        How they are to be made, for messages.
    table : DataFrame, n rows
        A manifest, or what of it the protocol needs.
    strata : ndarray of int, shape (n,)
        What folds are balanced by.
    audio : ndarray of str, shape (n,)
        The identity of each recording's sound.
    seed : int
        Of the shuffling.
    sides : Sides
        Of protocols that do not find them by themselves.
    """

    protocol: str
    table: pd.DataFrame
    strata: NDArray[np.intp]
    audio: NDArray[np.str_]
    seed: int = 0
    sides: Sides = field(default_factory=Sides)

    @property
    def speaker(self) -> NDArray[np.str_]:
        """Who speaks in each row, told apart across corpora; empty where it is not known."""
        return speaker_ids(self.table)

    def column(self, name: str, partly: bool = False) -> NDArray[np.str_]:
        """Return a column that the protocol needs, as text.

        Parameters
        ----------
        name : {'speaker', 'sentence', 'corpus', 'split'}
            The column.
        partly : bool
            Whether it may be empty in some rows.

        Raises
        ------
        ProtocolError
            If it is absent, or empty in a row; with the mend.
        """
        if name not in self.table:
            raise ProtocolError(
                f"protocol '{self.protocol}' needs a column `{name}`, the data have none: "
                f"{_MENDS[name]}"
            )
        values = self.speaker if name == "speaker" else as_text(self.table[name])
        missing = int((values == "").sum())
        if missing == len(values) or (missing and not partly):
            raise ProtocolError(
                f"{missing} of {len(values)} utterances have no {name}, so '{self.protocol}' "
                f"cannot be promised: {_MENDS[name]}"
            )
        return values

    def refuse_one(self, what: str, found: NDArray[np.str_], joined: bool = False) -> None:
        """Refuse what cannot be divided.

        Raises
        ------
        ProtocolError
            If fewer than two are found.
        """
        if len(found) < 2:
            by = " that share no recording" if joined else ""
            raise ProtocolError(
                f"protocol '{self.protocol}' needs two or more {what}{by}, the data have "
                f"{len(found)} ({found[0] if len(found) else 'none'}): add recordings of others, "
                f"or choose another protocol"
            )
