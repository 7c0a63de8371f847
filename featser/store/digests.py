"""A table from many keys to two numbers each, in 24 bytes a key however long the keys are.

A key is known by its 128-bit digest: 10⁷ keys have a pair with the same one with a probability of
about 10⁻²⁵. The entries lie in sorted runs; a new run is merged with those before it as long as
they are not much longer, so that there are few runs, and adding stays cheap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH = 16
Numbers = NDArray[np.int32]
Digests = NDArray[np.bytes_]


def digests_of(keys: Iterable[str]) -> Digests:
    """Return the digests of keys, shape (n,)."""
    joined = b"".join(hashlib.blake2b(key.encode(), digest_size=WIDTH).digest() for key in keys)
    return np.frombuffer(bytearray(joined), dtype=f"S{WIDTH}")


@dataclass(frozen=True)
class _Run:
    digests: Digests
    first: Numbers
    second: Numbers

    @classmethod
    def sorted(cls, digests: Digests, first: Numbers, second: Numbers) -> _Run:
        """Return a run in order; of equal digests the last is kept."""
        # Reversed, since np.unique returns the first of equal ones: in reverse, the last.
        _, reversed_rows = np.unique(digests[::-1], return_index=True)
        rows = len(digests) - 1 - reversed_rows
        return cls(digests[rows], first[rows], second[rows])


class Table:
    """Digests, and two numbers for each; never changed, added to by making another.

    Parameters
    ----------
    runs : tuple
        Sorted runs, in which a later one overrides those before it.
    """

    def __init__(self, runs: tuple[_Run, ...] = ()) -> None:
        self._runs = runs

    def find(self, digests: Digests) -> tuple[Numbers, Numbers]:
        """Return the two numbers of each digest, shape (n,); −1 where it is not there."""
        first = np.full(len(digests), -1, dtype=np.int32)
        second = first.copy()
        for run in self._runs:
            if not len(run.digests):
                continue
            places = np.searchsorted(run.digests, digests)
            places[places == len(run.digests)] = 0
            present = run.digests[places] == digests
            first[present] = run.first[places[present]]
            second[present] = run.second[places[present]]
        return first, second

    def plus(self, digests: Digests, first: Numbers, second: Numbers) -> Table:
        """Return a table with more entries, which outdo those of the same digests."""
        if not len(digests):
            return self
        runs = list(self._runs)
        added = _Run.sorted(digests, first, second)
        while runs and len(runs[-1].digests) <= 2 * len(added.digests):
            before = runs.pop()
            added = _Run.sorted(
                np.concatenate([before.digests, added.digests]),
                np.concatenate([before.first, added.first]),
                np.concatenate([before.second, added.second]),
            )
        return Table((*runs, added))

    def merged(self) -> Table:
        """Return the same entries in one run: what then asks for all of them need not sort them."""
        return Table((self._one(),))

    def where(self, keep: NDArray[np.bool_]) -> Table:
        """Return a table of the entries whose first number ``keep`` says yes to."""
        run = self._one()
        rows = keep[run.first]
        return Table((_Run(run.digests[rows], run.first[rows], run.second[rows]),))

    def entries(self) -> tuple[Digests, Numbers, Numbers]:
        """Return all entries, in the order of their digests."""
        run = self._one()
        return run.digests, run.first, run.second

    def __len__(self) -> int:
        return len(self._one().digests)

    def _one(self) -> _Run:
        runs = [run for run in self._runs if len(run.digests)]
        if len(runs) == 1:
            return runs[0]
        if not runs:
            nothing = np.empty(0, dtype=np.int32)
            return _Run(np.empty(0, dtype=f"S{WIDTH}"), nothing, nothing)
        return _Run.sorted(
            np.concatenate([run.digests for run in runs]),
            np.concatenate([run.first for run in runs]),
            np.concatenate([run.second for run in runs]),
        )
