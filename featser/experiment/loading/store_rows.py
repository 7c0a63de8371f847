"""Features that are read from the store as they are needed, and when that is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import ResourceError
from featser.evaluation.rows import BATCH, Rows
from featser.features.extractor import Extractor
from featser.models.registry import BATCHED, handles_batches
from featser.store.feature_store import Store

BATCHES_FROM = 1_000_000_000
"""Bytes of features from which a model that can is fitted in batches. A fixed number, and not a
share of this machine's memory: the same command is to give the same figures everywhere."""

COPIES_A_FOLD = 4
"""What fitting one fold with all in memory takes at least, in sizes of the features: the training
part, the rows of it that have a label, and while they are prepared one table and the next. In
batches it is half a size: two bytes a value."""

FOLDS = 7
"""Fits that run side by side if there are cores: of six groups of speakers, and of all."""


class StoreRows(Rows):
    """Rows of a store, the features of several extractors side by side.

    It can be handed to other processes: they open the store for themselves.

    Parameters
    ----------
    store : Store
        Where the features are.
    extractors : sequence of Extractor
        What computed them.
    keys : sequence of str, length n
        From ``utterance_key``. In the order in which the utterances
        were extracted they are read quickest.
    """

    def __init__(self, store: Store, extractors: Sequence[Extractor], keys: Sequence[str]) -> None:
        self.store = store
        self.extractors = tuple(extractors)
        self.keys = list(keys)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of utterances and that of features."""
        return len(self.keys), dimension(self.extractors)

    def part(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows, in the order that is given, without reading them."""
        return StoreRows(self.store, self.extractors, [self.keys[row] for row in rows])

    def batches(self, size: int = BATCH) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in order, ``size`` at a time."""
        sources = [self.store.batches(extractor, self.keys, size) for extractor in self.extractors]
        for parts in zip(*sources, strict=True):
            yield parts[0] if len(parts) == 1 else np.hstack(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return StoreRows, (Store(self.store.folder), self.extractors, self.keys)


def dimension(extractors: Sequence[Extractor]) -> int:
    """Return how many values some extractors have together."""
    return sum(extractor.dimension for extractor in extractors)


def in_batches(asked: bool | None, model: str, size: int) -> bool:
    """Decide whether features are read in batches, or held in memory.

    Parameters
    ----------
    asked : bool or None
        What the user asked for; None to leave it to the size.
    model : str
        The model's name.
    size : int
        Bytes of all features.
    """
    if asked is not None:
        return asked
    return handles_batches(model) and size >= BATCHES_FROM


def refuse_too_much(
    model: str, size: int, jobs: int, available: int | None, batches: bool = False
) -> None:
    """Refuse, before any feature is read, what would exhaust the memory.

    Parameters
    ----------
    model : str
        The model's name.
    size : int
        Bytes of all features.
    jobs : int
        Folds at once, as joblib counts.
    available : int or None
        Bytes of memory: see :func:`available_memory`. None: nothing is refused.
    batches : bool
        Whether features are read in batches.

    Raises
    ------
    ResourceError
        With the sizes, and what takes less.
    """
    import joblib

    at_once = min(joblib.effective_n_jobs(jobs), FOLDS)
    needed = _needed(size, at_once, batches)
    if available is None or needed <= available:
        return
    fixes = ["fewer features (-f)"]
    if at_once > 1 and _needed(size, 1, batches) <= available:
        fixes.insert(0, "one fold at a time (--jobs 1)")
    if not batches:
        learns = "--batches" if handles_batches(model) else f"--model {BATCHED[0]} --batches"
        fixes.insert(0, f"`{learns}`, which never holds all of them")
    raise ResourceError(
        f"the features take {size / 1e9:.3g} GB, and fitting '{model}' on {at_once} folds at once "
        f"at least {needed / 1e9:.3g} GB, of which {available / 1e9:.3g} GB are available: "
        f"use {', or '.join(fixes)}"
    )


def _needed(size: int, at_once: int, batches: bool) -> int:
    return size * at_once // 2 if batches else size * (1 + COPIES_A_FOLD * at_once)


def available_memory() -> int | None:
    """Return how many bytes this process may still take; None where the system does not tell.

    On Linux what the kernel estimates to be available, within the limit of the container; on
    other systems with ``sysconf`` all memory there is.
    """
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
        return min(int(lines["MemAvailable"].split()[0]) * 1024, _container_limit())
    if {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(getattr(os, "sysconf_names", ())):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container_limit() -> int:
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text("ascii").strip() if limit.exists() else "max"
    return sys.maxsize if text == "max" else int(text)
