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
from featser.io.atomic_write import cache_folder, write_text
from featser.io.location import is_remote, local_path
from featser.io.nested_files import extracted, split_nested
from featser.io.remote_access import download, version_of
from featser.io.remote_limits import cache_bytes

IN_USE_SECONDS = 120.0
"""A copy that was handed out so lately is not removed: another process may be about to open it."""


@contextmanager
def local_copy(file: str | PurePath) -> Iterator[Path]:
    """Give a recording as a file of this machine, for the length of the block.

    Parameters
    ----------
    file : str or Path
        A path, which is given as it is; a URL; or a member of an archive
        (:mod:`featser.io.nested_files`).

    Yields
    ------
    Path
        Where the bytes are; not to be changed.

    Raises
    ------
    UnusableAudio
        If a remote recording is not there, cannot be reached, or exceeds a limit. A refusal from
        within the block that names the copy is raised as one that names the URL.
    """
    inside = split_nested(file)
    if inside is not None:
        with _member_copy(str(file), *inside) as copy:
            yield copy
        return
    if not is_remote(file):
        yield local_path(file)
        return
    url = str(file)
    with _copied(url, *version_of(url)) as copy:
        try:
            yield copy
        except UnusableAudio as error:
            raise UnusableAudio(url, error.reason) from error


@contextmanager
def _member_copy(location: str, archive: str, member: str) -> Iterator[Path]:
    """Give a member of an archive as a file; refusals name the member."""
    try:
        with extracted(Path(archive), member) as copy:
            yield copy
    except UnusableAudio as error:
        raise UnusableAudio(location, error.reason) from error


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
    UnusableAudio
        As :func:`local_copy` does.
    """
    version, size = version_of(url)
    memory = _place(url).with_suffix(".json")
    remembered = _remembered(memory)
    if version and remembered.get("version") == version:
        return remembered["hash"]
    with _copied(url, version, size) as copy:
        try:
            content = hash_file(copy)
        except UnusableAudio as error:
            raise UnusableAudio(url, error.reason) from error
    if version:
        write_text(memory, json.dumps({"version": version, "hash": content}))
    return content


def _place(url: str) -> Path:
    # A name that tells nothing: URLs may hold signatures.
    return cache_folder() / "remote" / hashlib.blake2b(url.encode(), digest_size=16).hexdigest()


def _remembered(memory: Path) -> dict[str, str]:
    try:
        remembered = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):  # none yet, or damaged
        return {}
    if not isinstance(remembered, dict) or not isinstance(remembered.get("hash"), str):
        return {}
    return remembered


@contextmanager
def _copied(url: str, version: str, size: int | None) -> Iterator[Path]:
    """Give the copy of a version; where there is no version, one that is removed afterwards."""
    if version:
        yield _cached_copy(url, version, size)
        return
    temporary = _downloaded(url, size, _place(url).parent)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _cached_copy(url: str, version: str, size: int | None) -> Path:
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
        download(url, temporary, size, lambda: _refuse_crowding(url, folder))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _refuse_crowding(url: str, folder: Path) -> None:
    """Remove old copies, and give up a download where those under way are too large together."""
    _make_room(folder)
    total = 0
    for file in folder.glob(".writing-*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    if total > cache_bytes():
        raise UnusableAudio(
            url,
            f"the downloads under way are larger than {cache_bytes():,} bytes together: raise "
            f"FEATSER_CACHE_BYTES, or use fewer workers",
        )


def _make_room(folder: Path) -> None:
    """Remove the copies that were not used for longest, until there is room for another."""
    limit = cache_bytes()
    copies = []
    # What a killed process left counts as well.
    for file in [*folder.glob("*.copy"), *folder.glob(".writing-*")]:
        with suppress(FileNotFoundError):  # another process makes room as well
            status = file.stat()
            copies.append((status.st_mtime, status.st_size, file))
    total = sum(held for _, held, _ in copies)
    for used, held, file in sorted(copies):
        if total <= limit or time.time() - used < IN_USE_SECONDS:
            return
        file.unlink(missing_ok=True)
        total -= held
