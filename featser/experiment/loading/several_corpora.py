"""Several corpora by the names of their cards, without a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from featser.corpora.labelling.label_map import LabelMap, with_classes
from featser.errors import InputError
from featser.experiment.declaration.value_checks import MANIFEST
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.loading.sources.source import Source


def read_corpora(
    data: Mapping[str, str | Path], names: LabelMap | None = None, corpus: str | None = None
) -> Source:
    """Read several corpora as one source.

    Parameters
    ----------
    data : mapping of str to path
        Where each corpus is, by the name of its card, or the card's file; ``manifest`` names a
        manifest.
    names : LabelMap, optional
        Other names for columns and classes, of all corpora together.
    corpus : str, optional
        Refused: ``data`` names the cards.

    Returns
    -------
    Source
        With absolute paths, the rows of each corpus after those of the one before.

    Raises
    ------
    InputError
        If there is no corpus, or ``corpus`` is given.
    FeatserError
        If a corpus cannot be read.
    """
    names = names or LabelMap()
    if not data:
        raise InputError(
            "missing: name a recipe, a manifest or a folder, or corpora by --data CARD=FOLDER",
            "source",
        )
    if corpus is not None:
        raise InputError("cannot be combined with --data, which names the cards", "corpus")
    columns = LabelMap(names.columns)
    sources = [
        read_source(place, None if name == MANIFEST else name, names=columns)
        for name, place in data.items()
    ]
    table = pd.concat([source.table for source in sources], ignore_index=True)
    return Source(
        with_classes(table, names.classes, "--map"),
        ", ".join(source.origin for source in sources),
        unmatched=[file for source in sources for file in source.unmatched],
        notes=[note for source in sources for note in source.notes],
        cards=[card for source in sources for card in source.cards],
        corpora=tuple(corpus for source in sources for corpus in source.corpora),
        locations={name: place for source in sources for name, place in source.locations.items()},
        columns=names.columns,
        labels=names.classes,
    )
