"""The frames of an MP3 file: how many there are, and a header that says so.

The number of samples of an MP3 file is in its first frame, if that is a Xing or Info frame. Without
one libsndfile estimates it from the first bit rate and reads no further than that; with one that is
wrong, such as that of the first of several files put together, it stops there as well. A frame that
tells the true number, put before the others, makes it read all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from featser.audio.headers.tags import after_tags

_BITRATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits per second by version (1, or 2 and 2.5) and layer."""
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Hertz by the version's two bits."""
_FAILED_SEARCHES = 100_000
"""So many bytes that look like the start of a frame and are none end the count."""
_FRAMES_OF_STREAM = 4
"""So many frames in a row are none by chance."""
_TAG_BITRATE = 9
"""Index of a bit rate at which a frame of any kind has room for the number of frames."""

_DECODER_DELAY = 529
"""Samples by which a decoder of layer 3 is late."""


@dataclass(frozen=True)
class Frame:
    """What the four bytes before an MPEG audio frame say."""

    layer: int
    rate: int
    n_samples: int
    n_bytes: int
    side_bytes: int
    is_mono: bool

    def follows(self, other: Frame) -> bool:
        """Whether both are of one kind, as all frames of a stream are."""
        return (self.layer, self.rate) == (other.layer, other.rate)

    def sounds_like(self, other: Frame) -> bool:
        """Whether both have the same sampling rate and number of channels."""
        return (self.rate, self.is_mono) == (other.rate, other.is_mono)


@dataclass(frozen=True)
class Mpeg:
    """What an MP3 file holds.

    Attributes
    ----------
    first : int
        Where the first frame begins, in bytes.
    frame : Frame
        That frame.
    n_frames : int
        Frames of sound.
    announced : int or None
        How many frames its Xing or Info frame announces; None without one.
    tag_bytes : int
        The size of the Xing or Info frame; 0 without one.
    changes : bool
        Whether frames with another sampling rate or number of channels follow.
    has_gaps : bool
        Whether there are bytes between the frames, or after them.
    """

    first: int
    frame: Frame
    n_frames: int
    announced: int | None
    tag_bytes: int
    changes: bool = False
    has_gaps: bool = False

    @property
    def frame_s(self) -> float:
        """The length of a frame in seconds."""
        return self.frame.n_samples / self.frame.rate

    @property
    def announced_s(self) -> float | None:
        """The seconds that the header announces, with the padding of the encoder."""
        return None if self.announced is None else self.announced * self.frame_s

    @property
    def missing_s(self) -> float:
        """Seconds that are announced and not there; one frame is within what encoders miscount."""
        missing = (self.announced or 0) - self.n_frames
        return missing * self.frame_s if missing > 1 else 0.0

    @property
    def needs_header(self) -> bool:
        """Whether a decoder would read too little."""
        return self.frame.layer == 3 and (self.announced is None or self.announced < self.n_frames)


def parse_mpeg(data: bytes) -> Mpeg | None:
    """Count the frames of an MP3 file.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    Mpeg or None
        None where this is no MPEG audio.
    """
    first = after_tags(data)
    frame = _frame_at(data, first)
    if frame is None:
        return None
    following = _frame_at(data, first + frame.n_bytes)
    if first == 0 and not (following and following.follows(frame)):
        return None
    announced, tag_bytes = _announced(data, first, frame)
    n_frames, n_bytes, changes = _count(data, first + tag_bytes, frame)
    has_gaps = first + tag_bytes + n_bytes < len(data)
    return Mpeg(first, frame, n_frames, announced, tag_bytes, changes, has_gaps)


def with_header(data: bytes, mpeg: Mpeg) -> tuple[bytes, int]:
    """Return an MP3 file whose first frame tells how many frames follow.

    Parameters
    ----------
    data : bytes
        The file.
    mpeg : Mpeg
        What it holds.

    Returns
    -------
    data : bytes
        The file with that frame, and a frame of silence after it.
    extra : int
        How many samples at the beginning are not of the original file: libsndfile leaves out the
        delay of the decoder where it knows the number of frames.
    """
    head = bytearray(data[mpeg.first : mpeg.first + 4])
    head[1] |= 1  # no checksum follows
    head[2] = _TAG_BITRATE << 4 | head[2] & 0x0C
    frame = _frame(bytes(head))
    assert frame is not None
    silence = (bytes(head) + bytes(frame.side_bytes)).ljust(frame.n_bytes, b"\0")
    tag = b"Xing" + (1).to_bytes(4, "big") + (mpeg.n_frames + 1).to_bytes(4, "big")
    first = silence[: 4 + frame.side_bytes] + tag.ljust(frame.n_bytes - 4 - frame.side_bytes, b"\0")
    rest = data[mpeg.first + mpeg.tag_bytes :]
    return data[: mpeg.first] + first + silence + rest, frame.n_samples - _DECODER_DELAY


def _announced(data: bytes, first: int, frame: Frame) -> tuple[int | None, int]:
    """Read the number of frames in a Xing or Info frame, and the size of that frame."""
    at = first + 4 + frame.side_bytes
    if frame.layer != 3 or data[at : at + 4] not in (b"Xing", b"Info"):
        return None, 0
    has_number = data[at + 7 : at + 8] and data[at + 7] & 1
    announced = int.from_bytes(data[at + 8 : at + 12], "big") if has_number else None
    return announced, frame.n_bytes


def _count(data: bytes, at: int, like: Frame) -> tuple[int, int, bool]:
    """Count the frames from a place on, and their bytes; say if frames of another kind follow."""
    n_frames, n_bytes, searches, changes = 0, 0, 0, False
    while at + 4 <= len(data):
        frame = _frame_at(data, at)
        if frame and not frame.sounds_like(like):
            changes = changes or _is_stream(data, at, frame)
        if frame and frame.follows(like):
            n_frames += 1
            n_bytes += frame.n_bytes
            at += frame.n_bytes
            continue
        if data[at : at + 3] == b"TAG" or searches > _FAILED_SEARCHES:
            break
        if data[at : at + 3] == b"ID3":
            at = max(at + 1, at + after_tags(data[at : at + 10]))
            continue
        searches += 1
        at = data.find(b"\xff", at + 1)
        if at < 0:
            break
        at = _confirmed(data, at, like)
    return n_frames, n_bytes, changes


def _is_stream(data: bytes, at: int, frame: Frame) -> bool:
    """Whether frames of one kind, and not bytes that look like one, begin at a place."""
    for _ in range(_FRAMES_OF_STREAM):
        following = _frame_at(data, at)
        if not (following and following.follows(frame) and following.sounds_like(frame)):
            return False
        at += following.n_bytes
    return True


def _confirmed(data: bytes, at: int, like: Frame) -> int:
    """Return the place where a frame begins that another follows, else one that does not fit."""
    frame = _frame_at(data, at)
    if not frame or not frame.follows(like):
        return at
    after = _frame_at(data, at + frame.n_bytes)
    is_last = at + frame.n_bytes >= len(data)
    return at if is_last or (after and after.follows(like)) else at + 1


def _frame_at(data: bytes, at: int) -> Frame | None:
    return _frame(data[at : at + 4])


@lru_cache(maxsize=4096)
def _frame(head: bytes) -> Frame | None:
    """Read the four bytes before a frame; None where they are none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    index, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or index in (0, 15) or rate_index == 3:
        return None
    is_first = version == 3
    rate = _RATES[version][rate_index]
    bits = 1000 * _BITRATES[1 if is_first else 2, layer][index]
    is_mono = head[3] >> 6 == 3
    side_bytes = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    if layer == 1:
        return Frame(1, rate, 384, 4 * (12 * bits // rate + padding), side_bytes, is_mono)
    n_samples = 576 if layer == 3 and not is_first else 1152
    n_bytes = n_samples // 8 * bits // rate + padding
    return Frame(layer, rate, n_samples, n_bytes, side_bytes, is_mono)
