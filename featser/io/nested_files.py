"""Files inside archives and tables, read without unpacking: ``corpus.zip::angry/a.wav``.

What stands before ``::`` is a zip or tar archive, or a Parquet file whose rows hold recordings, as
collections of data sets publish them; what follows is the name of a member, or the number of a row
from 0 on. A member is copied into a temporary file while it is read. Beside that, only the content
of compressed tar archives is written (:mod:`featser.io.containers.compressed_tars`), and no member
is ever written by its own name.
"""

from __future__ import annotations

import lzma
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePath
from typing import IO

from featser.errors import DownloadError, UnusableAudio, shortened
from featser.io.archives import MAX_MEMBERS
from featser.io.containers.audio_tables import TABLE, row_bytes, row_count
from featser.io.containers.compressed_tars import ENDINGS as TAR_ENDINGS
from featser.io.containers.compressed_tars import plain_tar
from featser.io.containers.tar_places import Place, tar_places
from featser.io.location import scheme_of

SEPARATOR = "::"
ZIP = ".zip"
TAR = ".tar"
MOST_BYTES = 1 << 30
"""Larger members must be unpacked first."""
MOST_RATIO = 2_000
FREE_BYTES = 1_000_000
"""A member may be so many times as large as its compressed form, beyond so many bytes."""
_ARCHIVE_ENDINGS = (ZIP, *TAR_ENDINGS)
_NESTED = re.compile(
    rf"(.+(?:{'|'.join(map(re.escape, (*_ARCHIVE_ENDINGS, TABLE)))}))::(.+)",
    re.IGNORECASE | re.DOTALL,
)
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError,
    ValueError, NotImplementedError, LookupError, DownloadError,
)  # fmt: skip
_ENDING = re.compile(r"\.[a-z0-9]{1,8}")
Version = tuple[str, int, int]


def split_nested(location: str | PurePath) -> tuple[str, str] | None:
    """Return the archive or table, and the member of it, that a path names; None for others, URLs.

    Examples
    --------
    >>> split_nested("data/corpus.zip::angry/a.wav")
    ('data/corpus.zip', 'angry/a.wav')
    >>> split_nested("a.wav") is None
    True
    """
    text = str(location)
    is_path = SEPARATOR in text and not scheme_of(text)
    match = _NESTED.fullmatch(text) if is_path else None
    return (match[1], match[2]) if match else None


def nested(archive: str | PurePath, member: str) -> str:
    """Return the location of a member of an archive, or of a row of a table."""
    return f"{archive}{SEPARATOR}{member}"


def kind_of(archive: str | PurePath) -> str:
    """Return what a path is by its name: :data:`ZIP`, :data:`TAR`, a table, or nothing of these.

    Examples
    --------
    >>> kind_of("corpus.tar.gz"), kind_of("corpus.tgz"), kind_of("train.parquet"), kind_of("a.gz")
    ('.tar', '.tar', '.parquet', '')
    """
    name = str(archive).lower()
    if name.endswith(TAR_ENDINGS):
        return TAR
    return next((kind for kind in (ZIP, TABLE) if name.endswith(kind)), "")


def is_archive(path: Path) -> bool:
    """Whether a path is a file that ends like an archive whose members can be read."""
    return kind_of(path) in (ZIP, TAR) and path.is_file()


def archive_stem(archive: PurePath) -> str:
    """Return the name of an archive without its ending.

    Examples
    --------
    >>> archive_stem(PurePath("data/emodb.tar.gz"))
    'emodb'
    """
    name = archive.name
    ends = [end for end in _ARCHIVE_ENDINGS if name.lower().endswith(end)]
    return name[: -max(map(len, ends), default=0) or None]


def members_of(archive: Path) -> list[str]:
    """Return the names of the files in an archive.

    Parameters
    ----------
    archive : Path
        A zip or tar archive. The content of a compressed tar archive is written to the cache.

    Raises
    ------
    UnusableAudio
        If it cannot be read.
    """
    with _refusals(archive):
        if kind_of(archive) == ZIP:
            infos = _zip(_version(archive)).infolist()
            return [name for name in map(_member_name, infos) if not name.endswith("/")]
        return list(_tar(_version(archive), plain_tar(archive)))


def is_there(location: str) -> bool:
    """Whether a file of this machine exists, or an archive or table that has the member named."""
    inside = split_nested(location)
    if inside is None:
        return Path(location).is_file()
    archive, member = Path(inside[0]), inside[1]
    try:
        with _refusals(archive):
            if kind_of(archive) == TABLE:
                return member.isdecimal() and int(member) < row_count(archive)
            if kind_of(archive) == ZIP:
                return _zip_member(_version(archive), member) is not None
            return member in _tar(_version(archive), plain_tar(archive))
    except UnusableAudio:
        return False


@contextmanager
def extracted(archive: Path, member: str) -> Iterator[Path]:
    """Give a member of an archive, or a row of a table, as a file, for the length of the block.

    Parameters
    ----------
    archive : Path
        The archive or table.
    member : str
        The name of the member, or the number of the row.

    Yields
    ------
    Path
        A temporary file.

    Raises
    ------
    UnusableAudio
        If there is no such member, or it is damaged, encrypted or too large.
    """
    with tempfile.TemporaryDirectory(prefix="featser-") as folder:
        suffix = PurePath(member).suffix.lower()
        copy = Path(folder, "recording" + (suffix if _ENDING.fullmatch(suffix) else ""))
        with _refusals(archive), copy.open("wb") as target:
            _copy(archive, member, target)
        yield copy


def _copy(archive: Path, member: str, target: IO[bytes]) -> None:
    kind = kind_of(archive)
    if kind == TABLE:
        target.write(row_bytes(archive, member))
    else:
        (_copy_zipped if kind == ZIP else _copy_tarred)(archive, member, target)


def _copy_zipped(archive: Path, member: str, target: IO[bytes]) -> None:
    version = _version(archive)
    info = _zip_member(version, member)
    if info is None:
        raise _absent(archive, member)
    if info.flag_bits & 1:
        raise UnusableAudio(archive, "the archive is encrypted: unpack it first")
    _refuse_large(archive, info.file_size)
    if info.file_size > MOST_RATIO * info.compress_size + FREE_BYTES:
        raise UnusableAudio(
            archive,
            f"damaged: {info.compress_size} bytes in the archive announce {info.file_size} bytes",
        )
    with _zip(version).open(info) as source:
        shutil.copyfileobj(source, target)
    _refuse_short(archive, target.tell(), info.file_size)


def _copy_tarred(archive: Path, member: str, target: IO[bytes]) -> None:
    plain = plain_tar(archive)
    place = _tar(_version(archive), plain).get(member)
    if place is None:
        raise _absent(archive, member)
    if isinstance(place, str):
        raise UnusableAudio(archive, f"{shortened(member)!r} is {place}")
    first, size = place
    _refuse_large(archive, size)
    with plain.open("rb") as source:
        source.seek(first)
        left = size
        while left and (block := source.read(min(left, 1 << 20))):
            target.write(block)
            left -= len(block)
    _refuse_short(archive, size - left, size)


def _absent(archive: Path, member: str) -> UnusableAudio:
    return UnusableAudio(archive, f"the archive has no file {shortened(member)!r}")


def _refuse_large(archive: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise UnusableAudio(archive, "larger than 1 GiB: unpack it first")


def _refuse_short(archive: Path, copied: int, announced: int) -> None:
    if copied != announced:
        raise UnusableAudio(
            archive,
            f"truncated: the archive announces {announced} bytes and holds {copied}: download or "
            f"copy it again",
        )


def _version(path: Path) -> Version:
    status = path.stat()
    return str(path), status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _zip(version: Version) -> zipfile.ZipFile:
    """Open a zip archive, whose directory is read once for all its members."""
    zipped = zipfile.ZipFile(version[0])
    if len(zipped.filelist) > MAX_MEMBERS:
        raise ValueError(f"it has more than {MAX_MEMBERS:,} members")
    return zipped


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name with slashes: some programs of Windows write back-slashes."""
    name = info.filename
    return name if "/" in name else name.replace("\\", "/")


@lru_cache(maxsize=4)
def _zip_members(version: Version) -> Mapping[str, zipfile.ZipInfo]:
    return {_member_name(info): info for info in _zip(version).infolist()}


def _zip_member(version: Version, member: str) -> zipfile.ZipInfo | None:
    """Return the last member of a name; None without one."""
    return _zip_members(version).get(member) or _zip(version).NameToInfo.get(member)


@lru_cache(maxsize=4)
def _tar(version: Version, plain: Path) -> Mapping[str, Place]:
    """Return the place of every file of a tar archive.

    They are read from ``plain``, which has the content of that version of the archive.
    """
    del version  # of the archive; the copy of its content is marked when it is used
    return tar_places(plain)


@contextmanager
def _refusals(archive: Path) -> Iterator[None]:
    try:
        yield
    except UnusableAudio:
        raise
    except FileNotFoundError as error:
        raise UnusableAudio(archive, "no such file") from error
    except OSError as error:
        reason = f"cannot be read: {error.strerror or shortened(str(error))}"
        raise UnusableAudio(archive, reason) from error
    except _DAMAGE as error:
        reason = (
            f"the archive is damaged or not supported ({shortened(str(error))}): download or copy "
            f"it again, or unpack it"
        )
        raise UnusableAudio(archive, reason) from error
