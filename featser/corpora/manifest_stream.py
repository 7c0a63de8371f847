"""Manifests of any length: checked as a whole, read and written about a thousand rows at a time.

What :func:`~featser.corpora.manifest.read_manifest` says of a manifest holds here too: the same
columns, types and errors, but nothing is kept but a digest of each row's place.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.audio.channels import MIX
from featser.corpora.cleaning import Cleaner
from featser.corpora.file_paths import path_notes, plain_paths, relative_to, resolve
from featser.corpora.label_columns import is_text_only, regression_columns
from featser.corpora.label_kinds import Numeric, without_points
from featser.corpora.manifest import (
    COLUMNS,
    check_manifest,
    damaged_parquet,
)
from featser.corpora.tables.column_names import named_columns
from featser.corpora.tables.excel_table import EXCEL
from featser.corpora.tables.row_places import RowPlaces
from featser.corpora.tables.text_table import TextTable
from featser.errors import ManifestError
from featser.io.atomic_write import whole
from featser.ratings.wide_tables import has_raters
from featser.tasks import Kind

BLOCK = 1024


class ManifestFile:
    """A manifest on disk, read once to check it, and then a block at a time.

    Parameters
    ----------
    path : str or Path
        As :func:`~featser.corpora.manifest.read_manifest` has it.

    Attributes
    ----------
    rows : int
        How many there are.
    notes : list of str
        What reading has changed.

    Raises
    ------
    ManifestError
        As :func:`~featser.corpora.manifest.read_manifest` does.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._kinds: dict[str, Kind] = {}
        self._written: dict[str, str] = {}
        self._text: TextTable | None = None
        self._state = self._now()
        self.notes: list[str] = []
        self._named_notes: list[str] = []
        self._changed_paths: Counter[str] = Counter()
        self._codes: set[str] = set()
        self.rows = self._check()

    def blocks(self) -> Iterator[pd.DataFrame]:
        """Yield the rows, with absolute files.

        Raises
        ------
        ManifestError
            If the file was changed since it was checked: what is known of its rows is not so any
            more.
        """
        for table in self._typed(self._kinds):
            table["file"] = resolve(table, self.path.parent)
            self._refuse_changes()
            yield table
        self._refuse_changes()

    def _refuse_changes(self) -> None:
        if self._now() != self._state:
            raise ManifestError(
                f"{self.path}: was changed while it was in use; run the same command again"
            )

    def _now(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:  # reading it says why
            return None
        return status.st_mtime_ns, status.st_size

    def _check(self) -> int:
        rows = 0
        numeric_columns: dict[str, Numeric] = {}
        floats: set[str] = set()
        corpora: set[Any] = set()
        places = Places()
        cleaner = Cleaner(str(self.path))
        for table in self._typed({}, cleaner):
            for name in set(table.columns) - set(COLUMNS):
                if types.is_float_dtype(table[name]):
                    floats.add(name)
                else:
                    numeric_columns.setdefault(name, Numeric(name)).see(table[name])
            corpora.update(table["corpus"].unique())
            places.see(table)
            rows += len(table)
        if (again := places.again()) is not None:
            self._refuse(*again)
        cleaner.refuse_twins()
        self.notes = [*self._named_notes, *path_notes(self._changed_paths), *cleaner.notes()]
        regression_labels = regression_columns(pd.Series(list(corpora), dtype="str"))
        for name, numeric in numeric_columns.items():
            if name in floats or is_text_only(name):
                continue
            if name in regression_labels or numeric:
                self._kinds[name] = "regression"
            elif numeric.codes:
                self._codes.add(name)
        return rows

    def _refuse(self, row: int, first: int) -> None:
        files: list[str] = []
        index = pd.Index([])
        for raw in self._raw():
            files += list(raw["file"].astype(str))
            index = raw.index if not len(index) else index.append(raw.index)
        places = RowPlaces(str(self.path), 0, index)
        raise places.twice(row, first, files[row])

    def _typed(
        self, kinds: dict[str, Kind], cleaner: Cleaner | None = None
    ) -> Iterator[pd.DataFrame]:
        before, self._changed_paths = 0, Counter()
        cleaner = cleaner or Cleaner(str(self.path))
        try:
            for raw in self._raw():
                table = check_manifest(
                    cleaner.clean(raw),
                    str(self.path),
                    kinds,
                    guess=False,
                    before=before,
                    written=self._written,
                )
                for name in self._codes:
                    table[name] = without_points(table[name])
                self._changed_paths += plain_paths(table, self.path.parent)
                before += len(table)
                yield table
        except OSError as error:
            why = error.strerror or error
            raise ManifestError(f"{self.path}: cannot be read: {why}") from error

    def _raw(self) -> Iterator[pd.DataFrame]:
        """Yield blocks whose columns have the names of a manifest."""
        if self.path.suffix.lower() == ".parquet":
            for block in _parquet(self.path):
                named = named_columns([str(name) for name in block.columns], str(self.path))
                self._written, self._named_notes = named.written, named.notes
                yield block.set_axis(named.names, axis="columns")
            return
        if self._text is None:
            self._text = TextTable(self.path, str(self.path))
            self._written, self._named_notes = self._text.named.written, self._text.notes
        yield from self._text.blocks(BLOCK)


class Places:
    """Which places in recordings the rows name, as 16 bytes each."""

    def __init__(self) -> None:
        self._digests = bytearray()

    def see(self, table: pd.DataFrame) -> None:
        """Take in some rows."""
        columns = [table["file"], table["start"].fillna(0.0), table["end"].fillna(np.inf)]
        if "channel" in table:
            columns.append(table["channel"].fillna(MIX))
        for place in zip(*(column.tolist() for column in columns), strict=True):
            self._digests += hashlib.blake2b(repr(place).encode(), digest_size=16).digest()

    def again(self) -> tuple[int, int] | None:
        """Return the first row that names a place again, and the one before it that did."""
        digests = np.frombuffer(self._digests, dtype="S16")
        order = np.argsort(digests, kind="stable")
        twice = np.flatnonzero(digests[order][1:] == digests[order][:-1])
        if not len(twice):
            return None
        status = twice[np.argmin(order[1:][twice])]
        return int(order[status + 1]), int(order[status])


def streams(path: Path) -> bool:
    """Return whether a manifest can be read in blocks with the types that it has as a whole.

    Text can, a workbook never; Parquet where all columns are text or floating-point numbers. pandas
    makes of other columns what the whole of them says. Ratings are read as a whole: the rows of a
    recording may be far apart.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() == EXCEL or not path.is_file():
        return False  # it is read as a whole, which says what is wrong
    if path.suffix.lower() != ".parquet":
        return not has_raters(TextTable(path, str(path)).named.names)
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, UnicodeError, ValueError):
        return False
    kinds = pa.types
    plain = (kinds.is_string, kinds.is_large_string, kinds.is_float64, kinds.is_null)
    if has_raters(named_columns(schema.names, str(path)).names):
        return False
    return all(any(kind(field.type) for kind in plain) for field in schema)


def write_blocks(blocks: Iterable[pd.DataFrame], path: Path) -> None:
    """Write blocks of a manifest as one Parquet file, whole or not at all.

    Parameters
    ----------
    blocks : iterable of DataFrame
        With equal columns, of text or floats; absolute files are written relative to the
        manifest's folder.
    path : Path
        The file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with whole(path) as temporary:
        writer = None
        for block in blocks:
            files = [relative_to(file, path.parent) for file in block["file"]]
            block["file"] = pd.Series(files, block.index, dtype="str")
            if writer is None:
                fields = [(name, _arrow_type(block[name])) for name in block.columns]
                schema = pa.schema(fields)
                writer = pq.ParquetWriter(temporary, schema)
            writer.write_table(pa.Table.from_pandas(block, schema=schema, preserve_index=False))
        assert writer is not None
        writer.close()


def _arrow_type(values: pd.Series[Any]) -> Any:
    import pyarrow as pa

    return pa.float64() if types.is_float_dtype(values) else pa.large_string()


def _parquet(path: Path) -> Iterator[pd.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if not file.metadata.num_rows:
                yield file.read().to_pandas()
            for batch in file.iter_batches(BLOCK):
                yield batch.to_pandas()
    except (pa.ArrowException, UnicodeError, ValueError, TypeError, KeyError) as error:
        raise damaged_parquet(path, error) from error
