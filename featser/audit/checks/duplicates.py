"""Find recordings that occur more than once, unchanged or altered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio.channels import MIX, parse_channels
from featser.audit.finding import Finding
from featser.audit.measure.examination import Recording, Segment, examine_all
from featser.audit.measure.similarity import (
    LIKE_WAVEFORM,
    like_envelopes,
    neighbours,
    signature,
    waveform_likeness,
)
from featser.errors import counted
from featser.progress import Progress, silent
from featser.workers.mapping import map_tasks
from featser.workers.pool import WorkerPool
from featser.workers.task import Failure, Step

How = Literal["bytes", "samples", "take"]
KINDS: dict[How, str] = {
    "bytes": "identical recordings",
    "samples": "identical samples",
    "take": "near-identical recordings",
}
_MEANS: dict[How, str] = {
    "bytes": "of identical files",
    "samples": "with identical samples apart from surrounding silence, gain and file format",
    "take": "of one take, cut, encoded, resampled or mixed differently",
}
SAME_SAMPLES = 0.99999
_CHUNK = 64


OnFailure = Callable[[int, int, str], None]
"""Called with two row numbers and the reason why their recordings could not be compared."""


@dataclass(frozen=True)
class Pair:
    """Two rows of a manifest whose recordings are copies of each other.

    Attributes
    ----------
    first, second : int
        Row numbers in ascending order.
    how : {'bytes', 'samples', 'take'}
        What the copies have in common.
    likeness : float
        The correlation of the waveforms below 4 kHz, in [0, 1].
    """

    first: int
    second: int
    how: How
    likeness: float = 1.0


def duplicate_groups(
    manifest: pd.DataFrame,
    jobs: int = -1,
    progress: Progress = silent,
    pool: WorkerPool | None = None,
) -> NDArray[np.int64]:
    """Return the recording group of each row, so that folds can keep copies together.

    Parameters
    ----------
    manifest : DataFrame
        Column ``file`` with paths that can be opened from here; optional ``start`` and ``end``.
    jobs, progress
        As in :func:`featser.workers.mapping.map_tasks`.
    pool : WorkerPool, optional
        Workers that read the recordings; by default a new pool, which is closed at the end.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The row number of the first copy: same bytes, same samples, or an altered copy. Unusable
        recordings have their own row number unless their bytes are identical.

    Examples
    --------
    >>> groups = duplicate_groups(manifest)  # doctest: +SKIP
    >>> fold = assign_folds("random", emotion, speaker, audio=groups)  # doctest: +SKIP
    """
    where = segments_of(manifest)
    with nullcontext(pool) if pool else WorkerPool() as workers:
        recordings = examine_all(where, jobs, progress, workers)
        return groups_of(len(where), find_duplicates(where, recordings, jobs, workers))


def segments_of(manifest: pd.DataFrame) -> list[Segment]:
    """Return ``file``, ``start``, ``end`` and ``channel`` of every row.

    Times are None for the ends of the recording; the channel is the average of all by default.
    """
    absent = pd.Series(np.nan, index=manifest.index)
    starts = manifest.get("start", absent).astype(float)
    ends = manifest.get("end", absent).astype(float)
    channels = [MIX] * len(manifest)
    if "channel" in manifest:
        channels = parse_channels(manifest["channel"])
    return [
        (str(file), None if np.isnan(start) else start, None if np.isnan(end) else end, channel)
        for file, start, end, channel in zip(manifest["file"], starts, ends, channels, strict=True)
    ]


def find_duplicates(
    segments: Sequence[Segment],
    recordings: Sequence[Recording],
    jobs: int = -1,
    pool: WorkerPool | None = None,
    on_failure: OnFailure = lambda first, second, reason: None,
) -> list[Pair]:
    """Find rows whose recordings are copies of each other.

    Parameters
    ----------
    segments : sequence of (file, start, end, channel)
        The recording of each row.
    recordings : sequence of Recording
        The facts and the fingerprint of each.
    jobs : int
        Number of worker processes for the final comparison of waveforms.
    pool : WorkerPool, optional
        Workers that compare; by default a new pool, which is closed at the end.
    on_failure : callable
        Called for each pair of suspected copies that could not be compared.

    Returns
    -------
    list of Pair
        Enough pairs to connect all rows of a recording group; not every pair of the group.
    """
    pairs = list(_equal(recordings, range(len(recordings)), "content", "bytes"))
    copies = {pair.second for pair in pairs}
    rows = [r for r in range(len(recordings)) if r not in copies and not recordings[r].reason]
    same_samples = list(_equal(recordings, rows, "samples_hash", "samples"))
    copies = {pair.second for pair in same_samples}
    rows = [row for row in rows if row not in copies]
    alike = _alike(recordings, rows)
    if not alike:
        return pairs + same_samples
    places = [(segments[a], segments[b]) for a, b in alike]
    with nullcontext(pool) if pool else WorkerPool() as workers:
        likeness = map_tasks(workers, _compare, places, jobs, _CHUNK)
    near = []
    for (a, b), value in zip(alike, likeness, strict=True):
        if isinstance(value, Failure):
            on_failure(a, b, value.reason("the comparison"))
        elif value > LIKE_WAVEFORM:
            near.append(Pair(a, b, _how(recordings[a], recordings[b], value), value))
    return pairs + same_samples + near


def groups_of(rows: int, pairs: Iterable[Pair]) -> NDArray[np.int64]:
    """Join pairs to groups: each row gets the smallest row number of its group."""
    parent = np.arange(rows, dtype=np.int64)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for pair in pairs:
        low, high = sorted((root(pair.first), root(pair.second)))
        parent[high] = low
    return np.array([root(row) for row in range(rows)], dtype=np.int64)


def duplicate_findings(
    table: pd.DataFrame, names: Sequence[str], compared: pd.DataFrame, pairs: Sequence[Pair]
) -> list[Finding]:
    """Report which recordings occur more than once, and whether that makes results wrong.

    Parameters
    ----------
    table : DataFrame
        The manifest.
    names : sequence of str
        The name of each row.
    compared : DataFrame
        The columns in which copies must not differ: speaker, corpus, split and labels; missing
        values never differ.
    pairs : sequence of Pair
        As :func:`find_duplicates` returns them.

    Returns
    -------
    list of Finding
        For each kind, copies that differ as an error and the others as a warning.
    """
    findings: list[Finding] = []
    for how, kind in KINDS.items():
        rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for pair in pairs:
            if pair.how == how:
                differ = _differing(compared, pair)
                row = {
                    "first": names[pair.first],
                    "second": names[pair.second],
                    "likeness": round(pair.likeness, 3),
                    "differ in": "; ".join(differ),
                }
                rows[bool(differ)].append(row)
        if rows[True]:
            message = (
                f"{_count(rows[True], how, len(table))}, with different speakers, corpora, splits "
                f"or labels: either an annotation is wrong, or a model is tested on its training "
                f"data; correct the annotation or remove one copy"
            )
            findings.append(Finding(kind, "error", message, rows[True]))
        if rows[False]:
            message = (
                f"{_count(rows[False], how, len(table))}, with the same speaker and label: remove "
                f"one copy; a fit keeps both in the same fold, unless published folds divide them"
            )
            findings.append(Finding(kind, "warning", message, rows[False]))
    return findings


def not_compared_findings(rows: Sequence[dict[str, Any]]) -> list[Finding]:
    """Report suspected copies that could not be compared.

    Parameters
    ----------
    rows : sequence of dict
        ``first``, ``second`` and ``reason`` of each pair.

    Returns
    -------
    list of Finding
        A warning, or nothing.
    """
    if not rows:
        return []
    message = (
        f"{counted(len(rows), 'pair')} of recordings may be copies and could not be "
        f"compared: listen to them"
    )
    return [Finding("recordings not compared", "warning", message, list(rows))]


def _equal(
    recordings: Sequence[Recording], rows: Iterable[int], attribute: str, how: How
) -> Iterator[Pair]:
    """Pair each row with the first row that has the same attribute."""
    first: dict[Hashable, int] = {}
    for row in rows:
        value = getattr(recordings[row], attribute)
        if value and first.setdefault(value, row) != row:
            yield Pair(first[value], row, how)


def _compare(places: tuple[Segment, Segment], begin: Step) -> float:
    begin("comparing", 0.0)
    return waveform_likeness(*places)


def _alike(recordings: Sequence[Recording], rows: list[int]) -> list[tuple[int, int]]:
    """Return pairs of rows whose recordings have similar envelopes and may be copies."""
    if len(rows) < 2:
        return []
    candidates = neighbours(np.stack([signature(recordings[row].bands) for row in rows]))
    return [
        (rows[a], rows[b])
        for a, b in candidates.tolist()
        if like_envelopes(recordings[rows[a]].bands, recordings[rows[b]].bands)
    ]


def _how(one: Recording, other: Recording, likeness: float) -> How:
    """Distinguish copies that differ in gain and silence from copies that were processed.

    Below 4 kHz a resampled copy has the same waveform, so the sampling rates must be equal, too. So
    must the bandwidths, which a codec or resampling makes narrower.
    """
    same_rate = one.rate == other.rate
    same_band = abs(one.bandwidth - other.bandwidth) < 0.02 * one.rate
    return "samples" if likeness > SAME_SAMPLES and same_rate and same_band else "take"


def _count(pairs: Sequence[object], how: How, recordings: int) -> str:
    return f"{counted(len(pairs), 'pair')} {_MEANS[how]} among {recordings} recordings"


def _differing(compared: pd.DataFrame, pair: Pair) -> list[str]:
    both = compared.iloc[[pair.first, pair.second]]
    return [
        f"{name}: {' | '.join(map(str, both[name]))}"
        for name in compared
        if both[name].notna().all() and both[name].nunique() == 2
    ]
