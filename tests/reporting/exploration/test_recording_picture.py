"""Pictures of recordings: what is drawn of a tone, of noise, of long and of tiny recordings."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from featser.audio.signal import Signal
from featser.reporting.exploration.recording_media import (
    Excerpt,
    RecordingMedia,
    recording_media,
    within_limit,
)
from featser.reporting.exploration.recording_picture import (
    HIGHEST_HZ,
    JUMP_OCTAVES,
    SPECTROGRAM_HEIGHT,
    WIDTH,
    recording_picture,
)


def harmonic(hertz: float, seconds: float, rate: int = 16_000) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 12))
    return (0.2 * tone).astype(np.float32)


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L"))


def test_pitch_of_a_tone_is_at_its_height() -> None:
    picture = recording_picture(Signal(harmonic(190.0, 1.0), 16_000))
    assert picture.pitch_range == pytest.approx((190.0, 190.0), rel=0.02)
    heights = [float(y) for y in re.findall(r" (\d+\.\d)", picture.pitch)]
    expected = (1 - np.log(190 / 60) / np.log(10)) * SPECTROGRAM_HEIGHT
    assert np.median(heights) == pytest.approx(expected, abs=1.0)


def test_the_line_of_pitch_is_broken_where_it_jumps_by_an_octave() -> None:
    low, high = harmonic(110.0, 0.6), harmonic(220.0, 0.6)
    steady = recording_picture(Signal(low, 16_000))
    jumping = recording_picture(Signal(np.concatenate([low, high]), 16_000))
    assert steady.pitch.count("M") == 1
    assert jumping.pitch.count("M") >= 2
    for line in jumping.pitch.split("M")[1:]:
        heights = [float(y) for y in re.findall(r" (\d+\.\d)", line)]
        steps = np.abs(np.diff(heights)) / SPECTROGRAM_HEIGHT * np.log2(10)
        assert (steps <= JUMP_OCTAVES + 0.01).all()


def test_the_spectrogram_is_dark_where_the_energy_is() -> None:
    time = np.arange(16_000) / 16_000
    tone = (0.5 * np.sin(2 * np.pi * 3000 * time)).astype(np.float32)
    rows = pixels(recording_picture(Signal(tone, 16_000)).spectrogram).mean(axis=1)
    assert rows.argmin() / len(rows) == pytest.approx(1 - 3000 / HIGHEST_HZ, abs=0.02)


def test_a_recording_without_voice_has_no_pitch_and_the_description_says_so() -> None:
    click = np.zeros(1600, dtype=np.float32)
    click[800] = 0.5
    picture = recording_picture(Signal(click, 16_000))
    assert picture.pitch == picture.formants == ""
    assert picture.description.endswith("of 0.1 s; no voiced frames.")


def test_a_long_recording_is_drawn_in_part_and_stays_small() -> None:
    picture = recording_picture(Signal(harmonic(150.0, 75.0), 16_000))
    assert picture.shown_s == 20.0
    assert "of 75.0 s, of which the first 20 s are drawn" in picture.description
    size = sum(len(part) for part in (picture.waveform, picture.spectrogram, picture.formants))
    assert size < 30_000


def test_the_shortest_recording_is_drawn() -> None:
    picture = recording_picture(Signal(harmonic(200.0, 0.1), 16_000))
    xs = [float(x) for x in re.findall(r"[ML](\d+) ", picture.waveform)]
    assert max(xs) < WIDTH
    assert pixels(picture.spectrogram).size > 0


def test_a_segment_of_a_file_is_drawn_and_embedded(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", harmonic(200.0, 2.0, 22_050), 22_050)
    media = recording_media(Excerpt(str(tmp_path / "a.wav"), 0.5, 1.25), with_audio=True)
    assert media.picture is not None
    assert media.picture.seconds == pytest.approx(0.75, abs=0.001)
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(media.audio.partition(",")[2])))
    assert rate == 22_050
    np.testing.assert_allclose(samples, harmonic(200.0, 2.0, 22_050)[11_025:27_562], atol=1e-4)


def test_an_unreadable_recording_has_a_reason_in_place_of_a_picture(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    media = recording_media(Excerpt(str(tmp_path / "broken.wav")), with_audio=True)
    assert media.picture is None
    assert "broken.wav" in media.problem
    assert media.audio == ""


def test_sounds_beyond_the_limit_are_left_out_and_smaller_ones_still_fit() -> None:
    media = [RecordingMedia(None, "", "x" * n) for n in (500_000, 700_000, 400_000)]
    assert [len(one.audio) for one in within_limit(media, 1.0)] == [500_000, 0, 400_000]
