"""What servers are asked: which version of a file they have, its bytes, and what a folder holds.

All of it goes through fsspec, so that web servers, S3 and whatever else it knows are one. Options
and credentials are fsspec's and the protocols' own (environment, configuration files), which
worker processes inherit; connections belong to the process that opens them. A fault that may pass
(a server's 5xx, a broken connection) is tried again, a few times.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import sleep
from typing import Any, TypeVar

from featser.errors import FeatserError, UnusableAudio, shortened
from featser.io.location import scheme_of
from featser.io.remote_limits import Watch

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
"""Together with the tries less than the time that a worker has for a recording."""

INFO_SECONDS = 30.0
"""Seconds in which a server has to say which version of a file it has, or what a folder holds."""

MAX_FOLDERS, MAX_FILES = 10_000, 1_000_000
"""How many folders and files a listing may lead to."""

TRIES = 3
PAUSE_SECONDS = 0.5

_HTTP = ("http", "https")
_NO_SERVERS = frozenset(
    (
        "arrow_hdfs", "async_wrapper", "asynclocal", "asyncwrapper", "blockcache", "cached", "dask",
        "data", "dir", "filecache", "generic", "libarchive", "local", "memory", "pyscript",
        "reference", "simplecache", "tar", "zip",
    )
)  # fmt: skip
"""Protocols of fsspec that wrap others, read archives, or stay on this machine."""
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
        If the file is not there, is a folder, or cannot be reached, or if the package that speaks
        the URL's protocol is not installed.
    """
    system, path = _open(url)
    system.invalidate_cache()  # what a listing said may be of long ago
    watch = Watch(url, INFO_SECONDS)
    info = _tried(watch, lambda: system.info(path, **_in_time(system, watch)))
    if info.get("type") == "directory":
        raise UnusableAudio(url, "a folder, not a recording")
    size = info.get("size")
    answered = [f"{name}={info[name]}" for name in _VERSION if info.get(name)]
    return " ".join([*answered, f"size={size}"]) if answered else "", size


def download(
    url: str, file: Path, size: int | None, look: Callable[[], None] = lambda: None
) -> None:
    """Copy a remote file to this machine.

    Parameters
    ----------
    url : str
        The remote file.
    file : Path
        Its copy.
    size : int or None
        Bytes, where the server tells it.
    look : callable
        Called now and then while bytes come; raises where there is no room for more.

    Raises
    ------
    UnusableAudio
        If it is not there or cannot be reached, if less than ``size`` bytes come, if it takes too
        long or is too large (:mod:`featser.io.remote_limits`).
    """
    system, path = _open(url)
    watch = Watch(url, look=look)

    def get() -> None:
        watch.begin(size)
        _get_file(system, path, file, watch)
        held = file.stat().st_size
        if size is not None and held < size:
            raise ConnectionError(f"{held} of {size} bytes were received")

    _tried(watch, get)


def _get_file(system: Any, path: str, file: Path, watch: Watch) -> None:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

    class Watching(Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            watch.see(inc)

    get = system.get_file
    if scheme_of(watch.url) == "ftp":  # whose own way tells nothing while bytes come
        get = partial(AbstractFileSystem.get_file, system)
    get(path, str(file), callback=Watching(), **_in_time(system, watch))


def _in_time(system: Any, watch: Watch) -> dict[str, float]:
    """Return what makes fsspec stop a call in time, where its file system is asynchronous."""
    return {"timeout": max(watch.seconds_left, 0.001)} if system.async_impl else {}


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
            listed_files = _linked(system, base)
        else:
            listed_files = [str(path) for path in _tried(Watch(base), lambda: system.find(root))]
    except UnusableAudio as error:
        raise FeatserError(
            f"{folder}: cannot be listed: {error.reason}. A folder on a web server needs a "
            f"directory listing; without one, name the recordings' URLs in a manifest"
        ) from error
    start = root.rstrip("/") + "/"
    return sorted(path.removeprefix(start) for path in listed_files if path.startswith(start))


def _linked(system: Any, folder: str) -> list[str]:
    """Return the files that a web server's listings lead to.

    fsspec's own search passes over folders that it cannot list, and says nothing.
    """
    listed_files: dict[str, None] = {}
    waiting, listed = [folder], {folder}
    while waiting:
        here = waiting.pop()
        watch = Watch(here, INFO_SECONDS)
        ask = partial(system.ls, here, detail=True, **_in_time(system, watch))
        for entry in _tried(watch, ask):
            name = str(entry["name"])
            if not name.endswith("/"):
                listed_files[name] = None
            elif not name.endswith("/./") and name not in listed:
                waiting.append(name)
                listed.add(name)
        if len(listed) > MAX_FOLDERS or len(listed_files) > MAX_FILES:
            raise UnusableAudio(
                folder, f"it leads to more than {MAX_FOLDERS:,} folders or {MAX_FILES:,} files"
            )
    return list(listed_files)


def _open(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path that it knows the URL by."""
    scheme = scheme_of(url)
    if scheme in _NO_SERVERS or "::" in url:
        raise UnusableAudio(
            url,
            f"'{scheme if scheme in _NO_SERVERS else '::'}' is not a server address: give one such "
            f"as https://… or s3://…, or unpack archives and name the files in them",
        )
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url, **_options(scheme))
    except ImportError as error:
        raise UnusableAudio(
            url,
            f"reading {scheme}:// needs packages that are not installed ({error}): "
            f"pip install 'featser[remote]'",
        ) from error
    except Exception as error:  # whatever a protocol's package raises about its address
        raise UnusableAudio(url, _reason(error)) from error
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
    elif scheme == "ftp":
        mine = {"timeout": READ_SECONDS}
    elif scheme == "s3":
        limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        mine = {"config_kwargs": {**limits, "retries": {"total_max_attempts": 1}}}
    theirs = conf.get(scheme, {})
    return {
        name: {**values, **theirs.get(name, {})} if isinstance(values, dict) else values
        for name, values in mine.items()
    }


def _tried(watch: Watch, ask: Callable[[], T]) -> T:
    """Ask, and again where the fault may pass; a refusal says the reason."""
    for left in reversed(range(TRIES)):
        try:
            return ask()
        except FeatserError:
            raise
        except Exception as error:
            if watch.seconds_left <= 0:
                raise watch.too_long() from error
            again = left and _may_pass(error)
            if not again:
                tries = f" ({TRIES} tries)" if _may_pass(error) else ""
                raise UnusableAudio(watch.url, f"{_reason(error)}{tries}") from error
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
        phrases = {status_code.value: status_code.phrase for status_code in HTTPStatus}
        return f"the server answers {status} {phrases.get(status, '')}".rstrip()
    root = list(_chain(error))[-1]
    if isinstance(root, FileNotFoundError):
        return "no such file or key on the server"
    return f"cannot be read: {type(root).__name__}: {shortened(str(root))}"


def _status(error: BaseException) -> int | None:
    """Return the status of HTTP that a server answered with, by aiohttp's or botocore's error."""
    for each in _chain(error):
        answer = getattr(each, "response", None)
        answered = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
        status = getattr(each, "status", None) or answered.get("HTTPStatusCode")
        if isinstance(status, int) and status >= 400:
            return status
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__
