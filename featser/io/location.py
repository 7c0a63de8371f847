"""Where a recording is: a path on this machine, or the URL of one that lies elsewhere.

A location is text or a path. Text with a scheme of two letters or more (``https://…``,
``s3://bucket/key``) is remote; ``file://…`` is a path of this machine in another dress. Paths and
URLs do not mix: ``Path("s3://a/b")`` is ``s3:/a/b``, so whoever handles a location that may be
remote goes through this module.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from os.path import commonpath
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from featser.credentials import without_credentials

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_HTTP = ("http", "https")


def scheme_of(location: str | PurePath) -> str:
    """Return the scheme of a URL in lower case, such as ``"s3"``; empty for a path."""
    match = _SCHEME.match(location) if isinstance(location, str) else None
    return match[1].lower() if match else ""


def is_remote(location: str | PurePath) -> bool:
    """Whether a location is a URL that does not mean a file of this machine."""
    return scheme_of(location) not in ("", "file")


def local_path(location: str | PurePath) -> Path:
    """Return the path that a local location means; of ``file://…`` the path in it.

    A file has no query and no fragment: ``?`` and ``#`` belong to its name, as ELAN writes them.

    Examples
    --------
    >>> local_path("file:///talks/take%201#2.wav").as_posix()
    '/talks/take 1#2.wav'
    """
    if scheme_of(location) == "file":
        _, slash, path = str(location).partition("://")[2].partition("/")
        return Path(url2pathname(slash + path))
    return Path(location)


def is_unicode(location: str | PurePath) -> bool:
    r"""Whether a name is UTF-8 text, as tables need it: on Linux a file may have any bytes.

    Examples
    --------
    >>> is_unicode("café.wav"), is_unicode("caf\udce9.wav")
    (True, False)
    """
    try:
        str(location).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_local_file(path: Path) -> bool:
    """Whether a path is a file; one that cannot be looked at, or is too long for a path, is none.

    Examples
    --------
    >>> is_local_file(Path("a" * 5_000))
    False
    """
    try:
        return path.is_file()
    except (OSError, ValueError):  # a zero byte is the ValueError
        return False


def is_local_folder(path: Path) -> bool:
    """Whether a path is a folder; as :func:`is_local_file`.

    Examples
    --------
    >>> is_local_folder(Path("/")), is_local_folder(Path("a" * 5_000))
    (True, False)
    """
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def absolute(location: str | PurePath) -> str:
    """Return a location that does not depend on the current folder, without credentials.

    A path has no ``..`` in it, so that one file has one path wherever a command was started.

    Examples
    --------
    >>> absolute("s3://bucket/recordings")
    's3://bucket/recordings'
    >>> absolute("talks/../a.wav") == absolute("a.wav")
    True
    """
    if is_remote(location):
        return without_credentials(str(location))
    path = local_path(location).expanduser().absolute()
    # The folder above a linked folder is that above the link's target.
    return os.path.realpath(path) if ".." in path.parts else str(path)


def real_place(location: str | PurePath) -> str:
    """Return what a location and all other spellings of it have in common: links are followed.

    Examples
    --------
    >>> real_place("talks/../a.wav") == real_place("./a.wav")
    True
    """
    if is_remote(location):
        return without_credentials(str(location))
    return os.path.realpath(local_path(location).expanduser())


def placed(location: str | PurePath) -> str | Path:
    """Return a remote location as it is, and a local one as a path."""
    return str(location) if is_remote(location) else local_path(location)


def path_part(location: str | PurePath) -> PurePosixPath:
    """Return what of a location names the file: a URL without its server, query and fragment.

    Examples
    --------
    >>> path_part("https://example.org/a/03a01Fa.wav?signature=x").suffix
    '.wav'
    """
    if not is_remote(location):
        return PurePosixPath(local_path(location).as_posix())
    text = str(location)
    if scheme_of(text) in _HTTP:
        return PurePosixPath(unquote(urlsplit(text).path))
    return PurePosixPath(text.partition("://")[2])


def join(folder: str | PurePath, name: str) -> str:
    """Return the location of what lies below a folder; ``name`` itself where it is a URL.

    Parameters
    ----------
    folder : str or Path
        A folder, here or remote.
    name : str
        A path relative to it, parts parted by ``/``; for a remote folder as its server writes it.
    """
    if is_remote(name):
        return name
    if is_remote(folder):
        return f"{str(folder).rstrip('/')}/{name}"
    return (local_path(folder) / local_path(name)).as_posix()


def unquoted(folder: str, name: str) -> str:
    """Return a name below a remote folder as people write it: web servers write ``%20``."""
    return unquote(name) if scheme_of(folder) in _HTTP else name


def parent(location: str | PurePath) -> str | Path:
    """Return the folder that a location lies in."""
    if not is_remote(location):
        return local_path(location).parent
    text = str(location)
    if scheme_of(text) in _HTTP:
        text = re.split(r"[?#]", text, maxsplit=1)[0]
    return text.rpartition("/")[0]


def common_folder(locations: Iterable[str]) -> str:
    """Return the innermost folder that all locations lie in, without credentials; empty if none."""
    folders = {str(parent(without_credentials(location))) for location in locations}
    remote = {is_remote(folder) for folder in folders}
    if remote == {False}:
        try:
            return commonpath(folders)
        except ValueError:  # on several drives, or relative and absolute
            return ""
    if remote != {True}:
        return ""
    parts = [folder.split("/") for folder in folders]
    first, last = min(parts), max(parts)
    same = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    # A scheme and an empty part are no folder: a server or a bucket is the least.
    return "/".join(first[:same]) if same > 2 else ""


def below(location: str, folder: str) -> str:
    """Return a location relative to a folder that :func:`common_folder` gave."""
    location = without_credentials(location)
    if not folder:
        return location
    if is_remote(location):
        return location.removeprefix(folder).lstrip("/")
    return local_path(location).relative_to(folder).as_posix()
