"""Downloads that go on where they stopped.

pooch compares checksums and puts a file in its place; it hands the transfer to a downloader, and
its own begins anew each time. The one here writes to ``NAME.part`` and, whatever ended it, asks the
server next time for the rest alone (HTTP's ``Range``, guarded by ``If-Range``, so that two versions
of a file are never mixed).
"""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from featser.corpora.card_schema import Archive
from featser.errors import DownloadError
from featser.progress import Progress, silent

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 18
CONNECT_SECONDS, READ_SECONDS = 20.0, 60.0
TRIES = 4
"""Tries in a row that bring nothing, before the download is given up."""

_TRANSIENT = (408, 425, 429)


def download(
    archive: Archive, folder: Path, source: str, progress: Progress = silent, pause: float = 1.0
) -> tuple[Path, str]:
    """Download a file, or the rest of it, and compare its checksum.

    Parameters
    ----------
    archive : Archive
        What to download.
    folder : Path
        Where it goes, under its own name; while it is incomplete, as ``NAME.part``.
    source : str
        Where a person finds it, for errors.
    progress : callable
        Called with the bytes that are here and in all.
    pause : float
        Seconds before the second try; doubled before each further one.

    Returns
    -------
    file : Path
        The complete file.
    checksum : str
        ``md5:…`` or ``sha256:…``, of the kind that the archive states, else SHA-256.

    Raises
    ------
    DownloadError
        If the server cannot be reached, refuses, or the checksum is wrong. What came of an
        unfinished file is kept and continued the next time; a file with a wrong checksum is
        removed, since no part of it can be trusted.
    """
    import pooch

    kind = archive.checksum.partition(":")[0] or "sha256"
    resuming = _Resuming(folder / f"{archive.name}.part", source, progress, pause)
    pooch.get_logger().setLevel("ERROR")
    try:
        file = pooch.retrieve(
            archive.url, archive.checksum or None, archive.name, folder, downloader=resuming
        )
    except ValueError as error:  # as pooch says that the checksum differs
        raise DownloadError(
            f"{archive.url}: the downloaded file has a different checksum from the card's "
            f"({archive.checksum}). It was removed: run the same command again. If that fails as "
            f"well, the publisher has changed the file: see {source}"
        ) from error
    except OSError as error:  # those of requests are such as well
        raise resuming.stopped(archive.url, error) from error
    return Path(file), f"{kind}:{pooch.file_hash(file, alg=kind)}"


class _Resuming:
    """A downloader for pooch that continues a partial file."""

    def __init__(self, part: Path, source: str, progress: Progress, pause: float) -> None:
        self.part = part
        self.source = source
        self.progress = progress
        self.pause = pause
        self._version = part.with_name(f"{part.name}.version")

    def __call__(self, url: str, output_file: str | Path, pooch: object) -> None:
        """Bring the rest of the file and move it to where pooch wants it."""
        import requests

        fruitless = 0
        while True:
            before = self._held()
            try:
                if self._transfer(url):
                    break
                why: OSError | None = None
            except (requests.ConnectionError, requests.Timeout, _TransientStatusError) as error:
                why = error
            except requests.exceptions.ChunkedEncodingError as error:  # the connection was cut
                why = error
            fruitless = 0 if self._held() > before else fruitless + 1
            if fruitless >= TRIES:
                raise why or requests.ConnectionError("the server sent less than the whole file")
            sleep(self.pause * 2 ** max(0, fruitless - 1))
        self.part.replace(output_file)
        self._version.unlink(missing_ok=True)

    def _held(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _transfer(self, url: str) -> bool:
        """Ask for what is missing; return whether the file is complete then."""
        import requests

        headers = {"Accept-Encoding": "identity", "User-Agent": "featser"}
        held = self._held()
        version = self._version.read_text(encoding="utf-8") if self._version.exists() else ""
        if held and version:
            headers |= {"Range": f"bytes={held}-", "If-Range": version}
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                if held and _total(answer) == held:
                    return True
                self._forget()
                return False
            self._refuse(url, answer)
            goes_on = answer.status_code == requests.codes.partial_content
            if goes_on and _first(answer) != held:
                self._forget()
                return False
            held = held if goes_on else 0
            total = _total(answer)
            self._version.write_text(_version_of(answer), encoding="utf-8")
            with self.part.open("ab" if goes_on else "wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    file.write(chunk)
                    held += len(chunk)
                    self.progress(held, total or held)
        return total is None or held == total

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)

    def _refuse(self, url: str, answer: requests.Response) -> None:
        status = answer.status_code
        problem = f"{url}: the server answers {status} {answer.reason or ''}".rstrip()
        if status in _TRANSIENT or status >= 500:
            raise _TransientStatusError(f"{problem}: it has an error or is busy")
        if status >= 400:
            raise DownloadError(
                f"{problem}: the publisher may have moved the file, or closed it. Get the corpus "
                f"from "
                f"{self.source} and give its folder to `featser scan` and `extract`"
            )

    def stopped(self, url: str, error: OSError) -> DownloadError:
        """Say why a download ended, and what of it is kept."""
        saved = f"{self._held() / 1e6:.1f} MB are saved in {self.part}: " if self._held() else ""
        if isinstance(error, _TransientStatusError):
            why, fix = str(error).removeprefix(f"{url}: "), "try later"
        elif not _of_requests(error) and error.strerror:
            why, fix = f"cannot be written to {self.part.parent} ({error.strerror})", "fix this"
        else:
            why = f"cannot be reached, or the connection broke off ({_cause(error)})"
            fix = "check the network (HTTPS_PROXY names a proxy)"
        return DownloadError(f"{url}: {why}. {saved}{fix} and run the same command again")


class _TransientStatusError(OSError):
    """An answer that may be another one in a moment."""


def _of_requests(error: OSError) -> bool:
    import requests

    return isinstance(error, requests.RequestException)


def _first(answer: requests.Response) -> int:
    """Return where the part begins that a server sends; −1 where it does not say."""
    span = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(span) if span.isdecimal() else -1


def _total(answer: requests.Response) -> int | None:
    """Return the whole file's size, where the server says it."""
    length = answer.headers.get("Content-Range", "").rpartition("/")[2]
    length = length or answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _version_of(answer: requests.Response) -> str:
    """Return what ``If-Range`` takes: a strong ETag, else the date; empty where there is none."""
    tag = answer.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified", "")


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a failed request, without the wrappings of libraries."""
    inner: Any = error
    while True:
        below = getattr(inner, "reason", None) or (inner.args[-1] if inner.args else None)
        if not isinstance(below, BaseException):
            break
        inner = below
    return str(inner).rpartition(": ")[2] or type(inner).__name__
