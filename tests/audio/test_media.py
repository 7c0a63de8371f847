"""What libsndfile does not decode is read with PyAV: aligned, whole, or refused with a reason."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from featser import extract_features
from featser.audio import content_hash, decode, media
from featser.errors import UnusableAudio
from tests.audio.test_media_index import movie, table
from tests.media_files import CODINGS, LOSSLESS, RATE, Coding, voice, write_media

pytestmark = pytest.mark.extras
pytest.importorskip("av")

DELAY_MS = {"amr": 12.0}
"""AMR looks ahead, and no header states how far."""
SNR_DB = {"amr": 3.0}


def lag(decoded: np.ndarray, original: np.ndarray) -> int:
    """By how many samples the decoded recording is late."""
    size = 2 * (len(decoded) + len(original))
    spectra = np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(original, size))
    best = int(np.argmax(np.fft.irfft(spectra)))
    return best if best < size // 2 else best - size


def reason_of(path: Path) -> str:
    """Return why a recording is refused; empty if it is read."""
    try:
        decode(path)
    except UnusableAudio as error:
        return error.reason
    return ""


@pytest.mark.parametrize("ending", CODINGS)
def test_each_format_gives_the_samples_of_the_recording(tmp_path: Path, ending: str) -> None:
    original = voice(3)
    path = write_media(tmp_path / f"a.{ending}", original)
    signal = decode(path).resampled(RATE)
    assert signal.facts is not None
    assert signal.facts.content == content_hash(path)
    late = lag(signal.samples, original)
    assert 0 <= 1000 * late / RATE <= DELAY_MS.get(ending, 0.0)
    assert 0 <= signal.seconds - 1.5 < 0.04
    aligned = signal.samples[late:][: len(original)]
    noise = aligned - original[: len(aligned)]
    snr_db = 10 * np.log10(np.mean(original**2) / np.mean(noise**2))
    assert snr_db > SNR_DB.get(ending, 18.0)
    if ending not in ("aac", "amr", "ac3", "wma"):  # they do not state their exact length
        assert len(signal.samples) == len(original)


def test_opus_that_was_made_of_16_khz_begins_and_ends_where_the_recording_does(
    tmp_path: Path,
) -> None:
    """FFmpeg counts its delay at 16 kHz and leaves two thirds of it."""
    original = voice(3)
    path = write_media(tmp_path / "a.webm", original)
    data = path.read_bytes()
    for before, form in ((b"\xb5\x88", ">d"), (b"OpusHead\1\1\x38\1", "<I")):
        ours, theirs = (before + struct.pack(form, rate) for rate in (48_000, 16_000))
        assert data.count(ours) == 1
        data = data.replace(ours, theirs)
    path.write_bytes(data)
    signal = decode(path).resampled(RATE)
    assert lag(signal.samples, original) == 0
    assert len(signal.samples) == len(original)


@pytest.mark.parametrize("ending", LOSSLESS)
def test_lossless_formats_give_the_features_of_the_wav_file(tmp_path: Path, ending: str) -> None:
    original = np.round(voice(3) * 32_768) / 32_768
    soundfile.write(tmp_path / "a.wav", original, RATE, subtype="PCM_16")
    write_media(tmp_path / f"a.{ending}", original)
    features = extract_features([tmp_path / "a.wav", tmp_path / f"a.{ending}"], ["mfcc", "gemaps"])
    assert np.array_equal(features.iloc[0], features.iloc[1], equal_nan=True)


@pytest.mark.parametrize("ending", ["m4a", "webm", "wma"])
def test_lossy_formats_give_features_that_correlate(tmp_path: Path, ending: str) -> None:
    features = {}
    for name in ("wav", ending):
        files = [tmp_path / f"{n}.{name}" for n in range(16)]
        for n, file in enumerate(files):
            if name == "wav":
                soundfile.write(file, voice(n), RATE, subtype="PCM_16")
            else:
                write_media(file, voice(n))
        features[name] = extract_features(files, "gemaps").to_numpy()
    pairs = zip(features["wav"].T, features[ending].T, strict=True)
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in pairs if a.std() > 0 and b.std() > 0]
    assert len(correlations) > 70
    assert np.median(correlations) > 0.999
    assert np.mean(np.array(correlations) >= 0.98) > 0.75


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize(("layout", "count"), [("5.1", 6), ("3.0", 3)])
def test_channels_of_a_video_are_averaged_or_chosen(
    tmp_path: Path, ending: str, layout: str, count: int
) -> None:
    samples = np.stack([voice(n) for n in range(count)], axis=1)
    path = write_media(tmp_path / f"a.{ending}", samples, layouts=[layout], with_video=True)
    averaged = decode(path)
    assert averaged.facts is not None
    assert averaged.facts.channels == count
    assert f"its {count} channels differ" in averaged.remark
    # A subwoofer's channel, the fourth of 5.1, is coded without its high frequencies.
    tolerance = 1e-4 if ending == "mkv" else 0.05
    assert np.abs(averaged.samples - samples.mean(axis=1)).max() < tolerance
    third = decode(path, channel="3").samples
    assert lag(third, samples[:, 2]) == 0
    assert np.corrcoef(third, samples[:, 2])[0, 1] > 0.98


def test_the_default_stream_is_read_and_others_can_be_chosen(tmp_path: Path) -> None:
    voices = voice(1), np.stack([voice(2), voice(3)], axis=1)
    layouts = ["mono", "stereo"]
    path = write_media(tmp_path / "a.mkv", *voices, layouts=layouts, default=2, with_video=True)
    signal = decode(path)
    assert np.allclose(signal.samples, voices[1].mean(axis=1), atol=1e-4)
    assert "it has 2 audio streams, and stream 2 is used: choose one with a column `stream`" in (
        signal.remark
    )
    chosen = decode(path, channel="1/mix")
    assert np.allclose(chosen.samples, voices[0], atol=1e-4)
    assert (chosen.remark, chosen.channel) == ("", "1/mix")
    right = decode(path, channel="2/right")
    assert np.allclose(right.samples, voices[1][:, 1], atol=1e-4)
    with pytest.raises(UnusableAudio, match="no audio stream 3: the recording has 2; choose"):
        decode(path, channel="3/mix")
    with pytest.raises(UnusableAudio, match="no channel 2"):
        decode(path, channel="1/right")


def test_the_first_stream_is_read_where_none_is_marked(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mkv", voice(1), voice(2), default=0)
    assert np.allclose(decode(path).samples, voice(1), atol=1e-4)


def test_a_wav_file_has_one_stream(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", voice(), RATE)
    assert np.array_equal(
        decode(tmp_path / "a.wav", channel="1/mix").samples, decode(tmp_path / "a.wav").samples
    )
    with pytest.raises(UnusableAudio, match="no audio stream 2: the recording has 1"):
        decode(tmp_path / "a.wav", channel="2/mix")


@pytest.mark.parametrize("ending", ["m4a", "webm", "mkv", "wma"])
def test_a_segment_is_what_the_whole_has_in_its_place(tmp_path: Path, ending: str) -> None:
    path = write_media(tmp_path / f"a.{ending}", voice(4))
    whole = decode(path)
    segment = decode(path, 0.4, 1.1)
    expected = whole.samples[round(0.4 * whole.rate) : round(1.1 * whole.rate)]
    assert np.array_equal(segment.samples, expected)
    with pytest.raises(UnusableAudio, match="the segment lies outside the recording"):
        decode(path, 1.0, 2.0)
    with pytest.raises(UnusableAudio, match=r"holds no samples|lies outside"):
        decode(path, 5.0)


def test_segments_that_follow_each_other_are_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_media(tmp_path / "a.webm", voice(4, seconds=3))
    other = write_media(tmp_path / "b.webm", voice(5, seconds=3))
    whole = {file: decode(file).samples for file in (path, other)}
    opened = []
    open_container = media._opened
    monkeypatch.setattr(media, "_opened", lambda *a: opened.append(1) or open_container(*a))

    def check(file: Path, start: float, end: float | None, n_opened: int) -> None:
        samples = decode(file, start, end).samples
        stop = None if end is None else round(48_000 * end)
        assert np.array_equal(samples, whole[file][round(48_000 * start) : stop])
        assert len(opened) == n_opened

    for start in (0.0, 0.5, 1.0, 1.7):
        check(path, start, start + 0.5, 1)
    check(path, 1.9, 2.4, 2)  # it begins before the end of the last one
    check(path, 2.4, None, 2)
    check(path, 0.0, 0.3, 3)
    check(other, 0.5, 1.0, 4)
    check(path, 0.5, 1.0, 5)
    with pytest.raises(UnusableAudio, match="outside"):
        decode(path, 2.9, 4.0)
    check(path, 1.0, 1.5, 6)


@pytest.mark.parametrize("ending", ["m4a", "mov", "webm", "mka", "mkv", "wma"])
def test_a_truncated_file_is_refused(tmp_path: Path, ending: str) -> None:
    data = write_media(tmp_path / f"a.{ending}", voice(5, seconds=4)).read_bytes()
    for share in (0.2, 0.5, 0.9):
        (tmp_path / f"b.{ending}").write_bytes(data[: round(share * len(data))])
        with pytest.raises(UnusableAudio) as caught:
            decode(tmp_path / f"b.{ending}")
        assert "truncated" in caught.value.reason
        assert "\n" not in caught.value.reason


def test_a_file_whose_last_packet_is_incomplete_is_refused(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.m4a", voice(5), movflags="faststart")
    assert decode(path).seconds == 1.5
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnusableAudio, match="truncated or damaged: a packet is incomplete"):
        decode(path)


def test_long_packets_do_not_hide_a_segment_outside(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mkv", voice(5), block=10 * RATE)
    with pytest.raises(UnusableAudio, match="the segment lies outside the recording"):
        decode(path, 1.0, 2.0)


@pytest.mark.parametrize("ending", CODINGS)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path: Path, ending: str) -> None:
    data = write_media(tmp_path / f"a.{ending}", voice(6)).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), 8):
            damaged[at] = random.integers(256)
        (tmp_path / f"b.{ending}").write_bytes(bytes(damaged))
        reason = reason_of(tmp_path / f"b.{ending}")
        assert len(reason) < 300
        assert "\n" not in reason


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", with_video=True)
    with pytest.raises(UnusableAudio, match="it has no audio stream"):
        decode(path)


def test_silence_and_short_sound_are_refused_as_those_of_wav_files(tmp_path: Path) -> None:
    with pytest.raises(UnusableAudio, match="silent"):
        decode(write_media(tmp_path / "a.m4a", np.zeros(RATE)))
    with pytest.raises(UnusableAudio, match="too short: 50 ms"):
        decode(write_media(tmp_path / "b.mkv", voice(0, seconds=0.05)))


def test_a_codec_that_is_not_listed_is_not_run(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mka", voice(), coding=Coding("matroska", "tta"))
    with pytest.raises(UnusableAudio, match="its audio has a codec that is not read: tta"):
        decode(path)


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{0}\n", "ffconcat version 1.0\nfile {0}"],
)
def test_lists_of_other_files_are_not_followed(tmp_path: Path, text: str) -> None:
    other = write_media(tmp_path / "a.m4a", voice())
    for name in ("list.m3u8", "list.m4a"):
        (tmp_path / name).write_text(text.format(other.name))
        with pytest.raises(UnusableAudio, match="cannot be decoded as audio"):
            decode(tmp_path / name)


def test_a_small_file_that_announces_much_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.write_bytes(movie(table(b"stsz", 1, 1 << 28), table(b"stts", 1, 1 << 28, 1024)))
    code = (
        "import resource, sys\nfrom featser.audio import decode\n"
        "from featser.errors import UnusableAudio\n"
        "try: decode(sys.argv[1])\nexcept UnusableAudio as error: print(error.reason)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    ).stdout
    reason, most_kb = shown.splitlines()
    assert "damaged: its header states" in reason
    assert int(most_kb) < 900_000


def test_more_sound_than_bytes_can_hold_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("featser.audio.media.ALWAYS_ALLOWED_BYTES", 50_000)
    monkeypatch.setattr("featser.audio.media.MOST_PER_BYTE", 1)
    path = write_media(tmp_path / "a.m4a", voice(0, seconds=4))
    with pytest.raises(UnusableAudio, match="damaged: its bytes cannot hold more than 1 s"):
        decode(path)
