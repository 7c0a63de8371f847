"""Damage inside media files that only checksums show, and lengths that include the delay."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from featser.audio import decode
from featser.errors import UnusableAudio
from tests.media_files import CODINGS, RATE, Coding, voice, write_media

pytestmark = pytest.mark.extras
pytest.importorskip("av")

CHECKED = {
    "wv": CODINGS["wv"],
    "ac3": CODINGS["ac3"],
    "eac3": Coding("eac3", "eac3", 192_000, 32_000),
    "mkv": Coding("matroska", "flac"),
    "mp4": Coding("mp4", "flac"),
}
"""Codings with a checksum of each frame, by the ending."""


@pytest.mark.parametrize("ending", CHECKED)
def test_a_wrong_checksum_is_damage(tmp_path: Path, ending: str) -> None:
    """FFmpeg makes noise of such frames and says nothing unless it is asked to look."""
    path = write_media(tmp_path / f"a.{ending}", voice(6), coding=CHECKED[ending])
    assert decode(path).seconds == pytest.approx(1.5, abs=0.03)
    data = path.read_bytes()
    for at in np.linspace(0.3, 0.7, 5) * len(data):
        damaged = bytearray(data)
        damaged[int(at)] ^= 4
        path.write_bytes(bytes(damaged))
        with pytest.raises(UnusableAudio, match="truncated or damaged"):
            decode(path)


def test_mp3_in_matroska_is_as_long_as_announced_with_its_delay(tmp_path: Path) -> None:
    """The announced length has the 69 ms that the encoder adds and the decoder removes."""
    samples = voice(6)
    coding = Coding("matroska", "libmp3lame", 64_000)
    signal = decode(write_media(tmp_path / "a.mkv", samples, coding=coding))
    assert len(signal.samples) == len(samples)
    assert np.corrcoef(signal.samples, samples)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "g722", RATE),
        ("wav", "g726", 8_000),
        ("wav", "adpcm_yamaha", RATE),
        ("caf", "adpcm_ima_qt", RATE),
        ("caf", "flac", RATE),
    ],
)
def test_codecs_that_libsndfile_lacks_are_decoded(
    tmp_path: Path, container: str, codec: str, rate: int
) -> None:
    samples = voice(6)
    path = write_media(tmp_path / "a.bin", samples, coding=Coding(container, codec, 0, rate))
    signal = decode(path).resampled(RATE)
    assert len(signal.samples) == pytest.approx(len(samples), abs=0.05 * RATE)
    n_both = min(len(samples), len(signal.samples))
    late = 22 if codec == "g722" else 0
    shifted = signal.samples[late:n_both]
    assert np.corrcoef(shifted, samples[: len(shifted)])[0, 1] > 0.99
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnusableAudio, match="truncated"):
        decode(path)


def ape_tag(n_bytes: int) -> bytes:
    """A tag with a picture, as WavPack's own program writes it at the end."""
    item = struct.pack("<II", n_bytes, 2) + b"Cover Art (Front)\0" + bytes(n_bytes)
    edges = [
        b"APETAGEX" + struct.pack("<IIIIQ", 2000, len(item) + 32, 1, flags, 0)
        for flags in (0xA0000000, 0x80000000)
    ]
    return edges[0] + item + edges[1]


@pytest.mark.parametrize(
    "coding",
    [CODINGS["wv"], CODINGS["ac3"], CODINGS["aac"], Coding("mp2", "mp2", 64_000)],
    ids=lambda coding: coding.container,
)
def test_tags_before_and_after_the_sound_change_nothing(tmp_path: Path, coding: Coding) -> None:
    path = write_media(tmp_path / "a.bin", voice(6), coding=coding)
    samples, data = decode(path).samples, path.read_bytes()
    before = b"ID3\x03\0\0\0\0\x27\x08" + bytes(5000)
    last = b"TAG" + bytes(125)
    for tagged in (before + data, data + ape_tag(9), data + ape_tag(50_000) + last, data + last):
        path.write_bytes(tagged)
        assert np.array_equal(decode(path).samples, samples)
    path.write_bytes(data + ape_tag(9)[:-20] + b"\xff" * 20)
    with pytest.raises(UnusableAudio):
        decode(path, 0, 100.0)


@pytest.mark.parametrize("name", [b"free", b"skip"])
def test_quicktime_without_the_name_of_its_kind_is_read(tmp_path: Path, name: bytes) -> None:
    path = write_media(tmp_path / "a.m4a", voice(6))
    samples = decode(path).samples
    data = path.read_bytes()
    path.write_bytes(data[:4] + name + data[8:])
    assert np.array_equal(decode(path).samples, samples)
