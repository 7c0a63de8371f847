"""Parquet files from users, read as DataFrames whose text can be used."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from featser.io.containers.audio_tables import audio_column
from featser.io.nested_files import nested


def read_parquet_table(path: Path) -> pd.DataFrame:
    """Read a Parquet file, and check that its text is UTF-8.

    pandas does not check text when it reads a file: it fails later, wherever a value is used.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    DataFrame

    Raises
    ------
    pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError
        If the file is damaged or no Parquet file.

    Examples
    --------
    >>> pd.DataFrame({"file": ["a.wav"]}).to_parquet("m.parquet")
    >>> read_parquet_table(Path("m.parquet"))["file"].tolist()
    ['a.wav']
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        file.read().validate(full=True)
    return pd.read_parquet(path)


def read_audio_table(path: Path, name: str) -> pd.DataFrame | None:
    """Read a Parquet file that holds recordings, but for the recordings.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the locations of the recordings call it.

    Returns
    -------
    DataFrame or None
        The other columns that hold plain values, those of classes with the names of the classes,
        and a column ``file`` with the location of each recording; a column of that name that the
        table has is called ``file_name``. None if the table holds no recordings.

    Raises
    ------
    pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError
        If the file is damaged or no Parquet file.

    Examples
    --------
    >>> rows = [{"audio": {"bytes": b"RIFF", "path": "a.wav"}, "emotion": "sad"}]
    >>> pd.DataFrame(rows).to_parquet("train.parquet")
    >>> read_audio_table(Path("train.parquet"), "train.parquet").to_dict("list")
    {'file': ['train.parquet::0'], 'emotion': ['sad']}
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        audio = audio_column(schema)
        if audio is None:
            return None
        plain = [field.name for field in schema if not pa.types.is_nested(field.type)]
        table = file.read(columns=plain)
        table.validate(full=True)
        n_rows = file.metadata.num_rows
    others: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    others = others.rename(columns={"file": "file_name"})
    for column, classes in _class_names(schema.metadata).items():
        if column not in others or not pd.api.types.is_numeric_dtype(others[column].dtype):
            continue
        if others[column].dropna().between(0, len(classes) - 1).all():
            others[column] = others[column].map(dict(enumerate(classes)))
    others.insert(0, "file", [nested(name, str(row)) for row in range(n_rows)])
    return others


def _class_names(metadata: dict[bytes, bytes] | None) -> dict[str, list[str]]:
    """Return the names of classes that the library `datasets` writes beside their numbers."""
    try:
        described = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        features = described["info"]["features"].items()
        labels = {name: one for name, one in features if one.get("_type") == "ClassLabel"}
        return {
            name: one["names"]
            for name, one in labels.items()
            if all(isinstance(label, str) for label in one["names"])
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # not described, or by another library: numbers stay numbers
