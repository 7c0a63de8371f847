"""From recordings to the store: in parallel, resumable, and with every refusal named.

The work is cut into chunks of utterances in the manifest's order. A worker decodes each recording
once, computes all extractors on it and returns their values; the calling process alone writes,
one part file for each chunk and extractor, as soon as the chunk is back, and one of every 64 of
them later. What a kill can cost is therefore the chunks under way: two for each worker. Rows are
taken from the manifest as there are workers for them, so that memory does not grow with it.

Workers are processes that may crash or hang without harm to the others
(:mod:`featser.workers.pool`), one of them no less than eight. They are on this machine, or on
those of a Dask cluster (:mod:`featser.extraction.backends`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.utterances import Utterance, segments
from featser.credentials import without_credentials
from featser.extraction.backends import check_backend, outcomes
from featser.extraction.chunks import CHUNK, ChunkResult, Work
from featser.extraction.compute import Refusal
from featser.extraction.planner import Identifier, Keys, Pending, Planned, blocks_of
from featser.features.extractor import Extractor
from featser.features.registry import make_extractors
from featser.io.result_display import Display, ShownResult
from featser.progress import Progress, silent
from featser.store.feature_store import Store
from featser.workers.limits import TIMEOUT, Limits
from featser.workers.pool import WorkerPool

if TYPE_CHECKING:
    from featser.extraction.extraction_forecast import ExtractionForecast

__all__ = [
    "CHUNK",
    "Extraction",
    "Interrupted",
    "extract_blocks",
    "extract_copies",
    "extract_manifest",
    "identify",
    "segments",
]

REFUSAL_COLUMNS = ["file", "start", "end", "extractor", "reason"]


@dataclass(repr=False)
class Extraction(ShownResult):
    """What an extraction did.

    Attributes
    ----------
    keys : list of str or None
        For each row of the manifest its key in the store; None where the file cannot be read.
    done, reused, copies : int
        Utterances that were computed, that the store already had, and that have the very sound
        of another row, whose features they share.
    unusable : DataFrame
        Columns ``file``, ``start``, ``end``, ``extractor`` (empty when it is the recording itself
        that cannot be used) and ``reason``.
    scaled : dict of str to float
        Files whose peaks were out of range, and the factor they were multiplied by.
    remarks : dict of str to str
        What else decoding had to do to a file, such as to take one of two channels that cancel
        each other, or that its channels differ.
    notes : list of str
        What was cleared away in the store (damaged part files, unfinished files), and what a
        caller that knows more adds.
    altered : Extraction or None
        The same of the augmented copies, where some were asked for.
    forecast : ExtractionForecast or None
        What would be done, of a dry run, which does nothing else.
    n_speakers_missing : int
        Utterances with features and without a speaker, where the folds of a fit need one for each.
    """

    keys: list[str | None]
    done: int = 0
    reused: int = 0
    copies: int = 0
    unusable: pd.DataFrame = field(default_factory=lambda: _refusals([]))
    scaled: dict[str, float] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    altered: Extraction | None = None
    forecast: ExtractionForecast | None = None
    n_speakers_missing: int = 0

    def display(self) -> Display:
        """Return counts, and the utterances that could not be used."""
        columns = ["file", "extractor", "reason"]
        rows = self.unusable[columns].astype(object).to_numpy().tolist()
        unusable = self.unusable["file"].nunique()
        text = f"{self.done} done, {self.reused} reused, {unusable} unusable"
        return Display(text, columns, rows)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an extraction; what was finished is in the store.

    Parameters
    ----------
    so_far : Extraction
        What had been done.
    """

    def __init__(self, so_far: Extraction) -> None:
        super().__init__()
        self.so_far = so_far


def extract_manifest(
    manifest: pd.DataFrame,
    extractors: Sequence[str],
    store: Store,
    n_jobs: int = -1,
    progress: Progress = silent,
    timeout: float = TIMEOUT,
    backend: str | None = None,
    cluster: str | None = None,
) -> Extraction:
    """Compute the features that the store lacks.

    Parameters
    ----------
    manifest : DataFrame
        Column ``file`` with paths that can be opened from here; optional ``start`` and ``end``.
    extractors : sequence of str
        Specs such as ``"handcrafted"`` or ``"mfcc:basic"``.
    store : Store
        Where the features go.
    n_jobs : int
        Worker processes, as joblib counts them: −1 for one per core.
    progress : callable
        Called with the utterances done and in all.
    timeout : float
        Seconds after which decoding, or one extractor, is given up on a recording; a third of
        that more for each second of audio.
    backend : str, optional
        What hands chunks to worker processes: ``"threading"`` or ``"loky"`` on this machine,
        ``"dask"`` on a cluster. By default what joblib is configured
        for (``joblib.parallel_config(backend=…)``), else threads.
    cluster : str, optional
        The address of Dask's scheduler. Its machines have the recordings under
        the same paths as this one.

    Returns
    -------
    Extraction
        Counts, refusals, and the key of every row.

    Raises
    ------
    FeatureError
        If an extractor does not exist, or the cluster's machines would make other features.
    FeatserError
        If the backend or the cluster cannot be used.
    StoreError
        If the store cannot be written, which is tried before anything is computed, or is deleted
        meanwhile, or rows in it are. What was written before stays.
    Interrupted
        On Ctrl-C, with what was done so far.
    """
    keys: Keys = []
    results = extract_blocks(
        blocks_of(manifest),
        len(manifest),
        extractors,
        store,
        n_jobs,
        progress,
        timeout,
        backend,
        cluster,
        keys.extend,
    )
    results.keys = keys
    return results


def extract_blocks(
    blocks: Iterable[pd.DataFrame],
    rows: int,
    extractors: Sequence[str],
    store: Store,
    n_jobs: int = -1,
    progress: Progress = silent,
    timeout: float = TIMEOUT,
    backend: str | None = None,
    cluster: str | None = None,
    keyed: Callable[[Keys], None] = lambda keys: None,
) -> Extraction:
    """Compute the features that the store lacks, of a manifest that need not fit into memory.

    Parameters
    ----------
    blocks : iterable of DataFrame
        The manifest's rows in their order, some at a time.
    rows : int
        How many there are in all.
    extractors, store, n_jobs, progress, timeout, backend, cluster
        As :func:`extract_manifest` has them; ``progress`` counts rows.
    keyed : callable
        Called with the keys of the rows of each block, in the blocks' order.

    Returns
    -------
    Extraction
        Without ``keys``.

    Raises
    ------
    FeatserError
        As :func:`extract_manifest`.
    """
    made = make_extractors(extractors)
    check_backend(backend, cluster)
    pending = Pending(blocks, made, store, keyed)
    work = Work.of(WorkerPool(Limits(timeout)), made)
    return _extract(pending, rows, made, store, work, n_jobs, progress, backend, cluster)


def extract_copies(
    copies: Sequence[Utterance],
    extractors: Sequence[str],
    store: Store,
    n_jobs: int = -1,
    progress: Progress = silent,
    timeout: float = TIMEOUT,
    backend: str | None = None,
    cluster: str | None = None,
) -> Extraction:
    """Compute the features of augmented copies that the store lacks.

    Parameters
    ----------
    copies : sequence of Utterance
        From ``plan_copies``, of utterances that could be used; those
        with the same key are one.
    extractors, store, n_jobs, progress, timeout, backend, cluster
        As :func:`extract_manifest` has them.

    Returns
    -------
    Extraction
        Counts and refusals; no keys.

    Raises
    ------
    FeatserError
        As :func:`extract_manifest`.
    """
    made = make_extractors(extractors)
    check_backend(backend, cluster)
    different = list({copy.key: copy for copy in copies}.values())
    pending = Pending([different], made, store, lambda keys: None, Planned(different))
    work = Work.of(WorkerPool(Limits(timeout)), made)
    return _extract(pending, len(different), made, store, work, n_jobs, progress, backend, cluster)


def _extract(
    pending: Pending[Any],
    rows: int,
    extractors: Sequence[Extractor],
    store: Store,
    work: Work,
    n_jobs: int,
    progress: Progress,
    backend: str | None,
    cluster: str | None,
) -> Extraction:
    result = Extraction([])
    refusals: list[Refusal] = []
    try:
        result.notes = store.prepare(extractors)
        progress(0, rows)
        n_done = 0
        with closing(outcomes(pending, work, n_jobs, backend, cluster)) as results:
            for chunk, outcome in results:
                _keep(outcome, extractors, store)
                pending.done(chunk)
                _merge(pending, extractors, store)
                pending.refuse_lost()
                refusals += outcome.refusals
                result.scaled.update(outcome.scaled)
                result.remarks.update(outcome.remarks)
                stored = {key for keys in outcome.keys.values() for key in keys}
                result.done += sum(utterance.key in stored for utterance, _ in chunk)
                n_done += len(chunk)
                progress(n_done + pending.settled, rows)
        _merge(pending, extractors, store)
        progress(n_done + pending.settled, rows)
        for extractor in extractors:
            store.flush(extractor)
        pending.refuse_lost()
    except KeyboardInterrupt:
        raise Interrupted(_counted(result, pending, refusals)) from None
    return _counted(result, pending, refusals)


def _counted(result: Extraction, pending: Pending[Any], refusals: list[Refusal]) -> Extraction:
    result.reused, result.copies = pending.reused, pending.copies
    result.unusable = _refusals(pending.refusals + refusals)
    return result


def _merge(pending: Pending[Any], extractors: Sequence[Extractor], store: Store) -> None:
    for keys in pending.tried():
        for extractor in extractors:
            store.merge(extractor, keys)


def _keep(outcome: ChunkResult, extractors: Sequence[Extractor], store: Store) -> None:
    for extractor in extractors:
        if keys := outcome.keys.get(extractor.spec):
            store.add(extractor, keys, np.stack(outcome.values[extractor.spec]))


def identify(manifest: pd.DataFrame) -> tuple[list[Utterance], list[str | None], list[Refusal]]:
    """Read every file's content hash, as :meth:`~featser.extraction.planner.Identifier.identify`.

    Returns
    -------
    utterances : list of Utterance
        One for each different sound: rows with identical recordings share one.
    keys : list of str or None
        One for each row of the manifest; None where the file cannot be read.
    refusals : list of tuple
        ``(file, start, end, extractor, reason)`` for those.
    """
    return Identifier().identify(manifest)


def _refusals(rows: list[Refusal]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=REFUSAL_COLUMNS).astype({"start": float, "end": float})
    for name in ("file", "reason"):
        table[name] = [without_credentials(text) for text in table[name]]
    return table.sort_values(["file", "start", "extractor"], ignore_index=True)


def usable(table: pd.DataFrame, extractors: Sequence[Extractor], store: Store) -> NDArray[np.bool_]:
    """Return which rows of a manifest with a ``key`` column have the features of all extractors.

    Parameters
    ----------
    table : DataFrame
        Column ``key``, empty where a file could not be read.
    extractors : sequence of Extractor
        Which features every row must have.
    store : Store
        Where the features are.
    """
    keys = table["key"].fillna("").astype(str).tolist()
    result = np.ones(len(keys), dtype=bool)
    for extractor in extractors:
        result &= store.has(extractor, keys)
    return result
