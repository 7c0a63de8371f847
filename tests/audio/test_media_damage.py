"""Damage inside media files that only checksums show, and lengths that include the delay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from featser.audio import decode
from featser.errors import UnusableAudio
from tests.media_files import CODINGS, Coding, voice, write_media

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
