"""The protocols as scikit-learn splitters, for use without featser's other parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.model_selection import BaseCrossValidator

from featser.errors import ProtocolError
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.folds import Folds, Split
from featser.evaluation.protocols.request import CorpusSplit


class ProtocolSplitter(BaseCrossValidator):  # type: ignore[misc]
    """A protocol as a scikit-learn splitter; pass what it divides by as ``groups``.

    With metadata routing enabled, ``groups`` are requested and are passed by
    ``params={"groups": ...}``.

    Parameters
    ----------
    seed : int
        Seed of the shuffling.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> cross_val_score(model, X, y, groups=speaker, cv=SpeakerIndependent())  # doctest: +SKIP
    """

    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    protocol: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def split(self, X: Any, y: ArrayLike, groups: ArrayLike | None = None) -> Iterator[Split]:
        """Yield training and test row numbers of each fold."""
        yield from self._folds(y, groups).splits()

    def get_n_splits(
        self, X: Any = None, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> int:
        """Return the number of folds; it does not depend on the labels."""
        named = self._named(groups)
        return self._folds(np.zeros(len(named)) if y is None else y, named).count

    def _folds(self, y: ArrayLike, groups: ArrayLike | None) -> Folds:
        named = self._named(groups)
        rows = np.arange(len(named))
        return make_folds(self.protocol, named, y, rows, self.seed, self._corpus_split())

    def _corpus_split(self) -> CorpusSplit | None:
        return None

    def _named(self, groups: ArrayLike | None) -> pd.DataFrame:
        what = " and ".join(self.columns)
        if groups is None:
            raise ProtocolError(f"{type(self).__name__} needs groups: pass groups={what}")
        values = np.asarray(groups, dtype=object).reshape(len(np.asarray(groups)), -1)
        if values.shape[1] != len(self.columns):
            raise ProtocolError(
                f"{type(self).__name__} needs {len(self.columns)} columns of groups ({what}), "
                f"got {values.shape[1]}"
            )
        return pd.DataFrame(values, columns=list(self.columns))


class SpeakerIndependent(ProtocolSplitter):
    """No speaker on both sides: one left out up to 12, else 6 groups; ``groups=speaker``."""

    protocol = "speaker-independent"
    columns = ("speaker",)


class LeaveOneSpeakerOut(ProtocolSplitter):
    """Each speaker tested by all others; ``groups=speaker``."""

    protocol = "leave-one-speaker-out"
    columns = ("speaker",)


class SentenceIndependent(ProtocolSplitter):
    """No sentence on both sides, but speakers: optimistic; ``groups=sentence``."""

    protocol = "sentence-independent"
    columns = ("sentence",)


class SpeakerAndSentenceIndependent(ProtocolSplitter):
    """Neither speaker nor sentence on both sides; ``groups`` has two columns, in that order."""

    protocol = "speaker-and-sentence-independent"
    columns = ("speaker", "sentence")


class LeaveOneCorpusOut(ProtocolSplitter):
    """Each corpus tested by the others; ``groups=corpus``."""

    protocol = "leave-one-corpus-out"
    columns = ("corpus",)


class FixedSplit(ProtocolSplitter):
    """One fold: tested on ``test``, trained on ``train`` and ``dev``; ``groups=split``.

    Parameters
    ----------
    dev : {'train', 'unused'}
        How the set ``dev`` is used.
    seed : int
        Has no effect: the split is given.
    """

    protocol = "fixed-split"
    columns = ("split",)

    def __init__(self, dev: Any = "train", seed: int = 0) -> None:
        super().__init__(seed)
        self.dev = dev

    def _corpus_split(self) -> CorpusSplit:
        return CorpusSplit(dev=self.dev)


class PublishedFolds(ProtocolSplitter):
    """Each published fold tested by a model of the others; ``groups=fold``.

    Rows without a fold are neither tested nor trained on.
    """

    protocol = "folds"
    columns = ("fold",)


class CrossCorpus(ProtocolSplitter):
    """One fold: some corpora tested by others; ``groups=corpus``.

    Parameters
    ----------
    train, test : sequence of str
        The corpora of each side; empty for all that the other side does not name.
    seed : int
        Has no effect: the corpora are given.
    """

    protocol = "cross-corpus"
    columns = ("corpus",)

    def __init__(self, train: Any = (), test: Any = (), seed: int = 0) -> None:
        super().__init__(seed)
        self.train = train
        self.test = test

    def _corpus_split(self) -> CorpusSplit:
        return CorpusSplit(tuple(self.train), tuple(self.test))
