"""Reading with PyAV what libsndfile does not decode: MPEG-4, WebM, AAC, AMR, videos and others.

FFmpeg can follow references to other files and servers, and can decode hundreds of codecs. It is
therefore given the format by name, may open nothing else, and decodes one audio stream, of the
codecs listed here. Pictures are never decoded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from featser.audio.conversion import Format
from featser.audio.headers.media_index import mpeg4_fault
from featser.audio.open_sound import CHANGES, SoundError, no_stream

CODECS = (
    "aac", "aac_latm", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_yamaha",
    "alac", "amrnb", "amrwb", "ape", "dca", "eac3", "evrc", "flac", "g722", "g723_1", "g726",
    "g729", "gsm", "gsm_ms", "libopus", "mp1float", "mp2float", "mp3", "mp3float", "opus",
    "pcm_alaw", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_mulaw", "pcm_s16be",
    "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_s8", "pcm_u8",
    "qcelp", "speex", "truespeech", "vorbis", "wavpack", "wmalossless", "wmapro", "wmav1",
    "wmav2", "wmavoice",
)  # fmt: skip
"""FFmpeg's decoders that may run."""
_CHECKED = dict.fromkeys(("ape", "flac", "wavpack"), "crccheck+explode")
"""Decoders that go on after a wrong checksum unless any damage ends them."""
MOST_PER_BYTE = 1 << 16
"""Bytes of samples per byte of the file: silence in the best codecs takes a third of that."""
ALWAYS_ALLOWED_BYTES = 1 << 26
FRAMES_TOLERATED = 2
"""Frames of the codec that announced and decoded length may differ by: delay and padding."""
LONGEST_FRAMES_S = 0.25
ROUNDING_S = 0.05
MOST_ANNOUNCED_S = 1e9
_FULL_SCALE = {"u1": 128.0, "i2": 32_768.0, "i4": 2_147_483_648.0}
_MOST_CHANNELS = 64


class Media:
    """An open recording or video, whose sound is read from the front to the back.

    Parameters
    ----------
    stream : file
        The bytes.
    size : int
        How many there are.
    kind : Format
        From :func:`featser.audio.conversion.format_of`.
    number : int, optional
        Which audio stream, from 1 on; by default the first of those that are marked as default,
        else the first.

    Attributes
    ----------
    samplerate, channels : int
        Of the stream.
    format, subtype : str
        The container and the codec.
    n_frames : None
        The number of samples is known when all are decoded.
    n_streams : int
        How many audio streams there are.
    number : int
        Which one is read.
    announced_s : float or None
        The seconds that the container announces for it.
    frame_s : float
        By how much the decoded length may differ from that.

    Raises
    ------
    SoundError
        If it cannot be opened, lacks the stream, or holds no sound.
    """

    n_frames: int | None = None

    def __init__(
        self, stream: BinaryIO, size: int, kind: Format, number: int | None = None
    ) -> None:
        fault = mpeg4_fault(stream, size) if kind.demuxer == "mov" else ""
        if fault:
            raise SoundError(fault)
        self.format = kind.name.partition(" (")[0]
        self._budget = max(ALWAYS_ALLOWED_BYTES, MOST_PER_BYTE * size)
        self._stream_of_bytes, self._kind = stream, kind
        self._open(number)

    def _open(self, number: int | None) -> None:
        self._stream_of_bytes.seek(0)
        self._container, self._position = _opened(self._stream_of_bytes, self._kind.demuxer), 0
        try:
            self._choose(number)
            self.announced_s = _announced_s(self._container, self._stream)
            self._blocks = self._without_padding(self._kind.demuxer)
            self._rest: NDArray[np.float32] = next(self._blocks, np.zeros((0, 0), np.float32))
            if not len(self._rest):
                raise SoundError("truncated or damaged: it holds no sound that can be decoded")
        except BaseException:
            self.close()
            raise
        frames_s = FRAMES_TOLERATED * self._longest / self.samplerate
        self.frame_s = min(frames_s, LONGEST_FRAMES_S) + ROUNDING_S

    def __enter__(self) -> Media:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free what FFmpeg holds."""
        self._container.close()

    def truncation(self, head: bytes) -> str:
        """Return what the header says that the file does not hold: decoding shows it."""
        return ""

    def begin_at(self, frame: int) -> None:
        """Let the next frame that is read be this one, counted from the beginning.

        All before it is decoded, since what a codec makes of a packet depends on those before.
        """
        if frame < self._position:
            self.close()
            self._open(self.number)
        for _ in self._taken(frame - self._position):
            pass

    def read_frames(self, count: int) -> NDArray[np.float32]:
        """Read so many frames, or as many as there are.

        Parameters
        ----------
        count : int
            How many to read at most.

        Returns
        -------
        ndarray of float32, shape (n_frames, n_channels)
            Fewer than ``count`` where the stream ends before.

        Raises
        ------
        SoundError
            If the stream is damaged, or decodes to more than its bytes can hold.
        """
        blocks = list(self._taken(count))
        return np.concatenate(blocks) if blocks else np.zeros((0, self.channels), np.float32)

    def _choose(self, number: int | None) -> None:
        streams = list(self._container.streams.audio)
        self.n_streams = len(streams)
        if not streams:
            raise SoundError("it has no audio stream")
        if number is not None and number > len(streams):
            raise no_stream(number, len(streams))
        marked = [n for n, one in enumerate(streams, 1) if _is_default(one)]
        self.number = number or (marked or [1])[0]
        self._stream = streams[self.number - 1]
        codec = self._stream.codec_context
        name = "" if codec is None else str(codec.name)
        if name not in CODECS:
            raise SoundError(f"its audio has a codec that is not read: {name or 'unknown'}")
        self.subtype = name.upper()
        codec.thread_count = 1
        codec.options = {"err_detect": _CHECKED.get(name, "crccheck")}
        if name.startswith("wma"):
            _keep_first_frames(codec)

    def _taken(self, count: int) -> Iterator[NDArray[np.float32]]:
        """Yield the next ``count`` frames in blocks."""
        left = count
        while left > 0 and len(self._rest):
            block, self._rest = self._rest[:left], self._rest[left:]
            left -= len(block)
            self._position += len(block)
            if not len(self._rest):
                self._rest = next(self._blocks, self._rest)
            yield block

    def _without_padding(self, demuxer: str) -> Iterator[NDArray[np.float32]]:
        """Yield the sound without what encoder and decoder add before and after it.

        Containers announce the delay, which FFmpeg removes; where none is announced, the samples
        are left out that the decoder cannot know, for they overlap what came before the first
        frame. In MPEG-4 files, less than two frames more than announced are padding; in other
        containers FFmpeg removes the padding if its length is announced.
        """
        last = np.zeros((0, 0), np.float32)
        n_unknown, n_frames, self._longest = -1, 0, 0
        for block in self._decoded():
            if n_unknown < 0:
                n_unknown = self._left_delay + _unknown_samples(
                    demuxer, self.subtype, self.samplerate, len(block)
                )
            dropped = min(n_unknown, len(block))
            n_unknown -= dropped
            self._longest = max(self._longest, len(block))
            n_frames += len(block) - dropped
            if len(last):
                yield last
            last = block[dropped:]
        if self.announced_s is not None and demuxer == "mov" and self._longest:
            excess = n_frames - math.ceil(self.announced_s * self.samplerate)
            if 0 < excess < min(FRAMES_TOLERATED * self._longest, n_frames):
                last = last[: max(0, len(last) - excess)]
        if len(last):
            yield last

    def _decoded(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of each frame of the codec, shape (n, n_channels)."""
        n_bytes = 0
        for frame in self._frames():
            rate, channels = int(frame.sample_rate), int(frame.layout.nb_channels)
            if not n_bytes:
                self.samplerate, self.channels = rate, channels
            if (rate, channels) != (self.samplerate, self.channels):
                raise SoundError(CHANGES)
            block = _samples(frame, channels)
            n_bytes += block.nbytes
            if n_bytes > self._budget:
                raise SoundError(
                    f"damaged: its bytes cannot hold more than "
                    f"{self._budget / 4 / channels / rate:.0f} s of sound"
                )
            if len(block):
                yield block

    def _frames(self) -> Iterator[Any]:
        """Yield what the decoder makes of the packets; nothing that is damaged is passed over."""
        import av

        self._left_delay = -1
        try:
            for packet in self._container.demux(self._stream):
                if packet.is_corrupt:
                    raise SoundError("truncated or damaged: a packet is incomplete")
                if self._left_delay < 0:
                    self._left_delay = _left_delay(self._stream, packet)
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise SoundError("truncated or damaged: a packet cannot be decoded")
                    yield frame
        except (av.FFmpegError, ValueError) as error:
            raise _damage(error) from error


def _opened(stream: BinaryIO, demuxer: str) -> Any:
    import av

    try:
        return av.open(
            stream,
            format=demuxer,
            metadata_errors="replace",
            options={"codec_whitelist": ",".join(CODECS), "protocol_whitelist": ""},
        )
    except (av.FFmpegError, ValueError) as error:
        raise _damage(error) from error


def _keep_first_frames(codec: Any) -> None:
    """Let FFmpeg keep the first two frames of Windows Media Audio: the second is sound."""
    from av.codec.context import Flags2

    codec.flags2 |= Flags2.skip_manual


def _left_delay(stream: Any, first_packet: Any) -> int:
    """Return how much of Opus's delay FFmpeg leaves.

    FFmpeg counts the delay in Matroska files at the sampling rate that the encoder was given,
    while Opus always decodes to 48 kHz. Opus's own header states it in samples of 48 kHz.
    """
    head = stream.codec_context.extradata or b""
    if not head.startswith(b"OpusHead") or not first_packet.has_sidedata("skip_samples"):
        return 0
    removed = int.from_bytes(bytes(first_packet.get_sidedata("skip_samples"))[:4], "little")
    return max(0, int.from_bytes(head[10:12], "little") - removed)


def _unknown_samples(demuxer: str, codec: str, rate: int, first_frame: int) -> int:
    """Return how many samples at the beginning lack those that they overlap."""
    if demuxer == "aac":
        return first_frame
    if demuxer == "ac3":
        return 256
    if codec in ("WMAV1", "WMAV2"):
        medium = 32_000 if codec == "WMAV1" else 22_050
        return 512 if rate <= 16_000 else 1024 if rate <= medium else 2048
    return 0


def _damage(error: Exception) -> SoundError:
    """Return what an error of FFmpeg says, where it says something about the data."""
    import av

    says_more = isinstance(error, (av.error.InvalidDataError, av.error.EOFError))
    reason = f": {str(getattr(error, 'strerror', '')).lower()}" if says_more else ""
    return SoundError(f"truncated or damaged{reason}")


def _samples(frame: Any, channels: int) -> NDArray[np.float32]:
    """Return a frame's samples in [−1, 1), shape (n, n_channels)."""
    if channels > _MOST_CHANNELS:
        raise SoundError(f"it has {channels} channels: {_MOST_CHANNELS} are the most that is read")
    values = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(-1, channels)
    kind = values.dtype.str[1:]
    if kind not in _FULL_SCALE:
        return np.ascontiguousarray(values, dtype=np.float32)
    centred = values.astype(np.float32) - np.float32(128 if kind == "u1" else 0)
    return np.ascontiguousarray(centred / np.float32(_FULL_SCALE[kind]))


def _is_default(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(Disposition(stream.disposition) & Disposition.default)


def _announced_s(container: Any, stream: Any) -> float | None:
    """Return the seconds that the container states for the stream; None where it states none."""
    name = container.format.name
    seconds: float | None = None
    if name.startswith(("mov", "caf")) and None not in (stream.duration, stream.time_base):
        seconds = float(stream.duration * stream.time_base)
    elif name.startswith("matroska") and "DURATION" in stream.metadata:
        seconds = _clock_s(stream.metadata["DURATION"])
    elif name.startswith(("matroska", "asf")) and len(container.streams) == 1:
        seconds = None if container.duration is None else container.duration / 1e6
    return seconds if seconds is not None and 0 < seconds < MOST_ANNOUNCED_S else None


def _clock_s(text: str) -> float | None:
    """Return the seconds of a time such as ``00:01:02.5``; None where it is none."""
    try:
        hours, minutes, seconds = map(float, text.split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds
