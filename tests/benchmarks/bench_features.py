"""What the features cost on one core.

Run ``pytest -m bench tests/benchmarks/bench_features.py -s``.

Medians over real recordings of 3–4 s, one BLAS thread. Nothing is asserted: the figures are
printed and added to ``reports/benchmarks/features.json``, one JSON object in a line.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import librosa
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from featser.audio import Signal, decode, read_audio
from featser.features.lowlevel.descriptor_families import DESCRIPTORS, FAMILIES, describe
from featser.features.lowlevel.frame_settings import DEFAULT
from featser.features.lowlevel.functionals import functionals
from featser.features.lowlevel.spectrum import Spectrum
from featser.features.registry import make_extractor
from featser.features.sets.handcrafted import ALL_FAMILIES

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

RESULTS = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "features.json"
RECORDINGS = 20
REPEATS = 20
SLOW_REPEATS = 4

Work = Callable[[Signal], object]


@pytest.fixture(scope="module")
def files(corpora: Path) -> list[Path]:
    """Recordings of 3–4 s, spread over the corpora."""
    recordings = sorted(file for file in corpora.rglob("*.flac"))
    some = recordings[:: max(1, len(recordings) // (8 * RECORDINGS))]
    return [file for file in some if 3 <= decode(file).seconds <= 4][:RECORDINGS]


@pytest.fixture(scope="module")
def signals(files: list[Path]) -> list[Signal]:
    return [read_audio(file) for file in files]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def record() -> Iterator[Callable[[str, float], None]]:
    """Collect figures in milliseconds; print and write them at the end."""
    figures: dict[str, float] = {}
    yield figures.__setitem__
    width = max(map(len, figures))
    print("\n")
    for name, value in figures.items():
        print(f"{name:{width}}  {value:9.3f}")
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("numpy", "librosa", "opensmile")},
        "figures": {name: round(value, 4) for name, value in figures.items()},
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


def milliseconds(work: Work, signals: list[Signal], repeats: int = REPEATS) -> float:
    """Median over recordings of the best of some runs; every run gets a signal of its own."""
    work(signals[0])
    best = []
    for signal in signals:
        times = []
        for _ in range(repeats):
            unseen = Signal(signal.samples, signal.rate)
            start = time.perf_counter()
            work(unseen)
            times.append(time.perf_counter() - start)
        best.append(min(times))
    return 1000 * float(np.median(best))


def librosas(samples: np.ndarray) -> list[np.ndarray]:
    """Every descriptor that librosa has too, by separate calls at featser's settings."""
    feature = librosa.feature
    frames = {"n_fft": 512, "hop_length": 160, "win_length": 400}
    at = {"y": samples, "sr": 16_000, **frames}
    short = {"frame_length": 400, "hop_length": 160}
    return [
        feature.mfcc(n_mfcc=20, n_mels=40, **at),
        feature.zero_crossing_rate(samples, **short),
        feature.rms(y=samples, **short),
        feature.chroma_stft(tuning=0, **at),
        librosa.power_to_db(feature.melspectrogram(n_mels=40, **at)),
        feature.spectral_centroid(**at),
        feature.spectral_bandwidth(**at),
        feature.spectral_rolloff(**at),
        feature.spectral_contrast(**at),
        feature.spectral_flatness(y=samples, **frames),
    ]


def librosas_defaults(samples: np.ndarray) -> list[np.ndarray]:
    """The same descriptors with librosa's own frames (2048, 512) and its tuning estimate."""
    feature = librosa.feature
    at = {"y": samples, "sr": 16_000}
    return [
        feature.mfcc(n_mfcc=20, **at),
        feature.zero_crossing_rate(samples),
        feature.rms(y=samples),
        feature.chroma_stft(**at),
        librosa.power_to_db(feature.melspectrogram(**at)),
        feature.spectral_centroid(**at),
        feature.spectral_bandwidth(**at),
        feature.spectral_rolloff(**at),
        feature.spectral_contrast(**at),
        feature.spectral_flatness(y=samples),
    ]


def test_reading(files, signals, record):
    def best(work: Callable[[Path], object], file: Path) -> float:
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            work(file)
            times.append(time.perf_counter() - start)
        return min(times)

    record("seconds of speech, median", float(np.median([one.seconds for one in signals])))
    record("decode, ms", 1000 * float(np.median([best(decode, file) for file in files])))
    reading = [best(read_audio, file) for file in files]
    record("decode and resample to 16 kHz, ms", 1000 * float(np.median(reading)))


def test_descriptors(signals, record):
    def ours(families: tuple[str, ...]) -> Work:
        return lambda signal: describe(Spectrum(signal.samples), families)

    shared = tuple(
        name
        for family in ALL_FAMILIES
        for name in FAMILIES[family]
        if name not in ("flux", "slope")
    )

    def shared_alone(signal: Signal) -> None:
        spectrum = Spectrum(signal.samples)
        for name in shared:
            DESCRIPTORS[name].compute(spectrum)

    record("spectrum (frames, window, FFT, power), ms", milliseconds(_power, signals))
    record("all descriptors, ms", milliseconds(ours(ALL_FAMILIES), signals))
    same = milliseconds(shared_alone, signals)
    theirs = milliseconds(lambda signal: librosas(signal.samples), signals)
    defaults = milliseconds(lambda signal: librosas_defaults(signal.samples), signals)
    record("descriptors that librosa has too, ms", same)
    record("the same by librosa, same settings, ms", theirs)
    record("the same by librosa, its defaults, ms", defaults)
    record("times faster than librosa, same settings", theirs / same)


def _power(signal: Signal) -> object:
    return Spectrum(signal.samples).power


def test_functionals(signals, record):
    contours = {
        id(signal.samples): describe(Spectrum(signal.samples), ALL_FAMILIES) for signal in signals
    }
    for preset in ("basic", "standard", "full"):

        def work(signal: Signal, preset: str = preset) -> object:
            return functionals(contours[id(signal.samples)], preset, DEFAULT.frame_rate)

        record(f"functionals, {preset}, ms", milliseconds(work, signals))


@pytest.mark.parametrize("spec", ["handcrafted", "mfcc", "spectral", "bangla166"])
def test_extractors(spec, signals, record):
    extractor = make_extractor(spec)
    ready = [
        Signal(signal.resampled(extractor.rate).samples, extractor.rate)
        if extractor.duration is None
        else Signal(
            signal.resampled(extractor.rate).samples[: round(extractor.duration * extractor.rate)],
            extractor.rate,
        )
        for signal in signals
    ]
    record(f"extractor {spec}, ms", milliseconds(extractor, ready))


@pytest.mark.parametrize("name", ["egemaps", "compare"])
def test_opensmile(name, signals, record, monkeypatch):
    import opensmile
    from opensmile.core.lib import OpenSMILE

    inside: list[float] = []
    resets: list[float] = []

    def timed(method: Callable[..., None], times: list[float]) -> Callable[..., None]:
        def call(self: object) -> None:
            start = time.perf_counter()
            method(self)
            times.append(time.perf_counter() - start)

        return call

    monkeypatch.setattr(OpenSMILE, "run", timed(OpenSMILE.run, inside))
    monkeypatch.setattr(OpenSMILE, "reset", timed(OpenSMILE.reset, resets))
    extractor = make_extractor(name)
    package = opensmile.Smile(
        opensmile.FeatureSet[extractor.params["feature_set"]], opensmile.FeatureLevel.Functionals
    )

    def seconds(work: Work, signal: Signal) -> float:
        start = time.perf_counter()
        work(signal)
        return time.perf_counter() - start

    def lap(signal: Signal) -> tuple[float, float, float, float]:
        """Once the package; the extractor, its engine reset by then; its run; and once more."""
        # Twice, since the extractor's reset from the lap before may run beside the first.
        theirs = [seconds(_packaged(package), signal) for _ in range(2)][1]
        inside.clear()
        ours = seconds(extractor, signal)
        return theirs, ours, inside[0], seconds(extractor, signal)

    extractor(signals[0])
    # In turns, so that other load on the machine affects all equally.
    laps = np.array([[lap(signal) for signal in signals] for _ in range(SLOW_REPEATS)])
    theirs, ours, run, again = 1000 * np.median(laps.min(axis=0), axis=0)
    record(f"{name}: the opensmile package, ms", theirs)
    record(f"{name}: the extractor, its engine reset meanwhile, ms", ours)
    record(f"{name}: the extractor, waiting for the reset, ms", again)
    record(f"{name}: openSMILE's own run, ms", run)
    record(f"{name}: openSMILE's own reset, ms", 1000 * float(np.median(resets)))
    overhead = float(np.median(laps[:, :, 1] / laps[:, :, 2])) - 1
    record(f"{name}: the extractor beyond the run, %", 100 * overhead)


def _packaged(package: object) -> Work:
    return lambda signal: package.process_signal(signal.samples, signal.rate)  # type: ignore[attr-defined]
