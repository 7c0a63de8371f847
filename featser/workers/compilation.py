"""Where the code that Numba compiles is kept between processes.

Numba keeps it beside the source files, or in the user's cache folder. Where it can write to
neither, as in a container with a read-only file system and no home, it refuses to import what is
to be cached. It is then given a folder of ours by ``NUMBA_CACHE_DIR``.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
CACHING = ("featser", "librosa")
"""The packages with functions that Numba compiles and keeps."""


def with_compilation_cache(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Numba can keep compiled code.

    Parameters
    ----------
    environment : mapping of str to str
        The environment of a process that is to be started.

    Returns
    -------
    dict of str to str
        The same, with ``NUMBA_CACHE_DIR`` where Numba could not write beside the source files.
    """
    given = dict(environment)
    if not given.get(VARIABLE):
        folder = _cache_folder()
        if folder is not None:
            given[VARIABLE] = folder
    return given


def use_compilation_cache() -> None:
    """Let Numba keep compiled code in this process; to be called before Numba is imported."""
    os.environ.update(with_compilation_cache(os.environ))


@cache
def _cache_folder() -> str | None:
    """Return a folder for compiled code, None where the package folders can be written to."""
    if all(_is_writable(folder) for folder in _package_folders()):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    for folder in (
        Path(base).expanduser() / "featser" / "numba",
        Path(tempfile.gettempdir()) / f"featser-numba-{_user()}",
    ):
        if _is_private(folder):
            return str(folder)
    return tempfile.mkdtemp(prefix="featser-numba-")


def _package_folders() -> list[Path]:
    specs = [find_spec(package) for package in CACHING]
    return [Path(spec.origin).parent for spec in specs if spec is not None and spec.origin]


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _is_private(folder: Path) -> bool:
    """Make a folder that nobody else can write to: what lies in it is run."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return False
    if not stat.S_ISDIR(state.st_mode) or not _is_writable(folder):
        return False
    is_own = not hasattr(os, "getuid") or state.st_uid == os.getuid()
    return is_own and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
