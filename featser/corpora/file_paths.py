"""Where a manifest's recordings are: absolute, or relative to the manifest's own folder."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pandas as pd

from featser.credentials import without_credentials
from featser.errors import counted
from featser.io.location import is_remote, join, local_path

_SLASHES = "back-slashes (Windows) read with slashes"
_BLANKS = "blanks at the ends read without them"


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
    path = os.path.normpath(os.path.join(base, local_path(file)))  # noqa: PTH118  # every row
    return path if path.isascii() or os.path.lexists(path) else _as_on_disk(path)


def _as_on_disk(path: str) -> str:
    """Return a path as the disk writes it: an accented letter may be one character or two."""
    first, *parts = Path(path).parts
    written = first
    for part in parts:
        folder, written = written, os.path.join(written, part)  # noqa: PTH118
        if not part.isascii() and not os.path.lexists(written):
            name = _composed_names(folder, _changed(folder)).get(unicodedata.normalize("NFC", part))
            if name is None:
                return path
            written = os.path.join(folder, name)  # noqa: PTH118
    return written


def _changed(folder: str) -> int:
    """Return when the names in a folder were changed last."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _composed_names(folder: str, changed: int) -> dict[str, str]:
    """Return the names in a folder that are not ASCII, by their composed form."""
    del changed  # which is a part of the cache's key
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names alone
    except OSError:  # reading the recording says why
        return {}
    return {unicodedata.normalize("NFC", name): name for name in names if not name.isascii()}


def plain_paths(table: pd.DataFrame, folder: str | Path) -> Counter[str]:
    r"""Write a manifest's paths without what spreadsheets and Windows add to them.

    Parameters
    ----------
    table : DataFrame
        A manifest, whose column ``file`` is changed: back-slashes become slashes, and blanks at
        the ends are removed if there is a file without them. A path that exists as it is written,
        which is possible where ``\`` is an ordinary letter, stays.
    folder : str or Path
        What relative paths are relative to.

    Returns
    -------
    Counter of str
        How many paths had what.
    """
    base = str(folder) if is_remote(folder) else os.path.realpath(local_path(folder))
    files, counts = table["file"].tolist(), Counter[str]()
    for row, file in enumerate(files):
        stripped = file.strip()
        if stripped != file and not _exists(base, file) and _exists(base, _slashed(stripped)):
            counts[_BLANKS] += 1
            files[row] = stripped
        slashed = _slashed(files[row])
        if slashed != files[row] and not is_remote(files[row]) and not _exists(base, files[row]):
            counts[_SLASHES] += 1
            files[row] = slashed
    if counts:
        table["file"] = pd.Series(files, table.index, dtype="str")
    return counts


def _slashed(file: str) -> str:
    return file if os.sep == "\\" else file.replace("\\", "/")


def _exists(base: str, file: str) -> bool:
    """Whether a file of this machine exists."""
    return not (is_remote(base) or is_remote(file)) and os.path.lexists(_resolved(base, file))


def path_notes(counts: Counter[str]) -> list[str]:
    """Say what was changed in how many paths."""
    return [f"{counted(n, 'path')} with {what}" for what, n in sorted(counts.items()) if n]


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
