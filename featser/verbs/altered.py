"""Augmented copies of what was extracted last: the second half of ``featser extract --augment``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from featser.evaluation.protocols import speaker_ids
from featser.features.augmentation.spec import Augmentation
from featser.features.copies import Sound, plan_copies
from featser.features.crew import TIMEOUT
from featser.features.extraction import Extraction, extract_copies, usable
from featser.features.extractor import make_extractor
from featser.features.pending import segments
from featser.features.store import Store
from featser.progress import Progress, silent
from featser.verbs.source import recall, remember_copies


def extract_altered(
    store: str | Path,
    specs: Sequence[str],
    augmentations: Sequence[Augmentation],
    jobs: int = -1,
    progress: Progress = silent,
    timeout: float = TIMEOUT,
    backend: str | None = None,
    cluster: str | None = None,
) -> Extraction:
    """Make augmented copies of all utterances that could be used, and keep which there are.

    Parameters
    ----------
    store : str or Path
        Where the utterances' features are, and their manifest.
    specs : sequence of str
        The extractors.
    augmentations : sequence of Augmentation
        What to make of each utterance.
    jobs, progress, timeout, backend, cluster
        As :func:`featser.features.extraction.extract_features` has them.

    Returns
    -------
    Extraction
        Of the copies.

    Raises
    ------
    FeatserError, Interrupted
        As :func:`featser.features.extraction.extract_features`. The copies that are there by
        then can be learnt from.
    """
    kept = Store(store)
    plan = plan_copies(usable_sounds(store, specs), augmentations)
    remember_copies(store, plan.table)  # those that are not there yet are left out by a fit
    result = extract_copies(plan.utterances, specs, kept, jobs, progress, timeout, backend, cluster)
    result.notes += [
        f"{count} utterances have no copies with {name}: there are too few others to mix in"
        for name, count in plan.short.items()
    ]
    return result


def usable_sounds(store: str | Path, specs: Sequence[str]) -> list[Sound]:
    """Return the utterances of the last extraction that have all features, with their speakers."""
    table = recall(store)[0].table
    there = usable(table, [make_extractor(spec) for spec in specs], Store(store))
    rows = zip(segments(table), table["key"], speaker_ids(table), there, strict=True)
    return [Sound(place, str(key), str(speaker)) for place, key, speaker, chosen in rows if chosen]
