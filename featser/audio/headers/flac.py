"""FLAC files that hold more than their header announces."""

from __future__ import annotations

_BEGINNINGS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")
"""The name, and the kind and size of the first block, which may be the last one."""


def has_second_stream(data: bytes) -> bool:
    """Return whether a FLAC file is several ones that were joined: decoders read the first.

    Parameters
    ----------
    data : bytes
        The file.

    Examples
    --------
    >>> has_second_stream(2 * (_BEGINNINGS[0] + bytes(34)))
    True
    """
    return any(data.find(beginning, 1) > 0 for beginning in _BEGINNINGS)
