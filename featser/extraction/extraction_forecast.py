"""What an extraction would cost, and which recordings are long: ``featser extract --dry-run``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio.decoding import announced_seconds
from featser.corpora.utterances import Place, places
from featser.errors import UnusableAudio, counted
from featser.extraction.extraction import identify
from featser.extraction.recording_needs import (
    REMEDY,
    TYPICAL_SECONDS,
    core_seconds,
    in_words,
    memory_bytes,
    memory_limit,
)
from featser.features.extractor import Extractor
from featser.io.location import is_remote
from featser.store.feature_store import Store

LONG_S = 600.0
"""Recordings are named in a forecast from this length on."""

_SMALL_BYTES = 1 << 20
"""Smaller files are not opened before an extraction to find long recordings."""


@dataclass(frozen=True)
class RecordingNeeds:
    """What a long recording needs.

    Attributes
    ----------
    file : str
        The recording.
    seconds : float
        Its length, or that of the segment.
    memory_bytes : float
        Of a worker, at most.
    core_seconds : float
        On one core, at most.
    refused : tuple of str
        Specs of extractors that need more memory than a worker may use.
    """

    file: str
    seconds: float
    memory_bytes: float
    core_seconds: float
    refused: tuple[str, ...]


@dataclass(frozen=True)
class ExtractorPlan:
    """An extractor: values an utterance, what is missing in the store, bytes and seconds of it.

    Attributes
    ----------
    spec : str
    values : int
    missing : int
        Utterances and augmented copies that the store lacks.
    bytes : int
        Of those, in the store.
    seconds : float
        For those, on the cores that were asked for.
    """

    spec: str
    values: int
    missing: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class ExtractionForecast:
    """What an extraction would do.

    Attributes
    ----------
    utterances : int
        Rows of the manifest.
    unusable : list of tuple of str
        Those whose recording cannot be read: the recording, and the reason.
    seconds : float
        The length of the others together.
    extractors : list of ExtractorPlan
        What each computes that the store lacks.
    long : list of RecordingNeeds
        Recordings of ten minutes or more.
    cores : int
        Worker processes.
    """

    utterances: int
    unusable: list[tuple[str, str]]
    seconds: float
    extractors: list[ExtractorPlan]
    long: list[RecordingNeeds]
    cores: int

    @property
    def core_seconds(self) -> float:
        """At most: extractors that share spectra and contours cost less together."""
        return sum(one.seconds for one in self.extractors)

    @property
    def bytes(self) -> int:
        """What the store grows by."""
        return sum(one.bytes for one in self.extractors)


def forecast_extraction(
    table: pd.DataFrame, extractors: Sequence[Extractor], store: Store, n_jobs: int = -1
) -> ExtractionForecast:
    """Say what the extraction of a manifest would do and cost.

    Parameters
    ----------
    table : DataFrame
        The manifest.
    extractors : sequence of Extractor
    store : Store
        Where features are, or would be, kept.
    n_jobs : int
        Worker processes; −1 for one per core.
    """
    import joblib

    cores = joblib.effective_n_jobs(n_jobs)
    seconds = lengths(table)
    _, keys, refusals = identify(table)
    seconds[[key is None for key in keys]] = 0.0
    unusable = [(refusal[0], refusal[-1]) for refusal in refusals]
    sounds = {key: long for key, long in zip(keys, seconds.tolist(), strict=True) if key}
    plans = [extractor_plan(one, sounds, store, cores) for one in extractors]
    long = long_recordings(table, seconds, extractors)
    return ExtractionForecast(len(table), unusable, float(seconds.sum()), plans, long, cores)


def extractor_plan(
    extractor: Extractor, sounds: Mapping[str, float], store: Store, cores: int
) -> ExtractorPlan:
    """Return what an extractor would compute.

    Parameters
    ----------
    extractor : Extractor
    sounds : mapping of str to float
        The seconds of every sound, by its key.
    store : Store
        What it has already.
    cores : int
        Worker processes.
    """
    is_stored = store.has(extractor, list(sounds))
    lacking = [seconds for seconds, has in zip(sounds.values(), is_stored, strict=True) if not has]
    cost = extractor.cost_ms / 1000 * sum(lacking) / TYPICAL_SECONDS / cores
    size = 4 * extractor.dimension * len(lacking)
    return ExtractorPlan(extractor.spec, extractor.dimension, len(lacking), size, cost)


def long_recordings(
    table: pd.DataFrame, seconds: NDArray[np.float64], extractors: Sequence[Extractor]
) -> list[RecordingNeeds]:
    """Return what the utterances need that last ten minutes or more, the longest first.

    Parameters
    ----------
    table : DataFrame
        The manifest.
    seconds : ndarray of float, shape (n,)
        From :func:`lengths`.
    extractors : sequence of Extractor
    """
    limit = memory_limit()
    needs = []
    files = table["file"].astype(str).to_numpy()
    for row in np.argsort(-seconds, kind="stable"):
        length = float(seconds[row])
        if length < LONG_S:
            break
        refused = tuple(
            one.spec
            for one in extractors
            if limit is not None and memory_bytes([one], length) > limit
        )
        accepted = [one for one in extractors if one.spec not in refused]
        memory, time = memory_bytes(accepted, length), core_seconds(accepted, length)
        needs.append(RecordingNeeds(files[row], length, memory, time, refused))
    return needs


def long_notes(long: Sequence[RecordingNeeds]) -> list[str]:
    """Say what long recordings need, and which extractors refuse them.

    Examples
    --------
    >>> long_notes([RecordingNeeds("talk.wav", 3600.0, 3.9e8, 45.0, ("compare",))])
    ['1 recording lasts 10 min or longer: the longest, talk.wav (60 min), needs at most 390 MB of \
memory and 45 s on one core', 'compare: too long for the memory that a worker may use: talk.wav; \
give its segments in columns `start` and `end` of the manifest; `featser segment` finds them']
    """
    if not long:
        return []
    first = long[0]
    last = "lasts" if len(long) == 1 else "last"
    notes = [
        f"{counted(len(long), 'recording')} {last} {LONG_S / 60:g} min or longer: the longest, "
        f"{first.file} ({first.seconds / 60:.0f} min), needs at most "
        f"{in_words(first.memory_bytes)} of memory and {first.core_seconds:.0f} s on one core"
    ]
    for spec in dict.fromkeys(spec for one in long for spec in one.refused):
        files = [one.file for one in long if spec in one.refused]
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        notes.append(
            f"{spec}: too long for the memory that a worker may use: {files[0]}{more}; {REMEDY}"
        )
    return notes


def lengths(table: pd.DataFrame, smallest: int = 0) -> NDArray[np.float64]:
    """Return how long utterances are, in seconds, from the headers of their files.

    Parameters
    ----------
    table : DataFrame
        The manifest.
    smallest : int
        Files of fewer bytes are not opened: they count as typical recordings.
    """
    with ThreadPoolExecutor(4) as pool:
        return np.array(list(pool.map(lambda place: _length(place, smallest), places(table))))


def notes_before(blocks: Iterable[pd.DataFrame], extractors: Sequence[Extractor]) -> list[str]:
    """Return :func:`long_notes` of a manifest; only large files are opened for that.

    Parameters
    ----------
    blocks : iterable of DataFrame
        The manifest's rows.
    extractors : sequence of Extractor
    """
    long = [
        each
        for block in blocks
        for each in long_recordings(block, lengths(block, _SMALL_BYTES), extractors)
    ]
    return long_notes(sorted(long, key=lambda one: -one.seconds))


def _length(place: Place, smallest: int) -> float:
    import soundfile

    file, start, end, _ = place
    if end is not None:
        return end - (start or 0.0)
    if is_remote(file) or (smallest and not _is_large(file, smallest)):
        return TYPICAL_SECONDS
    try:
        return float(soundfile.info(file).duration) - (start or 0.0)
    except (OSError, soundfile.SoundFileError):  # a format of PyAV, or a member of an archive
        pass
    try:
        return (announced_seconds(file) or TYPICAL_SECONDS) - (start or 0.0)
    except UnusableAudio:  # extraction will say what is wrong with it
        return TYPICAL_SECONDS


def _is_large(file: str, smallest: int) -> bool:
    """Return whether a file has so many bytes; members of archives count as small."""
    try:
        return Path(file).stat().st_size >= smallest
    except (OSError, ValueError):
        return False
