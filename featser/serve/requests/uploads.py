"""Recordings that a request brings: written to a temporary folder as they come, within limits.

A request has one recording as its body, or several as a form (``multipart/form-data``). The names
that a client gives are shown in answers; of the name of the file only letters, digits and the
ending are used, so that no path is ever made of them.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from featser.errors import counted, shortened
from featser.io.escaping import is_printable
from featser.serve.requests.responses import (
    BAD_REQUEST,
    CLOSE,
    OVERLOADED,
    TIMEOUT,
    TOO_LARGE,
    UNSUPPORTED,
    RequestError,
)
from featser.serve.settings import Limits

FORM = "multipart/form-data"
MOST_NAME = 120
DEFAULT_NAME = "recording"
NO_RECORDING = re.compile(
    r"(text|image|font)/.*|application/(json|xml|javascript|pdf|.*\+(json|xml))", re.ASCII
)
"""Types that a client declares of what is certainly no recording. Others are decoded, as programs
declare them without looking: `curl --data-binary` sends every file as a form."""


@dataclass(frozen=True)
class Upload:
    """A recording that was received.

    Attributes
    ----------
    name : str
        What the client calls it, shown in answers; different for each of a request.
    path : Path
        Where it is.
    n_bytes : int
        Its size.
    """

    name: str
    path: Path
    n_bytes: int


class UploadGate:
    """Lets a number of requests be received at the same time.

    Parameters
    ----------
    folder : Path
        Where recordings are written.
    limits : Limits
        Of each request.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self.active = 0

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[list[Upload]]:
        """Receive the recordings of a request; they are removed at the end of the block.

        Raises
        ------
        RequestError
            If the request is too large, too slow, or has no recording.
        """
        if self.active >= self.limits.uploads:
            raise RequestError(
                OVERLOADED,
                f"{counted(self.active, 'upload')} at the same time is the limit: try again",
                headers={"Retry-After": "1", **CLOSE},
            )
        _check_announced(request, self.limits)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            self.active += 1
            try:
                uploads = await _receive(request, folder, self.limits)
            finally:
                self.active -= 1
            yield uploads
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def safe_name(name: str) -> str:
    r"""Return a name of a file that no system reads as anything else.

    Examples
    --------
    >>> safe_name("../../etc/pass wd.WAV"), safe_name("C:\\con"), safe_name("..")
    ('pass_wd.wav', 'recording', 'recording')
    """
    base = shown_name(name)
    stem, dot, ending = base.rpartition(".")
    if not dot or not stem or not re.fullmatch(r"[A-Za-z0-9]{1,8}", ending):
        stem, ending = base, ""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[:60].strip("_")
    if not stem or re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", stem):
        stem = DEFAULT_NAME
    return f"{stem}.{ending.lower()}" if ending else stem


def shown_name(name: str) -> str:
    r"""Return the last part of a name, without control characters.

    Examples
    --------
    >>> shown_name("C:\\voices\\a.wav"), shown_name("a/b\n.wav"), shown_name("/")
    ('a.wav', 'b.wav', 'recording')
    """
    base = re.split(r"[/\\]", name)[-1]
    base = "".join(letter for letter in base if is_printable(letter)).strip()
    return base[-MOST_NAME:] if base.strip(".") else DEFAULT_NAME


def _check_announced(request: Request, limits: Limits) -> None:
    """Refuse what the headers announce already."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestError(
            UNSUPPORTED, "a compressed request (Content-Encoding) is not read: send it as it is",
            headers=CLOSE,
        )  # fmt: skip
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    if NO_RECORDING.fullmatch(declared := kind.decode("latin-1").lower()):
        raise RequestError(
            UNSUPPORTED, f"Content-Type: {shortened(declared)} is no recording: send the bytes of "
            f"the file as application/octet-stream, or the file in a form ({FORM})",
            headers=CLOSE,
        )  # fmt: skip
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.n_bytes:
        raise _too_large(limits)


async def _receive(request: Request, folder: Path, limits: Limits) -> list[Upload]:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    writer = _Writer(folder, limits)
    try:
        if kind.decode("latin-1").lower() == FORM:
            await _receive_form(request, options.get(b"boundary", b""), writer)
        else:
            writer.begin(request.query_params.get("name", DEFAULT_NAME))
            async for data in _chunks(request, limits):
                await asyncio.to_thread(writer.write, data)
            writer.end()
    finally:
        writer.close()
    if not writer.uploads:
        raise RequestError(BAD_REQUEST, "the request has no recording: send one as the body, or "
                           "several as files of a form")  # fmt: skip
    for upload in writer.uploads:
        if not upload.n_bytes:
            raise RequestError(BAD_REQUEST, f"{upload.name}: the recording is empty (0 bytes)")
    return writer.uploads


async def _receive_form(request: Request, boundary: bytes, writer: _Writer) -> None:
    """Receive a form as it comes; fields that are no files are passed over."""
    if not boundary:
        raise RequestError(BAD_REQUEST, "the form has no boundary", headers=CLOSE)
    form = _Form(writer)
    try:
        parser = MultipartParser(
            boundary, form.callbacks(), max_header_count=16, max_header_size=4096
        )
        async for data in _chunks(request, writer.limits):
            await asyncio.to_thread(parser.write, data)
        parser.finalize()
    except FormParserError as error:
        raise RequestError(
            BAD_REQUEST, f"the form cannot be read: {error}", headers=CLOSE
        ) from error
    if not form.is_complete:
        raise RequestError(BAD_REQUEST, "the form ends before its last part", headers=CLOSE)


async def _chunks(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """Yield the body as it comes, within the limits of bytes and of time."""
    stream = request.stream()
    deadline = time.monotonic() + limits.upload_s
    n_bytes = 0
    while True:
        left = min(limits.idle_s, deadline - time.monotonic())
        try:
            data = await asyncio.wait_for(anext(stream), max(0.001, left))
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RequestError(
                TIMEOUT, f"the request came too slowly: nothing for {limits.idle_s:g} s, or not "
                f"complete after {limits.upload_s:g} s", headers=CLOSE,
            ) from None  # fmt: skip
        except ClientDisconnect:
            raise RequestError(BAD_REQUEST, "the client has gone", headers=CLOSE) from None
        n_bytes += len(data)
        if n_bytes > limits.n_bytes:
            raise _too_large(limits)
        yield data


def _too_large(limits: Limits) -> RequestError:
    return RequestError(
        TOO_LARGE, f"a request may have {limits.megabytes:g} MB: send fewer or shorter recordings",
        headers=CLOSE,
    )  # fmt: skip


class _Writer:
    """Writes the recordings of one request, each in a folder of its own."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self.uploads: list[Upload] = []
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._name, self._path, self._n_bytes = "", folder, 0

    def begin(self, name: str) -> None:
        if len(self.uploads) >= self.limits.files:
            raise RequestError(
                TOO_LARGE, f"a request may have {counted(self.limits.files, 'recording')}",
                headers=CLOSE,
            )  # fmt: skip
        own = self._folder / str(len(self.uploads))
        own.mkdir()
        self._name, self._path, self._n_bytes = name, own / safe_name(name), 0
        self._file = self._path.open("xb")

    def write(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
            self._n_bytes += len(data)

    def end(self) -> None:
        if self._file is not None:
            self.close()
            self.uploads.append(Upload(self._unused_name(), self._path, self._n_bytes))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _unused_name(self) -> str:
        """Return the shown name, with a number where an earlier recording has it."""
        shown = name = shown_name(self._name)
        names = {upload.name for upload in self.uploads}
        number = 2
        while shown in names:
            stem, dot, ending = name.rpartition(".")
            shown = f"{stem} ({number}).{ending}" if dot and stem else f"{name} ({number})"
            number += 1
        return shown


class _Form:
    """What the parser of forms calls; files go to the writer."""

    def __init__(self, writer: _Writer) -> None:
        self.is_complete = False
        self._writer = writer
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._headers.clear,
            "on_header_begin": self._begin_header,
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": lambda data, start, end: self._writer.write(data[start:end]),
            "on_part_end": self._writer.end,
            "on_end": self._end,
        }

    def _begin_header(self) -> None:
        self._field = self._value = b""

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"filename" in options:
            self._writer.begin(options[b"filename"].decode("utf-8", "replace"))

    def _end(self) -> None:
        self.is_complete = True
