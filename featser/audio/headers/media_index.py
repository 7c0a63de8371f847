"""MPEG-4 files that announce more packets than they can hold.

FFmpeg makes an entry in memory for every packet that the header announces, so that a file of a
kilobyte could take gigabytes. The announcements are therefore counted before it opens the file.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

MOST_PER_BYTE = 8
"""Announced packets per byte of the file: an entry takes 24 bytes, a real packet one or more."""
ALWAYS_ALLOWED = 100_000
MOST_HEADER_BYTES = 1 << 28
SMALL_HEADER_BYTES = 1 << 16
"""In larger ones, the bytes of a picture may look like a name; their length then does not fit."""

_TABLES = re.compile(rb"(?=(stsz|stz2|trun|stts|ctts|cmov))")
_AFTER_VERSION = {b"stsz": 8, b"stz2": 8, b"trun": 4, b"stts": 4, b"ctts": 4}
"""Where the number of entries is, counted from the end of the box's name."""
_BROKEN = "damaged: its header states {} packets, the file has {} bytes"


def mpeg4_fault(stream: BinaryIO, size: int) -> str:
    """Return why an MPEG-4 file must not be opened; empty if it may be.

    Parameters
    ----------
    stream : file
        The file, from any position; it is left at the beginning.
    size : int
        Its size in bytes.

    Examples
    --------
    >>> import io
    >>> table = struct.pack(">I4sIII", 20, b"stsz", 0, 1, 1 << 30)
    >>> data = struct.pack(">I4s", 8 + len(table), b"moov") + table
    >>> mpeg4_fault(io.BytesIO(data), len(data))
    'damaged: its header states 1073741824 packets, the file has 28 bytes'
    """
    announced, header_bytes = 0, 0
    try:
        for body in _headers(stream, size):
            header_bytes += len(body)
            if header_bytes > MOST_HEADER_BYTES:
                return f"its header has more than {MOST_HEADER_BYTES >> 20} MB"
            for match in _TABLES.finditer(body):
                name, at = match[1], match.start()
                if not _is_box(body, at):
                    continue
                if name == b"cmov":
                    return "its header is compressed, which is not supported"
                announced += _entries(body, at, name)
    finally:
        stream.seek(0)
    if announced > ALWAYS_ALLOWED and announced > MOST_PER_BYTE * size:
        return _BROKEN.format(announced, size)
    return ""


def _headers(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the content of every outermost box but the one with the sound."""
    at = 0
    while at + 8 <= size:
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return
        length, name, first = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1 and len(head) == 16:
            length, first = int.from_bytes(head[8:16], "big"), 16
        end = size if length < first else min(at + length, size)
        if name != b"mdat":
            stream.seek(at + first)
            yield stream.read(min(end - at - first, MOST_HEADER_BYTES + 1))
        at = end


def _is_box(body: bytes, at: int) -> bool:
    """Whether a name is that of a box: FFmpeg also reads one whose length, before it, is wrong."""
    length = int.from_bytes(body[max(0, at - 4) : at], "big")
    return at >= 4 and (len(body) <= SMALL_HEADER_BYTES or 8 <= length <= len(body) - at + 4)


def _entries(body: bytes, at: int, name: bytes) -> int:
    """Return how many packets a table announces: for times the sum of its runs."""
    has_long_length = int.from_bytes(body[at - 4 : at], "big") == 1
    place = at + 4 + _AFTER_VERSION[name] + (8 if has_long_length else 0)
    count = int.from_bytes(body[place : place + 4], "big")
    if name not in (b"stts", b"ctts"):
        return count
    runs = body[place + 4 : place + 4 + 8 * count]
    whole = runs[: len(runs) - len(runs) % 8]
    return sum(run for run, _ in struct.iter_unpack(">II", whole))
