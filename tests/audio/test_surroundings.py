"""What lies before or after a recording, and recordings that were taken for text."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from featser.audio import decode, source
from featser.errors import UnusableAudio
from tests.audio.lengths import coded, speech_like

WAV = coded(speech_like(), "WAV")
FLAC = coded(speech_like(), "FLAC")
BINARY = "copy it again as a binary file"


def tag(n_bytes: int) -> bytes:
    """An ID3 tag, as programs for music put it before a file: with a picture."""
    size = bytes(n_bytes >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + b"\xff\xd8picture".ljust(n_bytes, b"\xfb")


def stored(folder: Path, data: bytes) -> Path:
    path = folder / "a.bin"
    path.write_bytes(data)
    return path


def reason_of(folder: Path, data: bytes) -> str:
    """Return why a file is refused."""
    with pytest.raises(UnusableAudio) as caught:
        decode(stored(folder, data))
    return caught.value.reason


@pytest.mark.parametrize(
    "data", [WAV, FLAC, coded(speech_like(), "OGG")], ids=["wav", "flac", "ogg"]
)
@pytest.mark.parametrize("tags", [tag(300), tag(200_000), tag(300) + tag(50)])
def test_tags_before_a_recording_change_nothing(tmp_path: Path, data: bytes, tags: bytes) -> None:
    """libsndfile lost as many bytes at the end of a WAV file as its tag has, without a word."""
    plain = decode(stored(tmp_path, data)).samples
    assert np.array_equal(decode(stored(tmp_path, tags + data)).samples, plain)


def test_zeros_after_a_tag_are_left_to_the_decoder(tmp_path: Path) -> None:
    padded = tag(300) + bytes(500)
    assert source.prepare(padded + WAV).data == padded + WAV


@pytest.mark.parametrize("data", [WAV, FLAC, tag(300) + FLAC], ids=["wav", "flac", "tagged"])
def test_joined_recordings_are_refused(tmp_path: Path, data: bytes) -> None:
    """Of FLAC files, the first was read."""
    assert "several recordings, one after the other" in reason_of(tmp_path, data + data)


@pytest.mark.parametrize("in_place", [False, True])
def test_recordings_that_were_converted_as_text_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    """They were read as noise."""
    if in_place:
        monkeypatch.setattr(source, "IN_PLACE_BYTES", 1000)
    header, samples = WAV[:44], WAV[44:]
    for text in (
        samples.replace(b"\n", b"\r\n"),
        samples.decode("latin-1").encode(),
        samples.decode(errors="replace").encode(),
    ):
        assert BINARY in reason_of(tmp_path, header + text)
    announced = header[:40] + struct.pack("<I", 8000) + samples
    assert decode(stored(tmp_path, announced)).seconds == 0.25


def test_the_rf64_of_broadcasters_is_read(tmp_path: Path) -> None:
    samples = WAV[44:]
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, 0, len(samples), len(samples) // 2, 0)
    unknown = b"\xff" * 4
    data = b"BW64" + unknown + b"WAVE" + sizes + WAV[12:36] + b"data" + unknown + samples
    plain = decode(stored(tmp_path, WAV)).samples
    assert np.array_equal(decode(stored(tmp_path, data)).samples, plain)


@pytest.mark.parametrize("subtype", ["PCM_16", "ALAC_16"])
@pytest.mark.parametrize("n_lost", [10, 1000, 15_000])
def test_a_caf_file_without_its_end_is_refused(tmp_path: Path, subtype: str, n_lost: int) -> None:
    """ALAC without the last bytes of its list of packets was read without its last 0.3 s."""
    data = coded(speech_like(), "CAF", subtype=subtype)
    assert decode(stored(tmp_path, data)).seconds == pytest.approx(1.28)
    assert "truncated: its header states" in reason_of(tmp_path, data[:-n_lost])


@pytest.mark.parametrize("seconds", [1.28, 1.5])
def test_a_caf_file_whose_samples_last_to_its_end_is_read(tmp_path: Path, seconds: float) -> None:
    """A recorder that is switched off leaves a size of -1, which libsndfile refuses."""
    data = coded(speech_like(seconds), "CAF", subtype="PCM_16")
    samples = decode(stored(tmp_path, data)).samples
    at = data.index(b"data") + 4
    unknown = data[:at] + b"\xff" * 8 + data[at + 8 :]
    assert np.array_equal(decode(stored(tmp_path, unknown)).samples, samples)
