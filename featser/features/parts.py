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
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from featser.errors import DamagedPart, StoreError
from featser.files import whole


def write_part(folder: Path, keys: Sequence[str], values: NDArray[np.float32]) -> str:
    """Write rows as one part file and return its name.

    Parameters
    ----------
    folder : Path
        The extractor's folder in the store.
    keys : sequence of str, length n
        Identities of the utterances.
    values : ndarray of float32, shape (n, d)
        Their features.
    """
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    table = pa.table(
        {
            "key": pa.array(list(keys), pa.string()),
            "values": pa.FixedSizeListArray.from_arrays(flat, values.shape[1]),
        }
    )
    return write_table(folder, "part", table)


def read_part(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return a part file's keys, length n, and values, shape (n, d).

    Raises
    ------
    DamagedPart
        If its bytes are not those that were written.
    FileNotFoundError
        If it is not there (any more).
    StoreError
        If it cannot be read for another reason.
    """
    return read_keys(path), read_values(path)


def read_keys(path: Path) -> list[str]:
    """Return a part file's keys; errors as :func:`read_part`."""
    keys: list[str] = read_table(path).column("key").to_pylist()
    return keys


def read_values(path: Path) -> NDArray[np.float32]:
    """Return a part file's values, shape (n, d); errors as :func:`read_part`."""
    lists = read_table(path).column("values").combine_chunks()
    values: NDArray[np.float32] = lists.flatten().to_numpy()
    return values.reshape(len(lists), lists.type.list_size)


def part_names(folder: Path) -> set[str]:
    """Return the names of the part files in an extractor's folder."""
    return names_of(folder, "part-")


def check_part(path: Path) -> None:
    """Read a part file's bytes and compare their checksum, which is quicker than parsing them.

    Raises
    ------
    DamagedPart, FileNotFoundError, StoreError
        As :func:`read_part`.
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
    with whole(folder / name) as temporary:
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
        f"computes its rows anew"
    )


def read_table(path: Path) -> Any:
    """Return a file's Arrow table; errors as :func:`read_part`."""
    content = _checked(path)
    try:
        return pa.ipc.open_file(pa.py_buffer(content)).read_all()
    except pa.ArrowException as error:
        raise StoreError(
            f"{path}: pyarrow {pa.__version__} cannot read it ({error}); "
            f"use the version that wrote it, or a newer one"
        ) from error
