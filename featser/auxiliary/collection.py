"""From the rows and features of an extraction to the table of an auxiliary corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.feature_origin import FeatureOrigin
from featser.corpora.card import Card
from featser.corpora.label_columns import cards_of, tasks_from
from featser.credentials import without_credentials
from featser.errors import AuxiliaryError, counted
from featser.extraction.extraction import usable
from featser.features.extractor import Extractor
from featser.store.feature_store import Store


class StoreFeatures(Mapping[str, NDArray[np.float32]]):
    """The features of some utterances in a store, each extractor's read when it is asked for.

    Parameters
    ----------
    store : Store
        Where the features are.
    extractors : sequence of Extractor
        What computed them.
    keys : sequence of str
        The utterances.
    """

    def __init__(self, store: Store, extractors: Sequence[Extractor], keys: Sequence[str]) -> None:
        self._store = store
        self._extractors = {one.spec: one for one in extractors}
        self._keys = keys

    def __getitem__(self, spec: str) -> NDArray[np.float32]:
        return self._store.read(self._extractors[spec], self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._extractors)

    def __len__(self) -> int:
        return len(self._extractors)


def collect_table(
    name: str,
    rows: pd.DataFrame,
    extractors: Sequence[Extractor],
    store: Store,
    own_cards: Sequence[Card] = (),
    primary: str = "emotion",
) -> AuxiliaryTable:
    """Make the table of a corpus whose features are in a store.

    Parameters
    ----------
    name : str
        The table's name.
    rows : DataFrame
        A manifest with absolute files and a column ``key``; rows without features are left out.
    extractors : sequence of Extractor
        Which features it gets.
    store : Store
        Where they are.
    own_cards : sequence of Card
        Cards of the user's own that the corpora have.
    primary : str
        The label that leads.

    Returns
    -------
    AuxiliaryTable
        Whose features are read from the store when they are asked for. Files are relative to the
        folder that holds them all.

    Raises
    ------
    AuxiliaryError
        If no row has all features.
    """
    has_features = usable(rows, extractors, store)
    if not has_features.any():
        raise AuxiliaryError(
            f"auxiliary corpus '{name}': none of {counted(len(rows), 'utterance')} has the "
            f"features {', '.join(one.spec for one in extractors)}"
        )
    rows = rows[has_features].reset_index(drop=True)
    rows["file"] = pd.Series(relative_names(rows["file"]), dtype="str")
    tasks, _ = tasks_from(rows.drop(columns="key"), own_cards, primary)
    cards = cards_of(rows["corpus"], own_cards)
    return AuxiliaryTable(
        name,
        rows,
        {one.spec: FeatureOrigin.of(one) for one in extractors},
        StoreFeatures(store, extractors, rows["key"].tolist()),
        licence=_joined(card.licence for card in cards),
        citation=_joined(card.citation for card in cards),
        source=_joined(card.source for card in cards),
        tasks=tuple(tasks),
    )


def relative_names(files: Sequence[str] | pd.Series[str]) -> list[str]:
    """Return files relative to the folder that holds them all, without credentials.

    Examples
    --------
    >>> relative_names(["/home/me/corpus/a/1.wav", "/home/me/corpus/b/1.wav"])
    ['a/1.wav', 'b/1.wav']
    >>> relative_names(["s3://bucket/corpus/1.wav"])
    ['1.wav']
    """
    names = [without_credentials(str(file)).replace(os.sep, "/").split("/") for file in files]
    folders = [name[:-1] for name in names]
    pairs = zip(min(folders), max(folders), strict=False)
    depth = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return ["/".join(name[depth:]) for name in names]


def _joined(texts: Iterator[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
