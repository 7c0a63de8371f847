"""Blocks of a recording are what decoding it at once gives; windows share descriptors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from featser.audio import Signal, decode, decode_blocks
from featser.errors import UnusableAudio
from featser.features.lowlevel.spectrum import spectrum_of
from featser.features.registry import make_extractors

RATE = 22_050


def stereo(seconds: float = 3.3) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    left = 0.3 * np.sin(2 * np.pi * 220 * t)
    return np.stack([left, 0.1 * np.sin(2 * np.pi * 331 * t)], axis=1)


@pytest.mark.parametrize("ending", [".wav", ".flac", ".mp3", ".ogg"])
@pytest.mark.parametrize("channel", ["mix", "left", "2", "loudest"])
def test_blocks_together_are_the_recording(tmp_path: Path, ending: str, channel: str) -> None:
    file = tmp_path / f"a{ending}"
    soundfile.write(file, stereo(), RATE)
    blocks = list(decode_blocks(file, 1.0, channel))
    assert {len(block.samples) for block in blocks[:-1]} == {RATE}
    joined = np.concatenate([block.samples for block in blocks])
    np.testing.assert_array_equal(joined, decode(file, channel=channel).samples)


@pytest.mark.parametrize("ending", [".wav", ".flac", ".mp3", ".ogg"])
@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), bytes(5000)])
def test_bytes_after_the_sound_are_no_block(tmp_path: Path, ending: str, tail: bytes) -> None:
    """FLAC with a tag at its end was whole as one signal, and damaged in blocks."""
    file = tmp_path / f"a{ending}"
    soundfile.write(file, stereo(), RATE)
    file.write_bytes(file.read_bytes() + tail)
    for channel in ("mix", "loudest"):
        joined = np.concatenate([block.samples for block in decode_blocks(file, 1.0, channel)])
        np.testing.assert_array_equal(joined, decode(file, channel=channel).samples)


def test_channels_that_cancel_each_other_are_judged_by_the_whole(tmp_path: Path) -> None:
    """The first second is silent, so a block alone could not tell."""
    left = np.concatenate([np.zeros(RATE), stereo(2.0)[:, 0]])
    soundfile.write(tmp_path / "a.wav", np.stack([left, -left], axis=1), RATE, subtype="FLOAT")
    blocks = list(decode_blocks(tmp_path / "a.wav", 1.0))
    assert "its 2 channels cancel each other" in blocks[0].note
    joined = np.concatenate([block.samples for block in blocks])
    np.testing.assert_array_equal(joined, decode(tmp_path / "a.wav").samples)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0), "holds no samples"),
        (np.full(500, 0.1), "too short: 23 ms"),
        (np.zeros(3 * RATE), "silent: every sample is about 0"),
        (np.r_[stereo()[:, 0], np.nan], "samples are NaN or infinite"),
        (np.r_[stereo()[:, 0], 1e6], "a few samples reach"),
    ],
)
def test_unusable_recordings_have_the_reason_of_decode(
    tmp_path: Path, samples: np.ndarray, reason: str
) -> None:
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    for read in (decode, lambda file: list(decode_blocks(file, 1.0))):
        with pytest.raises(UnusableAudio, match=reason):
            read(tmp_path / "a.wav")


def test_a_truncated_recording_is_refused_after_its_last_block(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", stereo(), RATE)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    with pytest.raises(UnusableAudio, match="truncated"):
        list(decode_blocks(tmp_path / "a.flac", 1.0))


@pytest.fixture(scope="module")
def speech(demo: Path) -> Signal:
    files = sorted(demo.glob("f1-*.flac"))[:6]
    samples = np.concatenate([decode(file).resampled(16_000).samples for file in files])
    return Signal(samples, 16_000)


def test_a_window_has_the_frames_of_the_whole_signal(speech: Signal) -> None:
    (window,) = speech.windows([1600], 32_000)
    power = spectrum_of(window).power
    assert power.shape == (201, 257)
    np.testing.assert_array_equal(power, spectrum_of(speech).power[10:211])


def test_a_window_off_the_frames_is_computed_alone(speech: Signal) -> None:
    (window,) = speech.windows([1601], 32_000)
    alone = Signal(window.samples, 16_000)
    np.testing.assert_array_equal(spectrum_of(window).power, spectrum_of(alone).power)


@pytest.mark.slow
def test_features_of_windows_are_those_of_the_windows_alone_within_tolerance(
    speech: Signal,
) -> None:
    """Half of the values of a set differ by less than a tenth of their spread over windows."""
    firsts = range(0, len(speech.samples) - 32_000, 8_000)
    windows = list(speech.windows(firsts, 32_000))
    for extractor in make_extractors(["default"]):
        shared = np.array([extractor(window) for window in windows])
        alone = np.array([extractor(Signal(window.samples, 16_000)) for window in windows])
        np.testing.assert_array_equal(np.isnan(shared), np.isnan(alone))
        spread = np.nanstd(alone, axis=0) + 1e-6
        assert np.nanmedian(np.abs(shared - alone) / spread) < 0.1, extractor.spec
        assert np.nanquantile(np.abs(shared - alone) / spread, 0.9) < 0.7, extractor.spec
