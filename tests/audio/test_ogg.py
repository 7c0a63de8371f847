"""Ogg files with damaged or missing pages, and with several recordings, are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from featser.audio import decode
from featser.audio.headers.ogg import ogg_fault
from featser.errors import UnusableAudio
from tests.audio.lengths import coded, speech_like

SECONDS = 4.0


def ogg(subtype: str) -> bytes:
    return coded(speech_like(SECONDS), "OGG", subtype=subtype)


def pages(data: bytes) -> list[bytes]:
    """Split an Ogg file at its pages."""
    return [b"OggS" + page for page in data.split(b"OggS")[1:]]


def refused(folder: Path, data: bytes) -> str:
    """Return why a file is refused."""
    path = folder / "a.ogg"
    path.write_bytes(data)
    with pytest.raises(UnusableAudio) as caught:
        decode(path)
    return caught.value.reason


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_damaged_ogg_is_refused_where_a_decoder_would_leave_sound_out(
    tmp_path: Path, subtype: str
) -> None:
    """Each of these was read as a part of the recording, without a word."""
    data = ogg(subtype)
    split = pages(data)
    assert len(split) > 3
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    assert "checksum" in refused(tmp_path, flipped)
    assert "pages are missing" in refused(tmp_path, b"".join([*split[:-2], split[-1]]))
    hole = b"".join(split[:-1]) + bytes(50) + split[-1]
    assert "others follow" in refused(tmp_path, hole)
    for n_lost in (1, len(split[-1]) - 10):
        assert refused(tmp_path, data[:-n_lost]).startswith("truncated")


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_two_ogg_recordings_in_one_file_are_refused(tmp_path: Path, subtype: str) -> None:
    """libsndfile reads the first one only."""
    reason = refused(tmp_path, 2 * ogg(subtype))
    assert reason == "it holds 2 recordings, one after the other: split it into files"


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_with_bytes_after_its_last_page_is_read(tmp_path: Path, subtype: str) -> None:
    data = ogg(subtype)
    assert ogg_fault(data) == ""
    samples = []
    for number, content in enumerate((data, data + bytes(1000))):
        path = tmp_path / f"{number}.ogg"
        path.write_bytes(content)
        samples.append(decode(path).samples)
    assert len(samples[0]) > 0.99 * SECONDS * 16_000
    assert np.array_equal(*samples)


def test_an_ogg_stream_without_its_beginning_keeps_its_numbers() -> None:
    assert ogg_fault(b"".join(pages(ogg("VORBIS"))[1:])) == ""
