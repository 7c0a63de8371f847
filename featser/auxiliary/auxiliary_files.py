"""Tables of auxiliary corpora as Parquet files: one file for each corpus.

A file has the columns of the rows, and one column of fixed-size binary for each extractor, which
holds the little-endian numbers of :mod:`featser.auxiliary.column_coding`. The key ``featser`` of
the schema's metadata holds a :class:`Header` as JSON. Equal tables give equal bytes with the same
version of pyarrow.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pandas.api import types
from pydantic import BaseModel, ConfigDict, Field, model_validator

from featser.auxiliary.auxiliary_table import NAME, AuxiliaryTable
from featser.auxiliary.column_coding import ColumnCoding, encode_byte, encode_half
from featser.auxiliary.feature_origin import FeatureOrigin
from featser.corpora.manifest import check_manifest
from featser.errors import AuxiliaryError, FeatserError, shortened
from featser.io.atomic_write import whole
from featser.io.file_format import FileFormat
from featser.tasks import Kind, Task

FORMAT = FileFormat("auxiliary", 1)
COARSE = ("rocket",)
"""Extractors with many values, which a compact file has in one byte each."""

_HEADER, _CHECKSUM = b"featser", b"featser.checksum"
_ROW_GROUP = 4096
_FAST, _SMALL = 3, 19
"""Levels of compression."""


class StoredFeatures(BaseModel):
    """How the features of one extractor are stored, and what computed them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    spec: str
    dimension: int = Field(ge=1)
    definition: dict[str, Any]
    libraries: dict[str, str]
    fingerprint: str
    coding: Literal["float16", "int8"]
    scale: str
    offset: str
    checksum: str

    @property
    def origin(self) -> FeatureOrigin:
        """What computed the features."""
        return FeatureOrigin(
            self.spec, self.dimension, self.definition, self.libraries, self.fingerprint
        )

    @property
    def column_coding(self) -> ColumnCoding:
        """How numbers of the file become values."""
        scale, offset = (_unpacked(text, self.dimension) for text in (self.scale, self.offset))
        return ColumnCoding(self.coding, scale, offset)


class StoredTask(BaseModel):
    """A label that can be predicted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Kind
    classes: tuple[str, ...]
    role: Literal["primary", "auxiliary"]


class Header(BaseModel):
    """What a file says of the table in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    format: int
    name: str = Field(pattern=f"^{NAME.pattern}$")
    licence: str
    citation: str
    source: str
    n_rows: int
    rows_checksum: str
    tasks: tuple[StoredTask, ...]
    features: tuple[StoredFeatures, ...]

    @model_validator(mode="after")
    def _specs_differ(self) -> Header:
        if len({one.spec for one in self.features}) < len(self.features):
            raise ValueError("features of one extractor occur twice")
        return self


def write_auxiliary(table: AuxiliaryTable, path: str | Path, compact: bool = False) -> Path:
    """Write a table, whole or not at all.

    Parameters
    ----------
    table : AuxiliaryTable
        The features and labels.
    path : str or Path
        The file; its name ends with ``.parquet``.
    compact : bool
        Compress for longer, and store the features of :data:`COARSE` in one byte each.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    AuxiliaryError
        If the rows are no valid manifest, or a compact file cannot hold a value.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    rows = _arrow_rows(_checked(table.rows, f"auxiliary table '{table.name}'"))
    columns = {name: rows[name] for name in rows.column_names}
    stored = []
    for number, (spec, origin) in enumerate(table.origins.items()):
        column = f"features:{number}:{re.sub(r'[^A-Za-z0-9_:+-]', '_', spec)}"
        described, columns[column] = _stored(table, origin, column, compact)
        stored.append(described)
    header = Header(
        **FORMAT.header,
        name=table.name,
        licence=table.licence,
        citation=table.citation,
        source=table.source,
        n_rows=len(table),
        rows_checksum=_rows_checksum(rows),
        tasks=tuple(StoredTask(**task.to_dict()) for task in table.tasks),
        features=tuple(stored),
    ).model_dump_json()
    metadata = {_HEADER: header.encode(), _CHECKSUM: _checksum(header.encode()).encode()}
    whole_table = pa.table(columns)
    with whole(path) as temporary:
        writer = pq.ParquetWriter(
            temporary,
            whole_table.schema,
            compression="zstd",
            compression_level=_SMALL if compact else _FAST,
            use_dictionary=rows.column_names,
            use_byte_stream_split=[described.column for described in stored],
            write_statistics=False,
            store_schema=False,
            write_page_checksum=True,
        )
        with writer:
            writer.write_table(whole_table, row_group_size=_ROW_GROUP)
            writer.add_key_value_metadata(metadata)
    return path


def read_auxiliary(path: str | Path) -> AuxiliaryTable:
    """Read a table; its features are read when they are asked for.

    Parameters
    ----------
    path : str or Path
        What :func:`write_auxiliary` wrote.

    Returns
    -------
    AuxiliaryTable

    Raises
    ------
    AuxiliaryError
        If there is no such file, or it is damaged or of another format.
    """
    path = Path(path)
    with _damage(path), _opened(path) as file:
        header = _header_of(file)
        names = [name for name in file.schema_arrow.names if not name.startswith("features:")]
        rows = file.read(columns=names)
        rows.validate(full=True)
        if rows.num_rows != header.n_rows or _rows_checksum(rows) != header.rows_checksum:
            raise ValueError("its rows are not those that were written")
        table = pd.DataFrame({name: rows[name].to_pylist() for name in names})
        for name in names:
            numeric = pa.types.is_floating(rows.schema.field(name).type)
            table[name] = table[name].astype("float64" if numeric else "str")
        return AuxiliaryTable(
            header.name,
            _checked(table, str(path)),
            {one.spec: one.origin for one in header.features},
            FileFeatures(path, header),
            header.licence,
            header.citation,
            header.source,
            tuple(Task.from_dict(task.model_dump()) for task in header.tasks),
        )


class FileFeatures(Mapping[str, NDArray[np.float32]]):
    """The features in a file, each read when it is asked for.

    Parameters
    ----------
    path : Path
        The file.
    header : Header
        What it says of its table.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self._path = path
        self._header = header
        self._stored = {one.spec: one for one in header.features}

    def __getitem__(self, spec: str) -> NDArray[np.float32]:
        stored = self._stored[spec]
        with _damage(self._path), _opened(self._path) as file:
            if _header_of(file) != self._header:
                raise AuxiliaryError(
                    f"{self._path}: was replaced while it was in use: run the same command again"
                )
            numbers = _numbers(file, stored, self._header.n_rows)
            return stored.column_coding.decode(numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def _checked(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return rows with the types of a manifest."""
    try:
        return check_manifest(rows, where, {}, guess=False)
    except FeatserError as error:
        raise AuxiliaryError(str(error)) from error


def _arrow_rows(rows: pd.DataFrame) -> pa.Table:
    columns = {}
    for name in rows:
        numeric = types.is_float_dtype(rows[name])
        values = [None if pd.isna(value) else value for value in rows[name].tolist()]
        columns[str(name)] = pa.array(values, pa.float64() if numeric else pa.string())
    return pa.table(columns)


def _stored(
    table: AuxiliaryTable, origin: FeatureOrigin, column: str, compact: bool
) -> tuple[StoredFeatures, pa.Array]:
    values = np.ascontiguousarray(table.values[origin.spec], np.float32)
    if values.shape != (len(table), origin.dimension):
        raise AuxiliaryError(
            f"auxiliary table '{table.name}': {values.shape} values of '{origin.spec}', expected "
            f"{(len(table), origin.dimension)}"
        )
    is_coarse = compact and origin.spec in COARSE
    try:
        coding, numbers = encode_byte(values) if is_coarse else encode_half(values)
    except ValueError as error:
        raise AuxiliaryError(
            f"auxiliary table '{table.name}': '{origin.spec}': {error}: write the table without "
            f"`compact`"
        ) from error
    data = numbers.astype(coding.dtype).tobytes()
    described = StoredFeatures(
        column=column,
        spec=origin.spec,
        dimension=origin.dimension,
        definition=dict(origin.definition),
        libraries=dict(origin.libraries),
        fingerprint=origin.fingerprint,
        coding=coding.kind,
        scale=_packed(coding.scale),
        offset=_packed(coding.offset),
        checksum=_checksum(data),
    )
    width = pa.binary(origin.dimension * coding.dtype.itemsize)
    return described, pa.FixedSizeBinaryArray.from_buffers(
        width, len(values), [None, pa.py_buffer(data)]
    )


def _header_of(file: pq.ParquetFile) -> Header:
    metadata = file.metadata.metadata or {}
    if _HEADER not in metadata:
        raise ValueError("its metadata lack the key 'featser'")
    text = metadata[_HEADER]
    if metadata.get(_CHECKSUM, b"") != _checksum(text).encode():
        raise ValueError("its metadata are not those that were written")
    header = Header.model_validate_json(text)
    FORMAT.number_of({"kind": header.kind, "format": header.format})
    return header


def _numbers(
    file: pq.ParquetFile, stored: StoredFeatures, n_rows: int
) -> NDArray[np.float16] | NDArray[np.int8]:
    """Return the numbers of an extractor's column, shape (n, dimension)."""
    dtype = stored.column_coding.dtype
    width = stored.dimension * dtype.itemsize
    if file.schema_arrow.field(stored.column).type != pa.binary(width):
        raise ValueError(f"the column '{stored.column}' does not hold {width} bytes a row")
    column = file.read(columns=[stored.column])[stored.column]
    if column.null_count or len(column) != n_rows:
        raise ValueError(f"the column '{stored.column}' lacks rows")
    data = b"".join(
        chunk.buffers()[1][chunk.offset * width : (chunk.offset + len(chunk)) * width]
        for chunk in column.chunks
    )
    if _checksum(data) != stored.checksum:
        raise ValueError(f"the features '{stored.spec}' are not those that were written")
    numbers: NDArray[Any] = np.frombuffer(data, dtype).reshape(n_rows, stored.dimension)
    return numbers


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except FileNotFoundError as error:
        raise AuxiliaryError(
            f"{path}: no such file; `featser aux list` shows the auxiliary corpora"
        ) from error
    with file:
        yield file


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn whatever reading a damaged file raises into one line."""
    try:
        yield
    except AuxiliaryError as error:
        if str(path) in str(error):
            raise
        raise AuxiliaryError(f"{path}: {error}") from error
    except MemoryError as error:
        raise AuxiliaryError(
            f"{path}: reading it needs more memory than this machine has: use a smaller table"
        ) from error
    except (pa.ArrowException, FeatserError, OSError, ValueError, TypeError, LookupError) as error:
        raise AuxiliaryError(
            f"{path}: not the table of an auxiliary corpus, or damaged ({shortened(str(error))}); "
            f"`featser aux add` writes such tables"
        ) from error


def _packed(numbers: NDArray[np.float32]) -> str:
    return base64.b64encode(zlib.compress(numbers.astype("<f4").tobytes(), 9)).decode()


def _unpacked(text: str, count: int) -> NDArray[np.float32]:
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(text), 4 * count)
    except zlib.error as error:
        raise ValueError(f"scales cannot be read ({error})") from error
    numbers = np.frombuffer(data, "<f4", count).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("scales are not finite")
    return numbers


def _checksum(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _rows_checksum(rows: pa.Table) -> str:
    return _checksum(repr(rows.to_pydict()).encode())
