"""Any file becomes mono float32 at the target rate, or is refused with a reason."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from featser.audio import PEAK, content_hash, decode, read_audio
from featser.errors import UnusableAudio

RATE = 16_000


def tone(seconds: float = 0.5, rate: int = RATE, level: float = 0.5, hz: float = 300) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(
        "float32"
    )


def wav(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype, format="WAV")
    return path


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_every_container_gives_mono_float32_at_16_khz(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, tone(rate=44_100), 44_100)
    signal = read_audio(path)
    assert signal.samples.dtype == np.float32
    assert signal.rate == RATE
    assert signal.samples.ndim == 1
    assert signal.seconds == pytest.approx(0.5, abs=0.06)


def test_the_content_decides_not_the_ending(tmp_path: Path) -> None:
    flac = tmp_path / "really_flac.wav"
    soundfile.write(flac, tone(), RATE, format="FLAC")
    raw = shutil.copy(flac, tmp_path / "named.raw")
    assert np.array_equal(read_audio(flac).samples, read_audio(raw).samples)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(), tone(hz=500)
    path = wav(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path).samples, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("left", [1.0, 0.5])
def test_channels_that_cancel_are_not_averaged_but_the_louder_is_used_with_a_note(
    tmp_path: Path, left: float
) -> None:
    louder = -left * 1.1 * tone(level=0.4)
    path = wav(tmp_path / "a.wav", np.stack([left * tone(level=0.4), louder], axis=1), 16_000)
    for signal in (read_audio(path), read_audio(path, 8_000), decode(path).cut(0.1, 0.2)):
        assert "channel 2, the loudest, is used alone" in signal.note
    np.testing.assert_allclose(read_audio(path).samples, louder, atol=1e-4)


def test_one_dead_channel_does_not_cancel_the_other(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", np.stack([tone(), 0 * tone()], axis=1), subtype="FLOAT")
    assert read_audio(path).note == ""
    np.testing.assert_allclose(read_audio(path).samples, tone() / 2, atol=1e-6)


def test_integers_and_floats_of_the_same_sound_are_the_same_samples(tmp_path: Path) -> None:
    exact = np.round(tone() * 32768) / 32768
    decoded = [
        read_audio(wav(tmp_path / f"{subtype}.wav", exact, subtype=subtype)).samples
        for subtype in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
    ]
    for samples in decoded[1:]:
        assert np.array_equal(samples, decoded[0])


def test_resampling_is_soxr_at_high_quality_as_librosa_does_it(real_recordings: list[Path]) -> None:
    import librosa

    for path in real_recordings[:3]:
        expected, _ = librosa.load(path, sr=22_050, res_type="soxr_hq")
        np.testing.assert_allclose(read_audio(path, 22_050).samples, expected, atol=1e-6)


def test_peaks_are_scaled_into_range_and_the_gain_is_stated(tmp_path: Path) -> None:
    loud = read_audio(wav(tmp_path / "a.wav", tone(level=1.7), subtype="FLOAT"))
    assert loud.samples.max() <= PEAK
    assert loud.samples.min() >= -1
    assert loud.gain == pytest.approx(PEAK / 1.7, rel=1e-3)
    shape = loud.samples / loud.gain
    np.testing.assert_allclose(shape, tone(level=1.7), atol=1e-4)


def test_resampling_a_clipped_recording_overshoots_and_is_scaled(tmp_path: Path) -> None:
    square = np.sign(tone(rate=44_100)).astype("float32") * np.float32(PEAK)
    signal = read_audio(wav(tmp_path / "a.wav", square, 44_100, "FLOAT"))
    assert signal.gain < 1
    assert abs(signal.samples).max() <= 1


def test_a_quiet_recording_is_left_as_it_is(tmp_path: Path) -> None:
    signal = read_audio(wav(tmp_path / "a.wav", tone(level=0.01), subtype="FLOAT"))
    assert signal.gain == 1
    np.testing.assert_allclose(signal.samples, tone(level=0.01), atol=1e-7)


def test_a_segment_has_the_samples_of_that_slice_of_the_whole(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", tone(1.0))
    whole = read_audio(path).samples
    assert np.array_equal(read_audio(path, start=0.25, end=0.75).samples, whole[4000:12000])
    assert np.array_equal(read_audio(path, start=0.25).samples, whole[4000:])


def test_a_name_with_a_zero_byte_is_refused_with_the_reason() -> None:
    """Tables can hold such names; the operating system refuses them with a ValueError."""
    for read in (read_audio, content_hash):
        with pytest.raises(UnusableAudio, match="not a valid path"):
            read("a\0b.wav")


def broken(folder: Path) -> dict[str, tuple[Path, str]]:
    """Recordings that cannot be used, each with a phrase of the required reason."""
    good = wav(folder / "good.wav", tone()).read_bytes()
    flac = folder / "good.flac"
    soundfile.write(flac, np.random.default_rng(0).normal(0, 0.1, 16_000), RATE)
    cases: dict[str, tuple[bytes, str]] = {
        "empty.wav": (b"", "empty file"),
        "text.wav": (b"this is not a sound, it is a sentence\n" * 50, "cannot be decoded"),
        "short_header.wav": (good[:20], "cannot be decoded"),
        "short_data.wav": (good[:6000], "truncated: its header states 0.50 s"),
        "short_data.flac": (flac.read_bytes()[:9000], "truncated"),
        "no_channels.wav": (good[:22] + struct.pack("<H", 0) + good[24:], "cannot be decoded"),
        "one_hertz.wav": (good[:24] + struct.pack("<I", 1) + good[28:], "sampling rate of 1 Hz"),
    }
    unusable = {}
    for name, (content, reason) in cases.items():
        path = folder / name
        path.write_bytes(content)
        unusable[name] = (path, reason)
    nan = tone()
    nan[100:112] = np.nan
    (folder / "folder.wav").mkdir()
    unusable["folder.wav"] = (folder / "folder.wav", "a folder")
    unusable["absent.wav"] = (folder / "absent.wav", "no such file")
    unusable["nan.wav"] = (
        wav(folder / "nan.wav", nan, subtype="FLOAT"),
        "12 of 8000 samples are NaN",
    )
    unusable["zeros.wav"] = (wav(folder / "zeros.wav", np.zeros(8000)), "silent")
    unusable["constant.wav"] = (wav(folder / "constant.wav", np.full(8000, 0.25)), "silent")
    unusable["short.wav"] = (wav(folder / "short.wav", tone(0.01)), "too short: 10 ms")
    both = np.zeros((8000, 2))
    unusable["both.wav"] = (wav(folder / "both.wav", both), "after averaging 2 channels")
    return unusable


def test_every_broken_recording_says_its_own_reason(tmp_path: Path) -> None:
    for path, reason in broken(tmp_path).values():
        with pytest.raises(UnusableAudio) as caught:
            read_audio(path)
        assert reason in caught.value.reason
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_header_written_to_a_pipe_is_read_to_the_end(tmp_path: Path, length: int) -> None:
    path = wav(tmp_path / "a.wav", tone())
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", length)
    path.write_bytes(content)
    assert read_audio(path).seconds == pytest.approx(0.5)


def test_a_segment_outside_the_recording_is_refused(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", tone())
    for start, end in ((0.6, None), (0.1, 0.9), (0.4, 0.2), (-0.1, 0.2)):
        with pytest.raises(UnusableAudio, match="segment"):
            decode(path, start, end)


def test_the_identity_of_a_recording_is_its_bytes_not_its_name(tmp_path: Path) -> None:
    first = wav(tmp_path / "a.wav", tone())
    copy = shutil.copy(first, tmp_path / "হাসি.wav")
    other = wav(tmp_path / "b.wav", tone(hz=301))
    assert content_hash(first) == content_hash(copy) != content_hash(other)
    assert len(content_hash(first)) == 32


def test_a_whole_recording_has_a_position_and_a_slice_of_its_samples_has_none(
    tmp_path: Path,
) -> None:
    path = wav(tmp_path / "a.wav", tone())
    assert decode(path).resampled(8_000).place == (str(path), None, None)
    assert decode(path, 0.1, 0.4).place == (str(path), 0.1, 0.4)
    assert decode(path).cut(0.1).place is None
