"""WAV files that hold more sound than their header says, which decoders leave unread."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from featser.remote.copies import at_hand

_FEWEST_SECONDS = 0.01


def unannounced_seconds(file: str | Path) -> float:
    """Return how many seconds of sound follow the end that a WAV file's header gives.

    Parameters
    ----------
    file : str or Path
        Any file; 0 for what is no WAV file.

    Returns
    -------
    float
        0 where what follows the samples is nothing, or chunks of the format, as it should be.
    """
    with at_hand(file) as path, path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0.0
        bytes_per_second, left = _after_samples(stream)
        seconds = left / bytes_per_second if bytes_per_second else 0.0
    return seconds if seconds >= _FEWEST_SECONDS else 0.0


def _after_samples(stream: BinaryIO) -> tuple[int, int]:
    """Bytes a second, and bytes after the samples that are no chunks."""
    size = os.fstat(stream.fileno()).st_size
    bytes_per_second, seen = 0, False
    while len(head := stream.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        here = stream.tell()
        if seen and not (_is_name(name) and here + length <= size + 1):
            return bytes_per_second, size - here + 8
        if name == b"fmt ":
            bytes_per_second = struct.unpack("<I", stream.read(12)[8:])[0] if length >= 12 else 0
        if name == b"data":
            seen = True
            if length == 0 or here + length >= size:  # 0: until the end
                return bytes_per_second, 0
        stream.seek(here + length + length % 2)
    return bytes_per_second, 0


def _is_name(name: bytes) -> bool:
    return all(32 <= letter < 127 for letter in name)
