"""Recordings are read to the end of their data, whatever their headers announce."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from featser.audio import decode
from featser.errors import UnusableAudio
from tests.audio.lengths import (
    RATE,
    coded,
    flac_of_unknown_length,
    flac_that_announces,
    mp3,
    mp3_in_wav,
    ogg_page,
    speech_like,
    wav_with_lengths,
    with_xing_count,
    without_xing,
)

FRAME = 576


def stored(folder: Path, data: bytes, name: str = "a.bin") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_mp3_without_xing_header_is_read_to_its_end(
    tmp_path: Path, rate: int, channels: int
) -> None:
    """libsndfile alone estimates the length from the first frame's bit rate and loses a third."""
    whole = mp3(2.0, rate, channels)
    bare = without_xing(whole)
    signal = decode(stored(tmp_path, bare))
    assert 2.0 <= signal.seconds < 2.0 + 3 * 1152 / rate
    # The encoder and the decoder delay the signal by 576 + 529 samples; a Xing header states it.
    complete = decode(stored(tmp_path, whole, "b.bin")).samples
    np.testing.assert_allclose(signal.samples[1105 : 1105 + len(complete)], complete, atol=1e-6)
    assert signal.facts is not None
    assert signal.facts.announced_s is None
    assert signal.facts.decoded_s == signal.seconds
    assert signal.facts.codec == "MPEG_LAYER_III"


def test_mp3_without_xing_header_of_constant_bit_rate_is_what_libsndfile_decodes(
    tmp_path: Path,
) -> None:
    data = without_xing(coded(speech_like(), "MP3", bitrate_mode="CONSTANT"))
    path = stored(tmp_path, data, "a.mp3")
    expected = soundfile.read(path, dtype="float32")[0]
    np.testing.assert_allclose(decode(path).samples[: len(expected)], expected, atol=1e-6)


def test_segment_of_mp3_without_xing_header_equals_the_slice_of_the_whole(tmp_path: Path) -> None:
    path = stored(tmp_path, without_xing(mp3()))
    whole = decode(path).samples
    np.testing.assert_allclose(decode(path, 0.9, 1.2).samples, whole[14_400:19_200], atol=1e-6)


def test_joined_mp3_files_are_read_to_the_end_of_the_last(tmp_path: Path) -> None:
    """The first file's header states the length of the first file only."""
    signal = decode(stored(tmp_path, mp3() + mp3()))
    assert signal.seconds > 2 * 1.28
    assert signal.facts is not None
    assert signal.facts.announced_s == pytest.approx(38 * FRAME / RATE)


@pytest.mark.parametrize("second", [mp3(rate=44_100), mp3(channels=2)], ids=["rate", "channels"])
def test_joined_mp3_files_that_differ_are_refused(tmp_path: Path, second: bytes) -> None:
    """libsndfile ends with the first one."""
    for first in (mp3(), without_xing(mp3())):
        with pytest.raises(UnusableAudio, match="sampling rate or number of channels changes"):
            decode(stored(tmp_path, first + second))


def test_mp3_tags_and_garbage_between_frames_lose_no_frame(tmp_path: Path) -> None:
    bare = without_xing(mp3())
    tagged = b"ID3\x04\0\0\0\0\x01\x48" + bytes(200) + bare + b"TAG" + b"x" * 125
    plain = decode(stored(tmp_path, bare)).samples
    assert np.array_equal(decode(stored(tmp_path, tagged)).samples, plain)


def test_bytes_between_mp3_frames_print_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The library that decodes MP3 comments on them on the standard error."""
    data = without_xing(mp3())
    for odd in (data[:2000] + bytes(300) + data[2000:], data + bytes(5000), b"\xff\xfb" + data[2:]):
        with suppress(UnusableAudio):
            decode(stored(tmp_path, odd))
        with suppress(UnusableAudio):
            decode(stored(tmp_path, odd), 0.5, 1.0)
    assert capfd.readouterr().err == ""
    print("still there", file=sys.stderr)
    assert capfd.readouterr().err == "still there\n"


def test_segments_of_mp3_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The library finds a frame that refers to those before, and calls it an error."""
    for data in (mp3(20.0), without_xing(mp3(20.0))):
        path = stored(tmp_path, data)
        for start in np.linspace(0.1, 19.0, 30):
            decode(path, start, start + 0.5)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("excess", [2, 1000, 2**31])
def test_mp3_that_announces_more_frames_than_it_holds_is_truncated(
    tmp_path: Path, excess: int
) -> None:
    data = with_xing_count(mp3(), 38 + excess)
    with pytest.raises(UnusableAudio, match=r"truncated: .* the file holds 1\.3"):
        decode(stored(tmp_path, data))


def test_flac_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    samples = speech_like()
    data = flac_of_unknown_length(coded(samples, "FLAC"))
    signal = decode(stored(tmp_path, data))
    np.testing.assert_allclose(signal.samples, samples, atol=1 / 32768)
    assert signal.facts is not None
    assert signal.facts.announced_s is None
    part = decode(stored(tmp_path, data), 0.5, 1.0).samples
    assert np.array_equal(part, signal.samples[8_000:16_000])
    with pytest.raises(UnusableAudio, match="segment"):
        decode(stored(tmp_path, data), 0.5, 1.6)


PIPES = {
    "all-ones": (0xFFFFFFFF, 0xFFFFFFFF),
    "all-ones-less-header": (0xFFFFFFF7, 0xFFFFFFD3),
    "largest-signed": (0x7FFFFFFF, 0x7FFFFFFF),
    "less-header": (0x7FFFFFFF, 0x7FFFFFDB),
    "two-gib": (0x80000024, 0x80000000),
    "espeak-and-sox": (0x7FFFF024, 0x7FFFF000),
    "nought": (0, 0),
    "nought-with-header": (36, 0),
    "only-riff": (0xFFFFFFFF, 40_960),
}


@pytest.mark.parametrize("lengths", PIPES.values(), ids=PIPES)
def test_wav_written_to_a_pipe_is_read_to_its_end(tmp_path: Path, lengths: tuple[int, int]) -> None:
    data = wav_with_lengths(coded(speech_like(), "WAV"), *lengths)
    signal = decode(stored(tmp_path, data))
    assert np.array_equal(
        signal.samples, decode(stored(tmp_path, coded(speech_like(), "WAV"))).samples
    )
    assert signal.facts is not None
    assert signal.facts.announced_s == (1.28 if lengths[1] == 40_960 else None)
    assert decode(stored(tmp_path, data), 0.5, 0.75).seconds == 0.25


def test_rf64_written_to_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    data = coded(speech_like(), "RF64")
    at = data.index(b"ds64") + 8
    signal = decode(stored(tmp_path, data[:at] + bytes(24) + data[at + 24 :]))
    assert signal.seconds == pytest.approx(1.28)


def test_wav_of_length_nought_and_only_chunks_after_it_is_empty(tmp_path: Path) -> None:
    data = wav_with_lengths(coded(speech_like(), "WAV")[:44], 36 + 12, 0)
    with pytest.raises(UnusableAudio, match="no samples"):
        decode(stored(tmp_path, data + b"LIST" + struct.pack("<I", 4) + b"INFO"))


@pytest.mark.parametrize("bare", [True, False], ids=["no-xing", "xing"])
def test_mp3_in_wav_with_a_frame_of_padding_is_read(tmp_path: Path, bare: bool) -> None:
    stream = without_xing(mp3()) if bare else mp3()
    for announced in (20_480, 39 * FRAME):
        signal = decode(stored(tmp_path, mp3_in_wav(stream, announced)))
        assert 1.28 <= signal.seconds < 1.28 + 4 * FRAME / RATE
        assert signal.facts is not None
        assert (signal.facts.container, signal.facts.codec) == ("WAV", "MPEG_LAYER_III")
        assert signal.facts.announced_s == pytest.approx(announced / RATE)


def test_mp3_in_wav_that_lacks_frames_is_truncated(tmp_path: Path) -> None:
    data = mp3_in_wav(without_xing(mp3())[:3000], 20_480)
    with pytest.raises(UnusableAudio, match="truncated"):
        decode(stored(tmp_path, data))


@pytest.mark.parametrize("form", ["WAV", "RF64", "W64", "AIFF", "AU", "NIST", "SVX", "CAF", "FLAC"])
def test_half_a_recording_is_refused_in_every_format_that_announces_its_length(
    tmp_path: Path, form: str
) -> None:
    data = coded(speech_like(), form)
    assert decode(stored(tmp_path, data)).seconds == pytest.approx(1.28)
    with pytest.raises(UnusableAudio, match=r"truncated|cannot be decoded"):
        decode(stored(tmp_path, data[: len(data) // 2]))


def test_length_of_terabytes_costs_no_memory(tmp_path: Path) -> None:
    """Each header announces 2 TiB or more; the process may use 2 GB in all."""
    flac = coded(speech_like(), "FLAC")
    files = [
        stored(tmp_path, flac_that_announces(flac, 2**36 - 1), "a.flac"),
        stored(tmp_path, with_xing_count(mp3(), 2**32 - 1), "b.mp3"),
        stored(tmp_path, wav_with_lengths(coded(speech_like(), "WAV"), 0, 0x70000000), "c.wav"),
        stored(tmp_path, mp3_in_wav(without_xing(mp3()), 2**32 - 1), "d.wav"),
    ]
    code = (
        "import resource, sys\n"
        "from featser.audio import decode\n"
        "from featser.errors import UnusableAudio\n"
        "import featser.audio.libsndfile\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for file in sys.argv[1:]:\n"
        "    try:\n"
        "        decode(file)\n"
        "    except UnusableAudio as error:\n"
        "        print('truncated' in error.reason)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, -1)),
    )
    assert done.stdout.split() == ["True"] * 5


def test_recording_of_more_hours_than_allowed_is_refused_and_its_segments_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file can hold days of silence."""
    monkeypatch.setattr("featser.audio.decoding.LONGEST_S", 3.6)
    path = stored(tmp_path, coded(speech_like(4.0), "FLAC"))
    for data in (coded(speech_like(4.0), "FLAC"), flac_of_unknown_length(path.read_bytes())):
        path.write_bytes(data)
        with pytest.raises(UnusableAudio, match=r"longer than 0.001 h: split it, or give `start`"):
            decode(path)
        assert decode(path, 3.0, 3.5).seconds == 0.5


def test_sample_beyond_all_scales_is_damage(tmp_path: Path) -> None:
    samples = speech_like().astype(np.float32)
    path = tmp_path / "a.wav"
    soundfile.write(path, 32768 * samples, RATE, subtype="FLOAT")
    assert abs(decode(path).samples).max() > 1000  # integers that were stored as they are
    samples[70] = 6e31
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    with pytest.raises(
        UnusableAudio, match=r"damaged: a few samples reach 6e\+31 times full scale"
    ):
        decode(path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1aE\xdf\xa3\x9f\x42\x86\x81", "Matroska or WebM"),
        (b"\0\0\0\x1cftypM4A ", "MPEG-4"),
        (b"\xff\xf1\x60\x40\x41\x3f\xfc\xde", "AAC"),
        (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9", "Windows Media Audio"),
        (ogg_page(b"Speex   1.2"), "Speex"),
        (b"#!AMR\n", "AMR"),
    ],
)
def test_format_that_needs_pyav_is_named_with_the_command_that_converts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes, kind: str
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = stored(tmp_path, head + bytes(2000), "a b.x")
    with pytest.raises(UnusableAudio) as caught:
        decode(path)
    assert kind in caught.value.reason
    assert "needs PyAV: pip install 'featser[media]'" in caught.value.reason
    assert "`ffmpeg -i 'a b.x' 'a b.wav'`" in caught.value.reason
    assert "\n" not in caught.value.reason


def test_instrument_without_a_sampling_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableAudio, match="instrument"):
        decode(stored(tmp_path, coded(speech_like(rate=44_100), "XI", 44_100)))
