"""Which augmented copies a recipe or a command names: the same to an extraction and to a fit.

They are decided by the rows and the augmentations alone, so a fit of a recipe works out those that
its recipe names, whatever else was extracted into the same store meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.augmentation.copy_plan import Plan, Sound, no_copies, plan_copies
from featser.augmentation.spec import Augmentation, parse_augmentations
from featser.corpora.utterances import places
from featser.evaluation.protocols.groups import speaker_ids
from featser.extraction.extraction import usable
from featser.features.registry import make_extractors
from featser.store.feature_store import Store


def plan_altered(
    blocks: Iterable[pd.DataFrame],
    augmentations: Sequence[Augmentation],
    specs: Sequence[str],
    store: Store,
) -> Plan:
    """Decide which augmented copies to make of all utterances that could be used.

    Parameters
    ----------
    blocks : iterable of DataFrame
        A manifest with a ``key`` column, some rows at a time; read only where there are
        augmentations.
    augmentations : sequence of Augmentation
        What to make of each utterance.
    specs : sequence of str
        The extractors.
    store : Store
        Where the utterances' features are.
    """
    if not augmentations:
        return Plan([], no_copies(), {})
    table = pd.concat(blocks, ignore_index=True)
    has_features = usable(table, make_extractors(specs), store)
    return plan_copies(_sounds(table, has_features), augmentations)


def named_copies(
    table: pd.DataFrame, has_features: NDArray[np.bool_], augmentations: Sequence[str]
) -> pd.DataFrame:
    """Return which augmented copies there are to be of some utterances.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest with a ``key`` column.
    has_features : ndarray of bool, shape (n,)
        Which rows have all features.
    augmentations : sequence of str
        What was asked for.

    Returns
    -------
    DataFrame
        Columns as :class:`featser.augmentation.copy_plan.Plan` has them.
    """
    if not augmentations:
        return no_copies()
    asked = parse_augmentations(augmentations)
    return plan_copies(_sounds(table, has_features), asked).table


def _sounds(table: pd.DataFrame, has_features: NDArray[np.bool_]) -> list[Sound]:
    """Return the utterances that have all features, with their speakers."""
    rows = zip(places(table), table["key"], speaker_ids(table), has_features, strict=True)
    return [Sound(place, str(key), str(speaker)) for place, key, speaker, chosen in rows if chosen]
