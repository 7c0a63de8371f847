"""The chunks of a CAF file, as iPhones and Macs record it: whether all of them are there."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def caf_fault(data: bytes) -> str:
    """Return what a CAF file lacks; empty if all its chunks are there.

    Decoders pass over the end of the list of packets, and over that of the samples.

    Parameters
    ----------
    data : bytes
        The file.

    Examples
    --------
    >>> chunk = b"data" + (40).to_bytes(8, "big")
    >>> caf_fault(b"caff" + bytes(4) + chunk + bytes(30))
    'truncated: its header states 40 bytes of `data`, the file has 30'
    """
    for name, at, length in _chunks(data):
        if length > len(data) - at:
            kind = name.decode("ascii", "replace")
            return (
                f"truncated: its header states {length} bytes of `{kind}`, the file has "
                f"{len(data) - at}"
            )
    return ""


def with_length(data: bytes) -> bytes:
    """Return a CAF file that states the length of its samples.

    A recorder that was switched off leaves -1: the samples last until the end of the file.

    Parameters
    ----------
    data : bytes
        The file.

    Examples
    --------
    >>> unknown = b"caff" + bytes(4) + b"data" + bytes(8 * [255])
    >>> with_length(unknown + bytes(5))[12:20].hex()
    '0000000000000005'
    """
    for name, at, length in _chunks(data):
        if name == b"data" and length == -1:
            return data[: at - 8] + struct.pack(">q", len(data) - at) + data[at:]
    return data


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place of the content, and length of each chunk."""
    at = 8
    while at + 12 <= len(data):
        name, length = struct.unpack(">4sq", data[at : at + 12])
        yield name, at + 12, length
        if length < 0:
            return
        at += 12 + length
