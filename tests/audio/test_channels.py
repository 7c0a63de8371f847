"""Channels are named, chosen and compared; those that differ are noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from featser.audio import decode
from featser.audio.channels import compare_channels, parse_channel, parse_channels
from featser.errors import InputError, UnusableAudio

RATE = 16_000


def babble(seed: int, level: float = 0.1, seconds: float = 2.0) -> np.ndarray:
    """Noise whose level rises and falls four times a second, like that of speech."""
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0, level, len(t))
    return noise * (0.1 + np.sin(2 * np.pi * 2 * t) ** 2)


def hum(level: float = 0.1, seconds: float = 2.0) -> np.ndarray:
    return level * np.sin(2 * np.pi * 50 * np.arange(round(seconds * RATE)) / RATE)


def in_turns(one: np.ndarray, other: np.ndarray, bleed: float) -> np.ndarray:
    """Two speakers, each in the other's channel as well, who speak one after the other."""
    half = len(one) // 2
    first = np.concatenate([one[:half], 0 * one[half:]])
    second = np.concatenate([0 * other[:half], other[half:]])
    return np.stack([first + bleed * second, bleed * first + second], axis=1)


def stereo(*channels: np.ndarray) -> np.ndarray:
    return np.stack(channels, axis=1).astype(np.float32)


def written(path: Path, samples: np.ndarray) -> str:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return str(path)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("left", "1"), ("Right ", "2"), ("mix", "mix"), ("LOUDEST", "loudest"), (3, "3"),
        (1.0, "1"), ("02", "2"), ("2/Left", "2/1"), ("3/", "3/mix"), ("1/loudest", "1/loudest"),
    ],
)  # fmt: skip
def test_a_channel_has_one_name(value: object, name: str) -> None:
    assert parse_channel(value) == name


@pytest.mark.parametrize(
    "value", ["0", "-1", "1.5", "middle", "", "nan", "²", "99999", "0/left", "/left", "2/x"]
)
def test_what_names_no_channel_is_refused_with_the_valid_names(value: str) -> None:
    with pytest.raises(InputError, match="write mix, left, right, loudest, or a number"):
        parse_channel(value)


def test_a_missing_channel_is_the_average() -> None:
    assert parse_channels([np.nan, None, "", "left"]) == ["mix", "mix", "mix", "1"]


@pytest.mark.parametrize(("channel", "index"), [("left", 0), ("2", 1), ("3", 2), ("loudest", 1)])
def test_the_channel_named_is_decoded(tmp_path: Path, channel: str, index: int) -> None:
    samples = stereo(babble(0), babble(1, 0.2), babble(2))
    decoded = decode(written(tmp_path / "a.wav", samples), channel=channel)
    assert np.array_equal(decoded.samples, samples[:, index])
    assert decoded.note == ""
    assert decoded.channel == parse_channel(channel)
    assert decoded.facts is not None
    assert decoded.facts.difference is None


def test_the_average_is_decoded_unless_a_channel_is_named(tmp_path: Path) -> None:
    samples = stereo(babble(0), babble(1))
    decoded = decode(written(tmp_path / "a.wav", samples))
    assert np.array_equal(decoded.samples, samples.mean(axis=1))
    assert decoded.facts is not None
    assert decoded.facts.difference is not None
    assert decoded.facts.difference.differs


def test_a_missing_channel_makes_the_recording_unusable(tmp_path: Path) -> None:
    file = written(tmp_path / "mono.wav", babble(0))
    assert len(decode(file, channel="left").samples) == 2 * RATE
    with pytest.raises(UnusableAudio, match="no channel 2: the recording has 1; choose another"):
        decode(file, channel="right")


DIFFERENT = {
    "hum": stereo(babble(0, 0.02), hum()),
    "soft hum": stereo(babble(0), hum(0.01)),
    "two speakers at once": stereo(babble(0), babble(1)),
    "two speakers with bleed": in_turns(babble(0), babble(1), 0.4),
    "a third channel": stereo(babble(0), babble(0), babble(1)),
    "turned": stereo(babble(0), -0.5 * babble(0)),
}
ALIKE = {
    "the same": stereo(babble(0), babble(0)),
    "softer": stereo(babble(0), 0.1 * babble(0)),
    "one silent": stereo(babble(0), 0 * babble(0)),
    "faint hum": stereo(babble(0), hum(0.001)),
    "own noise": stereo(babble(0) + babble(1, 0.03), babble(0) + babble(2, 0.03)),
    "offset": stereo(babble(0) + 0.2, babble(0) - 0.2),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_channels_that_differ_are_noticed(name: str) -> None:
    comparison = compare_channels(DIFFERENT[name].astype(np.float32), RATE)
    assert comparison is not None
    assert comparison.differs
    assert "choose one with --channel" in str(comparison)


@pytest.mark.parametrize("name", ALIKE)
def test_channels_of_the_same_sound_do_not_differ(name: str) -> None:
    comparison = compare_channels(ALIKE[name], RATE)
    assert comparison is not None
    assert not comparison.differs


def test_correlation_level_and_turns_are_measured() -> None:
    comparison = compare_channels(stereo(babble(0), 0.5 * babble(0)), RATE)
    assert comparison is not None
    assert comparison.correlation == pytest.approx(1.0, abs=1e-6)
    assert comparison.level_db == pytest.approx(6.02, abs=0.01)
    assert comparison.turns == 0.0
    turns = compare_channels(in_turns(babble(0), babble(1), 0.3).astype(np.float32), RATE)
    assert turns is not None
    assert turns.turns == pytest.approx(0.5, abs=0.06)
    assert "active at different times" in str(turns)


def test_one_channel_differs_from_nothing() -> None:
    assert compare_channels(stereo(babble(0)), RATE) is None
