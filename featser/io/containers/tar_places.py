"""Where the files of a tar archive begin, and how long they are."""

from __future__ import annotations

import posixpath
import tarfile
from pathlib import Path

from featser.errors import shortened
from featser.io.archives import MAX_MEMBERS, BoundedInfo

Place = tuple[int, int] | str
"""The first byte and the size of a file; or what a member is that cannot be read."""

MAX_LINKS = 10
"""A link may lead to a link, and so on, so many times."""


def tar_places(plain: Path) -> dict[str, Place]:
    """Return the place of every file of a tar archive that is not compressed.

    A hard or symbolic link to a file of the archive has that file's place. Links to anything else,
    and files with holes, have the reason why they are not read.

    Parameters
    ----------
    plain : Path
        The archive.

    Raises
    ------
    tarfile.TarError
        If it is no tar archive, or a member is truncated.
    ValueError
        If a header is damaged or truncated, or there are too many members.

    Examples
    --------
    >>> import tarfile
    >>> with tarfile.open("a.tar", "w") as archive:
    ...     archive.addfile(tarfile.TarInfo("a.wav"))
    >>> tar_places(Path("a.tar"))
    {'a.wav': (512, 0)}
    """
    places: dict[str, Place] = {}
    links: dict[str, str] = {}
    folders = {""}
    with tarfile.open(plain, "r:", tarinfo=BoundedInfo) as tarred:
        for number, info in enumerate(tarred):
            if number >= MAX_MEMBERS:
                raise ValueError(f"it has more than {MAX_MEMBERS:,} members")
            name = _relative(info.name)
            links.pop(name, None)  # of members with the same name the last counts
            if info.issym():
                beside = posixpath.join(posixpath.dirname(name), info.linkname)
                links[name] = posixpath.normpath(beside)
                places.pop(name, None)
            elif info.isdir():
                folders.add(name)
            elif place := _place_of(info, places):
                places[name] = place
                folders.add(posixpath.dirname(name))
            tarred.members = []  # type: ignore[attr-defined]  # which tarfile would collect
        _refuse_damage(plain, tarred.offset)
    for name, first in links.items():
        target = _followed(first, links)
        if target not in folders:
            places.setdefault(name, places.get(target, _unfollowed(target)))
    return places


def _place_of(info: tarfile.TarInfo, places: dict[str, Place]) -> Place | None:
    """Return the place of a file or of a hard link; None for devices and the like."""
    if info.islnk():  # to a member before it
        target = _relative(info.linkname)
        return places.get(target, _unfollowed(target))
    if info.issparse():
        return "a file with holes (sparse), which is not read: unpack the archive"
    return (info.offset_data, info.size) if info.isreg() else None


def _relative(name: str) -> str:
    """Return the name of a member, in the form that tar gives absolute ones."""
    return posixpath.normpath(name.lstrip("/"))


def _followed(target: str, links: dict[str, str]) -> str:
    """Return what a symbolic link leads to."""
    for _ in range(MAX_LINKS):
        if target not in links:
            break
        target = links[target]
    return target


def _unfollowed(target: str) -> str:
    return f"a link to {shortened(target)!r}, which is no file of the archive"


def _refuse_damage(plain: Path, end: int) -> None:
    """Refuse an archive with other than zeros at its end; tarfile takes a damaged header for it."""
    with plain.open("rb") as file:
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise ValueError(f"the header at byte {end:,} of its content is damaged or truncated")
