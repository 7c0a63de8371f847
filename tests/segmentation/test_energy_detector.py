"""The energy detector finds borders of speech, and no speech where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from featser.audio.signal import Signal
from featser.segmentation.band_powers import band_powers
from featser.segmentation.energy_detector import EnergyDetector
from featser.segmentation.length_rules import LengthRules
from featser.segmentation.speech_segments import segments_of
from tests.segmentation.conversations import Conversation, conversation, room

RATE = 16_000
BARE = LengthRules(pad_s=0.0)


@pytest.fixture(scope="module")
def talk() -> Conversation:
    return conversation()


def blocks_of(samples: NDArray[np.float32], size: int, rate: int = RATE) -> Iterator[Signal]:
    for first in range(0, len(samples), size):
        yield Signal(samples[first : first + size], rate)


def speech_in(samples: NDArray[np.float32], rate: int = RATE) -> list[tuple[float, float]]:
    activity = EnergyDetector().detect([Signal(samples.astype(np.float32), rate)])
    return [(one.start, one.end) for one in segments_of(activity, BARE) if one.kind == "speech"]


def kinds_in(samples: NDArray[np.float32]) -> set[str]:
    activity = EnergyDetector().detect([Signal(samples.astype(np.float32), RATE)])
    return {one.kind for one in segments_of(activity, BARE)}


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100])
@pytest.mark.parametrize("level_db", [-120.0, -75.0, -55.0])
def test_borders_of_clean_speech_are_within_50_ms(
    talk: Conversation, level_db: float, rate: int
) -> None:
    """In digital silence, in a quiet and in an ordinary room, at all rates."""
    samples = talk.samples if level_db == -120 else room(talk.samples, level_db)
    spans = speech_in(np.asarray(soxr.resample(samples, RATE, rate)), rate)
    np.testing.assert_allclose(spans, talk.borders, atol=0.05, rtol=0)


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.0])
def test_borders_do_not_depend_on_the_gain(talk: Conversation, gain: float) -> None:
    spans = speech_in(gain * room(talk.samples, -70))
    np.testing.assert_allclose(spans, talk.borders, atol=0.06, rtol=0)


def noises() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    time = np.arange(10 * RATE) / RATE
    white = rng.standard_normal(len(time))
    return {
        "zeros": np.zeros(len(time)),
        "rounding": np.sign(white) / 32768,
        "white": 0.05 * white,
        "brown": 0.001 * np.cumsum(white - 0.001 * np.cumsum(white) / len(time)),
        "hum": 0.1 * np.sum([np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 9)], axis=0),
        "rising": 0.01 * white * np.exp(time / 20),
    }


@pytest.mark.parametrize("name", list(noises()))
def test_silence_and_steady_noise_have_no_speech(name: str) -> None:
    assert "speech" not in kinds_in(noises()[name])


def test_a_burst_of_noise_is_left_out_as_noise(talk: Conversation) -> None:
    rng = np.random.default_rng(1)
    samples = room(talk.samples)
    first = round((talk.borders[1][1] + 0.5) * RATE)
    samples[first : first + 8_000] += rng.normal(0, 0.05, 8_000).astype(np.float32)
    activity = EnergyDetector().detect([Signal(samples, RATE)])
    parts = segments_of(activity, BARE)
    [noise] = [one for one in parts if one.kind == "noise"]
    assert abs(noise.start - first / RATE) < 0.05
    assert sum(one.kind == "speech" for one in parts) == 3


def test_a_click_is_too_short(talk: Conversation) -> None:
    samples = room(talk.samples)
    time = np.arange(1_600) / RATE
    samples[4_000:5_600] += (0.1 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    activity = EnergyDetector().detect([Signal(samples, RATE)])
    parts = segments_of(activity, BARE)
    assert [one.kind for one in parts].count("too short") == 1
    assert [one.kind for one in parts].count("speech") == 3


def test_a_noise_that_changes_is_tracked(talk: Conversation) -> None:
    """The same speech in a noise that becomes 20 dB louder: borders stay."""
    quiet, loud = room(talk.samples, -75), room(talk.samples, -55)
    whole = np.concatenate([quiet, quiet, loud, loud])
    length = len(quiet) / RATE
    expected = [
        (start + shift * length, end + shift * length)
        for shift in range(4)
        for start, end in talk.borders
    ]
    spans = speech_in(whole)
    matched = [min(max(abs(a - start), abs(b - end)) for a, b in spans) for start, end in expected]
    assert sorted(matched)[-2] < 0.05, matched


@settings(max_examples=15)
@given(size=st.integers(1_000, 90_000), rate=st.sampled_from([16_000, 11_025]))
def test_values_do_not_depend_on_the_blocks(size: int, rate: int) -> None:
    samples = room(conversation().samples)
    whole = band_powers([Signal(samples, rate)])
    parts = band_powers(blocks_of(samples, size, rate))
    assert np.array_equal(parts.values, whole.values)
    assert parts.seconds == whole.seconds == len(samples) / rate


def test_decisions_do_not_depend_on_the_blocks(talk: Conversation) -> None:
    samples = room(talk.samples, -50)
    whole = EnergyDetector().detect([Signal(samples, RATE)])
    parts = EnergyDetector().detect(blocks_of(samples, 4_321))
    assert np.array_equal(parts.is_speech, whole.is_speech)
    assert np.array_equal(parts.level_db, whole.level_db)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.05])
def test_very_short_recordings_have_no_speech(seconds: float) -> None:
    assert speech_in(np.ones(round(seconds * RATE), np.float32)) == []
