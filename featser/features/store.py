"""Features on disk: computed once, found again by what they were computed from.

A row of the store is keyed by the content of the audio, the segment, the augmentation and the
extractor's fingerprint, so that a renamed file, a grown corpus or a changed parameter never
brings back the wrong values. On disk::

    featser-store/
      features/
        egemaps-1f0c…/            an extractor and its fingerprint
          extractor.json          its spec, parameters, library versions and feature names
          part-5b1d….arrow        some rows: column ``key``, column ``values`` (float32 lists)
          index.arrow             key → part and row; made anew whenever parts came or went

Part files are never changed, and appear whole or not at all. They are Arrow IPC: reading
7,000 × 1,500 values back is a matter of a tenth of a second, which the wide Parquet table of the
same values is not (``tests/benchmarks/bench_store.py`` measures both).
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from featser.errors import StoreError
from featser.features.extractor import Extractor
from featser.files import whole, write_text

FORMAT = 1


def utterance_key(
    audio: str, start: float | None = None, end: float | None = None, augmentation: str = ""
) -> str:
    """Return the identity of an utterance's sound.

    Parameters
    ----------
    audio : str
        The recording's :func:`~featser.audio.content_hash`.
    start, end : float, optional
        The segment in seconds (to the microsecond); None for the recording's own ends.
    augmentation : str
        The kind and index of an augmented copy; empty for the recording itself.

    Returns
    -------
    str
        ``hash[@start-end][+augmentation]``.
    """
    segment = ""
    if start is not None or end is not None:
        segment = f"@{start or 0:.6f}-" + ("" if end is None else f"{end:.6f}")
    return audio + segment + (f"+{augmentation}" if augmentation else "")


class Store:
    """The features of many utterances under many extractors, in one folder.

    Parameters
    ----------
    folder : str or Path
        Where the store is, or will be when something is first added.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._indexes: dict[str, dict[str, tuple[str, int]]] = {}

    def add(self, extractor: Extractor, keys: Sequence[str], values: NDArray[np.float32]) -> None:
        """Write rows as one part file.

        Parameters
        ----------
        extractor : Extractor
            What computed the values.
        keys : sequence of str, length n
            From :func:`utterance_key`.
        values : ndarray of float32, shape (n, d)
            One row for each key, one column for each of ``extractor.names``.

        Raises
        ------
        StoreError
            If the disk is full or not writable. What was added before stays.
        """
        if values.shape != (len(keys), len(extractor.names)):
            raise StoreError(
                f"{extractor.spec}: {values.shape} values for {len(keys)} keys "
                f"and {len(extractor.names)} features"
            )
        folder = self._folder(extractor)
        name = f"part-{_digest(keys)}.arrow"
        try:
            if not (folder / "extractor.json").exists():
                write_text(folder / "extractor.json", json.dumps(describe(extractor), indent=1))
            _write_part(folder / name, keys, values)
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        if extractor.fingerprint() in self._indexes:
            index = self._indexes[extractor.fingerprint()]
            index.update({key: (name, row) for row, key in enumerate(keys)})

    def has(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Return, for each key, whether its features are there."""
        index = self._index(extractor)
        return np.fromiter((key in index for key in keys), dtype=bool, count=len(keys))

    def read(self, extractor: Extractor, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the features of some utterances.

        Parameters
        ----------
        extractor : Extractor
            What computed them.
        keys : sequence of str, length n
            From :func:`utterance_key`; repeats are allowed.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Rows in the order of ``keys``.

        Raises
        ------
        StoreError
            If rows are missing, or a part file is damaged.
        """
        index = self._index(extractor)
        missing = [key for key in keys if key not in index]
        if missing:
            raise StoreError(
                f"{self.folder}: {len(missing)} of {len(keys)} utterances have no "
                f"'{extractor.spec}' features (the first: {missing[0]}); "
                f"run `featser extract … -f {extractor.spec}` first"
            )
        rows_of: dict[str, list[tuple[int, int]]] = {}
        for position, key in enumerate(keys):
            part, row = index[key]
            rows_of.setdefault(part, []).append((position, row))
        result = np.empty((len(keys), len(extractor.names)), dtype=np.float32)
        for part, pairs in rows_of.items():
            _, values = _read_part(self._folder(extractor) / part)
            positions, rows = np.array(pairs).T
            result[positions] = values[rows]
        return result

    def flush(self, extractor: Extractor) -> None:
        """Write the index of an extractor, which makes the next opening quicker."""
        folder = self._folder(extractor)
        parts = _part_names(folder)
        if parts and _read_index(folder, parts) is None:
            try:
                _write_index(folder, self._index(extractor))
            except OSError as error:
                raise _cannot_write(self.folder, error) from error

    def extractors(self) -> list[dict[str, Any]]:
        """Return what is known of every extractor in the store: its ``extractor.json``."""
        return [
            json.loads(file.read_text(encoding="utf-8"))
            for file in sorted(self.folder.glob("features/*/extractor.json"))
        ]

    def _folder(self, extractor: Extractor) -> Path:
        name = extractor.spec.replace(":", "_")
        return self.folder / "features" / f"{name}-{extractor.fingerprint()}"

    def _index(self, extractor: Extractor) -> dict[str, tuple[str, int]]:
        fingerprint = extractor.fingerprint()
        if fingerprint not in self._indexes:
            folder = self._folder(extractor)
            parts = _part_names(folder)
            index = _read_index(folder, parts)
            self._indexes[fingerprint] = _rebuild(folder, parts) if index is None else index
        return self._indexes[fingerprint]


def describe(extractor: Extractor) -> dict[str, Any]:
    """Return what identifies an extractor, as plain data.

    Returns
    -------
    dict
        ``spec``, ``version``, ``params``, ``libraries`` (name → version), ``fingerprint``,
        ``families``, ``names``.
    """
    from importlib.metadata import version

    return {
        "format": FORMAT,
        "spec": extractor.spec,
        "version": extractor.version,
        "params": extractor.params,
        "libraries": {name: version(name) for name in extractor.libraries},
        "fingerprint": extractor.fingerprint(),
        "families": list(extractor.families),
        "names": list(extractor.names),
    }


def _digest(keys: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(keys).encode(), digest_size=10).hexdigest()


def _cannot_write(folder: Path, error: OSError) -> StoreError:
    mend = "free some space" if error.errno == errno.ENOSPC else "make it writable"
    return StoreError(
        f"{folder}: cannot write ({error.strerror or error}). What was stored before is whole; "
        f"{mend} and run the same command again to go on"
    )


def _write_part(path: Path, keys: Sequence[str], values: NDArray[np.float32]) -> None:
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    table = pa.table(
        {
            "key": pa.array(list(keys), pa.string()),
            "values": pa.FixedSizeListArray.from_arrays(flat, values.shape[1]),
        }
    )
    _write_table(path, table)


def _write_table(path: Path, table: Any) -> None:
    with (
        whole(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def _read_table(path: Path) -> Any:
    try:
        with pa.memory_map(str(path)) as source:
            return pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(
            f"{path}: damaged ({error}); delete this file and run `featser extract` again: "
            f"only its rows are computed anew"
        ) from error


def _read_part(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    table = _read_table(path).combine_chunks()
    lists = table.column("values").combine_chunks()
    values = lists.flatten().to_numpy().reshape(len(lists), lists.type.list_size)
    return table.column("key").to_pylist(), values


def _part_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("part-*.arrow"))


def _rebuild(folder: Path, parts: list[str]) -> dict[str, tuple[str, int]]:
    index: dict[str, tuple[str, int]] = {}
    for part in parts:
        keys = _read_table(folder / part).column("key").to_pylist()
        index.update({key: (part, row) for row, key in enumerate(keys)})
    return index


def _write_index(folder: Path, index: dict[str, tuple[str, int]]) -> None:
    entries = sorted((key, part, row) for key, (part, row) in index.items())
    keys, parts, rows = zip(*entries, strict=True)
    table = pa.table(
        {
            "key": pa.array(keys, pa.string()),
            "part": pa.array(parts, pa.string()).dictionary_encode(),
            "row": pa.array(rows, pa.int32()),
        }
    )
    _write_table(folder / "index.arrow", table)


def _read_index(folder: Path, parts: list[str]) -> dict[str, tuple[str, int]] | None:
    """Return the index on disk, or None where it is absent or older than the part files."""
    path = folder / "index.arrow"
    if not path.exists():
        return None
    try:
        table = _read_table(path)
    except StoreError:  # it only repeats what the part files say: make it anew
        return None
    named = table.column("part").to_pylist()
    if set(named) != set(parts):
        return None
    entries = zip(
        table.column("key").to_pylist(), named, table.column("row").to_pylist(), strict=True
    )
    return {key: (part, row) for key, part, row in entries}
