"""Tags that programs for music put before and after the sound: titles and pictures."""

from __future__ import annotations

_ID3_END = b"TAG"
_ID3_END_BYTES = 128
_APE = b"APETAGEX"
_APE_BYTES = 32
_APE_HAS_HEADER = 1 << 31


def after_tags(data: bytes) -> int:
    """Return where the ID3 tags before the sound end.

    Parameters
    ----------
    data : bytes
        The file.
    """
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        flags = data[at + 5]
        size = int("".join(f"{byte & 127:07b}" for byte in data[at + 6 : at + 10]), 2)
        at += 10 + size + (10 if flags & 0x10 else 0)
    return at


def before_tags(data: bytes) -> int:
    """Return where the ID3 and APE tags after the sound begin.

    Parameters
    ----------
    data : bytes
        The file.

    Examples
    --------
    >>> before_tags(bytes(100) + b"TAG" + bytes(125))
    100
    """
    end = len(data)
    while end > (begin := _before_tag(data, end)):
        end = begin
    return end


def _before_tag(data: bytes, end: int) -> int:
    """Return where the tag that ends at a place begins; the place if none does."""
    footer = data[max(0, end - _APE_BYTES) : end]
    if footer.startswith(_APE):
        size, flags = (int.from_bytes(footer[at : at + 4], "little") for at in (12, 20))
        return max(0, end - size - (_APE_BYTES if flags & _APE_HAS_HEADER else 0))
    begin = end - _ID3_END_BYTES
    is_tag = begin >= 0 and data[begin:end].startswith(_ID3_END)
    return begin if is_tag and not data[begin:end].startswith(_APE[3:]) else end
