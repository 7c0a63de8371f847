"""The pages of an Ogg file: whether all that were written are there and undamaged.

libsndfile and FFmpeg pass over damaged and missing pages, and read one of several streams that
follow each other, without saying so. Every page has a number and a checksum that show it.
"""

from __future__ import annotations

import zlib

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Bytes with their bits in the reverse order: Ogg's checksum takes the highest bit first."""
_HEADER = 27
_FIRST = 2
"""The flag of the first page of a stream."""
_WHOLE_CHAINS = (b"\x7fFLAC", b"fLaC")
"""How streams begin that are read one after the other."""


def ogg_fault(data: bytes) -> str:
    """Return what is wrong with an Ogg file; empty if all pages are there.

    Bytes after the last page that hold no other page are no fault.

    Parameters
    ----------
    data : bytes
        The file.

    Examples
    --------
    >>> ogg_fault(b"OggS" + bytes(10))
    'truncated: its last page is incomplete'
    """
    numbers: dict[bytes, int] = {}
    at, n_chains, is_beginning = 0, 0, False
    while data[at : at + 4] == b"OggS":
        end = _page_end(data, at)
        if end > len(data):
            return "truncated: its last page is incomplete"
        page = data[at:end]
        if _checksum(page) != int.from_bytes(page[22:26], "little"):
            return f"damaged: the checksum of its page at byte {at} is wrong"
        stream, number = page[14:18], int.from_bytes(page[18:22], "little")
        if page[5] & _FIRST:
            n_chains += not is_beginning
            numbers[stream] = number
        elif number != numbers.get(stream, number):
            return f"damaged: pages are missing before byte {at}"
        is_beginning = bool(page[5] & _FIRST)
        numbers[stream] = (number + 1) % (1 << 32)
        at = end
    if b"OggS" in data[at:]:
        return f"damaged: the bytes from {at} on are no page, and others follow"
    if n_chains > 1 and not data[_HEADER + 1 :].startswith(_WHOLE_CHAINS):
        return f"it holds {n_chains} recordings, one after the other: split it into files"
    return ""


def _page_end(data: bytes, at: int) -> int:
    """Return where a page ends; beyond the data, if its header is incomplete."""
    if at + _HEADER > len(data):
        return len(data) + 1
    first = at + _HEADER
    lengths = data[first : first + data[at + 26]]
    return first + data[at + 26] + sum(lengths)


def _checksum(page: bytes) -> int:
    """Return the checksum of a page, computed with zeros in its place."""
    reversed_bits = (page[:22] + bytes(4) + page[26:]).translate(_REVERSED)
    # zlib inverts before and after; Ogg does not.
    return int(f"{zlib.crc32(reversed_bits, 0xFFFFFFFF) ^ 0xFFFFFFFF:032b}"[::-1], 2)
