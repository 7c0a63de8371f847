"""One function applied to many recordings, by several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from featser.progress import Progress, silent

Found = TypeVar("Found")


def map_chunks(
    work: Callable[..., Found],
    items: Sequence[tuple[Any, ...]],
    size: int,
    jobs: int = -1,
    progress: Progress = silent,
) -> list[Found]:
    """Call a function with each of many tuples of arguments.

    Parameters
    ----------
    work : callable
        What to call.
    items : sequence of tuple
        Its arguments.
    size : int
        So many items a worker takes at once: what fits in one chunk is done in this process.
    jobs : int
        Worker processes, as joblib counts them: −1 for one a core.
    progress : callable
        Called with the items done and in all.

    Returns
    -------
    list
        What it returned, in the order of ``items``.
    """
    from joblib import Parallel, delayed

    chunks = [items[first : first + size] for first in range(0, len(items), size)]
    workers = Parallel(n_jobs=jobs if len(chunks) > 1 else 1, return_as="generator")
    found: list[Found] = []
    for part in workers(delayed(_each)(work, chunk) for chunk in chunks):
        found += part
        progress(len(found), len(items))
    return found


def _each(work: Callable[..., Found], items: Sequence[tuple[Any, ...]]) -> list[Found]:
    return [work(*item) for item in items]
