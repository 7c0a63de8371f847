"""Members of compressed tar archives: decompressed once, within limits, by their content."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import tarfile
import time
from pathlib import Path

import pyarrow as pa
import pytest

from featser.corpora.scans.pattern_scan import scan_pattern
from featser.errors import FeatserError, UnusableAudio
from featser.io.containers import compressed_tars
from featser.io.containers.compressed_tars import plain_tar
from featser.io.nested_files import extracted, is_there, members_of, split_nested
from tests.flow import featser_here
from tests.remote_sounds import sound

NAMES = ("f1/angry_1.wav", "f1/sad_1.wav", "m1/angry_1.wav", "m1/sad_1.wav")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compressed_tars, "_FAULTS", {})
    return tmp_path / "cache/archives"


def tar_bytes(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tarred:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tarred.addfile(info, io.BytesIO(data))
    return held.getvalue()


def sounds() -> dict[str, bytes]:
    return {f"corpus/{name}": sound(100 + 20 * n) for n, name in enumerate(NAMES)}


def zstd(data: bytes) -> bytes:
    held = pa.BufferOutputStream()
    with pa.CompressedOutputStream(held, "zstd") as stream:
        stream.write(data)
    return bytes(held.getvalue())


def copies(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.tar"))


def read(archive: Path, member: str) -> bytes:
    with extracted(archive, member) as file:
        return file.read_bytes()


COMPRESSED = {
    "a.tar.gz": gzip.compress,
    "a.tgz": gzip.compress,
    "A.TAR.GZ": gzip.compress,
    "a.tar.xz": lzma.compress,
    "a.txz": lzma.compress,
    "a.tar.zst": zstd,
    "misnamed.tar": gzip.compress,
    "two-streams.tar.xz": lambda data: lzma.compress(data[:5000]) + lzma.compress(data[5000:]),
    "padded.tar.gz": lambda data: gzip.compress(data) + bytes(512),
    "misnamed.tar.gz": bytes,
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_members_have_the_bytes_of_the_files(tmp_path: Path, cache: Path, name: str) -> None:
    archive = tmp_path / name
    archive.write_bytes(COMPRESSED[name](tar_bytes(sounds())))
    assert members_of(archive) == list(sounds())
    for member, data in reversed(sounds().items()):
        assert split_nested(f"{archive}::{member}") == (str(archive), member)
        assert read(archive, member) == data
        assert is_there(f"{archive}::{member}")
    assert not is_there(f"{archive}::corpus/no.wav")
    assert len(copies(cache)) == (name != "misnamed.tar.gz")


def test_an_archive_is_decompressed_once_for_all_of_its_members(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that are decompressed are counted; reading in any order adds none."""
    files = {f"{n}.wav": os.urandom(40_000) for n in range(60)}
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes(files)))
    n_bytes, blocks = [0], compressed_tars._blocks

    def counted(*arguments: object):  # type: ignore[no-untyped-def]
        for block in blocks(*arguments):  # type: ignore[arg-type]
            n_bytes[0] += len(block)
            yield block

    monkeypatch.setattr(compressed_tars, "_blocks", counted)
    for name in sorted(files, reverse=True):
        assert read(archive, name) == files[name]
    assert n_bytes[0] == len(tar_bytes(files))


def test_a_changed_archive_is_decompressed_again(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    for data in (b"first", b"second one"):
        archive.write_bytes(gzip.compress(tar_bytes({"a.wav": data})))
        assert read(archive, "a.wav") == data


def test_a_damaged_archive_is_decompressed_once_and_names_the_fix(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.tar.gz"
    whole = gzip.compress(tar_bytes({"a.wav": os.urandom(100_000)}))
    archive.write_bytes(whole[:-200])
    reason = r"damaged or truncated after [\d,]+ bytes of its content .*: download or copy it again"
    with pytest.raises(UnusableAudio, match=reason):
        read(archive, "a.wav")
    monkeypatch.setattr(compressed_tars, "_decompress", None)
    with pytest.raises(UnusableAudio, match=reason):
        read(archive, "b.wav")
    assert copies(cache) == []
    assert not list(cache.glob(".writing-*"))


def test_a_flipped_byte_is_noticed_by_the_checksum(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    data = bytearray(gzip.compress(tar_bytes({"a.wav": os.urandom(100_000)}), compresslevel=0))
    data[50_000] ^= 1
    archive.write_bytes(bytes(data))
    with pytest.raises(UnusableAudio, match="CRC check failed"):
        read(archive, "a.wav")


def test_content_that_is_far_larger_than_the_archive_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed_tars, "FREE_BYTES", 1_000_000)
    archive = tmp_path / "bomb.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes({"a.wav": bytes(5_000_000)})))
    with pytest.raises(UnusableAudio, match="more than 50 times the archive: unpack it"):
        read(archive, "a.wav")
    assert copies(cache) == []


def test_xz_that_asks_for_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed_tars, "XZ_MEMORY", 1 << 20)
    archive = tmp_path / "a.tar.xz"
    archive.write_bytes(lzma.compress(tar_bytes(sounds()), preset=6))
    with pytest.raises(UnusableAudio, match=r"(?i)memory usage limit"):
        members_of(archive)


def test_content_beyond_the_cache_is_refused_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes({"a.wav": os.urandom(100_000)})))
    monkeypatch.setenv("FEATSER_CACHE_BYTES", "50000")
    with pytest.raises(UnusableAudio, match="raise FEATSER_CACHE_BYTES, or unpack it"):
        read(archive, "a.wav")


def test_copies_that_were_not_used_for_longest_make_room(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that is in use stays, even where there is no room for another."""
    monkeypatch.setenv("FEATSER_CACHE_BYTES", "250000")
    archives = [tmp_path / f"{n}.tar.gz" for n in range(4)]
    for n, archive in enumerate(archives):
        archive.write_bytes(gzip.compress(tar_bytes({"a.wav": os.urandom(100_000)})))
        made = plain_tar(archive)
        if n < 2:
            past = time.time() - 1000 + n
            os.utime(made, (past, past))
    assert len(copies(cache)) == 2
    assert plain_tar(archives[3]) in copies(cache)
    assert read(archives[0], "a.wav")
    assert len(copies(cache)) == 3


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "file"))
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes(sounds())))
    with pytest.raises(FeatserError, match="name another folder by FEATSER_CACHE, or unpack"):
        members_of(archive)


def test_an_archive_has_the_name_of_its_corpus(tmp_path: Path) -> None:
    archive = tmp_path / "Voices.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes(sounds())))
    manifest = scan_pattern(archive, "{speaker}/{emotion}_*.wav").manifest
    assert set(manifest["corpus"]) == {"voices"}
    assert manifest["file"].to_list() == [f"{archive}::corpus/{name}" for name in NAMES]


def test_an_archive_goes_from_scan_to_predictions(tmp_path: Path, fitted: Path) -> None:
    (tmp_path / "v.tar.gz").write_bytes(gzip.compress(tar_bytes(sounds())))
    shown = featser_here("scan", "v.tar.gz", "--pattern", "{speaker}/{emotion}_*.wav", "-o",
                         "m.csv", cwd=tmp_path)  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("extract", "m.csv", "-f", "rms:basic", "-j", "2", cwd=tmp_path)
    assert "4 done" in shown.stdout, shown.stderr
    shown = featser_here("audit", "m.csv", "-j", "1", cwd=tmp_path)
    assert "cannot be used" not in shown.stdout
    member = f"v.tar.gz::corpus/{NAMES[0]}"
    shown = featser_here("predict", fitted / "model.featser", member, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr


def test_a_first_member_whose_name_begins_like_bzip2_is_no_compression(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar_bytes({"BZhang/sad.wav": b"1"}))
    assert members_of(tmp_path / "a.tar") == ["BZhang/sad.wav"]
    assert read(tmp_path / "a.tar", "BZhang/sad.wav") == b"1"


def test_streams_of_xz_with_zeros_between_them_are_all_read(tmp_path: Path) -> None:
    """The zeros go beyond the block that is read at a time."""
    data = tar_bytes({f"{number}.wav": b"1" * 600 for number in range(4)})
    member = 512 + 1024  # a header, and a file in whole blocks
    streams = lzma.compress(data[: 2 * member]), lzma.compress(data[2 * member :])
    (tmp_path / "a.tar.xz").write_bytes((b"\0" * (2 << 20)).join(streams))
    assert members_of(tmp_path / "a.tar.xz") == [f"{number}.wav" for number in range(4)]


def test_a_larger_cache_is_used_in_the_same_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes({"a.wav": b"1"})))
    monkeypatch.setenv("FEATSER_CACHE_BYTES", "1000")
    with pytest.raises(UnusableAudio, match="FEATSER_CACHE_BYTES"):
        members_of(archive)
    monkeypatch.setenv("FEATSER_CACHE_BYTES", "1000000")
    assert members_of(archive) == ["a.wav"]


def test_an_old_copy_in_a_cache_that_is_only_read_is_used(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(tar_bytes({"a.wav": b"1"})))
    copy = plain_tar(archive)
    os.utime(copy, (0, 0))

    def refuse(*_: object) -> None:
        raise PermissionError("the cache is only read")

    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(compressed_tars, "_write", refuse)
    assert plain_tar(archive) == copy


@pytest.mark.parametrize("is_truncated", [False, True])
@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_a_damaged_header_after_the_first_is_noticed(
    tmp_path: Path, ending: str, is_truncated: bool
) -> None:
    """Python's tarfile takes it for the end of the archive, without the members after it."""
    data = tar_bytes({"a.wav": b"1", "b.wav": b"2", "c.wav": b"3"})
    data = data[: 1024 + 200] if is_truncated else data[:1024] + b"\xff" * 40 + data[1064:]
    archive = tmp_path / f"a{ending}"
    archive.write_bytes(gzip.compress(data) if ending == ".tar.gz" else data)
    with pytest.raises(UnusableAudio, match=r"header at byte 1,024 .* damaged or truncated"):
        members_of(archive)


def test_links_are_read_and_what_cannot_be_is_listed_with_its_reason(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as tarred:
        for name, kind, target in (
            ("sad/1.wav", tarfile.REGTYPE, ""),
            ("sad/hard.wav", tarfile.LNKTYPE, "./sad/1.wav"),
            ("joy/soft.wav", tarfile.SYMTYPE, "../more/last.wav"),
            ("more/last.wav", tarfile.SYMTYPE, "../sad/1.wav"),
            ("joy/outside.wav", tarfile.SYMTYPE, "/etc/passwd"),
            ("joy/round.wav", tarfile.SYMTYPE, "round.wav"),
            ("unhappy", tarfile.SYMTYPE, "sad"),
            ("device.wav", tarfile.CHRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.size = 4 if kind == tarfile.REGTYPE else 0
            tarred.addfile(info, io.BytesIO(b"data"))
    read_whole = {"sad/1.wav", "sad/hard.wav", "joy/soft.wav", "more/last.wav"}
    assert set(members_of(archive)) == read_whole | {"joy/outside.wav", "joy/round.wav"}
    assert {read(archive, name) for name in read_whole} == {b"data"}
    for name in ("joy/outside.wav", "joy/round.wav"):
        with pytest.raises(UnusableAudio, match=r"a link to '.*', which is no file of the archive"):
            read(archive, name)


def test_a_file_with_holes_is_listed_and_refused(tmp_path: Path) -> None:
    """As ``tar --sparse --format=posix`` writes it."""
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tarred:
        info = tarfile.TarInfo("a.wav")
        info.pax_headers = {"GNU.sparse.size": "9", "GNU.sparse.map": "8,1"}
        info.size = 1
        tarred.addfile(info, io.BytesIO(b"1"))
    assert members_of(archive) == ["a.wav"]
    with pytest.raises(UnusableAudio, match=r"holes \(sparse\)"):
        read(archive, "a.wav")


def test_folders_count_as_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their names are in memory as well."""
    monkeypatch.setattr("featser.io.containers.tar_places.MAX_MEMBERS", 10)
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as tarred:
        for number in range(11):
            info = tarfile.TarInfo(f"folder{number}")
            info.type = tarfile.DIRTYPE
            tarred.addfile(info)
    with pytest.raises(UnusableAudio, match="more than 10 members"):
        members_of(archive)


def test_absolute_names_are_read_as_tar_reads_them(tmp_path: Path) -> None:
    """As ``tar --absolute-names`` writes them."""
    archive = tmp_path / "a.tar"
    archive.write_bytes(tar_bytes({f"/data/{name}": sound(100) for name in NAMES}))
    assert members_of(archive) == [f"data/{name}" for name in NAMES]
    result = scan_pattern(archive, "{speaker}/{emotion}_{take:d}.wav")
    assert sorted(result.manifest["emotion"]) == ["angry", "angry", "sad", "sad"]
