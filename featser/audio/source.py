"""The bytes of a recording as they are decoded: read once, hashed, their header put right.

What is hashed is what is decoded, so that a recording that changes in the meantime is never taken
for what it was. Headers that announce too little, or nothing, are put right in memory: see
:mod:`featser.audio.headers.riff` and :mod:`featser.audio.headers.mpeg`.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featser.audio.content import digest, os_reason
from featser.audio.conversion import format_of
from featser.audio.headers.caf import caf_fault, with_length
from featser.audio.headers.flac import has_second_stream
from featser.audio.headers.mpeg import Mpeg, parse_mpeg, with_header
from featser.audio.headers.ogg import ogg_fault
from featser.audio.headers.riff import (
    MPEG_TAGS,
    ByteSequence,
    Wave,
    has_second_recording,
    parse_wave,
    patched,
)
from featser.audio.headers.tags import after_tags, before_tags
from featser.audio.headers.text_conversion import conversion_fault
from featser.audio.open_sound import CHANGES
from featser.errors import UnusableAudio

IN_PLACE_BYTES = 1 << 24
"""Larger files whose header is right are decoded where they are, and checked afterwards for
changes."""
LARGE_BYTES = 1 << 30
"""Larger files are decoded where they are, whatever their header says."""
_IN_PLACE = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"FORM")
"""How files begin that are decoded where they are; others are small for their length."""
_TAGGED = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"fLaC", b"OggS")
"""How files begin that are read without the ID3 tags before them."""
_SEVERAL = "it holds several recordings, one after the other: split it into files"
TOLERATED_LOSS_S = 0.01
_HEAD_BYTES = 1 << 20
_KEPT_BYTES = 1024
_Status = tuple[int, int, int, int, int]


@dataclass(frozen=True, eq=False)
class Source:
    """A recording whose header announces what its bytes hold.

    Attributes
    ----------
    content : str
        The :func:`~featser.audio.content.content_hash` of the bytes.
    data : bytes or None
        What to decode; None for a large file, which is decoded where it is.
    skip : int
        Frames at the beginning that are not of the recording.
    announces : bool
        Whether the number of samples that libsndfile finds is one that the file announces.
    announced_s : float or None
        The seconds that the file announces, where libsndfile does not find the number.
    missing_s, unannounced_s : float
        Seconds that are announced and not there, and that are there and not announced.
    held_s : float
        The seconds that are there, where some are missing.
    frame_s : float
        How much may be lacking at the end: a frame of a codec is decoded whole or not at all.
    container : str
        The container, where libsndfile is given only what it contains.
    head : bytes
        The first bytes.
    fault : str
        Why it must not be decoded; empty if it may be.
    has_gaps : bool
        Whether bytes lie between MPEG frames, which libsndfile's decoder prints messages of.
    """

    content: str
    data: bytes | None
    skip: int = 0
    announces: bool = True
    announced_s: float | None = None
    missing_s: float = 0.0
    unannounced_s: float = 0.0
    held_s: float = 0.0
    frame_s: float = TOLERATED_LOSS_S
    container: str = ""
    head: bytes = b""
    fault: str = ""
    has_gaps: bool = False


class _Bytes(io.BytesIO):
    """Bytes as a file; a damaged header may lead a decoder to places that do not exist."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


class _LargeFile(io.FileIO):
    """A file on the disk, with what :class:`_Bytes` tolerates."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            return self.tell()


class _FileBytes:
    """The bytes of a file, of which only what is looked at is read."""

    def __init__(self, file: io.FileIO, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        first, last, _ = part.indices(self._size)
        self._file.seek(first)
        return self._file.read(max(0, last - first)) or b""


_latest: list[tuple[tuple[str, _Status], Source]] = []
"""The recording that was read last for a segment: its other segments mostly follow."""


@contextmanager
def open_source(path: Path, *, is_segment: bool = False) -> Iterator[tuple[Source, Any]]:
    """Read a recording's bytes.

    Parameters
    ----------
    path : Path
        A file of this machine.
    is_segment : bool
        Whether other segments of it may be read next.

    Yields
    ------
    source : Source
        What is known of the bytes.
    stream : file
        The bytes to decode.

    Raises
    ------
    UnusableAudio
        If the file cannot be read; for a large file, on leaving, if it has changed meanwhile.
    """
    try:
        with _LargeFile(path, "rb") as file:
            before = _status(file)
            source = _source(path, file, before, is_segment)
            if source.data is not None:
                yield source, _Bytes(source.data)
                return
            yield source, file
            if _status(file) != before or _status_of(path) != before:
                raise UnusableAudio(
                    path, "the file changed while it was read: run the command again"
                )
    except OSError as error:
        raise UnusableAudio(path, os_reason(error)) from error


def prepare(data: bytes, content: str = "") -> Source:
    """Find out what the bytes of a recording announce, and put their header right.

    Parameters
    ----------
    data : bytes
        The whole file.
    content : str
        Its hash.

    Returns
    -------
    Source
        Ready to be decoded to its end.
    """
    mpeg = parse_mpeg(data) if data[:3] == b"ID3" or data[:1] == b"\xff" else None
    data = _without_tags(data, mpeg)
    source = _prepared(data, content) if mpeg is None else _of_mpeg(content, data, mpeg)
    has_gaps = source.has_gaps or (mpeg is None and data[:1] == b"\xff")
    return replace(source, head=data[:_KEPT_BYTES], has_gaps=has_gaps)


def _without_tags(data: bytes, mpeg: Mpeg | None) -> bytes:
    """Leave out tags before and after the sound, which decoders only expect around MP3."""
    first = after_tags(data)
    head = data[first : first + _KEPT_BYTES]
    is_other = mpeg is not None and mpeg.frame.layer != 3
    if is_other or (mpeg is None and format_of(head) is not None):
        return data[first : max(before_tags(data), first)] or data[first:]
    return data[first:] if head.startswith(_TAGGED) else data


def _prepared(data: bytes, content: str) -> Source:
    if data[:4] == b"OggS":
        return Source(content, data, fault=ogg_fault(data))
    if data[:4] == b"caff":
        return Source(content, with_length(data), fault=caf_fault(data))
    if data[:4] == b"fLaC":
        return Source(content, data, fault=_SEVERAL if has_second_stream(data) else "")
    wave = parse_wave(data, len(data))
    if wave is None:
        return Source(content, data)
    if wave.tag in MPEG_TAGS:
        inside = data[wave.first : wave.first + wave.held]
        mpeg = parse_mpeg(inside)
        if mpeg is not None:
            return _of_mpeg(content, inside, mpeg, wave)
    return _of_wave(content, patched(data, wave), wave, _fault_of_wave(data, wave))


def _fault_of_wave(data: ByteSequence, wave: Wave) -> str:
    """Say whether another file follows the samples, or the samples were taken for text."""
    if has_second_recording(data, wave):
        return _SEVERAL
    if wave.unannounced:
        return conversion_fault(data[wave.first : wave.first + _HEAD_BYTES])
    return ""


def _source(path: Path, file: io.FileIO, status: _Status, is_segment: bool) -> Source:
    key = (str(path), status)
    for latest_key, source in _latest:
        if latest_key == key:
            return source
    size = status[2]
    in_place = _in_place(file, size) if IN_PLACE_BYTES < size <= LARGE_BYTES else None
    if size > LARGE_BYTES:
        source = _large(file, size)
    elif in_place is not None:
        source = in_place
    else:
        data = file.readall()
        source = prepare(data, digest(data).hexdigest())
    if is_segment:
        _latest[:] = [(key, source)]
    return source


def _large(file: io.FileIO, size: int) -> Source:
    content = hashlib.file_digest(file, digest).hexdigest()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    wave = parse_wave(head, size)
    fault = "" if wave is None else _fault_of_wave(_FileBytes(file, size), wave)
    file.seek(0)
    source = Source(content, None) if wave is None else _of_wave(content, None, wave, fault)
    return replace(source, head=head[:_KEPT_BYTES])


def _in_place(file: io.FileIO, size: int) -> Source | None:
    """Return a file whose header is right as it is; None for another, which is read."""
    data = _FileBytes(file, size)
    head = data[:_KEPT_BYTES]
    wave = parse_wave(data, size) if head.startswith(_IN_PLACE) else None
    is_right = wave is None or not (wave.patches or wave.tag in MPEG_TAGS)
    fault = "" if wave is None else _fault_of_wave(data, wave)
    file.seek(0)
    if not (head.startswith(_IN_PLACE) and is_right):
        return None
    content = hashlib.file_digest(file, digest).hexdigest()
    file.seek(0)
    source = Source(content, None) if wave is None else _of_wave(content, None, wave, fault)
    return replace(source, head=head)


def _of_wave(content: str, data: bytes | None, wave: Wave, fault: str) -> Source:
    return Source(
        content,
        data,
        announces=wave.announced is not None,
        announced_s=wave.announced_s if wave.missing_s else None,
        missing_s=wave.missing_s,
        unannounced_s=wave.unannounced_s,
        held_s=wave.held_s,
        fault=fault,
    )


def _of_mpeg(content: str, data: bytes, mpeg: Mpeg, wave: Wave | None = None) -> Source:
    announced_s, missing_s = mpeg.announced_s, mpeg.missing_s
    skip, held_s = 0, mpeg.n_frames * mpeg.frame_s
    if mpeg.needs_header and not missing_s:
        data, skip = with_header(data, mpeg)
    if wave is not None:
        announced_s = wave.n_frames / mpeg.frame.rate if wave.n_frames else None
        lacking_s = (announced_s or 0.0) - held_s
        missing_s = wave.missing_s or (lacking_s if lacking_s > 2 * mpeg.frame_s else 0.0)
    announces = mpeg.announced is not None and not mpeg.needs_header and wave is None
    return Source(
        content,
        data,
        skip=skip,
        announces=announces,
        announced_s=None if announces and not missing_s else announced_s,
        missing_s=missing_s,
        held_s=held_s,
        frame_s=mpeg.frame_s + TOLERATED_LOSS_S,
        container="" if wave is None else "WAV",
        fault=CHANGES if mpeg.changes else "",
        has_gaps=mpeg.has_gaps,
    )


def _status(file: io.FileIO) -> _Status:
    return _identity(os.fstat(file.fileno()))


def _status_of(path: Path) -> _Status:
    return _identity(path.stat())


def _identity(status: os.stat_result) -> _Status:
    times = status.st_mtime_ns, status.st_ctime_ns  # the second cannot be set back
    return status.st_dev, status.st_ino, status.st_size, *times
