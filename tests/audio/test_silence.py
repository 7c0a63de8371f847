"""Silence is measured and cut at fixed places, whatever the rest of the recording is."""

from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.audio.silence import measure_silence, trim_silence
from featser.errors import UnusableAudio

RATE = 16_000


def tone(seconds: float, amplitude: float = 0.3, rate: int = RATE) -> np.ndarray:
    """A tone of 200 Hz that begins at its peak, so that its first sample is not zero."""
    return amplitude * np.cos(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate)


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE))


def signal(*parts: np.ndarray, rate: int = RATE) -> Signal:
    return Signal(np.concatenate(parts).astype(np.float32), rate)


def test_digital_silence_is_measured_to_the_sample() -> None:
    silence = measure_silence(signal(np.zeros(12_345), tone(1.0), np.zeros(4_000)))
    assert silence.leading_s == 12_345 / RATE
    assert silence.trailing_s == 0.25
    assert silence.total_s == silence.leading_s + 0.25


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_room_noise_is_silence_at_any_rate(rate: int) -> None:
    voice = np.pad(tone(1.0, rate=rate), (2 * rate, rate // 2))
    room = np.random.default_rng(0).normal(0, 0.0005, len(voice))  # 52 dB below the tone
    silence = measure_silence(signal(voice + room, rate=rate))
    assert silence.leading_s == pytest.approx(2.0, abs=0.025)
    assert silence.trailing_s == pytest.approx(0.5, abs=0.025)
    assert silence.total_s == pytest.approx(2.5, abs=0.05)


@pytest.mark.parametrize(("below_db", "leading"), [(38, 0.0), (42, 1.0)])
def test_what_is_40_db_under_the_loud_level_is_silence(below_db: float, leading: float) -> None:
    soft = tone(1.0, 0.3 * 10 ** (-below_db / 20))
    pause = np.zeros(RATE)  # quieter than the soft tone, so that the tone is not room noise
    silence = measure_silence(signal(soft, tone(1.0), pause, tone(1.0)))
    assert silence.leading_s == pytest.approx(leading, abs=0.025)


@pytest.mark.parametrize(("below_db", "leading"), [(24, 0.0), (26, 1.0), (35, 1.0)])
def test_steady_noise_25_db_under_the_loud_level_is_silence(
    below_db: float, leading: float
) -> None:
    level = 0.3 / np.sqrt(2) * 10 ** (-below_db / 20)
    silence = measure_silence(signal(noise(1.0, level), tone(1.0)))
    assert silence.leading_s == pytest.approx(leading, abs=0.03)


def test_a_pause_counts_in_all_but_neither_as_leading_nor_as_trailing() -> None:
    silence = measure_silence(signal(tone(0.5), noise(0.4, 0.0003), tone(0.5)))
    assert (silence.leading_s, silence.trailing_s) == (0.0, 0.0)
    assert silence.total_s == pytest.approx(0.4, abs=0.03)


def test_long_silence_and_clicks_do_not_move_the_threshold() -> None:
    click = np.zeros(16)
    click[0] = 1.0
    silence = measure_silence(
        signal(noise(60.0, 1e-5), tone(0.5, 0.02), click, tone(0.5, 0.02), noise(1.0, 1e-5, 1))
    )
    assert silence.leading_s == pytest.approx(60.0, abs=0.025)
    assert silence.trailing_s == pytest.approx(1.0, abs=0.025)


def test_an_offset_is_silence() -> None:
    silence = measure_silence(signal(np.full(RATE, 0.05), 0.05 + tone(1.0), np.full(RATE, 0.05)))
    assert silence.leading_s == pytest.approx(1.0, abs=0.025)
    assert silence.trailing_s == pytest.approx(1.0, abs=0.025)


def test_all_of_a_silent_recording_is_leading_silence() -> None:
    assert measure_silence(signal(np.zeros(RATE))).leading_s == 1.0
    assert measure_silence(signal(np.zeros(RATE))).total_s == 1.0
    assert measure_silence(signal(np.full(RATE, 0.25))).leading_s == 1.0


@pytest.mark.parametrize(("before", "after"), [(1, 0), (159, 7), (48_000, 0), (12_345, 6_789)])
def test_trimming_gives_the_same_samples_whatever_zeros_were_around(
    before: int, after: int
) -> None:
    voice = np.concatenate([noise(0.3, 1e-4), tone(0.8), noise(0.2, 1e-4, 1)])
    plain = trim_silence(signal(voice))
    padded = trim_silence(signal(np.pad(voice, (before, after))))
    assert len(plain.samples) / RATE == pytest.approx(0.8, abs=0.05)
    assert np.array_equal(plain.samples, padded.samples)


def test_what_has_no_silence_around_it_is_the_same_signal() -> None:
    voice = signal(tone(1.0))
    assert trim_silence(voice) is voice


def test_what_is_cut_is_no_longer_the_whole_of_a_file() -> None:
    samples = np.pad(tone(1.0), RATE).astype(np.float32)
    cut = trim_silence(Signal(samples, RATE, 0.5, "a note", ("a.wav", None, None)))
    assert (cut.gain, cut.note, cut.place) == (0.5, "a note", None)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(RATE), "silent: nothing is left"),
        (np.zeros(0), "silent: nothing is left"),
        (np.full(RATE, 0.1), "silent: nothing is left"),
        (np.pad(tone(0.06), RATE), "too short without leading and trailing silence: 60 ms"),
    ],
)
def test_where_no_speech_is_left_trimming_says_why(samples: np.ndarray, reason: str) -> None:
    with pytest.raises(UnusableAudio, match=reason) as caught:
        trim_silence(signal(samples), "a.wav")
    assert caught.value.file == "a.wav"
