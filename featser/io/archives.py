"""Archives from elsewhere, unpacked without leaving the folder they are meant for.

An archive is read twice. First every member's name, kind and size are checked, and nothing is
written if one of them is refused. Then only plain files and folders are written, by their own
names: no link is ever created, so no member can be written through one. A link to another file of
the archive becomes a copy of that file.
"""

from __future__ import annotations

import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Literal, NoReturn

from featser.errors import DownloadError, shortened

MAX_MEMBERS = 500_000
MAX_RATIO = 50
"""How many times as large as the archive its content may be, beyond ``FREE_BYTES``."""
FREE_BYTES = 1_000_000_000
MAX_LINKS = 8
"""How many links may lead from one to the next."""
_BLOCK = 1 << 20
_MAX_NAME_BYTES = 4096
_MAX_HEADER_BYTES = 1_000_000
_EXTENSIONS = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip


def unpack(archive: Path, kind: Literal["zip", "tar", "no"], folder: Path) -> None:
    """Unpack an archive into a folder.

    Parameters
    ----------
    archive : Path
        The file.
    kind : {'zip', 'tar', 'no'}
        What it is; ``no`` copies it as it is.
    folder : Path
        Where its content goes: a new, empty folder. If unpacking fails, what it holds is of no use.

    Raises
    ------
    DownloadError
        If it is no such archive, is damaged, is encrypted, unpacks to too much, or has a member
        that is neither a file nor a folder, or whose path or target leads out of the folder:
        nothing is then written.
    """
    if kind == "no":
        shutil.copyfile(archive, folder / archive.name)
        return
    try:
        with (_open_zip if kind == "zip" else _open_tar)(archive) as (members, open_member):
            plan = _checked(archive, members)
            for member in plan:
                _write(archive, member, folder, open_member)
    except (
        zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, ValueError,
        NotImplementedError, LookupError,
    ) as error:  # fmt: skip
        raise DownloadError(
            f"{archive}: not a {kind} archive that can be unpacked ({shortened(str(error))}): "
            f"nothing of it is used; remove it and run the same command again"
        ) from error


@dataclass(frozen=True)
class _Member:
    """A member of an archive, whatever its format; ``source`` is what its format calls it."""

    name: str
    kind: Literal["file", "folder", "link", "other"]
    size: int
    target: str
    source: zipfile.ZipInfo | tarfile.TarInfo


_Opener = Callable[[zipfile.ZipInfo | tarfile.TarInfo], IO[bytes]]


@contextmanager
def _open_zip(archive: Path) -> Iterator[tuple[Iterator[_Member], _Opener]]:
    with zipfile.ZipFile(archive) as zipped:

        def members() -> Iterator[_Member]:
            for info in zipped.infolist():
                target = ""
                if stat.S_ISLNK(info.external_attr >> 16):
                    with zipped.open(info) as stream:
                        target = stream.read(_MAX_NAME_BYTES).decode("utf-8", "replace")
                    target = posixpath.join(posixpath.dirname(info.filename), target)
                kind = "link" if target else "folder" if info.is_dir() else "file"
                yield _Member(info.filename, kind, info.file_size, target, info)  # type: ignore[arg-type]

        yield members(), zipped.open  # type: ignore[misc]


class BoundedInfo(tarfile.TarInfo):
    """A header of a tar archive; tarfile reads what extends it whole into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> BoundedInfo:
        """Read a header, and refuse an extension that is too long."""
        info = super().frombuf(buf, encoding, errors)
        if info.size < 0 or (info.type in _EXTENSIONS and info.size > _MAX_HEADER_BYTES):
            raise DownloadError(
                f"a header of the archive announces {info.size} bytes: it is damaged or hostile; "
                f"report this to its publisher"
            )
        return info


@contextmanager
def _open_tar(archive: Path) -> Iterator[tuple[Iterator[_Member], _Opener]]:
    with tarfile.open(archive, tarinfo=BoundedInfo) as tarred:

        def members() -> Iterator[_Member]:
            for info in tarred:
                target = ""
                if info.issym():
                    target = posixpath.join(posixpath.dirname(info.name), info.linkname)
                elif info.islnk():
                    target = info.linkname
                kinds = ((target, "link"), (info.isdir(), "folder"), (info.isreg(), "file"))
                kind = next((name for is_kind, name in kinds if is_kind), "other")
                yield _Member(info.name, kind, info.size, target, info)  # type: ignore[arg-type]

        yield members(), tarred.extractfile  # type: ignore[misc]


def _checked(archive: Path, members: Iterator[_Member]) -> list[_Member]:
    """Return what to write: files and folders, links as the files that they lead to.

    Members are looked at one by one, since getting to the next may mean to decompress this one.
    """
    limit = max(FREE_BYTES, MAX_RATIO * archive.stat().st_size)
    by_name: dict[str, _Member] = {}
    total = 0
    for n_members, member in enumerate(members, 1):
        total += member.size if member.kind == "file" else 0
        if n_members > MAX_MEMBERS:
            _refuse(archive, f"it has more than {MAX_MEMBERS:,} members")
        if total > limit:
            _refuse(archive, f"it unpacks to more than {limit / 1e9:.1f} GB")
        if member.kind == "other":
            _refuse(archive, f"its member {shortened(member.name)!r} is no file, folder or link")
        _refuse_escape(archive, member.name, member.name)
        by_name[posixpath.normpath(member.name)] = member
    plan = [_resolved(archive, member, by_name) for member in by_name.values()]
    total = sum(member.size for member in plan)
    if total > limit:
        _refuse(archive, f"it unpacks to more than {limit / 1e9:.1f} GB with its links as copies")
    return plan


def _resolved(archive: Path, member: _Member, by_name: dict[str, _Member]) -> _Member:
    """Return the member itself, or for a link a file of the same name with the target's bytes."""
    if member.kind != "link":
        return member
    at = member
    for _ in range(MAX_LINKS):
        if at.kind != "link":
            break
        target = posixpath.normpath(at.target)
        _refuse_escape(archive, target, member.name)
        if target not in by_name:
            _refuse(
                archive,
                f"its member {shortened(member.name)!r} is a link to {shortened(target)!r}, which "
                f"the archive does not hold",
            )
        at = by_name[target]
    if at.kind != "file":
        _refuse(archive, f"its member {shortened(member.name)!r} is a link to no file")
    return replace(at, name=member.name)


def _write(archive: Path, member: _Member, folder: Path, open_member: _Opener) -> None:
    place = folder.joinpath(*PurePosixPath(member.name).parts)
    if member.kind == "folder":
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with open_member(member.source) as source, place.open("wb") as copy:
        shutil.copyfileobj(source, copy, _BLOCK)
        if copy.tell() != member.size:
            _refuse(archive, f"its member {shortened(member.name)!r} is not of the announced size")


def _refuse_escape(archive: Path, path: str, name: str) -> None:
    windows = PureWindowsPath(path)
    parts = {*PurePosixPath(path).parts, *windows.parts}
    if ".." in parts or path.startswith("/") or windows.drive or windows.root:
        _refuse(
            archive,
            f"its member {shortened(name)!r} points outside the folder it is unpacked into",
        )
    if "\0" in path or len(path.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES:
        _refuse(archive, f"its member {shortened(name)!r} has no valid name")


def _refuse(archive: Path, why: str) -> NoReturn:
    raise DownloadError(f"{archive}: {why}: nothing of it is used; report this to its publisher")
