"""A chunk of utterances: what a worker is handed at a time, and what comes back of it."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from featser.errors import FeatureError
from featser.extraction.compute import Computed, Job, Refusal, compute
from featser.extraction.supervision import compute_jobs
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor
from featser.one_thread import one_thread
from featser.workers.pool import WorkerPool

CHUNK = 16
"""Utterances that a worker is handed at a time."""

GROUP = 64 * CHUNK
"""Utterances whose part files are made one when all of them have been tried."""

Chunk = list[Job]


@dataclass
class ChunkResult:
    """What came of a chunk.

    Attributes
    ----------
    keys, values : dict
        For each extractor's spec, the keys and the values, shape (d,), that could be computed.
    refusals : list of tuple
        ``(file, start, end, extractor, reason)``.
    reasons : list of tuple
        ``(key, reason)`` of the same refusals.
    scaled : dict of str to float
        Files that were scaled, with the factor.
    remarks : dict of str to str
        What else decoding had to do to a file.
    """

    keys: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    scaled: dict[str, float] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """Computes chunks, wherever it is sent, if the same features are made there.

    Parameters
    ----------
    pool : WorkerPool or None
        Whose worker processes compute; None to compute in this very process.
    fingerprints : dict of str to str
        For each extractor's spec what the calling process makes of it. Another machine may have
        other versions of the libraries, whose values must not be stored as this one's.
    extractors : dict of str to Extractor
        By their specs: those that are already made, for work in this very process.
    """

    pool: WorkerPool | None
    fingerprints: dict[str, str] = field(default_factory=dict)
    extractors: dict[str, Extractor] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: WorkerPool, extractors: Sequence[Extractor]) -> Work:
        """Return the work of a pool, to be done anywhere as it would be done here."""
        return cls(pool, {extractor.spec: extractor.fingerprint() for extractor in extractors})

    def __call__(self, chunk: Chunk) -> tuple[Chunk, ChunkResult]:
        """Compute a chunk and return it with what came of it.

        Raises
        ------
        FeatureError
            If other features would be made here than in the calling process.
        FeatserError
            If a worker process cannot start.
        """
        for spec, fingerprint in self.fingerprints.items():
            if _fingerprint_here(spec) != fingerprint:
                raise FeatureError(_otherwise(spec))
        computed = (
            _compute_here(chunk, self.extractors)
            if self.pool is None
            else compute_jobs(self.pool, chunk)
        )
        result = ChunkResult()
        for (utterance, _), computed_of_one in zip(chunk, computed, strict=True):
            result.refusals += computed_of_one.refusals
            result.reasons += [(utterance.key, refusal[-1]) for refusal in computed_of_one.refusals]
            if computed_of_one.gain < 1:
                result.scaled[utterance.file] = computed_of_one.gain
            if computed_of_one.note:
                result.remarks[utterance.file] = computed_of_one.note
            for spec, row in computed_of_one.values.items():
                result.keys.setdefault(spec, []).append(utterance.key)
                result.values.setdefault(spec, []).append(row)
        return chunk, result


def _compute_here(chunk: Chunk, extractors: Mapping[str, Extractor]) -> list[Computed]:
    specs = dict.fromkeys(spec for _, specs_of_one in chunk for spec in specs_of_one)
    made = {spec: extractors.get(spec) or make_extractor(spec) for spec in specs}
    with one_thread():
        return [
            compute(utterance, [made[spec] for spec in specs_of_one])
            for utterance, specs_of_one in chunk
        ]


@cache
def _fingerprint_here(spec: str) -> str:
    return make_extractor(spec).fingerprint()


def _otherwise(spec: str) -> str:
    libraries = {"featser": version("featser"), **make_extractor(spec).library_versions()}
    versions = ", ".join(f"{library} {installed}" for library, installed in libraries.items())
    return (
        f"the worker on {socket.gethostname()} computes '{spec}' with other library versions than "
        f"this machine ({versions}): install the same versions on both"
    )
