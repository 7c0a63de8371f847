"""WAV, RF64 and BW64 headers: what they announce, what the file holds, and a header that says so.

Programs that write to a pipe cannot know the length, and leave a marker in its place; libsndfile
reads nothing after a length of 0. A copy of the header with the true lengths makes it read all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

MPEG_TAGS = (0x50, 0x55)
"""Format tags of MPEG layers 1 and 2, and of layer 3."""
LIBSNDFILE_TAGS = (0, 1, 2, 3, 6, 7, 0x11, 0x31, 0x38, 0x40, *MPEG_TAGS, 0xFFFE)
"""Format tags of the codecs that libsndfile decodes in WAV files; 0 where none is stated."""
_PLAIN_TAGS = (1, 3, 6, 7)
"""PCM, floating point, A-law and µ-law: a frame is a block."""
_MARKERS = ((0, 0), (0x7EFF0000, 0x80010000), (0xFFFF0000, 1 << 64))
"""Lengths, in bytes, that stand for an unknown one: 0, and a little less or more than 2 and 4 GiB;
the differences are sizes of headers and of buffers."""
_LARGEST = 0xFFFFFFFF
_KINDS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
"""How the files begin; the last is what broadcasters call the third."""


@dataclass(frozen=True)
class Wave:
    """The layout of a WAV file.

    Attributes
    ----------
    first : int
        Where the samples begin, in bytes.
    held : int
        How many bytes of samples there are.
    announced : int or None
        How many bytes the header announces; None where it holds a marker.
    unannounced : int
        Bytes after the announced end that are no chunks.
    tag : int
        The format tag, such as 1 for PCM.
    byte_rate, block : int
        Bytes per second, and bytes per frame.
    n_frames : int or None
        What the chunk ``fact`` says.
    patches : tuple of (int, bytes)
        Where the header must be changed, and to what, so that the samples are read to their end.
    """

    first: int
    held: int
    announced: int | None
    unannounced: int = 0
    tag: int = 0
    byte_rate: int = 0
    block: int = 0
    n_frames: int | None = None
    patches: tuple[tuple[int, bytes], ...] = ()

    @property
    def missing_s(self) -> float:
        """Seconds that are announced and not there."""
        return self._seconds(max(0, (self.announced or 0) - self.held))

    @property
    def held_s(self) -> float:
        """Seconds that are there."""
        return self._seconds(self.held)

    @property
    def unannounced_s(self) -> float:
        """Seconds that are there and not announced."""
        return self._seconds(self.unannounced)

    @property
    def announced_s(self) -> float | None:
        """Seconds that the header announces."""
        return None if self.announced is None else self._seconds(self.announced)

    def _seconds(self, n_bytes: int) -> float:
        return n_bytes / self.byte_rate if self.byte_rate else 0.0


def is_length_marker(length: int) -> bool:
    """Whether a length in a header stands for an unknown one."""
    return any(low <= length <= high for low, high in _MARKERS)


class ByteSequence(Protocol):
    """Bytes, or a file of which only what is looked at is read."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


def parse_wave(head: ByteSequence, size: int) -> Wave | None:
    """Read the layout of a WAV, RF64 or BW64 file.

    Parameters
    ----------
    head : bytes or ByteSequence
        The beginning of the file, or all of it.
    size : int
        The size of the file in bytes.

    Returns
    -------
    Wave or None
        None where this is no such file, or where no samples begin in ``head``.
    """
    if head[:4] not in _KINDS or head[8:12] != b"WAVE":
        return None
    order = ">" if head[:4] == b"RIFX" else "<"
    tag, rate, byte_rate, block, n_frames, long_length = 0, 0, 0, 0, None, None
    for name, at, length in _chunks(head, order):
        body = head[at : at + min(length, 40)]
        if name == b"fmt " and len(body) >= 16:
            tag, rate, byte_rate, block = struct.unpack(order + "H2xIIH", body[:14])
            tag = struct.unpack(order + "H", body[24:26])[0] if _is_extended(tag, body) else tag
        elif name == b"fact" and len(body) >= 4:
            n_frames = struct.unpack(order + "I", body[:4])[0]
        elif name == b"ds64" and len(body) >= 16:
            long_length = (at, struct.unpack("<Q", body[8:16])[0])
        elif name == b"data":
            announced = long_length[1] if long_length and length == _LARGEST else length
            byte_rate = block * rate if tag in _PLAIN_TAGS else byte_rate or block * rate
            held, total, unannounced = _held(head, size, at, announced, order)
            patches = [(0, b"RF64")] if head[:4] == b"BW64" else []
            if total is None:
                lengths = _patches(size, at, held, block, long_length)
                patches += [(place, struct.pack(order + form, n)) for place, form, n in lengths]
            return Wave(
                at, held, total, unannounced, tag, byte_rate, block, n_frames, tuple(patches)
            )
    return None


def has_second_recording(head: ByteSequence, wave: Wave) -> bool:
    """Return whether another WAV file follows the samples, as when files are joined."""
    order = ">" if head[:4] == b"RIFX" else "<"
    at = wave.first + wave.held + wave.held % 2
    return any(
        name in _KINDS and head[body : body + 4] == b"WAVE"
        for name, body, _ in _chunks(head, order, at)
    )


def patched(data: bytes, wave: Wave) -> bytes:
    """Return the bytes of a WAV file with its true lengths in the header."""
    if not wave.patches:
        return data
    fixed = bytearray(data)
    for at, value in wave.patches:
        fixed[at : at + len(value)] = value
    return bytes(fixed)


def _is_extended(tag: int, body: bytes) -> bool:
    return tag == 0xFFFE and len(body) >= 26


def _chunks(head: ByteSequence, order: str, at: int = 12) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place of the content, and length of each chunk."""
    while at + 8 <= len(head):
        name, length = struct.unpack(f"{order}4sI", head[at : at + 8])
        yield name, at + 8, length
        at += 8 + length + length % 2


def _held(
    head: ByteSequence, size: int, at: int, length: int, order: str
) -> tuple[int, int | None, int]:
    """Bytes of samples, bytes announced (None: a marker), and bytes that nothing announces."""
    available = max(0, size - at)
    if length > available:
        return available, None if is_length_marker(length) else length, 0
    unannounced = _unannounced(head, size, at + length + length % 2, order)
    if length == 0 and unannounced:
        return available, None, 0
    return length, length, unannounced


def _unannounced(head: ByteSequence, size: int, at: int, order: str) -> int:
    """Bytes after the samples that are no chunks."""
    for name, body, length in _chunks(head, order, at):
        if not (_is_name(name) and body + length <= size + 1):
            return size - body + 8
    return 0


def _is_name(name: bytes) -> bool:
    return all(32 <= letter < 127 for letter in name)


def _patches(
    size: int, at: int, held: int, block: int, long_length: tuple[int, int] | None
) -> list[tuple[int, str, int]]:
    """Place, form and value of each length in the header that must be changed."""
    whole = held - held % block if block else held
    if long_length:
        return [(long_length[0], "Q", size - 8), (long_length[0] + 8, "Q", whole)]
    return [(4, "I", min(size - 8, _LARGEST)), (at - 4, "I", min(whole, _LARGEST))]
