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
