"""Recordings whose headers lack their length or state a wrong one, made from valid ones."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile

from featser.audio.headers.mpeg import parse_mpeg

RATE = 16_000


def speech_like(seconds: float = 1.28, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """Noise in bursts over a tone: coders with variable bit rate spend unequal numbers of bits."""
    n_samples = round(seconds * rate)
    time = np.arange(n_samples) / rate
    bursts = np.random.default_rng(0).normal(0, 0.1, n_samples) * (time % 0.4 > 0.3)
    sound = bursts + 0.1 * np.sin(2 * np.pi * 200 * time) * (time > 0.1)
    return sound if channels == 1 else np.repeat(sound[:, None], channels, axis=1)


def coded(samples: np.ndarray, form: str, rate: int = RATE, **how: object) -> bytes:
    """Code samples in a format of libsndfile's."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=form, **how)
    return stream.getvalue()


def mp3(seconds: float = 1.28, rate: int = RATE, channels: int = 1) -> bytes:
    """An MP3 with variable bit rate, whose Xing frame states the number of frames."""
    samples = speech_like(seconds, rate, channels)
    return coded(samples, "MP3", rate, bitrate_mode="VARIABLE", compression_level=0.3)


def without_xing(data: bytes) -> bytes:
    """Remove the frame that states the number of frames."""
    parsed = parse_mpeg(data)
    assert parsed is not None
    assert parsed.tag_bytes > 0
    return data[: parsed.first] + data[parsed.first + parsed.tag_bytes :]


def with_xing_count(data: bytes, count: int) -> bytes:
    """Change the number of frames in the Xing or Info frame."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    return data[: at + 8] + count.to_bytes(4, "big") + data[at + 12 :]


def flac_of_unknown_length(data: bytes) -> bytes:
    """Set the number of samples of a FLAC file to 0, as an encoder that writes to a pipe does."""
    assert data[:4] == b"fLaC"
    changed = bytearray(data)
    changed[21] &= 0xF0
    changed[22:26] = bytes(4)
    return bytes(changed)


def flac_that_announces(data: bytes, n_samples: int) -> bytes:
    """Set the number of samples of a FLAC file."""
    changed = bytearray(flac_of_unknown_length(data))
    changed[21] |= n_samples >> 32
    changed[22:26] = (n_samples & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(changed)


def wav_with_lengths(data: bytes, riff: int, samples: int) -> bytes:
    """Set both lengths in the header of a WAV file with 44 bytes of header."""
    assert data[36:40] == b"data"
    return data[:4] + struct.pack("<I", riff) + data[8:40] + struct.pack("<I", samples) + data[44:]


def mp3_in_wav(data: bytes, n_samples: int, rate: int = RATE) -> bytes:
    """Put an MP3 stream into a WAV file that announces so many samples."""
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, rate, 4000, 1, 0, 12, 1, 2, 288, 1, 1393)
    chunks = [(b"fmt ", form), (b"fact", struct.pack("<I", n_samples)), (b"data", data)]
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def ogg_page(body: bytes) -> bytes:
    """The first page of an Ogg stream, with its checksum computed bit by bit."""
    assert len(body) < 255
    page = bytearray(b"OggS\0\x02" + bytes(20) + bytes([1, len(body)]) + body)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = checksum << 1 ^ (0x04C11DB7 if checksum >> 31 else 0)
            checksum &= 0xFFFFFFFF
    page[22:26] = checksum.to_bytes(4, "little")
    return bytes(page)
