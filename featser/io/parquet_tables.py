"""Parquet files from users, read as DataFrames whose text can be used."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


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
