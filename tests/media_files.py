"""Small media files, made by PyAV when a test runs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

RATE = 16_000


class Coding(NamedTuple):
    """How FFmpeg writes a recording: the container, the codec, bits and samples per second."""

    container: str
    codec: str
    bit_rate: int = 0
    rate: int = RATE


CODINGS = {
    "m4a": Coding("ipod", "aac", 96_000),
    "mp4": Coding("mp4", "aac", 96_000),
    "mov": Coding("mov", "aac", 96_000),
    "3gp": Coding("3gp", "aac", 96_000),
    "aac": Coding("adts", "aac", 96_000),
    "m4b": Coding("ipod", "alac"),
    "webm": Coding("webm", "libopus", 128_000, 48_000),
    "mka": Coding("matroska", "libopus", 128_000, 48_000),
    "mkv": Coding("matroska", "pcm_s16le"),
    "wma": Coding("asf", "wmav2", 128_000),
    "amr": Coding("amr", "libopencore_amrnb", 12_200, 8_000),
    "ac3": Coding("ac3", "ac3", 192_000, 32_000),
    "wv": Coding("wv", "wavpack"),
}
LOSSLESS = ("m4b", "mkv", "wv")


def voice(seed: int = 0, seconds: float = 1.5) -> np.ndarray:
    """A voice that glides and swells, different for every seed, shape (n,)."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    pitch = random.uniform(90, 250) * (1 + 0.1 * np.sin(2 * np.pi * random.uniform(1, 4) * times))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tilt = random.uniform(0.8, 2.0)
    sound = sum(np.sin(n * phase) / n**tilt for n in range(1, 20))
    swell = 0.2 + np.sin(np.pi * random.uniform(1, 3) * times) ** 2
    return random.uniform(0.05, 0.15) * swell * sound + random.normal(0, 0.002, len(times))


def write_media(
    path: Path,
    *streams: np.ndarray,
    coding: Coding | None = None,
    layouts: Sequence[str] = (),
    default: int | None = None,
    with_video: bool = False,
    block: int = 1024,
    **options: str,
) -> Path:
    """Write audio streams of shape (n,) or (n, n_channels), and pictures before them if asked."""
    import av
    from av.stream import Disposition

    coding = coding or CODINGS[path.suffix[1:]]
    with av.open(str(path), "w", format=coding.container, options=options) as output:
        video = output.add_stream("mpeg4", rate=10) if with_video else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        added = []
        for number, samples in enumerate(streams, 1):
            layout = layouts[number - 1] if layouts else "mono"
            stream = output.add_stream(coding.codec, rate=coding.rate, layout=layout)
            if coding.codec == "wavpack":
                stream.codec_context.format = "s16p"
            if coding.bit_rate:
                stream.bit_rate = coding.bit_rate
            if default is not None:
                stream.disposition = Disposition.default.value if number == default else 0
            added.append((stream, samples, layout))
        if video is not None:
            for n in range(15):
                picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 9 * n, np.uint8))
                picture.pts = n
                output.mux(video.encode(picture))
            output.mux(video.encode(None))
        for stream, samples, layout in added:
            _encode(output, stream, samples, layout, block)
    return path


def _encode(output: object, stream: object, samples: np.ndarray, layout: str, block: int) -> None:
    import av

    integers = np.round(samples * 32_768).clip(-32_768, 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(integers.reshape(1, -1), format="s16", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    coded = stream.codec_context
    resampler = av.AudioResampler(
        coded.format, layout, coded.sample_rate, coded.frame_size or block
    )
    for one in [*resampler.resample(frame), *resampler.resample(None)]:
        output.mux(stream.encode(one))
    output.mux(stream.encode(None))
