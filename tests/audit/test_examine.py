"""The measurements of one recording equal its known properties."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr

from featser.audit.audit_manifest import audit_manifest
from featser.audit.measure.examination import clipped_share, examine

RATE = 16_000


def write(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> str:
    soundfile.write(path, samples, rate, subtype=subtype)
    return str(path)


def noise(level: float, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, int(seconds * rate))


def test_level_offset_duration_and_format_are_measured(tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", noise(0.01) + 0.02, subtype="PCM_24")
    facts = examine(file)
    assert facts.level == pytest.approx(20 * np.log10(np.hypot(0.01, 0.02)), abs=0.1)
    assert facts.dc == pytest.approx(0.02, abs=0.001)
    assert (facts.seconds, facts.rate, facts.channels) == (2.0, RATE, 1)
    assert (facts.container, facts.codec) == ("WAV", "PCM_24")


def test_the_noise_floor_is_the_level_of_the_pauses(tmp_path: Path) -> None:
    samples = noise(0.001)
    samples[RATE // 2 : RATE] += 0.3 * np.sin(np.arange(RATE // 2))
    assert examine(write(tmp_path / "a.wav", samples)).floor == pytest.approx(-60, abs=1)
    assert examine(write(tmp_path / "b.wav", np.pad(samples, 4 * RATE))).floor == -100


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050])
def test_bandwidth_shows_the_rate_of_a_resampled_recording(tmp_path: Path, rate: int) -> None:
    once = soxr.resample(noise(0.05, rate=rate), rate, 48_000)
    assert examine(write(tmp_path / "a.wav", once, 48_000)).bandwidth == pytest.approx(
        rate / 2, rel=0.05
    )


@pytest.mark.parametrize("rate", [4_000, 5_000, 6_000, 6_799])
def test_a_low_rate_has_a_fingerprint_up_to_its_highest_frequency(
    tmp_path: Path, rate: int
) -> None:
    """The bands reach 3400 Hz: half of these rates is less."""
    wide = noise(0.05)
    low = examine(write(tmp_path / "a.wav", soxr.resample(wide, RATE, rate), rate))
    assert low.bandwidth == pytest.approx(rate / 2, rel=0.05)
    above = np.flatnonzero(low.bands.max(axis=0) == 0)
    assert all(above > 7)
    assert low.bands[:, :8].mean() > 100


def test_the_fingerprint_does_not_depend_on_gain_or_rate(tmp_path: Path) -> None:
    wide = noise(0.05, rate=48_000)
    one = examine(write(tmp_path / "a.wav", wide, 48_000)).bands
    other = examine(write(tmp_path / "b.wav", 0.3 * soxr.resample(wide, 48_000, RATE))).bands
    assert len(one) == len(other)
    difference = np.abs(one.astype(int) - other.astype(int))
    assert np.percentile(difference, 95) <= 5  # 1 dB


def test_only_runs_at_full_scale_count_as_clipped() -> None:
    samples = np.zeros(1000, np.float32)
    samples[[10, 20, 21]] = 1.0
    assert clipped_share(samples) == 0
    samples[30:40] = 32767 / 32768
    samples[50:55] = -1.0
    assert clipped_share(samples) == 0.015
    samples[40:43] = -1.0  # a full swing is two runs
    assert clipped_share(samples) == 0.018


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_chunks_after_the_samples_and_open_ends_are_no_hidden_sound(
    tmp_path: Path, length: int
) -> None:
    file = Path(write(tmp_path / "a.wav", noise(0.1)))
    content = file.read_bytes()
    file.write_bytes(content + b"LIST" + struct.pack("<I", 4) + b"INFO")
    assert examine(str(file)).unannounced_s == 0
    file.write_bytes(content[:40] + struct.pack("<I", length) + content[44:])
    assert examine(str(file)).unannounced_s == 0
    file.write_bytes(content[:40] + struct.pack("<I", RATE) + content[44:])
    assert examine(str(file)).unannounced_s == pytest.approx(1.5, abs=0.01)
    flac = tmp_path / "a.flac"
    soundfile.write(flac, noise(0.1), RATE)
    assert examine(str(flac)).unannounced_s == 0


def test_what_cannot_be_used_has_its_reason(tmp_path: Path) -> None:
    assert examine(str(tmp_path / "absent.wav")).reason == "no such file"
    assert "silent" in examine(write(tmp_path / "a.wav", np.zeros(RATE))).reason


def test_silence_is_measured_and_leaves_the_level_as_it_is(tmp_path: Path) -> None:
    plain = examine(write(tmp_path / "a.wav", noise(0.05)))
    padded = examine(write(tmp_path / "b.wav", np.pad(noise(0.05), (3 * RATE, RATE))))
    silence = (padded.leading_silence_s, padded.trailing_silence_s, padded.silence_s)
    assert silence == pytest.approx((3.0, 1.0, 4.0), abs=1e-3)
    assert (plain.leading_silence_s, plain.silence_s) == pytest.approx((0.0, 0.0), abs=1e-3)
    assert padded.level == pytest.approx(plain.level, abs=0.01)
    assert padded.seconds == 6.0


def test_facts_of_a_recording_are_stored_and_shown(tmp_path: Path) -> None:
    """Codec, channels, what is announced, what is decoded, and the gain; NaN where none is."""
    plain = np.stack([noise(0.05), noise(0.05)], axis=1)
    write(tmp_path / "a.wav", plain)
    stream = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(stream[:40] + bytes(4) + stream[44:])
    loud = np.sin(np.arange(RATE) / 10) * 2
    write(tmp_path / "c.wav", loud, subtype="FLOAT")
    table = pd.DataFrame({"file": [str(tmp_path / f"{name}.wav") for name in "abc"]})
    audit = audit_manifest(table, jobs=1)
    names = ["announced_s", "decoded_s", "codec", "channels", "gain"]
    rows = [[row[name] for name in names] for row in audit.to_dict()["facts"]]
    assert rows[0] == [2.0, 2.0, "PCM_16", 2, 1]
    assert np.isnan(rows[1][0])
    assert rows[1][1:] == [2.0, "PCM_16", 2, 1]
    assert rows[2] == [1.0, 1.0, "FLOAT", 1, pytest.approx(0.5, abs=0.001)]
    shown = {finding.kind: finding for finding in audit.findings}
    assert [row["recording"] for row in shown["wrong length in the header"].table] == ["b.wav"]
    assert [row["recording"] for row in shown["scaled"].table] == ["c.wav"]
