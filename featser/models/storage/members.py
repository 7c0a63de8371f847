"""Members of ZIP archives: size limits that hold before decompression, and fixed bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

MAX_RATIO = 200
"""How many times its packed size a large member may have; deflate reaches 1,000 on padding."""

SMALL = 500_000
"""Bytes below which a member may have any ratio."""

MAX_MEMBERS = 500_000
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 16
_SAMPLED = 16
WORTH = 0.8
"""The share of its size that a large member has at most, packed; otherwise it is stored."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class MemberError(ValueError):
    """An archive with a member that is missing, too large or of an unknown kind."""


def refuse_oversized(
    archive: zipfile.ZipFile, limits: Mapping[str, int], default: int, total: int
) -> None:
    """Refuse an archive whose members would unpack to more than is allowed.

    Parameters
    ----------
    archive : ZipFile
        Open for reading; nothing of it is decompressed.
    limits : mapping of str to int
        How many bytes members of these names may have.
    default : int
        How many bytes each other member may have.
    total : int
        How many bytes all of them may have.

    Raises
    ------
    MemberError
        With the member, its size and the limit.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise MemberError(f"it has {len(members)} members, more than {MAX_MEMBERS}")
    names = {member.filename for member in members}
    if len(names) < len(members):
        raise MemberError("two of its members have the same name")
    for member in members:
        _refuse_member(member, limits.get(member.filename, default))
    whole = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if whole > total:
        raise MemberError(f"it would unpack to {_megabytes(whole)}, over {_megabytes(total)}")
    if whole > SMALL and whole > MAX_RATIO * packed:
        raise MemberError(f"it is packed more than {MAX_RATIO}:1, like a decompression bomb")


def pack(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive that depends on its members alone: no dates, no file modes.

    Parameters
    ----------
    members : iterable of (str, bytes)
        Names and contents, in their order.
    method : int
        A member that would be packed too well for :func:`refuse_oversized`, or so little that
        unpacking costs more than it saves, is stored instead.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            member = zipfile.ZipInfo(name, date_time=_FIXED_DATE)
            if method == zipfile.ZIP_DEFLATED and _packs_moderately(data) and _is_worth_it(data):
                member.compress_type = method
            archive.writestr(member, data)
    return buffer.getvalue()


def _packs_moderately(data: bytes) -> bool:
    if len(data) <= SMALL:
        return True
    import zlib

    # Padding is found by the fastest level as well, which the default level hardly surpasses. Of
    # other data a small share is enough: its packed bytes alone are too many for a high ratio.
    packer, n_packed = zlib.compressobj(1), 0
    enough = len(data) / (MAX_RATIO / 2)
    view = memoryview(data)
    for start in range(0, len(data), _BLOCK):
        n_packed += len(packer.compress(view[start : start + _BLOCK]))
        if n_packed > enough:
            return True
    return n_packed + len(packer.flush()) > enough


def _is_worth_it(data: bytes) -> bool:
    """Whether packing saves a fifth, by a sample: arrays of floats unpack slowly for less."""
    if len(data) <= SMALL:
        return True
    import zlib

    view = memoryview(data)
    starts = range(0, len(data) - _BLOCK, (len(data) - _BLOCK) // _SAMPLED)
    n_packed = sum(len(zlib.compress(view[start : start + _BLOCK])) for start in starts)
    return n_packed < WORTH * len(starts) * _BLOCK


def _refuse_member(member: zipfile.ZipInfo, limit: int) -> None:
    name = member.filename
    if member.compress_type not in _METHODS:
        raise MemberError(f"its member {name!r} is packed by an unknown method")
    if member.flag_bits & 0x1:
        raise MemberError(f"its member {name!r} is encrypted")
    if member.file_size > limit:
        size = _megabytes(member.file_size)
        raise MemberError(f"its member {name!r} has {size}, over {_megabytes(limit)}")
    if member.file_size > SMALL and member.file_size > MAX_RATIO * member.compress_size:
        raise MemberError(
            f"its member {name!r} is packed more than {MAX_RATIO}:1, like a decompression bomb"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
