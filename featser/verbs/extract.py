"""``featser extract``: from a manifest to the feature store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featser.evaluation.protocols import speaker_ids
from featser.features.augmentation.spec import parse_augmentation
from featser.features.backends import check_backend
from featser.features.copies import Sound, plan_copies
from featser.features.crew import TIMEOUT
from featser.features.extraction import (
    Extraction,
    Interrupted,
    extract_copies,
    extract_features,
    segments,
    usable,
)
from featser.features.extractor import make_extractor
from featser.features.store import Store
from featser.progress import Progress, silent
from featser.recipe import DEFAULT_FEATURES
from featser.verbs.source import STORE, read_source, remember


def extract(
    source: str | Path,
    store: str | Path = STORE,
    features: Sequence[str] = (),
    corpus: str | None = None,
    data: Mapping[str, str | Path] | None = None,
    jobs: int = -1,
    progress: Progress = silent,
    timeout: float = TIMEOUT,
    backend: str | None = None,
    cluster: str | None = None,
    augment: Sequence[str] = (),
    altering: Progress = silent,
) -> Extraction:
    """Compute the features of all utterances that the store lacks.

    Parameters
    ----------
    source : str or Path
        A recipe, a manifest, or a corpus folder together with ``corpus``.
    store : str or Path
        Where features are kept.
    features : sequence of str
        Extractors; when empty, the recipe's, or ``handcrafted`` and ``egemaps``.
    corpus : str, optional
        The card of a corpus folder.
    data : mapping of str to path, optional
        Where a recipe's corpora are.
    jobs : int
        Worker processes; −1 for one a core.
    progress : callable
        Called with the utterances done and in all.
    timeout : float
        Seconds after which decoding, or one extractor, is given up on a recording; a third of
        that more for each second of audio.
    backend : str, optional
        ``"threading"`` (the default) or ``"loky"`` for this machine; ``"dask"``, ``"ray"`` or
        ``"spark"`` for a cluster.
    cluster : str, optional
        The address of Dask's, Ray's or Spark's scheduler.
    augment : sequence of str
        Augmented copies to make of every utterance, such as ``"noise:snr=5..20,copies=2"``; when
        empty, the recipe's. Only training parts of folds will have them.
    altering : callable
        Called with the copies done and in all.

    Returns
    -------
    Extraction
        Counts, and what was unusable with its reasons.

    Raises
    ------
    FeatserError
        If the source, an extractor, the backend or the store cannot be used. Unusable
        recordings raise nothing: they are listed.
    """
    check_backend(backend, cluster)
    found = read_source(source, corpus, data)
    specs = tuple(dict.fromkeys(features)) or found.features or DEFAULT_FEATURES
    for spec in specs:
        make_extractor(spec)
    found.augmentations = tuple(dict.fromkeys(augment)) or found.augmentations
    augmentations = [parse_augmentation(spec) for spec in found.augmentations]
    kept = Store(store)
    how = (timeout, backend, cluster)
    result = extract_features(found.table, specs, kept, jobs, progress, *how)
    remember(store, found, result.keys, result.unusable, specs)
    if augmentations:
        plan = plan_copies(_usable_sounds(found.table, result.keys, specs, kept), augmentations)
        try:
            result.altered = extract_copies(plan.utterances, specs, kept, jobs, altering, *how)
        except Interrupted as stop:
            result.altered = stop.so_far
            raise Interrupted(result) from None
        finally:  # of an interrupted run, the copies that are there can be used
            found.copies = plan.table
            remember(store, found, result.keys, result.unusable, specs)
        result.notes += [
            f"{count} utterances have no copies with {name}: there are too few others to mix in"
            for name, count in plan.short.items()
        ]
    result.notes += found.told()
    return result


def _usable_sounds(
    table: pd.DataFrame, keys: Sequence[str | None], specs: Sequence[str], store: Store
) -> list[Sound]:
    """Return the utterances that have all features: only these are altered, or mixed in."""
    keyed = table.assign(key=pd.Series(keys, index=table.index, dtype=object))
    there = usable(keyed, [make_extractor(spec) for spec in specs], store)
    places = np.array(list(segments(table)), dtype=object).reshape(-1, 3)
    speakers = speaker_ids(table)
    return [
        Sound(tuple(places[row]), str(keys[row]), str(speakers[row]))
        for row in np.flatnonzero(there).tolist()
    ]
