"""``featser extract``: from a manifest to the feature store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from featser.api.validation import validated
from featser.audio.channels import MIX
from featser.augmentation.augmentation_presets import with_presets_named
from featser.augmentation.spec import Augmentation, parse_augmentation, parse_augmentations
from featser.corpora.labelling.label_map import LabelMap
from featser.errors import counted
from featser.evaluation.protocols.groups import speaker_ids
from featser.experiment.loading.augmented_copies import plan_altered
from featser.experiment.loading.extraction_options import extraction_options
from featser.experiment.loading.last_extraction import KeyList, remember, with_keys
from featser.experiment.loading.listing import Listing, list_source
from featser.experiment.loading.sources.folder_sources import corpus_or_pattern
from featser.experiment.loading.sources.source import STORE, Source
from featser.experiment.schema import Experiment
from featser.extraction.backends import check_backend
from featser.extraction.extraction import (
    Extraction,
    Interrupted,
    extract_blocks,
    extract_copies,
    usable,
)
from featser.extraction.extraction_forecast import forecast_extraction, long_notes, notes_before
from featser.features.extractor import Extractor
from featser.features.registry import make_extractors, trimmed_specs
from featser.features.spec_names import DEFAULT_FEATURES, with_default_named
from featser.progress import announce, stage
from featser.progress_bars import showing_progress
from featser.store.feature_store import Store


@validated()
@showing_progress
def extract(
    source: str | Path | Experiment | None = None,
    /,
    *,
    store: str | Path = STORE,
    features: Sequence[str] = (),
    augment: Sequence[str] = (),
    data: Mapping[str, str | Path] | None = None,
    corpus: str | None = None,
    n_jobs: int = -1,
    **options: Any,
) -> Extraction:
    """Compute the features of all utterances that the store lacks.

    Parameters
    ----------
    source : str, Path or Experiment, optional
        A recipe, a manifest, or a corpus folder together with ``corpus``; by default the corpora
        that ``data`` names.
    store : str or Path
        Where features are kept.
    features : sequence of str
        Extractors; ``"default"`` stands for
        :data:`featser.features.spec_names.DEFAULT_FEATURES`. By default the recipe's, or these.
    augment : sequence of str
        Augmented copies to make of every utterance, such as ``"noise:snr=5..20,copies=2"``, or a
        preset such as ``"speaker"``; by default the recipe's. Only training folds have them.
    data : mapping of str to path, optional
        Where the corpora of a recipe are; without a source, each corpus by the name of its card,
        or the card's file.
    corpus : str, optional
        The card of a corpus folder.
    n_jobs : int
        Worker processes; -1 for one per core.
    **options
        Fields of :class:`~featser.experiment.loading.extraction_options.ExtractionOptions`, such as
        ``trim=True``, ``channel="left"``, or ``columns={"label": "emotion"}``.
        ``pattern="{speaker}/*/{emotion}_{take}.wav"`` reads the paths below a folder, as
        :func:`featser.scan` does, in place of ``corpus``. With
        ``dry_run=True`` only the result's ``forecast`` is computed.

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
    how = extraction_options(options)
    check_backend(how.backend, how.cluster)
    corpus = corpus_or_pattern(source, corpus, how.pattern)
    listing = list_source(source, corpus, data, LabelMap(how.columns, how.labels))
    listed = listing.with_channel(how.channel or listing.source.channel or MIX)
    specs = with_default_named(features) or listed.source.features or DEFAULT_FEATURES
    extractors = make_extractors(specs)
    if how.trim:
        specs = trimmed_specs(specs)
        extractors = make_extractors(specs)
    if how.dry_run:
        table = pd.concat(list(listed.blocks()), ignore_index=True)
        plan_of_all = forecast_extraction(table, extractors, Store(store), n_jobs)
        notes = [*long_notes(plan_of_all.long), *listed.source.all_notes()]
        return Extraction([], notes=notes, forecast=plan_of_all)
    for line in notes_before(listed.blocks(), extractors):
        announce(line)
    asked = with_presets_named(augment) or listed.source.augmentations
    augmentations = parse_augmentations(asked)
    notes = [
        *_repeated_augmentations(augmentations, asked),
        *_named_otherwise(listed.source, asked),
    ]
    listed.source.augmentations = asked
    limits = (how.timeout, how.backend, how.cluster)
    opened = Store(store)
    with KeyList() as keys:
        result = extract_blocks(
            listed.blocks(),
            listed.rows,
            specs,
            opened,
            n_jobs,
            stage("Extracting features"),
            *limits,
            keys.add,
        )
        plan = plan_altered(with_keys(listed, keys), augmentations, specs, opened)
        remember(opened, listed, keys, result.unusable, specs, plan.table)
        result.n_speakers_missing = _speakers_missing(listed, keys, extractors, opened)
    if augmentations:
        try:
            result.altered = extract_copies(
                plan.utterances,
                specs,
                opened,
                n_jobs,
                stage("Extracting augmented copies"),
                *limits,
            )
        except Interrupted as stop:
            result.altered = stop.so_far
            raise Interrupted(result) from None
        result.notes += result.altered.notes
        result.notes += [
            f"{counted(count, 'utterance')} without copies with {name}: there are too few others "
            f"to mix in"
            for name, count in plan.short.items()
        ]
    result.notes += [*notes, *listed.source.all_notes()]
    return result


def _speakers_missing(
    listed: Listing, keys: KeyList, extractors: Sequence[Extractor], store: Store
) -> int:
    """Return how many utterances with features lack a speaker that a fit needs."""
    default, recipe = Experiment().protocols, listed.source.recipe
    if recipe is not None and not set(default) & set(recipe.protocols):
        return 0
    without = (block[speaker_ids(block) == ""] for block in with_keys(listed, keys))
    return sum(int(usable(block, extractors, store).sum()) for block in without)


def _repeated_augmentations(
    augmentations: Sequence[Augmentation], asked: Sequence[str]
) -> list[str]:
    """Return a note for each augmentation that was asked for more than once."""
    definitions = [parse_augmentation(spec).definition for spec in asked]
    return [
        f"{one.definition} is asked for {definitions.count(one.definition)} times: the copies are "
        f"made once, {one.copies} of each utterance"
        for one in augmentations
        if definitions.count(one.definition) > 1
    ]


def _named_otherwise(source: Source, asked: Sequence[str]) -> list[str]:
    """Say which fits use copies that are not those of the recipe."""
    if source.recipe is None:
        return []
    if set(parse_augmentations(source.augmentations)) == set(parse_augmentations(asked)):
        return []
    return [
        "these augmented copies are not those that the recipe names: `featser fit` without a "
        "source learns from them, a fit of the recipe does not"
    ]
