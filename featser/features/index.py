"""Where every row of an extractor is: its part file, and its place in it.

The index holds no key itself but its digest (:mod:`featser.features.digests`), so that it takes 24
bytes a row, in memory and on disk. The file on disk only repeats what the part files say: where it
is absent, damaged, of an older form or of other part files, it is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from featser.errors import DamagedPart, StoreError
from featser.features.digests import WIDTH, Numbers, Table, digests_of
from featser.features.parts import check_part, names_of, read_keys, read_table, write_table

PARTS = b"parts"


class Index:
    """For each key the number of its part file, and the row in it.

    A key that several part files have is taken from the one that was added last.

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

    @property
    def parts(self) -> set[str]:
        """The part files that are there."""
        return set(self._numbers)

    def __len__(self) -> int:
        return len(self._table)

    def find(self, keys: Iterable[str]) -> tuple[Numbers, Numbers]:
        """Return the part's number and the row of each key, shape (n,); −1 where it is absent."""
        return self._table.find(digests_of(keys))

    def add(self, name: str, keys: Sequence[str]) -> None:
        """Take in the rows of a part file."""
        number = self._number(name, len(keys))
        first = np.full(len(keys), number, dtype=np.int32)
        rows = np.arange(len(keys), dtype=np.int32)
        self._table = self._table.plus(digests_of(keys), first, rows)

    def replace(self, names: Iterable[str], name: str, keys: Sequence[str]) -> None:
        """Take in a part file that has all the rows of others, which are gone."""
        self.add(name, keys)
        for old in names:
            if old != name:
                self._free.append(self._numbers.pop(old))

    def drop(self, names: Collection[str]) -> None:
        """Forget part files, and the rows that are found nowhere else."""
        gone = [self._numbers.pop(name) for name in names]
        keep = np.ones(len(self.names), dtype=bool)
        keep[gone] = False
        self._table = self._table.where(keep)
        self._free += gone

    def numbers(self, names: Iterable[str]) -> list[int]:
        """Return the numbers of part files that are there."""
        return [self._numbers[name] for name in names]

    def whole(self, numbers: Numbers) -> list[str]:
        """Return the part files all of whose rows are among rows of these parts' numbers."""
        found, counts = np.unique(numbers[numbers >= 0], return_counts=True)
        return [
            self.names[number]
            for number, count in zip(found, counts, strict=True)
            if count == self._sizes[number]
        ]

    def idle(self) -> list[str]:
        """Return the part files whose rows are all found in others."""
        used = set(np.unique(self._table.entries()[1]).tolist())
        return sorted(name for name, number in self._numbers.items() if number not in used)

    def write(self, folder: Path) -> None:
        """Write the index, and remove those before it."""
        before = names_of(folder, "index-")
        digests, numbers, rows = self._table.entries()
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

    @classmethod
    def of_table(cls, table: object) -> Index | None:
        """Return the index of a file's table; None where that is of an older form."""
        assert isinstance(table, pa.Table)
        stored = (table.schema.metadata or {}).get(PARTS)
        if stored is None:
            return None
        index = cls()
        digests = table.column("digest").combine_chunks()
        held = np.frombuffer(digests.buffers()[1], dtype=f"S{WIDTH}", count=len(digests))
        numbers, rows = (table.column(name).to_numpy() for name in ("part", "row"))
        names = json.loads(stored)
        sizes = np.bincount(numbers, minlength=len(names))
        for name, size in zip(names, sizes, strict=True):
            index._number(name, int(size))
        index._table = Table().plus(held, numbers, rows)
        return index


def index_of(folder: Path, names: Iterable[str]) -> Index:
    """Return the index of some part files, read from the part files themselves."""
    index = Index()
    take_in(index, folder, names)
    return index


def take_in(index: Index, folder: Path, names: Iterable[str]) -> None:
    """Add part files to an index, the largest last: what was merged outdoes what it came from."""
    sizes = {name: (folder / name).stat().st_size for name in names}
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        index.add(name, read_keys(folder / name))


def read_index(folder: Path, parts: set[str]) -> Index | None:
    """Return the index on disk; None where it is absent, damaged, or not one of these parts."""
    for name in sorted(names_of(folder, "index-")):
        try:
            index = Index.of_table(read_table(folder / name))
        except (StoreError, FileNotFoundError):  # it only repeats what the part files say
            continue
        if index is not None and index.parts == parts:
            return index
    return None


def index_damage(folder: Path) -> list[str]:
    """Say which index files in a folder are damaged."""
    found = []
    for name in sorted(names_of(folder, "index-")):
        try:
            check_part(folder / name)
        except DamagedPart as error:
            found.append(str(error))
    return found


def agrees(index: Index, rows: dict[str, list[str]]) -> bool:
    """Return whether an index says what part files' keys say: each found, at a place it has."""
    total: set[str] = set()
    for keys in rows.values():
        numbers, places = index.find(keys)
        for key, number, place in zip(keys, numbers, places, strict=True):
            held: Sequence[str] = rows.get(index.names[number], ()) if number >= 0 else ()
            if place >= len(held) or held[place] != key:
                return False
        total.update(keys)
    return len(total) == len(index)
