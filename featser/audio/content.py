"""A recording's bytes: whether they can be read, and the hash that identifies them."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from featser.errors import UnusableAudio
from featser.io.location import is_remote, local_path
from featser.io.nested_files import split_nested
from featser.io.remote_files import hash_of, local_copy

ABSENT = "no such file"
"""Why a recording that does not exist is unusable."""


def digest(data: bytes = b"") -> hashlib.blake2b:
    """Return the hash by which recordings are identified, of some bytes."""
    return hashlib.blake2b(data, digest_size=16)


def content_hash(file: str | Path) -> str:
    """Return the identity of a recording: a 128-bit hash of the file's bytes, in hexadecimal.

    A member of an archive has the identity of the file that it is when it is unpacked.

    Raises
    ------
    UnusableAudio
        If the file cannot be read.
    """
    if split_nested(file) is not None:
        with local_copy(file) as copy:
            return _hash_file(copy)
    return hash_of(str(file), _hash_file) if is_remote(file) else _hash_file(local_path(file))


def _hash_file(path: Path) -> str:
    refuse_non_files(path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, digest).hexdigest()
    except OSError as error:
        raise UnusableAudio(path, os_reason(error)) from error


def refuse_non_files(path: Path) -> None:
    """Raise UnusableAudio for what is not a regular file that holds at least a byte."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise UnusableAudio(path, ABSENT) from error
    except OSError as error:
        raise UnusableAudio(path, os_reason(error)) from error
    except ValueError as error:  # a zero byte, which some tables hold and no path does
        raise UnusableAudio(path, "the name is not a valid path (it holds a zero byte)") from error
    if stat.S_ISDIR(status.st_mode):
        raise UnusableAudio(path, "a folder, not a recording")
    if not stat.S_ISREG(status.st_mode):
        raise UnusableAudio(path, "not a regular file")
    if status.st_size == 0:
        raise UnusableAudio(path, "empty file (0 bytes)")


def os_reason(error: OSError) -> str:
    """Return why the operating system did not read a recording."""
    return f"cannot be read: {error.strerror or error}"
