"""Long recordings are decoded and resampled in blocks, with the samples of the whole.

Here a recording is long from a second on, and blocks are short.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

import featser.audio.signal as signal_module
from featser.audio import Signal, decode, frame_levels, read_audio, source
from featser.audio.in_blocks import long_recording, resampling
from featser.audio.silence import measure_silence, trim_silence
from featser.errors import UnusableAudio
from tests.media_files import voice, write_media

RATE = 16_000
FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3", "aiff": "AIFF"}


@contextmanager
def short_blocks(long_s: float = 1.0) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal_module, "LONG_S", long_s)
        patch.setattr(long_recording, "BLOCK_S", 0.0993)
        patch.setattr(resampling, "BLOCK_SAMPLES", 777)
        patch.setattr(frame_levels, "_AT_A_TIME", 13)
        yield


def speech(n_channels: int = 1, rate: int = RATE, seconds: float = 2.5) -> np.ndarray:
    """Different voices in the channels, shape (n, n_channels)."""
    voices = [0.7 * voice(seed, seconds * rate / RATE) for seed in range(n_channels)]
    return np.stack(voices, axis=1).astype(np.float32)


def written(path: Path, samples: np.ndarray, rate: int = RATE, **kind: str) -> str:
    soundfile.write(path, samples, rate, **kind)
    return str(path)


def assert_equal(file: str, channel: str = "mix", rate: int = RATE) -> Signal:
    """Compare the samples, and what is said of the recording; return the signal in blocks."""
    whole = decode(file, channel=channel)
    resampled = read_audio(file, rate, channel=channel)
    with short_blocks():
        decoded = decode(file, channel=channel)
        in_blocks = read_audio(file, rate, channel=channel)
    assert np.array_equal(decoded.samples, whole.samples)
    assert np.array_equal(in_blocks.samples, resampled.samples)
    assert in_blocks.samples.dtype == np.float32
    assert in_blocks.gain == resampled.gain
    assert (decoded.note, decoded.place, decoded.channel) == (
        whole.note, whole.place, whole.channel,
    )  # fmt: skip
    assert decoded.remark == whole.remark
    return in_blocks


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_every_format_has_the_samples_of_the_whole(
    tmp_path: Path, ending: str, n_channels: int
) -> None:
    file = written(tmp_path / f"a.{ending}", speech(n_channels), format=FORMATS[ending])
    assert_equal(file)


@pytest.mark.extras
@pytest.mark.parametrize("ending", ["m4a", "webm", "mkv", "wma"])
def test_media_files_have_the_samples_of_the_whole(tmp_path: Path, ending: str) -> None:
    """Their length is known only when they are decoded."""
    assert_equal(str(write_media(tmp_path / f"a.{ending}", voice(0, 2.5))))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_has_the_bits_of_the_whole(tmp_path: Path, rate: int) -> None:
    assert_equal(written(tmp_path / "a.wav", speech(rate=rate), rate))
    assert_equal(written(tmp_path / "b.wav", speech()), rate=rate)


def test_peaks_out_of_range_are_scaled_by_the_same_gain(tmp_path: Path) -> None:
    samples = 3 * speech() / np.abs(speech()).max()
    signal = assert_equal(written(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert signal.gain == pytest.approx(1 / 3, rel=1e-3)
    assert_equal(written(tmp_path / "b.wav", samples, 44_100, subtype="FLOAT"))


@pytest.mark.parametrize("channel", ["mix", "left", "2", "3", "loudest"])
def test_the_channel_named_is_decoded(tmp_path: Path, channel: str) -> None:
    samples = speech(3) * np.array([0.5, 1.0, 0.2], np.float32)
    assert_equal(written(tmp_path / "a.wav", samples), channel)


def test_channels_that_cancel_are_replaced_by_the_loudest(tmp_path: Path) -> None:
    one = speech()
    signal = assert_equal(written(tmp_path / "a.wav", np.hstack((one, -0.95 * one))))
    assert "channel 1, the loudest, is used alone" in signal.note


def test_channels_that_differ_are_described_as_in_the_whole(tmp_path: Path) -> None:
    """With an offset, which does not count."""
    one, other = speech(2).T
    half = len(one) // 2
    turns = np.stack([np.r_[one[:half], 0 * one[half:]], np.r_[0 * one[:half], other[half:]]])
    file = written(tmp_path / "a.wav", turns.T + np.float32([0.1, 0.0]), subtype="FLOAT")
    signal = assert_equal(file)
    assert "active at different times" in signal.remark
    whole, in_blocks = decode(file).facts, signal.facts
    assert whole is not None
    assert in_blocks is not None
    one_way, other_way = whole.difference, in_blocks.difference
    assert one_way is not None
    assert other_way is not None
    assert other_way.correlation == pytest.approx(one_way.correlation, abs=1e-6)
    assert other_way.level_db == pytest.approx(one_way.level_db, abs=1e-4)
    assert other_way.turns == pytest.approx(one_way.turns)


def test_a_channel_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "a.wav", speech(2))
    with (
        short_blocks(),
        pytest.raises(UnusableAudio, match="there is no channel 3: the recording has 2"),
    ):
        decode(file, channel="3")


def test_a_segment_is_decoded_in_blocks_where_it_is_long(tmp_path: Path) -> None:
    file = written(tmp_path / "a.wav", speech())
    for start, end in ((0.2, 2.1), (0.2, 0.9), (0.75, None)):
        whole = decode(file, start, end)
        with short_blocks():
            assert np.array_equal(decode(file, start, end).samples, whole.samples)


def test_the_limit_itself_is_decoded_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    original = long_recording.decode_in_blocks
    monkeypatch.setattr(
        "featser.audio.decoding.decode_in_blocks", lambda *a: calls.append(a) or original(*a)
    )
    for extra, expected in ((0, 0), (1, 1)):
        file = written(tmp_path / f"{extra}.wav", speech()[: RATE + extra])
        with short_blocks():
            assert len(decode(file).samples) == RATE + extra
        assert len(calls) == expected


def bad(kind: str) -> np.ndarray:
    samples = speech()
    if kind == "nan":
        samples[-100:-90] = np.nan
    elif kind == "outlier":
        samples[-7] = 1e6
    elif kind == "silent":
        samples[:] = 0.25
    return samples


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("nan", "10 of 40000 samples are NaN or infinite"),
        ("outlier", r"damaged: a few samples reach 1e\+06 times full scale"),
        ("silent", "silent: every sample is about 0.25"),
    ],
)
def test_what_cannot_be_used_is_refused_for_the_same_reason(
    tmp_path: Path, kind: str, reason: str
) -> None:
    file = written(tmp_path / "a.wav", bad(kind), subtype="FLOAT")
    with pytest.raises(UnusableAudio, match=reason):
        decode(file)
    with short_blocks(), pytest.raises(UnusableAudio, match=reason):
        decode(file)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_a_truncated_recording_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    written(path, speech(), format=FORMATS[ending])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(UnusableAudio) as whole:
        decode(path)
    with short_blocks(), pytest.raises(UnusableAudio) as in_blocks:
        decode(path)
    assert in_blocks.value.reason == whole.value.reason


def test_recordings_of_more_than_four_hours_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("featser.audio.decoding.LONGEST_S", 2.0)
    file = written(tmp_path / "a.wav", speech())
    with short_blocks(), pytest.raises(UnusableAudio, match="longer than"):
        decode(file)
    with short_blocks():
        assert decode(file, 0.6).seconds == pytest.approx(1.9)


def test_silence_is_measured_and_cut_as_in_the_whole() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-4, 2 * RATE).astype(np.float32)
    samples = np.concatenate((np.zeros(5_000, np.float32), noise, speech()[:, 0], noise))
    whole = Signal(samples, RATE)
    silence, trimmed = measure_silence(whole), trim_silence(whole)
    with short_blocks():
        assert measure_silence(Signal(samples, RATE)) == silence
        assert np.array_equal(trim_silence(Signal(samples, RATE)).samples, trimmed.samples)


@pytest.mark.parametrize("ending", ["wav", "flac", "aiff", "mp3", "ogg"])
def test_a_large_file_is_decoded_where_it_is(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its facts and samples are those of a small one; only what is small for its length is read."""
    file = written(tmp_path / f"a.{ending}", speech(2), format=FORMATS[ending])
    expected = decode(file)
    monkeypatch.setattr(source, "IN_PLACE_BYTES", 1000)
    with source.open_source(Path(file)) as (opened, _):
        assert (opened.data is None) == (ending in ("wav", "flac", "aiff"))
    decoded = decode(file)
    assert decoded.facts == expected.facts
    assert np.array_equal(decoded.samples, expected.samples)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a length of zero", lambda data: data[:40] + bytes(4) + data[44:]),
        ("a marker for an unknown length", lambda data: data[:40] + b"\xff" * 4 + data[44:]),
        ("sound after the announced end", lambda data: data[:40] + b"\x00\x10\0\0" + data[44:]),
        ("less than announced", lambda data: data[: len(data) // 2]),
    ],
)
def test_a_large_file_whose_header_is_wrong_is_read_as_a_small_one(
    tmp_path: Path, name: str, change: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    written(path, speech())
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]

    def outcome() -> tuple[object, ...]:
        try:
            signal = decode(path)
        except UnusableAudio as error:
            return (error.reason,)
        return signal.facts, signal.samples.tobytes()

    expected = outcome()
    monkeypatch.setattr(source, "IN_PLACE_BYTES", 1000)
    assert outcome() == expected
