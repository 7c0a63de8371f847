"""Files that hold something else than their name says: the reason names what, and what to do."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from featser.audio import decode
from featser.audio.headers.other_contents import describe_content
from featser.errors import UnusableAudio
from tests.audio.lengths import coded, speech_like

WAV = coded(speech_like(), "WAV")


def reason_of(folder: Path, data: bytes, name: str = "a.wav") -> str:
    """Return why a file is refused."""
    path = folder / name
    path.write_bytes(data)
    with pytest.raises(UnusableAudio) as caught:
        decode(path)
    assert "\n" not in caught.value.reason
    return caught.value.reason


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.wav", WAV)
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("a.wav")
        member.size = len(WAV)
        archive.addfile(member, io.BytesIO(WAV))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            ("Git LFS", "git lfs pull"),
        ),
        (b"/annex/objects/MD5E-s12--0.wav\n", ("git-annex", "git annex get")),
        (b"\n<!DOCTYPE HTML>\n<p>404", ("a web page", "download")),
        (b'{"error": "Access denied"}', ("a text", "download")),
        ("\ufeffZugriff verweigert f\u00fcr diese Datei".encode(), ("a text", "download")),
        (zipped(), ("a ZIP archive", "unpack it")),
        (tarred(), ("a TAR archive", "unpack it")),
        (gzip.compress(WAV), ("gzip", "gunzip")),
        (base64.b64encode(WAV), ("Base64", "base64 -d")),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ", ("AppleDouble", "the file itself")),
        (bytes(5000), ("zero bytes", "download")),
    ],
)
def test_what_is_no_recording_is_named_with_what_to_do(
    tmp_path: Path, data: bytes, parts: tuple[str, ...]
) -> None:
    reason = reason_of(tmp_path, data)
    assert reason.startswith("cannot be decoded as audio: it is ")
    assert all(part in reason for part in parts), reason


@pytest.mark.parametrize("n_bytes", [1, 4, 8])
def test_the_beginning_of_a_recording_is_no_text(n_bytes: int) -> None:
    assert describe_content(WAV[:n_bytes]) == ""


def test_a_text_that_is_cut_inside_a_letter_is_a_text() -> None:
    text = ("\u00e4" * 600).encode()
    assert "a text" in describe_content(text[:1023])
    assert describe_content(text[:500] + b"\xff" + text[500:1000]) == ""


def test_a_compressed_sphere_file_is_named_with_the_command_that_converts_it(
    tmp_path: Path,
) -> None:
    """Older corpora of the LDC are delivered so."""
    header = coded(speech_like(), "NIST")[:1024].rstrip(b"\0 ")
    coding = b"sample_coding -s26 pcm,embedded-shorten-v2.00\nend_head"
    lines = [line for line in header.split(b"\n") if b"coding" not in line and line != b"end_head"]
    data = b"\n".join([*lines, coding]).ljust(1024) + b"ajkg\x02" + bytes(2000)
    reason = reason_of(tmp_path, data, "a b.sph")
    assert reason.startswith("a SPHERE file compressed with shorten")
    assert "`sph2pipe -f wav 'a b.sph' 'a b.wav'`" in reason


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"FLV\x01\x05" + bytes(500), "Flash Video"),
        (b"\0\0\x01\xba" + bytes(500), "MPEG video"),
        ((b"G" + bytes(187)) * 6, "MPEG video"),
        (b"TTA1" + bytes(500), "True Audio"),
    ],
)
def test_other_formats_are_named_with_the_command_that_converts_them(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    reason = reason_of(tmp_path, data, "a.x")
    assert reason == (
        f"unsupported format: {kind}; convert it, for example with `ffmpeg -i a.x a.wav`"
    )


def test_a_rate_of_zero_is_called_a_fault_of_the_header(tmp_path: Path) -> None:
    """libsndfile calls it an internal error."""
    reason = reason_of(tmp_path, WAV[:24] + bytes(8) + WAV[32:])
    assert "its header states no valid sampling rate" in reason
