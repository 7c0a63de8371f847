"""Where a manifest's recordings are: absolute, or relative to the manifest's own folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import pandas as pd

from featser.credentials import without_credentials
from featser.io.location import is_remote, join, local_path


def resolve(table: pd.DataFrame, folder: str | Path) -> pd.Series[str]:
    """Return the absolute paths of a manifest's files.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    folder : str or Path
        What relative paths are relative to: the folder that the manifest was read from, which
        may be a URL.

    Returns
    -------
    Series of str
        One absolute path, or URL, for each row, on the table's index.
    """
    base = str(folder) if is_remote(folder) else os.path.realpath(local_path(folder))
    files = [_resolved(base, file) for file in table["file"]]
    return pd.Series(files, index=table.index, name="file", dtype="str")


def _resolved(base: str, file: str) -> str:
    if is_remote(file) or is_remote(base):
        return join(base, file)
    return os.path.normpath(os.path.join(base, local_path(file)))  # noqa: PTH118  # every row


def relative_to(file: str, folder: Path) -> str:
    """Return a file's path relative to a folder, as manifests on disk have it.

    A path that is relative stays as it is; a URL loses its credentials.
    """
    if is_remote(file):
        return without_credentials(file)
    if not os.path.isabs(file):  # noqa: PTH117  # text, not Path: this is done for every row
        return Path(file).as_posix() if os.sep != "/" else file
    parent, name = os.path.split(file)
    return _way(parent, os.path.join(os.getcwd(), folder)) + name  # noqa: PTH109, PTH118


@lru_cache(maxsize=4096)
def _way(parent: str, folder: str) -> str:
    """Return how to go from one folder to another, with a slash at the end, if not empty."""
    try:
        way = Path(parent).relative_to(folder)
    except ValueError:
        # It lies elsewhere: the way there goes up. Going up from a linked folder leaves by its
        # true place, so the true places are compared.
        try:
            way = Path(os.path.relpath(os.path.realpath(parent), os.path.realpath(folder)))
        except ValueError:  # another drive on Windows
            way = Path(parent)
    return "" if way == Path() else f"{way.as_posix().rstrip('/')}/"
