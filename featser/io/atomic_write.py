"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from featser.errors import FeatserError, OutputError

UNFINISHED = ".writing-"
"""What the names of files begin with that are being written."""

ABANDONED_S = 60.0
"""How old a file must be to count as abandoned: younger ones may not have been locked yet."""


@contextmanager
def whole(path: str | Path, sweep: bool = True) -> Iterator[Path]:
    """Write a file under a temporary name and give it its own name once it is complete.

    The temporary file lies in the same folder; it is flushed to the disk before the renaming,
    and removed if anything fails, so a reader never meets half a file. Those that killed processes
    have left in the folder are removed.

    Parameters
    ----------
    path : str or Path
        The file to write; its folder is made when it does not exist.
    sweep : bool
        False where the caller, who keeps others out by a lock, looks after what is left.

    Yields
    ------
    Path
        Where to write. The name ends like ``path``, since writers choose formats by it.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> with whole("metrics.json") as temporary:  # doctest: +SKIP
    ...     temporary.write_text("{}")
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        handle, temporary = _unfinished(path, sweep)
        with _finished(path, temporary, handle, sweep):
            yield temporary
    except OSError as error:
        if isinstance(error, FeatserError) or not _is_about(error, path, temporary):
            raise
        raise OutputError(path, error) from error


def _is_about(error: OSError, path: Path, temporary: Path | None) -> bool:
    """Return whether writing has failed, and not the reading of another file meanwhile."""
    if temporary is None or error.filename is None:
        return True
    return os.fspath(error.filename) in (str(path), str(temporary), str(path.parent))


def _unfinished(path: Path, sweep: bool) -> tuple[int, Path]:
    """Make the file to write into; return it, open, and its name."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if sweep:
        remove_abandoned(path.parent)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=path.suffix, dir=path.parent)
    return handle, Path(name)


@contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn a block's OSErrors into errors that say that a path cannot be written.

    Raises
    ------
    OutputError
        With the path, the reason and what to do.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, FeatserError):
            raise
        raise OutputError(path, error) from error


def refuse_unwritable(path: str | Path) -> None:
    """Refuse a path where nothing can be written, before the work for it is done.

    Parameters
    ----------
    path : str or Path
        A file or a folder, which need not exist, and neither need the folders above it.

    Raises
    ------
    OutputError
        If it is a folder that is not writable, or else the first existing one above it is not.

    Examples
    --------
    >>> refuse_unwritable("figures/metrics.json")
    """
    place = Path(path).absolute()
    folder = next((one for one in (place, *place.parents) if one.is_dir()), None)
    if folder is not None and not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


@contextmanager
def _finished(path: Path, temporary: Path, handle: int, sweep: bool) -> Iterator[None]:
    """Give a file its own name when the block has written it; remove it if that fails."""
    try:
        if sweep:
            _lock(handle)  # which says that somebody is at work on it, for as long as that is so
        temporary.chmod(0o666 & ~_umask())
        yield
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


def cache_folder() -> Path:
    """Return the user's cache: ``FEATSER_CACHE``, else ``featser`` in the user's cache folder."""
    named = os.environ.get("FEATSER_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "featser"


def write_text(path: str | Path, text: str) -> None:
    """Write a text file (UTF-8) whole or not at all.

    Examples
    --------
    >>> from pathlib import Path
    >>> write_text("note.txt", "one line")
    >>> Path("note.txt").read_text()
    'one line'
    """
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files in a folder that no process is at work on any more.

    Parameters
    ----------
    folder : Path
        Whose files are looked at, not those in folders below it. Where the file system has no
        locks nothing is removed.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(UNFINISHED)]
    for name in names:
        with suppress(OSError):  # it has just been finished, or another process removes it
            _remove_if_abandoned(folder / name)


def _remove_if_abandoned(path: Path) -> None:
    if not path.is_file() or path.stat().st_mtime > time.time() - ABANDONED_S:
        return
    handle = os.open(path, os.O_RDWR)
    try:
        if _lock(handle):
            path.unlink()
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file until it is closed; return whether that was possible."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # another process has the lock, or there are no locks here
        return False
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
