"""``featser extract``: from a manifest to the feature store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from featser.features.augmentation.spec import parse_augmentation
from featser.features.backends import check_backend
from featser.features.crew import TIMEOUT
from featser.features.extraction import (
    Extraction,
    Interrupted,
    extract_blocks,
    extract_copies,
)
from featser.features.extractor import make_extractor
from featser.features.store import Store
from featser.progress import Progress, silent
from featser.recipe import DEFAULT_FEATURES
from featser.verbs.altered import plan_altered
from featser.verbs.kept import KeyList, remember, with_keys
from featser.verbs.source import STORE, Source, list_source


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
        Extractors; when empty, the recipe's, or
        :data:`featser.recipe.DEFAULT_FEATURES`.
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
        Counts, and what was unusable with its reasons; without ``keys``, which the store's
        ``manifest.parquet`` has.

    Raises
    ------
    FeatserError
        If the source, an extractor, the backend or the store cannot be used. Unusable
        recordings raise nothing: they are listed.
    """
    check_backend(backend, cluster)
    found = list_source(source, corpus, data)
    specs = tuple(dict.fromkeys(features)) or found.source.features or DEFAULT_FEATURES
    for spec in specs:
        make_extractor(spec)
    asked = tuple(dict.fromkeys(augment)) or found.source.augmentations
    augmentations = [parse_augmentation(spec) for spec in asked]
    notes = _named_otherwise(found.source, asked)
    found.source.augmentations = asked
    how = (timeout, backend, cluster)
    kept = Store(store)
    with KeyList() as keys:
        result = extract_blocks(
            found.blocks(), found.rows, specs, kept, jobs, progress, *how, keys.add
        )
        plan = plan_altered(with_keys(found, keys), augmentations, specs, kept)
        remember(store, found, keys, result.unusable, specs, plan.table)
    if augmentations:
        try:
            result.altered = extract_copies(plan.utterances, specs, kept, jobs, altering, *how)
        except Interrupted as stop:
            result.altered = stop.so_far
            raise Interrupted(result) from None
        result.notes += result.altered.notes
        result.notes += [
            f"{count} utterances have no copies with {name}: there are too few others to mix in"
            for name, count in plan.short.items()
        ]
    result.notes += [*notes, *found.source.told()]
    return result


def _named_otherwise(source: Source, asked: Sequence[str]) -> list[str]:
    """Say who learns from copies that are not those of the recipe."""
    if source.recipe is None or source.augmentations == asked:
        return []
    return [
        "these augmented copies are not those that the recipe names: `featser fit` without a "
        "source learns from them, a fit of the recipe does not"
    ]
