"""Compressed tar archives, decompressed once for all of their members.

The compressed forms have no way to one member except through all that stand before it. So an
archive is decompressed as a whole, into the folder ``archives`` of the cache, when its members are
listed or one of them is read for the first time, by any process. Members are then read from that
copy as from a tar archive that is not compressed. The copy takes as much disk as the content of the
archive, and a few MB of memory while it is made. The copies together have at most
``FEATSER_CACHE_BYTES``: those that were not used for longest go first.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from featser.errors import OutputError, UnusableAudio, shortened
from featser.io.archives import FREE_BYTES, MAX_RATIO
from featser.io.atomic_write import cache_folder, whole
from featser.io.lock import exclusive
from featser.io.remote_limits import cache_bytes

ENDINGS = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".tar.zst")
"""How the names of tar archives end. Which compression a file has, is read from its first bytes."""
IN_USE_SECONDS = 120.0
"""A copy that was used so lately is not removed: another process may be reading it."""
XZ_MEMORY = 1 << 28
"""Bytes of memory that decompressing xz may take; its highest level takes a quarter."""
_BLOCK = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
"""How bzip2 begins: its block, or its end. The name of a first member may begin with "BZh"."""
_FAULTS: dict[tuple[str, int, int, int], str] = {}
"""Why archives cannot be read, so that a damaged one is decompressed once, not for each member. The
last number is the size of the cache, which may have been too small."""


def plain_tar(archive: Path) -> Path:
    """Return a tar archive that is not compressed: the archive itself, or the copy of its content.

    Parameters
    ----------
    archive : Path
        A tar archive, compressed by gzip, bzip2, xz or zstd, or not.

    Raises
    ------
    UnusableAudio
        If it is damaged or truncated, or its content is larger than the cache may be, larger than
        1 GB and 50 times the archive, or cannot be written.
    OSError
        If it cannot be opened.

    Examples
    --------
    >>> import tarfile
    >>> tarfile.open("a.tar", "w").close()
    >>> plain_tar(Path("a.tar"))
    PosixPath('a.tar')
    """
    status = archive.stat()
    codec = _codec(archive)
    if not codec:
        return archive
    version = (str(archive.resolve()), status.st_mtime_ns, status.st_size)
    attempt = (*version, cache_bytes())
    if attempt in _FAULTS:
        raise UnusableAudio(archive, _FAULTS[attempt])
    digest = hashlib.blake2b(repr(version).encode("utf-8", "surrogatepass"), digest_size=16)
    copy = cache_folder() / "archives" / f"{digest.hexdigest()}.tar"
    try:
        if not _is_usable(copy):
            _decompress(archive, codec, copy)
    except OutputError as error:
        raise UnusableAudio(archive, _unwritten(copy.parent, str(error.strerror))) from error
    except UnusableAudio as error:
        _FAULTS[attempt] = error.reason
        raise
    return copy


def _codec(archive: Path) -> str:
    """Return how a file is compressed; empty where it is not."""
    with archive.open("rb") as file:
        first = file.read(10)
    if _BZIP2.match(first):
        return "bz2"
    return next((codec for magic, codec in _MAGIC.items() if first.startswith(magic)), "")


def _is_usable(copy: Path) -> bool:
    """Return whether a copy is there, and mark it as used; why it is not, is said in writing it."""
    try:
        if copy.stat().st_mtime < time.time() - IN_USE_SECONDS / 4:
            with suppress(OSError):  # of a cache that is only read, nothing is removed either
                os.utime(copy)
    except OSError:
        return False
    return True


def _decompress(archive: Path, codec: str, copy: Path) -> None:
    """Write the content of an archive; other processes that need it wait for it."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(copy.with_suffix(".lock")):
            if _is_usable(copy):
                return
            with whole(copy) as temporary, temporary.open("wb") as target:
                _write(archive, codec, target, copy.parent)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(copy, error) from error


def _write(archive: Path, codec: str, target: IO[bytes], folder: Path) -> None:
    largest = max(FREE_BYTES, MAX_RATIO * archive.stat().st_size)
    room = cache_bytes()
    written = looked = 0
    for block in _content(archive, codec):
        written += len(block)
        if written > largest:
            raise UnusableAudio(
                archive,
                f"its content is larger than {largest / 1e9:.1f} GB, more than {MAX_RATIO} times "
                f"the archive: unpack it, if you trust where it comes from",
            )
        if written > room:
            raise UnusableAudio(
                archive,
                f"its content is larger than the {room:,} bytes of the cache: raise "
                f"FEATSER_CACHE_BYTES, or unpack it",
            )
        if written - looked > 64 * _BLOCK:
            looked = written
            _make_room(folder, room - written)
        target.write(block)
    _make_room(folder, room - written)


def _content(archive: Path, codec: str) -> Iterator[bytes]:
    """Yield the content of an archive in blocks; errors of its compression name it."""
    n_bytes = 0
    blocks = _xz_blocks(archive) if codec == "xz" else _blocks(archive, codec)
    try:
        for block in blocks:
            n_bytes += len(block)
            yield block
    except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise UnusableAudio(
            archive,
            f"the archive is damaged or truncated after {n_bytes:,} bytes of its content "
            f"({shortened(str(error))}): download or copy it again",
        ) from error


def _blocks(archive: Path, codec: str) -> Iterator[bytes]:
    with _opened(archive, codec) as source:
        while block := source.read(_BLOCK):
            yield bytes(block)


def _opened(archive: Path, codec: str) -> IO[bytes]:
    if codec == "gzip":
        return gzip.open(archive)  # type: ignore[return-value]
    if codec == "bz2":
        return bz2.open(archive)
    import pyarrow as pa

    stream: IO[bytes] = pa.CompressedInputStream(pa.OSFile(str(archive)), codec)
    return stream


def _xz_blocks(archive: Path) -> Iterator[bytes]:
    """Yield the content of all streams of an xz file, in less memory than :data:`XZ_MEMORY`."""
    with archive.open("rb") as source:
        data = source.read(_BLOCK)
        while data:
            stream = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
            while not stream.eof:
                if stream.needs_input and not data:
                    data = source.read(_BLOCK)
                    if not data:
                        raise EOFError("it ends within a stream")
                yield stream.decompress(data, _BLOCK)
                data = b""
            data = stream.unused_data.lstrip(b"\0")
            while not data and (block := source.read(_BLOCK)):
                data = block.lstrip(b"\0")  # zeros may stand between two streams


def _make_room(folder: Path, room: int) -> None:
    """Remove the copies that were not used for longest, until the others fit into the room."""
    copies = []
    for copy in folder.glob("*.tar"):
        if copy.name.startswith("."):
            continue
        with suppress(FileNotFoundError):  # another process makes room as well
            status = copy.stat()
            copies.append((status.st_mtime, status.st_size, copy))
    total = sum(size for _, size, _ in copies)
    for used, size, copy in sorted(copies):
        if total <= room or used > time.time() - IN_USE_SECONDS:
            return
        copy.unlink(missing_ok=True)
        copy.with_suffix(".lock").unlink(missing_ok=True)
        total -= size


def _unwritten(folder: Path, why: str) -> str:
    return (
        f"its content cannot be written to {folder} ({why}): make room there, name "
        f"another folder by FEATSER_CACHE, or unpack the archive"
    )
