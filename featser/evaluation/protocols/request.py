"""A request for folds, and the columns that it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import ProtocolError, shortened, unknown
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.groups import speaker_ids

_HOW_TO_FIX = {
    "speaker": "fill in the manifest's column `speaker`, or give `featser extract` the column "
    "that names them by --map COLUMN=speaker, or read it from names by {speaker} in a --pattern, "
    "or ask for `--protocol random` and its optimistic figures",
    "sentence": "fill in the manifest's column `sentence` (what is spoken, by any name), or ask "
    "for `--protocol speaker-independent`",
    "corpus": "fill in the manifest's column `corpus`, or ask for `--protocol speaker-independent`",
    "split": "fill in the manifest's column `split` with train, dev and test, or ask for "
    "`--protocol speaker-independent`",
    "fold": "give the published folds, `--folds FILE` (in `featser run`: `--set folds=FILE`), or "
    "fill in the manifest's column `fold`",
}


@dataclass(frozen=True)
class CorpusSplit:
    """Training and test set, where the user or the corpus defines them.

    Parameters
    ----------
    train, test : tuple of str
        Corpora of ``cross-corpus``; empty for all others, and if both are, each corpus is tested
        by the others.
    dev : {'train', 'unused'}
        How the set ``dev`` of a ``fixed-split`` is used.
    """

    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    dev: Literal["train", "unused"] = "train"

    def __post_init__(self) -> None:
        for name in ("train", "test"):
            named = getattr(self, name)
            corpora = (named,) if isinstance(named, str) else tuple(named)
            object.__setattr__(self, name, corpora)
        if self.dev not in ("train", "unused"):
            raise ProtocolError(f"dev: {unknown('value', self.dev, ('train', 'unused'))}")


@dataclass(frozen=True, eq=False)
class Request:
    """A request for folds.

    Parameters
    ----------
    protocol : str
        The protocol's name, for messages.
    table : DataFrame, n rows
        A manifest, or what of it the protocol needs.
    strata : ndarray of int, shape (n,)
        What folds are balanced by.
    audio : ndarray of str, shape (n,)
        The identity of each recording's sound.
    seed : int
        Seed of the shuffling.
    corpus_split : CorpusSplit
        Training and test set, for protocols that need them.
    """

    protocol: str
    table: pd.DataFrame
    strata: NDArray[np.intp]
    audio: NDArray[np.str_]
    seed: int = 0
    corpus_split: CorpusSplit = field(default_factory=CorpusSplit)

    @property
    def speaker(self) -> NDArray[np.str_]:
        """Who speaks in each row, distinguished across corpora; empty where it is missing."""
        return speaker_ids(self.table)

    def column(self, name: str, partly: bool = False) -> NDArray[np.str_]:
        """Return a column that the protocol needs, as text.

        Parameters
        ----------
        name : {'speaker', 'sentence', 'corpus', 'split', 'fold'}
            The column.
        partly : bool
            Whether it may be empty in some rows.

        Raises
        ------
        ProtocolError
            If it is absent, or empty in a row; the message says how to fix it.
        """
        if name not in self.table:
            raise ProtocolError(
                f"protocol '{self.protocol}' needs a column `{name}`, which the data do not have: "
                f"{_HOW_TO_FIX[name]}"
            )
        values = self.speaker if name == "speaker" else as_text(self.table[name])
        missing = int((values == "").sum())
        if missing == len(values) or (missing and not partly):
            raise ProtocolError(
                f"{missing} of {len(values)} utterances {'has' if missing == 1 else 'have'} no "
                f"{name}{self._example(values == '')}, which '{self.protocol}' needs: "
                f"{_HOW_TO_FIX[name]}"
            )
        return values

    def _example(self, rows: NDArray[np.bool_]) -> str:
        """Return the first of some rows in brackets; nothing where they are all rows."""
        if rows.all() or "file" not in self.table:
            return ""
        such_as = "such as " if rows.sum() > 1 else ""
        return f" ({such_as}{shortened(str(self.table['file'].to_numpy()[rows][0]))})"

    def refuse_one(self, what: str, values: NDArray[np.str_], joined: bool = False) -> None:
        """Refuse data that cannot be divided.

        Raises
        ------
        ProtocolError
            If there are fewer than two values.
        """
        if len(values) < 2:
            by = " that share no recording" if joined else ""
            other = "ask for `--protocol random` and its optimistic figures"
            if self.protocol == "random":
                other = "choose another protocol"
            raise ProtocolError(
                f"protocol '{self.protocol}' needs two or more {what}{by}, the data have "
                f"{len(values)} ({values[0] if len(values) else 'none'}): add recordings of "
                f"others, or {other}"
            )
