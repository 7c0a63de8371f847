"""Which augmented copies a recipe or a command names: the same to an extraction and to a fit.

They are decided by the rows and the augmentations alone, so a fit of a recipe works out those that
its recipe names, whatever else was extracted into the same store meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.units import speaker_ids
from featser.features.augmentation.spec import Augmentation, parse_augmentation
from featser.features.copies import Plan, Sound, no_copies, plan_copies
from featser.features.extraction import usable
from featser.features.extractor import make_extractor
from featser.features.pending import segments
from featser.features.store import Store


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
    there = usable(table, [make_extractor(spec) for spec in specs], store)
    return plan_copies(_sounds(table, there), augmentations)


def named_copies(
    table: pd.DataFrame, there: NDArray[np.bool_], augmentations: Sequence[str]
) -> pd.DataFrame:
    """Return which augmented copies there are to be of some utterances.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest with a ``key`` column.
    there : ndarray of bool, shape (n,)
        Which rows have all features.
    augmentations : sequence of str
        What was asked for.

    Returns
    -------
    DataFrame
        Columns as :class:`featser.features.copies.Plan` has them.
    """
    if not augmentations:
        return no_copies()
    parsed = [parse_augmentation(spec) for spec in augmentations]
    return plan_copies(_sounds(table, there), parsed).table


def _sounds(table: pd.DataFrame, there: NDArray[np.bool_]) -> list[Sound]:
    """Return the utterances that have all features, with their speakers."""
    rows = zip(segments(table), table["key"], speaker_ids(table), there, strict=True)
    return [Sound(place, str(key), str(speaker)) for place, key, speaker, chosen in rows if chosen]
