"""Parquet files with a recording in every row, as collections of data sets publish them.

The column of recordings has the fields ``bytes``, the file, and ``path``, its name. A row group is
read once for all of its rows, which mostly follow each other.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from featser.errors import UnusableAudio, shortened

TABLE = ".parquet"
MOST_GROUP_BYTES = 1 << 30
_lock = threading.Lock()
_Version = tuple[str, int, int]


def audio_column(schema: Any) -> str | None:
    """Return the name of the column that holds recordings; None where there is none.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the table.

    Examples
    --------
    >>> import pyarrow as pa
    >>> audio = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    >>> audio_column(pa.schema({"label": pa.string(), "audio": audio}))
    'audio'
    """
    import pyarrow as pa

    for field in schema:
        if not pa.types.is_struct(field.type):
            continue
        kinds = {inner.name: inner.type for inner in field.type}
        binary = kinds.get("bytes", pa.null())
        if pa.types.is_binary(binary) or pa.types.is_large_binary(binary):
            return str(field.name)
    return None


def row_count(path: Path) -> int:
    """Return how many recordings a table has; 0 where it has no column of them."""
    with _lock:
        file = _opened(_version(path))
        return int(file.metadata.num_rows) if audio_column(file.schema_arrow) else 0


def row_bytes(path: Path, row: str) -> bytes:
    """Return the bytes of the recording in a row.

    Parameters
    ----------
    path : Path
        The table.
    row : str
        Its number, from 0 on.

    Raises
    ------
    UnusableAudio
        If there is no such row, it holds no bytes, or the table is damaged.
    """
    with _lock:
        file = _opened(_version(path))
        group, place = _place(path, file, row)
        value = _group(_version(path), group)[place].as_py()
    if value is None:
        raise UnusableAudio(path, f"row {row} holds no bytes of a recording")
    return bytes(value)


def _place(path: Path, file: Any, row: str) -> tuple[int, int]:
    """Return the row group of a row, and where in it the row is."""
    left = int(row) if row.isdecimal() and len(row) < 19 else -1
    for group in range(file.metadata.num_row_groups if left >= 0 else 0):
        count = file.metadata.row_group(group).num_rows
        if left < count:
            return group, left
        left -= count
    raise UnusableAudio(path, f"the table has no row {shortened(row)!r}: they count from 0")


def _version(path: Path) -> _Version:
    try:
        status = path.stat()
    except OSError as error:
        raise UnusableAudio(path, f"cannot be read: {error.strerror}") from error
    return str(path), status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2)
def _opened(version: _Version) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(version[0])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(version[0], error) from error


@lru_cache(maxsize=1)
def _group(version: _Version, group: int) -> Any:
    """Return the bytes of the recordings in a row group, as an Arrow array."""
    import pyarrow as pa

    file = _opened(version)
    name = audio_column(file.schema_arrow)
    if name is None:
        raise UnusableAudio(version[0], "the table has no column with `bytes` of recordings")
    metadata = file.metadata.row_group(group)
    columns = [metadata.column(n) for n in range(metadata.num_columns)]
    inside = [one for one in columns if one.path_in_schema == f"{name}.bytes"]
    if sum(one.total_uncompressed_size for one in inside) > MOST_GROUP_BYTES:
        raise UnusableAudio(
            version[0], "a row group is larger than 1 GiB: write the table with smaller ones"
        )
    try:
        table = file.read_row_group(group, columns=[f"{name}.bytes"])
        return table.column(name).combine_chunks().field("bytes")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(version[0], error) from error


def _damaged(path: str, error: Exception) -> UnusableAudio:
    reason = shortened(" ".join(str(error).split()))
    return UnusableAudio(path, f"not a Parquet file that can be read: {reason}")
