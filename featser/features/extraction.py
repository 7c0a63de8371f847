"""From recordings to the store: in parallel, resumable, and with every refusal named.

The work is cut into chunks of utterances in the manifest's order. A worker decodes each recording
once, computes all extractors on it and returns their values; the calling process alone writes,
one part file for each chunk and extractor, as soon as the chunk is back. What a kill can cost is
therefore the chunks under way: one for each worker.

Parallelism is joblib's: ``joblib.parallel_config(backend=…)`` around :func:`extract_features`
sends the chunks to Dask, Ray or Spark as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio import Signal, content_hash, decode
from featser.errors import UnusableAudio
from featser.features.extractor import Extractor, make_extractor
from featser.features.store import Store, utterance_key
from featser.progress import Progress, silent

CHUNK = 16
REFUSAL_COLUMNS = ["file", "start", "end", "extractor", "reason"]


@dataclass(frozen=True)
class Utterance:
    """One recording, or a segment of one, and the identity of its sound."""

    file: str
    key: str
    start: float | None = None
    end: float | None = None


@dataclass
class Extraction:
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
    """

    keys: list[str | None]
    done: int = 0
    reused: int = 0
    copies: int = 0
    unusable: pd.DataFrame = field(default_factory=lambda: _refusals([]))
    scaled: dict[str, float] = field(default_factory=dict)


Refusal = tuple[str, float | None, float | None, str, str]


@dataclass
class ChunkResult:
    """What a worker gives back for a chunk.

    Attributes
    ----------
    keys, values : dict
        For each extractor's spec, the keys and the values, shape (n, d), that could be computed.
    refusals : list of tuple
        ``(file, start, end, extractor, reason)``.
    reasons : list of tuple
        ``(key, reason)`` of the same refusals.
    scaled : dict of str to float
        Files that were scaled, with the factor.
    """

    keys: dict[str, list[str]]
    values: dict[str, NDArray[np.float32]]
    refusals: list[Refusal]
    reasons: list[tuple[str, str]]
    scaled: dict[str, float]


def extract_features(
    manifest: pd.DataFrame,
    extractors: Sequence[str],
    store: Store,
    n_jobs: int = -1,
    progress: Progress = silent,
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
        Worker processes, as joblib counts them: −1 for one a core.
    progress : callable
        Called with the utterances done and in all.

    Returns
    -------
    Extraction
        Counts, refusals, and the key of every row.

    Raises
    ------
    FeatureError
        If an extractor does not exist.
    StoreError
        If the store cannot be written. What was written before stays.
    """
    made = [make_extractor(spec) for spec in dict.fromkeys(extractors)]
    utterances, keys, refusals = identify(manifest)
    chunks = list(_pending(utterances, made, store))
    waiting = {utterance.key for chunk, _ in chunks for utterance in chunk}
    result = Extraction(
        keys,
        reused=sum(utterance.key not in waiting for utterance in utterances),
        copies=sum(key is not None for key in keys) - len(utterances),
    )
    total, seen = len(utterances), result.reused
    progress(seen, total)
    for chunk, outcome in _run(chunks, n_jobs):
        for extractor in made:
            if outcome.keys.get(extractor.spec):
                spec = extractor.spec
                store.add(extractor, outcome.keys[spec], outcome.values[spec])
        failed = {key for key in chunk if not any(key in done for done in outcome.keys.values())}
        result.done += len(chunk) - len(failed)
        refusals += outcome.refusals
        result.scaled.update(outcome.scaled)
        seen += len(chunk)
        progress(seen, total)
    for extractor in made:
        store.flush(extractor)
    result.unusable = _refusals(refusals)
    return result


def identify(manifest: pd.DataFrame) -> tuple[list[Utterance], list[str | None], list[Refusal]]:
    """Read every file's content hash.

    Returns
    -------
    utterances : list of Utterance
        One for each different sound: rows with identical recordings share one.
    keys : list of str or None
        One for each row of the manifest; None where the file cannot be read.
    refusals : list of tuple
        ``(file, start, end, extractor, reason)`` for those.
    """
    from joblib import Parallel, delayed

    files = list(dict.fromkeys(manifest["file"].astype(str)))
    hashes = Parallel(n_jobs=4, prefer="threads")(delayed(_hash_or_refusal)(file) for file in files)
    found = dict(zip(files, hashes, strict=True))
    utterances: dict[str, Utterance] = {}
    keys: list[str | None] = []
    refusals: list[Refusal] = []
    for file, start, end in segments(manifest):
        audio = found[file]
        if isinstance(audio, UnusableAudio):
            keys.append(None)
            refusals.append((file, start, end, "", audio.reason))
            continue
        key = utterance_key(audio, start, end)
        keys.append(key)
        utterances.setdefault(key, Utterance(file, key, start, end))
    return list(utterances.values()), keys, refusals


def compute(
    utterance: Utterance, extractors: Sequence[Extractor]
) -> tuple[dict[str, NDArray[np.float32]], list[Refusal], float]:
    """Compute all extractors on one utterance, decoding it once.

    Returns
    -------
    values : dict of str to ndarray of float32, shape (d,)
        By the extractor's spec; an extractor that refuses is absent.
    refusals : list of tuple
        ``(file, start, end, extractor, reason)``.
    gain : float
        The smallest factor by which a signal was scaled.
    """
    values: dict[str, NDArray[np.float32]] = {}
    where = (utterance.file, utterance.start, utterance.end)
    try:
        decoded = decode(*where)
    except UnusableAudio as error:
        return values, [(*where, "", error.reason)], 1.0
    refusals: list[Refusal] = []
    signals: dict[tuple[int, float | None, float | None], Signal] = {}
    for extractor in extractors:
        part = (extractor.rate, extractor.offset, extractor.duration)
        try:
            if part not in signals:
                signals[part] = _part(decoded, extractor, utterance.file)
            values[extractor.spec] = extractor(signals[part])
        except UnusableAudio as error:
            refusals.append((*where, extractor.spec, error.reason))
        except Exception as error:  # one recording never ends a run: it is listed with the cause
            reason = f"the extractor failed: {type(error).__name__}: {error}"
            refusals.append((*where, extractor.spec, reason))
    return values, refusals, min((signal.gain for signal in signals.values()), default=1.0)


def _part(decoded: Signal, extractor: Extractor, file: str) -> Signal:
    if extractor.offset is None and extractor.duration is None:
        return decoded.resampled(extractor.rate)
    offset = extractor.offset or 0.0
    cut = decoded.cut(offset, extractor.duration)
    if not len(cut.samples):
        raise UnusableAudio(
            file, f"too short: {decoded.seconds:.2f} s, {extractor.spec} begins at {offset:g} s"
        )
    return cut.resampled(extractor.rate)


def _hash_or_refusal(file: str) -> str | UnusableAudio:
    try:
        return content_hash(file)
    except UnusableAudio as error:
        return error


def segments(manifest: pd.DataFrame) -> Iterator[tuple[str, float | None, float | None]]:
    """Yield ``file``, ``start``, ``end`` of every row; None for a recording's own ends."""
    absent = pd.Series(np.nan, index=manifest.index)
    starts = manifest.get("start", absent).astype(float)
    ends = manifest.get("end", absent).astype(float)
    for file, start, end in zip(manifest["file"].astype(str), starts, ends, strict=True):
        yield file, None if np.isnan(start) else start, None if np.isnan(end) else end


def compute_all(
    utterances: Sequence[Utterance],
    specs: Sequence[str],
    n_jobs: int = 1,
    progress: Progress = silent,
) -> tuple[dict[str, dict[str, NDArray[np.float32]]], dict[str, list[str]]]:
    """Compute features without a store, for prediction.

    Parameters
    ----------
    utterances : sequence of Utterance
        Each with a key of its own.
    specs : sequence of str
        Extractors.
    n_jobs : int
        Worker processes, as joblib counts them.
    progress : callable
        Called with the utterances done and in all.

    Returns
    -------
    values : dict of str to dict of str to ndarray of float32, shape (d,)
        By the extractor's spec, then by the utterance's key.
    reasons : dict of str to list of str
        By key, why features are missing.
    """
    chunks = [
        (
            list(utterances[first : first + CHUNK]),
            [list(specs)] * len(utterances[first : first + CHUNK]),
        )
        for first in range(0, len(utterances), CHUNK)
    ]
    values: dict[str, dict[str, NDArray[np.float32]]] = {spec: {} for spec in specs}
    reasons: dict[str, list[str]] = {}
    done = 0
    for keys, outcome in _run(chunks, n_jobs):
        for spec, found in outcome.values.items():
            values[spec].update(zip(outcome.keys[spec], found, strict=True))
        for key, why in outcome.reasons:
            reasons.setdefault(key, []).append(why)
        done += len(keys)
        progress(done, len(utterances))
    return values, reasons


Pending = tuple[list[Utterance], list[list[str]]]


def _pending(
    utterances: list[Utterance], extractors: Sequence[Extractor], store: Store
) -> Iterator[Pending]:
    """Cut the utterances into chunks, and leave out of each what the store has.

    The cuts depend on the manifest alone, so that a resumed run makes the very part files that
    an uninterrupted one makes.
    """
    keys = [utterance.key for utterance in utterances]
    has = {extractor.spec: store.has(extractor, keys) for extractor in extractors}
    for first in range(0, len(utterances), CHUNK):
        chunk: list[Utterance] = []
        wanted: list[list[str]] = []
        for row in range(first, min(first + CHUNK, len(utterances))):
            specs = [spec for spec, there in has.items() if not there[row]]
            if specs:
                chunk.append(utterances[row])
                wanted.append(specs)
        if chunk:
            yield chunk, wanted


def _run(chunks: list[Pending], n_jobs: int) -> Iterator[tuple[list[str], ChunkResult]]:
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    yield from parallel(delayed(_compute_chunk)(chunk, wanted) for chunk, wanted in chunks)


def _compute_chunk(
    chunk: list[Utterance], wanted: list[list[str]]
) -> tuple[list[str], ChunkResult]:
    from threadpoolctl import threadpool_limits

    made = {spec: make_extractor(spec) for specs in wanted for spec in specs}
    keys: dict[str, list[str]] = {spec: [] for spec in made}
    rows: dict[str, list[NDArray[np.float32]]] = {spec: [] for spec in made}
    result = ChunkResult(keys, {}, [], [], {})
    # One BLAS thread: workers do not crowd the cores, and sums have one order everywhere.
    with threadpool_limits(1):
        for utterance, specs in zip(chunk, wanted, strict=True):
            values, refusals, gain = compute(utterance, [made[spec] for spec in specs])
            result.refusals += refusals
            result.reasons += [(utterance.key, refusal[-1]) for refusal in refusals]
            if gain < 1:
                result.scaled[utterance.file] = gain
            for spec, row in values.items():
                keys[spec].append(utterance.key)
                rows[spec].append(row)
    result.values = {spec: np.stack(found) for spec, found in rows.items() if found}
    return [utterance.key for utterance in chunk], result


def _refusals(rows: list[Refusal]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=REFUSAL_COLUMNS).astype({"start": float, "end": float})
    return table.sort_values(["file", "start", "extractor"], ignore_index=True)


def usable(table: pd.DataFrame, extractors: Sequence[Extractor], store: Store) -> NDArray[np.bool_]:
    """Return which rows of a manifest with a ``key`` column have the features of all extractors.

    Parameters
    ----------
    table : DataFrame
        Column ``key``, empty where a file could not be read.
    extractors : sequence of Extractor
        What is wanted of every row.
    store : Store
        Where it is looked for.
    """
    keys = table["key"].fillna("").astype(str).tolist()
    result = np.ones(len(keys), dtype=bool)
    for extractor in extractors:
        result &= store.has(extractor, keys)
    return result
