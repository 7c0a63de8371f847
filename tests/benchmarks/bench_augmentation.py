"""What a copy costs, beside audiomentations where it has the same transform.

Run ``pytest -m bench tests/benchmarks/bench_augmentation.py -s`` (half a minute). Nothing is
asserted: ``reports/benchmarks/augmentation.json`` is written.
"""

from __future__ import annotations

import json
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from featser.audio import Signal, decode, read_audio
from featser.augmentation.spec import parse_augmentation

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "augmentation.json"
RECORDINGS = 12
ROUNDS = 9

ALONE = ["babble", "vtl", "codec:name=gsm", "codec:name=adpcm", "codec:name=vorbis"]
"""Kinds that audiomentations does not have, or not out of the same material."""

Work = Callable[[Signal], object]


def theirs() -> dict[str, tuple[str, Any]]:
    """For each of our specs what audiomentations calls nearly the same, and that."""
    a = pytest.importorskip("audiomentations")
    room = {"calculation_mode": "rt60", "min_target_rt60": 0.3, "max_target_rt60": 0.3}
    mp3 = {"min_bitrate": 48, "max_bitrate": 48, "backend": "fast-mp3-augment"}
    band = {"min_center_freq": 1850, "max_center_freq": 1850, "zero_phase": True}
    width = {"min_bandwidth_fraction": 3100 / 1850, "max_bandwidth_fraction": 3100 / 1850}
    return {
        "noise:snr=5..20": ("AddGaussianSNR", a.AddGaussianSNR(5, 20, p=1)),
        "noise:colour=pink,snr=5..20": (
            "AddColorNoise, −3 dB/octave",
            a.AddColorNoise(5, 20, -3.01, -3.01, p=1),
        ),
        "gain:db=-6..6": ("Gain", a.Gain(-6, 6, p=1)),
        "pitch:semitones=-2..2": ("PitchShift", a.PitchShift(-2, 2, p=1)),
        "stretch:rate=0.9..1.1": (
            "TimeStretch",
            a.TimeStretch(0.9, 1.1, leave_length_unchanged=False, p=1),
        ),
        "reverb:rt60=0.3": (
            "RoomSimulator, image sources alone",
            a.RoomSimulator(**room, use_ray_tracing=False, leave_length_unchanged=True, p=1),
        ),
        "telephone": (
            "BandPassFilter, without quantisation",
            a.BandPassFilter(**band, **width, p=1),
        ),
        "codec:name=mp3,quality=0.5": ("Mp3Compression, 48 kbit/s", a.Mp3Compression(**mp3, p=1)),
    }


@pytest.fixture(scope="module")
def signals(corpora: Path) -> list[Signal]:
    """Recordings of 3 to 4 s at 16 kHz."""
    recordings = sorted(corpora.rglob("*.flac"))
    some = recordings[:: max(1, len(recordings) // (8 * RECORDINGS))]
    return [read_audio(file) for file in some if 3 <= decode(file).seconds <= 4][:RECORDINGS]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ours(spec: str, donors: list[Signal]) -> Work:
    augmentation = parse_augmentation(spec)
    given = donors[: augmentation.donors]
    return lambda signal: augmentation.apply(signal, str(id(signal)), 0, given)


def milliseconds(works: list[Work], signals: list[Signal]) -> list[float]:
    """Median over recordings of each work's best of some rounds.

    In turns, so that other load on the machine affects all equally.
    """

    def once(work: Work, signal: Signal) -> float:
        start = time.perf_counter()
        work(signal)
        return 1000 * (time.perf_counter() - start)

    for work in works:
        work(signals[0])
    laps = [[[once(w, s) for w in works] for s in signals] for _ in range(ROUNDS)]
    return [float(one) for one in np.median(np.min(laps, axis=0), axis=0)]


def test_a_copy_of_each_kind(signals: list[Signal]) -> None:
    donors = signals[-4:]
    figures: dict[str, dict[str, object]] = {}
    for spec, (name, transform) in theirs().items():

        def work(signal: Signal, transform: Any = transform) -> object:
            return transform(samples=signal.samples, sample_rate=signal.rate)

        here, reference = milliseconds([ours(spec, donors), work], signals)
        figures[spec] = {
            "ms": round(here, 3),
            "audiomentations": name,
            "audiomentations, ms": round(reference, 3),
            "times as fast": round(reference / here, 2),
        }
    for spec in ALONE:
        figures[spec] = {"ms": round(milliseconds([ours(spec, donors)], signals)[0], 3)}
    for spec, line in figures.items():
        print(f"{spec:32}", *line.values(), sep="  ")
    libraries = ("numpy", "scipy", "python-stretch", "soxr", "soundfile", "audiomentations")
    report = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
        "seconds of speech, median": float(np.median([one.seconds for one in signals])),
        "a copy": figures,
    }
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
