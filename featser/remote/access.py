"""What servers are asked: which version of a file they have, its bytes, and what a folder holds.

All of it goes through fsspec, so that web servers, S3 and whatever else it knows are one. Options
and credentials are fsspec's and the protocols' own (environment, configuration files), which
worker processes inherit; connections belong to the process that opens them. A fault that may pass
(a server's 5xx, a broken connection) is tried again, a few times.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from time import sleep
from typing import Any, TypeVar

from featser.errors import FeatserError, UnusableAudio
from featser.location import scheme_of

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
"""Together with the tries less than the time that a worker has for a recording."""

TRIES = 3
PAUSE_SECONDS = 0.5

_HTTP = ("http", "https")
_VERSION = ("ETag", "Last-Modified", "LastModified", "last_modified", "mtime", "updated", "md5Hash")
_TRANSIENT = (408, 425, 429)
_PASSING = {"ClientConnectionError", "ClientPayloadError", "HTTPClientError"} | {
    "ConnectionError",
    "TimeoutError",
}
"""Names of exceptions of aiohttp, botocore and Python that may not come again."""

T = TypeVar("T")


def version_of(url: str) -> tuple[str, int | None]:
    """Return what changes when a remote file does, and its size.

    Returns
    -------
    version : str
        Of its ETag, date and size; empty where the server tells neither of the first two.
    size : int or None
        Bytes, where the server tells it.

    Raises
    ------
    UnusableAudio
        If the file is not there, is a folder, or cannot be reached.
    FeatserError
        If the package that speaks the URL's protocol is not installed.
    """
    system, path = _open(url)
    system.invalidate_cache()  # what a listing said may be of long ago
    info = _tried(url, lambda: system.info(path))
    if info.get("type") == "directory":
        raise UnusableAudio(url, "a folder, not a recording")
    size = info.get("size")
    told = [f"{name}={info[name]}" for name in _VERSION if info.get(name)]
    return " ".join([*told, f"size={size}"]) if told else "", size


def download(url: str, file: Path, size: int | None) -> None:
    """Copy a remote file to this machine.

    Raises
    ------
    UnusableAudio
        If it is not there or cannot be reached, or if less than ``size`` bytes come.
    """
    system, path = _open(url)

    def get() -> None:
        system.get_file(path, str(file))
        held = file.stat().st_size
        if size is not None and held < size:
            raise ConnectionError(f"{held} of {size} bytes came")

    _tried(url, get)


def files_below(folder: str) -> list[str]:
    """Return the files below a remote folder: paths relative to it, as the server writes them.

    Raises
    ------
    FeatserError
        If the folder cannot be reached or, as with most web servers, not listed.
    """
    base = folder.rstrip("/") + "/"
    system, root = _open(base)
    system.invalidate_cache()
    try:
        if scheme_of(folder) in _HTTP:
            found = _linked(system, base)
        else:
            found = [str(path) for path in _tried(base, lambda: system.find(root))]
    except UnusableAudio as error:
        raise FeatserError(
            f"{folder}: cannot be listed: {error.reason}. A folder on a web server needs a "
            f"directory listing; without one, name the recordings' URLs in a manifest"
        ) from error
    start = root.rstrip("/") + "/"
    return sorted(path.removeprefix(start) for path in found if path.startswith(start))


def _linked(system: Any, folder: str) -> list[str]:
    """Return the files that a web server's listings lead to.

    fsspec's own search passes over folders that it cannot list, and says nothing.
    """
    found: dict[str, None] = {}
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        for entry in _tried(here, lambda here=here: system.ls(here, detail=True)):  # type: ignore[misc]
            name = str(entry["name"])
            if name.endswith("/") and not name.endswith("/./"):
                waiting.append(name)
            elif not name.endswith("/"):
                found[name] = None
    return list(found)


def _open(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path that it knows the URL by."""
    scheme = scheme_of(url)
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url, **_options(scheme))
    except ImportError as error:
        raise FeatserError(
            f"{url}: reading {scheme}:// needs packages that are not installed ({error}): "
            f"pip install 'featser[remote]'"
        ) from error
    except ValueError as error:
        raise FeatserError(f"{url}: cannot be read: {error}") from error
    if scheme == "s3":
        system.retries = 1  # the tries are counted here
    return system, path


def _options(scheme: str) -> dict[str, Any]:
    """Return time limits for a protocol, below what the user's fsspec configuration says."""
    from fsspec.config import conf

    mine: dict[str, Any] = {}
    if scheme in _HTTP:
        import aiohttp

        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
        )
        mine = {"client_kwargs": {"timeout": timeout, "trust_env": True}}
    elif scheme == "s3":
        limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        mine = {"config_kwargs": {**limits, "retries": {"total_max_attempts": 1}}}
    theirs = conf.get(scheme, {})
    return {name: {**values, **theirs.get(name, {})} for name, values in mine.items()}


def _tried(url: str, ask: Callable[[], T]) -> T:
    """Ask, and again where the fault may pass; a refusal says the reason."""
    for left in reversed(range(TRIES)):
        try:
            return ask()
        except Exception as error:
            again = left and _may_pass(error)
            if not again:
                tries = f" ({TRIES} tries)" if _may_pass(error) else ""
                raise UnusableAudio(url, f"{_reason(error)}{tries}") from error
        sleep(PAUSE_SECONDS * 2 ** (TRIES - 1 - left) * random.uniform(0.5, 1))
    raise AssertionError("the last try returns or raises")


def _may_pass(error: BaseException) -> bool:
    status = _status(error)
    if status is not None:
        return status in _TRANSIENT or status >= 500
    kinds = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
    return bool(kinds & _PASSING)


def _reason(error: BaseException) -> str:
    status = _status(error)
    if status is not None:
        phrases = {known.value: known.phrase for known in HTTPStatus}
        return f"the server answers {status} {phrases.get(status, '')}".rstrip()
    root = list(_chain(error))[-1]
    if isinstance(root, FileNotFoundError):
        return "no such file or key on the server"
    return f"cannot be read: {type(root).__name__}: {root}"


def _status(error: BaseException) -> int | None:
    """Return the status of HTTP that a server answered with, by aiohttp's or botocore's error."""
    for each in _chain(error):
        answer = getattr(each, "response", None)
        told = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
        status = getattr(each, "status", None) or told.get("HTTPStatusCode")
        if isinstance(status, int) and status >= 400:
            return status
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__
