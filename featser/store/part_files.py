"""The store's files: some rows, or an index of rows, each named by the checksum of its bytes.

A file's name says what its bytes must be, so that a damaged one is known before anything in it is
believed, and two writers of the same rows write the same file. Files are Arrow IPC, appear whole
or not at all, and are never changed.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from featser.errors import DamagedPart, MisplacedPart, StoreError
from featser.io.atomic_write import whole
from featser.store.part_origin import FIELD, Origin, fingerprint_in

COLUMNS = ("key", "values")


@dataclass(frozen=True, eq=False)
class Part:
    """What a part file holds.

    Attributes
    ----------
    keys : pyarrow.StringArray, length n
    values : ndarray of float32, shape (n, d)
    has_origin : bool
        Whether the file says which extractor made its rows; those of older versions do not.
    """

    keys: Any
    values: NDArray[np.float32]
    has_origin: bool


def write_part(
    folder: Path, keys: Sequence[str], values: NDArray[np.float32], origin: Origin
) -> str:
    """Write rows as one part file and return its name.

    Parameters
    ----------
    folder : Path
        The extractor's folder in the store.
    keys : sequence of str, length n
        Identities of the utterances.
    values : ndarray of float32, shape (n, d)
        Their features.
    origin : Origin
        What made them.
    """
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, type=origin.schema.field(1).type)
    table = pa.Table.from_arrays([pa.array(list(keys), pa.string()), lists], schema=origin.schema)
    return write_table(folder, "part", table)


def open_part(path: Path, origin: Origin | None = None) -> Part:
    """Read a part file.

    Parameters
    ----------
    path : Path
        The file.
    origin : Origin, optional
        What its rows must have been made by. A file of an older version does not say it: then the
        number of values is compared alone.

    Raises
    ------
    DamagedPart
        If its bytes are not those that were written, or no rows of features.
    MisplacedPart
        If its rows are of another origin.
    FileNotFoundError
        If it is not there (any more).
    StoreError
        If it cannot be read for another reason.
    """
    batch = _read_batch(path)
    metadata = origin.metadata if origin is not None else None
    if origin is None or not batch.schema.equals(origin.schema, check_metadata=True):
        metadata = (batch.schema.metadata or {}).get(FIELD)
        _check_schema(path, batch.schema, metadata, origin)
    keys, lists = batch.column(0), batch.column(1)
    try:
        keys.validate(full=True)
        lists.validate()
    except pa.ArrowInvalid as error:
        raise _damaged(path, str(error)) from error
    if keys.null_count or lists.null_count:
        raise _damaged(path, "a key or a row is missing in it")
    flat = lists.flatten() if lists.offset else lists.values  # the same, and quicker
    values = flat.to_numpy().reshape(len(lists), lists.type.list_size)
    return Part(keys, values, metadata is not None)


def read_part(path: Path, origin: Origin | None = None) -> tuple[list[str], NDArray[np.float32]]:
    """Return a part file's keys, length n, and values, shape (n, d): see :func:`open_part`."""
    part = open_part(path, origin)
    return part.keys.to_pylist(), part.values


def read_keys(path: Path, origin: Origin | None = None) -> list[str]:
    """Return a part file's keys: see :func:`open_part`."""
    keys: list[str] = open_part(path, origin).keys.to_pylist()
    return keys


def part_names(folder: Path) -> set[str]:
    """Return the names of the part files in an extractor's folder."""
    return names_of(folder, "part-")


def check_part(path: Path) -> None:
    """Read a part file's bytes and compare their checksum, which is quicker than parsing them.

    Raises
    ------
    DamagedPart, FileNotFoundError, StoreError
        As :func:`open_part`.
    """
    _checked(path)


def sync_folder(folder: Path) -> None:
    """Bring what was renamed in a folder to the disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def names_of(folder: Path, prefix: str) -> set[str]:
    """Return the names of a folder's files of one kind."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names alone: this is done for every write
    except FileNotFoundError:
        return set()
    return {name for name in names if name.startswith(prefix) and name.endswith(".arrow")}


def write_table(folder: Path, kind: str, table: Any) -> str:
    """Write an Arrow table as a file named by its kind and checksum, and return the name."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    name = _name(kind, content)
    with whole(folder / name, sweep=False) as temporary:  # the store sweeps, with its lock held
        temporary.write_bytes(content)
    return name


def _name(kind: str, content: Any) -> str:
    return f"{kind}-{hashlib.blake2b(content, digest_size=16).hexdigest()}.arrow"


def _checked(path: Path) -> bytes:
    # Read, not mapped: a mapped file that goes away on a network disk would kill the process.
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.EIO:
            raise _damaged(path, str(error.strerror)) from error
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    if _name(path.name.partition("-")[0], content) != path.name:
        raise _damaged(path, f"its {len(content)} bytes do not have the checksum in its name")
    return content


def _damaged(path: Path, why: str) -> DamagedPart:
    return DamagedPart(
        f"{path}: damaged ({why}); run `featser extract` again, which deletes this file and "
        f"computes its rows again"
    )


def read_table(path: Path) -> Any:
    """Return a file's Arrow table; errors as :func:`open_part`."""
    return _arrow(path).read_all()


def _arrow(path: Path) -> Any:
    content = _checked(path)
    try:
        return pa.ipc.open_file(pa.py_buffer(content))
    except pa.ArrowException as error:
        raise _unreadable(path, error) from error


def _read_batch(path: Path) -> Any:
    """Return the rows of a part file."""
    reader = _arrow(path)
    try:
        if reader.num_record_batches == 1:
            return reader.get_batch(0)
        table = reader.read_all().combine_chunks()  # as another program may write it
        columns = [_chunk(column) for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, schema=table.schema)
    except pa.ArrowException as error:
        raise _unreadable(path, error) from error


def _chunk(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _check_schema(path: Path, schema: Any, metadata: bytes | None, origin: Origin | None) -> None:
    """Refuse a part file that holds no features, or those of another origin."""
    values: Any = schema.field(1).type if len(schema) == 2 else None
    if (
        tuple(schema.names) != COLUMNS
        or schema.field(0).type != pa.string()
        or not pa.types.is_fixed_size_list(values)
        or values.value_type != pa.float32()
    ):
        raise _damaged(path, "its columns are not `key` and `values`, a list of float32 a row")
    if origin is None:
        return
    fingerprint = fingerprint_in(metadata or b"")
    width = f"{values.list_size} values a row, the extractor of its folder {origin.n_columns}"
    if values.list_size != origin.n_columns:
        what = f"has {width}"
    elif metadata in (None, origin.metadata):
        return
    elif fingerprint != origin.fingerprint:
        what = f"holds rows of the extractor {fingerprint}, its folder of {origin.fingerprint}"
    else:
        what = f"its columns are not those of the extractor {origin.fingerprint} of its folder"
    raise MisplacedPart(
        f"{path}: {what}; run `featser extract` again, which removes this file from there",
        fingerprint,
    )


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{path}: pyarrow {pa.__version__} cannot read it ({error}); "
        f"use the version that wrote it, or a newer one"
    )
