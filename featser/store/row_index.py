"""Where every row of an extractor is: its part file, and its place in it.

The index holds no key itself but its digest (:mod:`featser.store.digests`), so that it takes 24
bytes a row, in memory and on disk. The file on disk only repeats what the part files say: where it
is absent, damaged, of an older form or of other part files, it is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from featser.store.digests import WIDTH, Digests, Numbers, Table, digests_of
from featser.store.part_files import names_of, write_table

PARTS = b"parts"

_NOTHING = np.empty(0, dtype=np.int32)


@dataclass(frozen=True)
class _Hidden:
    """Rows whose key another part file has too, in the order in which they were hidden."""

    digests: Digests
    numbers: Numbers
    rows: Numbers

    def plus(self, digests: Digests, numbers: Numbers, rows: Numbers) -> _Hidden:
        """Return these and more."""
        if not len(digests):
            return self
        return _Hidden(
            np.concatenate([self.digests, digests]),
            np.concatenate([self.numbers, numbers]),
            np.concatenate([self.rows, rows]),
        )

    def where(self, chosen: NDArray[np.bool_]) -> _Hidden:
        """Return some of them."""
        return _Hidden(self.digests[chosen], self.numbers[chosen], self.rows[chosen])


class Index:
    """For each key the number of its part file, and the row in it.

    A key that several part files have is taken from the one that was added last; where the others
    have it is kept as well, for when that one is dropped.

    Attributes
    ----------
    names : list of str
        The part files by their numbers; a number whose part file is gone is used again.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._sizes: list[int] = []
        self._free: list[int] = []
        self._table = Table()
        self._hidden = _Hidden(np.empty(0, dtype=f"S{WIDTH}"), _NOTHING, _NOTHING)

    @property
    def parts(self) -> set[str]:
        """The part files that are there."""
        return set(self._numbers)

    def __len__(self) -> int:
        return len(self._table)

    def find(self, keys: Iterable[str]) -> tuple[Numbers, Numbers]:
        """Return the part's number and the row of each key, shape (n,); −1 where it is absent."""
        return self._table.find(digests_of(keys))

    def add(self, name: str, keys: Sequence[str], are_new: bool = False) -> None:
        """Take in the rows of a part file.

        Parameters
        ----------
        name : str
            The part file.
        keys : sequence of str
            Of its rows.
        are_new : bool
            Whether none of the keys is in the index yet.
        """
        number = self._number(name, len(keys))
        numbers = np.full(len(keys), number, dtype=np.int32)
        rows = np.arange(len(keys), dtype=np.int32)
        if are_new:
            self._table = self._table.plus(digests_of(keys), numbers, rows)
        else:
            self._take(digests_of(keys), numbers, rows)

    def add_all(self, parts: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Take in part files, each with its keys, in their order: quicker than one by one."""
        digests, numbers, rows = [], [], []
        for name, keys in parts:
            digests.append(digests_of(keys))
            numbers.append(np.full(len(keys), self._number(name, len(keys)), dtype=np.int32))
            rows.append(np.arange(len(keys), dtype=np.int32))
        if digests:
            self._take(np.concatenate(digests), np.concatenate(numbers), np.concatenate(rows))

    def replace(self, names: Iterable[str], name: str, keys: Sequence[str]) -> None:
        """Take in a part file that has all the rows of others, which are gone."""
        gone = [self._numbers.pop(old) for old in names]
        self.add(name, keys)
        self._hidden = self._hidden.where(~np.isin(self._hidden.numbers, gone))
        self._free += gone

    def drop(self, names: Collection[str]) -> int:
        """Forget part files; a key that another part file has is found there from now on.

        Returns
        -------
        int
            How many keys are found nowhere any more.
        """
        if not names:
            return 0
        gone = [self._numbers.pop(name) for name in names]
        keep = np.ones(len(self.names), dtype=bool)
        keep[gone] = False
        self._table = self._table.merged()
        n_dropped = int((~keep[self._table.entries()[1]]).sum())
        self._table = self._table.where(keep)
        n_restored = self._restore(self._hidden.where(keep[self._hidden.numbers]))
        self._free += gone
        return n_dropped - n_restored

    def absent(self, before: Table) -> Digests:
        """Return which digests of :attr:`table`, as it was before, are found no more."""
        digests = before.entries()[0]
        return digests[self._table.find(digests)[0] < 0]

    @property
    def table(self) -> Table:
        """What finds the keys now; it stays as it is when the index changes."""
        return self._table

    def _restore(self, hidden: _Hidden) -> int:
        """Let keys that are not found any more be found where they were hidden last."""
        absent = self._table.find(hidden.digests)[0] < 0
        _, last = np.unique(hidden.digests[absent][::-1], return_index=True)
        chosen = np.zeros(len(absent), dtype=bool)
        chosen[np.flatnonzero(absent)[::-1][last]] = True
        back = hidden.where(chosen)
        self._table = self._table.plus(back.digests, back.numbers, back.rows)
        self._hidden = hidden.where(~chosen)
        return len(back.digests)

    def _take(self, digests: Digests, numbers: Numbers, rows: Numbers) -> None:
        """Let keys be found at new places, and keep the places where they were found before."""
        old_numbers, old_rows = self._table.find(digests)
        self._table = self._table.plus(digests, numbers, rows)
        new_numbers, new_rows = self._table.find(digests)
        is_last = (new_numbers == numbers) & (new_rows == rows)
        old = is_last & (old_numbers >= 0)
        self._hidden = self._hidden.plus(digests[old], old_numbers[old], old_rows[old])
        self._hidden = self._hidden.plus(digests[~is_last], numbers[~is_last], rows[~is_last])

    def numbers(self, names: Iterable[str]) -> list[int]:
        """Return the numbers of part files that are there."""
        return [self._numbers[name] for name in names]

    def whole(self, numbers: Numbers) -> list[str]:
        """Return the part files all of whose rows are among rows of these parts' numbers."""
        part_numbers, counts = np.unique(numbers[numbers >= 0], return_counts=True)
        return [
            self.names[number]
            for number, count in zip(part_numbers, counts, strict=True)
            if count == self._sizes[number]
        ]

    def idle(self) -> list[str]:
        """Return the part files whose rows are all found in others."""
        used = set(np.unique(self._table.entries()[1]).tolist())
        return sorted(name for name, number in self._numbers.items() if number not in used)

    def write(self, folder: Path) -> None:
        """Write the index, and remove those before it."""
        before = names_of(folder, "index-")
        digests, numbers, rows = self._entries()
        names = sorted(self._numbers)
        renumbered = np.full(len(self.names), -1, dtype=np.int32)
        renumbered[[self._numbers[name] for name in names]] = np.arange(len(names))
        columns = {
            "digest": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(WIDTH), len(digests), [None, pa.py_buffer(np.ascontiguousarray(digests))]
            ),
            "part": pa.array(renumbered[numbers]),
            "row": pa.array(rows),
        }
        table = pa.table(columns).replace_schema_metadata({PARTS: json.dumps(names)})
        name = write_table(folder, "index", table)
        for old in before - {name}:
            (folder / old).unlink(missing_ok=True)

    def _number(self, name: str, size: int) -> int:
        if self._free:
            number = self._free.pop()
            self.names[number], self._sizes[number] = name, size
        else:
            number = len(self.names)
            self.names.append(name)
            self._sizes.append(size)
        self._numbers[name] = number
        return number

    def _entries(self) -> tuple[Digests, Numbers, Numbers]:
        """Return all rows; of those with the same key the one that is found comes last."""
        entries = self._table.entries()
        hidden = (self._hidden.digests, self._hidden.numbers, self._hidden.rows)
        if not len(self._hidden.digests):
            return entries
        digests, numbers, rows = (
            np.concatenate(pair) for pair in zip(hidden, entries, strict=True)
        )
        return digests, numbers, rows

    def says_the_same(self, other: Index) -> bool:
        """Return whether another index finds the same keys at the same places."""
        ours, theirs = self._table.entries(), other._table.entries()
        if len(ours[0]) != len(theirs[0]) or self.parts != other.parts:
            return False
        renumbered = np.full(len(other.names), -1, dtype=np.int32)
        for name, number in other._numbers.items():
            renumbered[number] = self._numbers[name]
        pairs = zip(ours, (theirs[0], renumbered[theirs[1]], theirs[2]), strict=True)
        return all(np.array_equal(a, b) for a, b in pairs)

    @classmethod
    def of_table(cls, table: Any) -> Index | None:
        """Return the index of a file's table; None where that is of another form."""
        names = names_in_table(table)
        if names is None:
            return None
        digests = table.column("digest").combine_chunks()
        held = np.frombuffer(digests.buffers()[1], dtype=f"S{WIDTH}", count=len(digests))
        numbers, rows = (table.column(name).to_numpy() for name in ("part", "row"))
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(names)):
            return None
        index = cls()
        for name, size in zip(names, np.bincount(numbers, minlength=len(names)), strict=True):
            index._number(name, int(size))
        index._take(held, numbers, rows)
        return index


def names_in_table(table: Any) -> list[str] | None:
    """Return the part files that an index file's table numbers; None where it is no such table."""
    stored = (table.schema.metadata or {}).get(PARTS)
    columns = {"digest": pa.binary(WIDTH), "part": pa.int32(), "row": pa.int32()}
    if stored is None or dict(zip(table.schema.names, table.schema.types, strict=True)) != columns:
        return None
    if any(column.null_count for column in table.columns):
        return None
    try:
        names = json.loads(stored)
    except ValueError:
        return None
    if not isinstance(names, list) or len(set(map(str, names))) < len(names):
        return None
    return [str(name) for name in names]
