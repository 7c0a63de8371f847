"""The rows of a source with their keys: read from what a user names, or as the store has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from featser.corpora.labelling.label_map import LabelMap
from featser.credentials import without_credentials
from featser.experiment.loading.last_extraction import (
    recall,
    recall_copies,
    recall_settings,
    recall_unusable,
)
from featser.experiment.loading.several_corpora import read_corpora
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.experiment.loading.sources.named_sources import read_source, with_names
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.extraction.extraction import REFUSAL_COLUMNS, identify


def read_rows(
    source: str | Path | Experiment | None,
    store: str | Path,
    corpus: str | None,
    data: Mapping[str, str | Path] | None,
    names: LabelMap | None = None,
) -> tuple[Source, pd.DataFrame]:
    """Read the source, or what the store kept, with every row's key, and what is unusable.

    Rows that name no channel have the recipe's; where the recipe names none, or there is no
    recipe, that of the last extraction into the store.
    """
    if source is None and data:
        rows = read_corpora(data, names, corpus)
        return rows, identify_rows(rows, store)
    if source is None:
        remembered, unusable = recall(store)
        return with_names(remembered, names or LabelMap()), unusable
    rows = read_source(source, corpus, data, names)
    return rows, identify_rows(rows, store)


def identify_rows(source: Source, store: str | Path) -> pd.DataFrame:
    """Give every row of a source its key, and return what is unusable: ``file`` and ``reason``."""
    settings = recall_settings(store)
    if source.channel is None:
        source.channel = settings.channel
    source.table = with_channel(source.table, source.channel)
    _, keys, refusals = identify(source.table)
    source.table["key"] = keys
    if source.recipe is None:  # a recipe states its own copies
        source.copies = recall_copies(store)
        source.augmentations = settings.augmentations
        source.features = settings.features
    unreadable = pd.DataFrame(refusals, columns=REFUSAL_COLUMNS)
    for name in ("file", "reason"):
        unreadable[name] = [without_credentials(text) for text in unreadable[name]]
    return pd.concat([unreadable, recall_unusable(store)], ignore_index=True)
