"""Recordings that are in the data more than once, as they are or altered."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.examine import Recording, Segment, examine_all
from featser.audit.finding import Finding
from featser.audit.fingerprint import (
    LIKE_WAVEFORM,
    like_envelopes,
    neighbours,
    signature,
    waveform_likeness,
)
from featser.audit.parallel import map_chunks
from featser.progress import Progress, silent

How = Literal["bytes", "samples", "take"]
KINDS: dict[How, str] = {
    "bytes": "identical recordings",
    "samples": "identical samples",
    "take": "near-identical recordings",
}
_MEANS: dict[How, str] = {
    "bytes": "hold the same bytes",
    "samples": "hold the same samples but for silence around them, gain and the file's format",
    "take": "hold the same take, cut, encoded, resampled or mixed differently",
}
SAME_SAMPLES = 0.99999
_CHUNK = 64


@dataclass(frozen=True)
class Pair:
    """Two rows of a manifest that hold the same sound.

    Attributes
    ----------
    first, second : int
        Row numbers, the smaller first.
    how : {'bytes', 'samples', 'take'}
        What is the same.
    likeness : float
        The correlation of the waveforms below 4 kHz, in [0, 1].
    """

    first: int
    second: int
    how: How
    likeness: float = 1.0


def duplicate_groups(
    manifest: pd.DataFrame, jobs: int = -1, progress: Progress = silent
) -> NDArray[np.int64]:
    """Give rows with the same sound the same number, so that folds can keep them together.

    Parameters
    ----------
    manifest : DataFrame
        Column ``file`` with paths that can be opened from here; optional ``start`` and ``end``.
    jobs, progress
        As in :func:`featser.audit.parallel.map_chunks`.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The number of the first row with that sound: bytes, samples, or an altered copy. Recordings
        that cannot be used have their own row's number unless their bytes are the same.

    Examples
    --------
    >>> groups = duplicate_groups(manifest)  # doctest: +SKIP
    >>> fold = assign_folds("random", emotion, speaker, audio=groups)  # doctest: +SKIP
    """
    where = segments_of(manifest)
    return groups_of(len(where), find_duplicates(where, examine_all(where, jobs, progress), jobs))


def segments_of(manifest: pd.DataFrame) -> list[Segment]:
    """Return ``file``, ``start`` and ``end`` of every row; None for a recording's own ends."""
    absent = pd.Series(np.nan, index=manifest.index)
    starts = manifest.get("start", absent).astype(float)
    ends = manifest.get("end", absent).astype(float)
    return [
        (str(file), None if np.isnan(start) else start, None if np.isnan(end) else end)
        for file, start, end in zip(manifest["file"], starts, ends, strict=True)
    ]


def find_duplicates(
    segments: Sequence[Segment], recordings: Sequence[Recording], jobs: int = -1
) -> list[Pair]:
    """Find rows that hold the same sound.

    Parameters
    ----------
    segments : sequence of (file, start, end)
        Every row's recording.
    recordings : sequence of Recording
        What is known of each.
    jobs : int
        Worker processes for the last, dear comparison of a few.

    Returns
    -------
    list of Pair
        Enough pairs to join every row to all others with its sound; not every pair of a group.
    """
    pairs = list(_equal(recordings, range(len(recordings)), "content", "bytes"))
    copies = {pair.second for pair in pairs}
    rows = [r for r in range(len(recordings)) if r not in copies and not recordings[r].reason]
    same = list(_equal(recordings, rows, "sound", "samples"))
    copies = {pair.second for pair in same}
    rows = [row for row in rows if row not in copies]
    return pairs + same + _near(segments, recordings, rows, jobs)


def groups_of(rows: int, pairs: Iterable[Pair]) -> NDArray[np.int64]:
    """Join pairs to groups: each row gets the smallest row number it is joined to."""
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
    """Say which recordings are there more than once, and where that spoils results.

    Parameters
    ----------
    table : DataFrame
        The manifest.
    names : sequence of str
        What each row is called.
    compared : DataFrame
        The columns in which two rows with the same sound must not differ: speaker, corpus, split
        and labels; missing values differ from nothing.
    pairs : sequence of Pair
        As :func:`find_duplicates` returns them.

    Returns
    -------
    list of Finding
        Of each kind, those that differ as an error and those that do not as a warning.
    """
    found: list[Finding] = []
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
                f"{_count(rows[True], len(table))} {_MEANS[how]}, yet differ in speaker, corpus, "
                f"split or label: either a name is wrong, or a model is tested on what it learnt; "
                f"find out which is right and remove the other"
            )
            found.append(Finding(kind, "error", message, rows[True]))
        if rows[False]:
            message = (
                f"{_count(rows[False], len(table))} {_MEANS[how]}, of the same speaker and label: "
                f"keep one, or keep them in one fold"
            )
            found.append(Finding(kind, "warning", message, rows[False]))
    return found


def _equal(
    recordings: Sequence[Recording], rows: Iterable[int], attribute: str, how: How
) -> Iterator[Pair]:
    """Pair every row with the first one whose attribute is the same."""
    first: dict[Hashable, int] = {}
    for row in rows:
        value = getattr(recordings[row], attribute)
        if value and first.setdefault(value, row) != row:
            yield Pair(first[value], row, how)


def _near(
    segments: Sequence[Segment], recordings: Sequence[Recording], rows: list[int], jobs: int
) -> list[Pair]:
    if len(rows) < 2:
        return []
    candidates = neighbours(np.stack([signature(recordings[row].bands) for row in rows]))
    alike = [
        (rows[a], rows[b])
        for a, b in candidates.tolist()
        if like_envelopes(recordings[rows[a]].bands, recordings[rows[b]].bands)
    ]
    places = [(segments[a], segments[b]) for a, b in alike]
    likeness = map_chunks(waveform_likeness, places, _CHUNK, jobs)
    return [
        Pair(a, b, _how(recordings[a], recordings[b], value), value)
        for (a, b), value in zip(alike, likeness, strict=True)
        if value > LIKE_WAVEFORM
    ]


def _how(one: Recording, other: Recording, likeness: float) -> How:
    """Tell copies that differ in gain and silence from those that were processed.

    Below 4 kHz a resampled copy is the same as well, so the rates must be equal; and so must the
    bandwidths, which a codec or a detour over another rate narrows.
    """
    same_rate = one.rate == other.rate
    same_band = abs(one.bandwidth - other.bandwidth) < 0.02 * one.rate
    return "samples" if likeness > SAME_SAMPLES and same_rate and same_band else "take"


def _count(pairs: Sequence[object], recordings: int) -> str:
    return f"{len(pairs)} pair{'s' * (len(pairs) != 1)} among {recordings} recordings"


def _differing(compared: pd.DataFrame, pair: Pair) -> list[str]:
    both = compared.iloc[[pair.first, pair.second]]
    return [
        f"{name}: {' | '.join(map(str, both[name]))}"
        for name in compared
        if both[name].notna().all() and both[name].nunique() == 2
    ]
