"""Remote recordings as files of this machine, each downloaded once.

Hashing and decoding want the same bytes, in processes of their own, and a decoder wants a file. So
a remote recording is copied into a folder that all of them share, and every use first asks the
server whether the copy is still what it holds. Where a server tells no version, nothing is kept.
The folder is bounded: copies that were not used for longest go first. A recording's hash outlives
its copy, so that a run over features that are all there downloads nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from featser.errors import UnusableAudio
from featser.files import write_text
from featser.location import is_remote, local_path
from featser.remote.access import download, version_of

KEPT_BYTES = 5_000_000_000
IN_USE_SECONDS = 120.0
"""A copy that was handed out so lately is not removed: somebody may be about to open it."""


def cache_folder() -> Path:
    """Return where copies are: ``FEATSER_CACHE``, else ``featser`` in the user's cache folder."""
    named = os.environ.get("FEATSER_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "featser"


@contextmanager
def at_hand(file: str | PurePath) -> Iterator[Path]:
    """Give a recording as a file of this machine, for the length of the block.

    Parameters
    ----------
    file : str or Path
        A path, which is given as it is, or a URL.

    Yields
    ------
    Path
        Where the bytes are; not to be changed.

    Raises
    ------
    UnusableAudio
        If a remote recording is not there or cannot be reached. A refusal from within the block
        that names the copy is raised as one that names the URL.
    FeatserError
        If the package that speaks the URL's protocol is not installed.
    """
    if not is_remote(file):
        yield local_path(file)
        return
    url = str(file)
    with _copied(url, *version_of(url)) as copy:
        try:
            yield copy
        except UnusableAudio as error:
            raise UnusableAudio(url, error.reason) from error


def hash_of(url: str, hash_file: Callable[[Path], str]) -> str:
    """Return the hash of a remote file, from memory where the server still has that version.

    Parameters
    ----------
    url : str
        The file.
    hash_file : callable
        Hashes a file of this machine.

    Raises
    ------
    UnusableAudio, FeatserError
        As :func:`at_hand` does.
    """
    version, size = version_of(url)
    memory = _place(url).with_suffix(".json")
    known = _remembered(memory)
    if version and known.get("version") == version:
        return known["hash"]
    with _copied(url, version, size) as copy:
        try:
            found = hash_file(copy)
        except UnusableAudio as error:
            raise UnusableAudio(url, error.reason) from error
    if version:
        write_text(memory, json.dumps({"version": version, "hash": found}))
    return found


def _place(url: str) -> Path:
    # A name that tells nothing: URLs may hold signatures.
    return cache_folder() / "remote" / hashlib.blake2b(url.encode(), digest_size=16).hexdigest()


def _remembered(memory: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(memory.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return known


@contextmanager
def _copied(url: str, version: str, size: int | None) -> Iterator[Path]:
    """Give the copy of a version; where there is no version, one that is removed afterwards."""
    if version:
        yield _kept_copy(url, version, size)
        return
    temporary = _downloaded(url, size, _place(url).parent)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _kept_copy(url: str, version: str, size: int | None) -> Path:
    place = _place(url)
    # The version is in the name, so that nobody is given one for another.
    short = hashlib.blake2b(version.encode(), digest_size=8).hexdigest()
    copy = place.with_name(f"{place.name}-{short}.copy")
    with suppress(FileNotFoundError):
        os.utime(copy)  # it is in use
        return copy
    temporary = _downloaded(url, size, place.parent)
    _make_room(place.parent)
    temporary.replace(copy)
    return copy


def _downloaded(url: str, size: int | None, folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=folder)
    except OSError as error:
        raise UnusableAudio(
            url,
            f"cannot be copied into {folder} ({error.strerror}): make it writable, or name "
            f"another folder by FEATSER_CACHE",
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        download(url, temporary, size)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _make_room(folder: Path) -> None:
    """Remove the copies that were not used for longest, until there is room for another."""
    limit = int(os.environ.get("FEATSER_CACHE_BYTES", KEPT_BYTES))
    found = []
    # What a killed process left counts as well.
    for file in [*folder.glob("*.copy"), *folder.glob(".writing-*")]:
        with suppress(FileNotFoundError):  # another process makes room as well
            status = file.stat()
            found.append((status.st_mtime, status.st_size, file))
    total = sum(held for _, held, _ in found)
    for used, held, file in sorted(found):
        if total <= limit or time.time() - used < IN_USE_SECONDS:
            return
        file.unlink(missing_ok=True)
        total -= held
