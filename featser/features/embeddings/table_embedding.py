"""Embeddings that were computed elsewhere, joined by the content of the recording.

The table is a Parquet file: a column ``key``, which says of what sound a row is, and a column of
numbers for each value. A key is what the store has
(``utterance_key``): a hash of the file's bytes, and the segment. The
file's name and place play no part, so a row can never be joined to another recording.
:func:`table_keys` gives the keys of a manifest, to put beside one's embeddings.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from featser.audio import Signal, content_hash
from featser.corpora.utterances import utterance_key
from featser.errors import FeatureError, UnusableAudio, unknown
from featser.features.embeddings.file_extractor import (
    FileExtractor,
    checked_sha256,
    parsed_settings,
)
from featser.features.lowlevel.frame_settings import Floats

if TYPE_CHECKING:
    import pandas as pd

KEY = "key"
KEYS = ("sha256", "missing")

MISSING = ("refuse", "nan")
"""What becomes of a recording without a row: it is listed as unusable with this reason, or its
values are undefined."""


class TableEmbedding(FileExtractor):
    """The row of a table that has the recording's key.

    Augmented copies and samples that come from no file have no key, and are refused whatever
    ``missing`` says: a row of the recording itself would be wrong of them. The fingerprint holds
    the table's checksum: a table with more rows makes other features, joined again, and a model
    fitted on one table predicts the recordings in that table.

    Parameters
    ----------
    path : str or Path
        The Parquet file.
    sha256 : str
        What its checksum must be; empty for whatever it is.
    missing : {'refuse', 'nan'}
        What becomes of a recording without a row.

    Raises
    ------
    FeatureError
        If the file is missing, another or not such a table, or a setting does not exist.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pyarrow")

    def __init__(self, path: str | Path, sha256: str = "", missing: str = "refuse") -> None:
        self.name = "table-embedding"
        self.reads_signal = False
        if missing not in MISSING:
            raise FeatureError(unknown(f"missing of {self.name}", missing, MISSING))
        super().__init__(path, sha256)
        self.missing = missing
        self.cost_ms = 1.0
        self.units = "the table's own"
        self.description = f"values from {self.path.name}"

    @classmethod
    def parsed(cls, text: str) -> TableEmbedding:
        """Make one of ``PATH?sha256=…,missing=…``.

        Raises
        ------
        FeatureError
            If there is no path, or a setting is not right.
        """
        path, settings = parsed_settings("table-embedding", text, KEYS)
        return cls(path, **settings)

    @property
    def settings(self) -> dict[str, str]:
        """What is typed after the path, but for the checksum."""
        return {"missing": self.missing}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The table's columns but for the key, such as ``table-embedding.e0``.

        Raises
        ------
        FeatureError
            If the file is no such table.
        """
        return tuple(f"{self.name}.{column}" for column in self._columns)

    def __call__(self, signal: Signal) -> Floats:
        """Return the row of the recording, whatever the rate of the signal.

        Raises
        ------
        UnusableAudio
            If there is no row of it, unless missing rows are NaN; if it has no key.
        FeatureError
            If the file is no such table, or has changed.
        """
        if signal.place is None:
            raise UnusableAudio(
                "signal",
                f"an augmented copy, or samples that come from no file, have no row in "
                f"{self.path.name}",
            )
        file, start, end = signal.place
        content = content_hash(file) if signal.facts is None else signal.facts.content
        key = utterance_key(content, start, end, channel=signal.channel)
        rows, values = self._rows
        if key in rows:
            row: Floats = values[rows[key]].copy()
            if np.isinf(row).any():
                raise UnusableAudio(
                    file, f"its row in {self.path.name} holds an infinite value; leave it empty"
                )
            return row
        if self.missing == "nan":
            return np.full(values.shape[1], np.nan, np.float32)
        raise UnusableAudio(
            file, f"no row for it (key {key}) in {self.path.name}; add one, or write missing=nan"
        )

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_rows", None)
        return state

    @cached_property
    def _columns(self) -> list[str]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            schema = pq.read_schema(self.path)
        except (OSError, pa.ArrowInvalid) as error:
            raise FeatureError(f"{self.path}: not a Parquet file ({error})") from error
        text = (pa.string(), pa.large_string())
        if KEY not in schema.names or schema.field(KEY).type not in text:
            raise FeatureError(
                f"{self.path}: has no column '{KEY}' of text; "
                f"`table_keys` of {__name__} gives the keys of a manifest"
            )
        columns = [field for field in schema if field.name != KEY]
        for field in columns:
            if not (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
                raise FeatureError(
                    f"{self.path}: column '{field.name}' holds {field.type}, not numbers; leave "
                    f"it out, or write each value into a column of its own"
                )
        if not columns:
            raise FeatureError(f"{self.path}: has no column of values beside '{KEY}'")
        return [field.name for field in columns]

    @cached_property
    def _rows(self) -> tuple[dict[str, int], Floats]:
        """Row of each key, and the values, shape (n, d)."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = self._columns
        checked_sha256(self.path, self.name, self.sha256)
        try:
            table = pq.read_table(self.path, columns=[KEY, *columns])
            table.validate(full=True)
        except pa.ArrowException as error:
            raise FeatureError(f"{self.path}: damaged ({error}): write it again") from error
        keys = table.column(KEY).to_pylist()
        rows = {key: row for row, key in enumerate(keys)}
        if len(rows) < len(keys) or None in rows:
            twice = next(key for row, key in enumerate(keys) if key is None or rows[key] != row)
            what = "a row without a key" if twice is None else f"more than one row for key {twice}"
            raise FeatureError(f"{self.path}: has {what}; each recording has one")
        values = [table.column(name).to_numpy().astype(np.float32) for name in columns]
        return rows, np.column_stack(values)


def table_keys(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the keys of a manifest's utterances, to make a table of embeddings with.

    Parameters
    ----------
    manifest : DataFrame
        Column ``file``; optional ``start`` and ``end``, in seconds.

    Returns
    -------
    DataFrame
        ``file``, ``start``, ``end``, ``key``, in the order of the rows. Equal recordings have
        equal keys: a table has one row for them.

    Raises
    ------
    UnusableAudio
        If a file cannot be read.

    Examples
    --------
    >>> table = table_keys(manifest)  # doctest: +SKIP
    >>> values = pd.DataFrame([embed(file) for file in table["file"]])  # doctest: +SKIP
    >>> values = values.add_prefix("e").assign(key=table["key"])  # doctest: +SKIP
    >>> values.drop_duplicates("key").to_parquet("embeddings.parquet")  # doctest: +SKIP
    """
    import pandas as pd

    from featser.corpora.utterances import places

    rows = list(places(manifest))
    hashes = {file: content_hash(file) for file, *_ in rows}
    keys = [
        utterance_key(hashes[file], start, end, channel=channel)
        for file, start, end, channel in rows
    ]
    table = pd.DataFrame(rows, columns=["file", "start", "end", "channel"]).drop(columns="channel")
    return table.assign(key=keys)
