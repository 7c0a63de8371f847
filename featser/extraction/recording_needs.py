"""What a recording needs: memory of a worker, and seconds on one core, before it is tried.

The figures are upper limits of what was measured with ``featser extract`` on speech at 16 kHz: a
worker takes 190 MB before it reads anything, and 375 MB for an hour with the default features. An
extractor that does not compute in blocks takes up to 0.7 MB for each second (``compare``).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from featser.errors import UnusableAudio
from featser.features.extractor import Extractor
from featser.workers.limits import available_memory

TYPICAL_SECONDS = 3.5
"""The length of speech that the costs of extractors are given for."""

REMEDY = (
    "give its segments in columns `start` and `end` of the manifest; `featser segment` finds them"
)

_WORKER_BYTES = 190e6
_BLOCKS_BYTES = 150e6
_BLOCKS_BYTES_PER_S = 15e3
_WHOLE_BYTES_PER_S = 0.7e6


def memory_bytes(extractors: Sequence[Extractor], seconds: float) -> float:
    """Return how much memory a worker needs at most for a recording of some length.

    Parameters
    ----------
    extractors : sequence of Extractor
        All that are computed of it. How much those of other packages need is not known; they count
        as the greediest of featser's own.
    seconds : float
        Its length.

    Examples
    --------
    >>> from featser.features.registry import make_extractors
    >>> round(memory_bytes(make_extractors(["gemaps"]), 3600) / 1e6)
    394
    """
    return _WORKER_BYTES + max((_bytes_of(one, seconds) for one in extractors), default=0.0)


def core_seconds(extractors: Sequence[Extractor], seconds: float) -> float:
    """Return how long one core computes at most: what extractors share is counted for each.

    Examples
    --------
    >>> from featser.features.registry import make_extractors
    >>> round(core_seconds(make_extractors(["gemaps"]), 3600), 1)
    6.4
    """
    cost_s = sum(one.cost_ms * _length(one, seconds) for one in extractors)
    return cost_s / 1000 / TYPICAL_SECONDS


def refuse_too_large(extractor: Extractor, seconds: float) -> None:
    """Refuse a recording that needs more memory than this process may use.

    Raises
    ------
    UnusableAudio
        With the figures, and the remedy.
    """
    limit = memory_limit()
    needed = memory_bytes([extractor], seconds)
    if limit is not None and needed > limit:
        raise UnusableAudio("signal", too_large(needed, limit))


def too_large(needed: float, limit: float) -> str:
    """Say that a recording does not fit, and what to do."""
    return (
        f"too long: it needs about {in_words(needed)} of memory, and a worker may use "
        f"{in_words(limit)}; {REMEDY}"
    )


def memory_limit() -> int | None:
    """Return the bytes that this process may use; None if unknown."""
    limits = [available_memory()]
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
        limits.append(None if soft == resource.RLIM_INFINITY else soft)
    return min((limit for limit in limits if limit is not None), default=None)


def _bytes_of(extractor: Extractor, seconds: float) -> float:
    length = _length(extractor, seconds)
    if extractor.in_blocks:
        return _BLOCKS_BYTES + _BLOCKS_BYTES_PER_S * length
    return _WHOLE_BYTES_PER_S * length


def _length(extractor: Extractor, seconds: float) -> float:
    return seconds if extractor.duration is None else min(seconds, extractor.duration)


def in_words(n_bytes: float) -> str:
    """Return a number of bytes as people read it.

    Examples
    --------
    >>> in_words(390e6), in_words(2.5e9)
    ('390 MB', '2.5 GB')
    """
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:.1f} GB"
