"""Archives from strangers write inside the folder named and no more than the limits allow."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from featser.errors import DownloadError
from featser.io import archives as unpacking
from featser.io.archives import unpack


def entry(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(content)
    return info, content


def tar_of(folder: Path, *entries: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    path = folder / "all.tar"
    with tarfile.open(path, mode) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return path


def zip_of(folder: Path, **contents: bytes) -> Path:
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "target"
    folder.mkdir(parents=True)
    return folder


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def chain_beyond_path_max() -> list[tuple[tarfile.TarInfo, bytes]]:
    """Links whose resolved path is longer than PATH_MAX, and a file written through the last."""
    entries, here = [], ""
    long_name = "d" * 247
    for letter in "abcdefghijklmnop":
        entries.append(entry(f"{here}{long_name}", kind=tarfile.DIRTYPE))
        entries.append(entry(f"{here}{letter}", kind=tarfile.SYMTYPE, target=long_name))
        here += f"{letter}/"
    entries.append(entry(f"{here}{'l' * 254}", kind=tarfile.SYMTYPE, target="../" * 16))
    way_out = f"{here}{'l' * 254}/../../escaped"
    entries.append(entry("escape", kind=tarfile.SYMTYPE, target=way_out))
    entries.append(entry("escape/file.txt", b"outside"))
    return entries


HOSTILE: dict[str, tuple[Callable[[], list[tuple[tarfile.TarInfo, bytes]]], str]] = {
    "a chain longer than PATH_MAX": (chain_beyond_path_max, "'a' is a link to no file"),
    "a link to the folder above": (
        lambda: [entry("up", kind=tarfile.SYMTYPE, target="..")],
        "'up' points outside the folder",
    ),
    "a link to an absolute path": (
        lambda: [entry("a", kind=tarfile.SYMTYPE, target="/etc/passwd")],
        "'a' points outside the folder",
    ),
    "a hard link outside": (
        lambda: [entry("a", kind=tarfile.LNKTYPE, target="../../secret")],
        "'a' points outside the folder",
    ),
    "a link to a folder, and a file through it": (
        lambda: [
            entry("d", kind=tarfile.DIRTYPE),
            entry("l", kind=tarfile.SYMTYPE, target="d"),
            entry("l/x", b"y"),
        ],
        "'l' is a link to no file",
    ),
    "links in a circle": (
        lambda: [
            entry("a", kind=tarfile.SYMTYPE, target="b"),
            entry("b", kind=tarfile.SYMTYPE, target="a"),
        ],
        "'a' is a link to no file",
    ),
    "a link to nothing": (
        lambda: [entry("a", kind=tarfile.SYMTYPE, target="b")],
        "'a' is a link to 'b', which the archive does not hold",
    ),
    "a device": (lambda: [entry("null", kind=tarfile.CHRTYPE)], "'null' is no file, folder"),
    "a pipe": (lambda: [entry("pipe", kind=tarfile.FIFOTYPE)], "'pipe' is no file, folder"),
    "a parent in a name": (lambda: [entry("a/../../b", b"x")], "points outside the folder"),
    "an absolute name": (lambda: [entry("/tmp/b", b"x")], "points outside the folder"),
    "a drive": (lambda: [entry("C:/b", b"x")], "points outside the folder"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_unpack_hostile_tar_writes_nothing(case: str, tmp_path: Path, target: Path) -> None:
    entries, message = HOSTILE[case]
    archive = tar_of(tmp_path, entry("first.wav", b"1"), *entries())
    with pytest.raises(DownloadError, match=message) as caught:
        unpack(archive, "tar", target)
    assert "\n" not in str(caught.value)
    assert files_below(tmp_path / "outer") == {"target"}


def test_unpack_links_to_files_of_the_archive_become_copies(tmp_path: Path, target: Path) -> None:
    archive = tar_of(
        tmp_path,
        entry("b/soft.wav", kind=tarfile.SYMTYPE, target="../a/one.wav"),
        entry("a/one.wav", b"sound"),
        entry("b/hard.wav", kind=tarfile.LNKTYPE, target="a/one.wav"),
        entry("twice.wav", kind=tarfile.SYMTYPE, target="b/soft.wav"),
    )
    unpack(archive, "tar", target)
    for name in ("a/one.wav", "b/soft.wav", "b/hard.wav", "twice.wav"):
        assert (target / name).read_bytes() == b"sound"
        assert not (target / name).is_symlink()
        assert (target / name).stat().st_nlink == 1


def test_unpack_link_in_a_zip_is_resolved_or_refused(tmp_path: Path, target: Path) -> None:
    def with_link(to: str) -> Path:
        path = tmp_path / "all.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/one.wav", b"sound")
            link = zipfile.ZipInfo("b.wav")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, to)
        return path

    unpack(with_link("a/one.wav"), "zip", target)
    assert (target / "b.wav").read_bytes() == b"sound"
    with pytest.raises(DownloadError, match=r"'b\.wav' points outside the folder"):
        unpack(with_link("../../../etc/passwd"), "zip", target)


def test_unpack_bomb_is_refused_before_anything_is_written(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1_000_000)
    zeros = bytes(20_000_000)
    for archive, kind in (
        (zip_of(tmp_path, a=b"x", b=zeros), "zip"),
        (tar_of(tmp_path, entry("a", b"x"), entry("b", zeros), mode="w:gz"), "tar"),
    ):
        with pytest.raises(DownloadError, match=r"unpacks to more than 0\.0 GB"):
            unpack(archive, kind, target)  # type: ignore[arg-type]
        assert not files_below(target)


def test_unpack_links_count_as_copies(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 5_000_000)
    monkeypatch.setattr(unpacking, "MAX_RATIO", 1)
    links = [entry(f"l{i}", kind=tarfile.LNKTYPE, target="a") for i in range(9)]
    archive = tar_of(tmp_path, entry("a", bytes(1_000_000)), *links)
    with pytest.raises(DownloadError, match="with its links as copies"):
        unpack(archive, "tar", target)
    assert not files_below(target)


def test_unpack_too_many_members_are_refused(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 100)
    archive = tar_of(tmp_path, *(entry(f"f{i}") for i in range(101)))
    with pytest.raises(DownloadError, match="more than 100 members"):
        unpack(archive, "tar", target)
    assert not files_below(target)


def test_unpack_header_that_announces_a_long_extension_is_refused(
    tmp_path: Path, target: Path
) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 8_000_000_000
    archive = tmp_path / "all.tar"
    archive.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(DownloadError, match="announces 8000000000 bytes"):
        unpack(archive, "tar", target)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_unpack_damaged_archive_is_refused(kind: str, tmp_path: Path, target: Path) -> None:
    whole = zip_of(tmp_path, a=bytes(range(256)) * 99)
    if kind == "tar":
        whole = tar_of(tmp_path, entry("a", bytes(range(256)) * 99), mode="w:gz")
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DownloadError, match=f"not a {kind} archive that can be unpacked"):
        unpack(whole, kind, target)  # type: ignore[arg-type]
