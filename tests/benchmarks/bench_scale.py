"""What extraction and reading back cost at 1,000, 10,000 and 100,000 utterances: time and memory.

Run ``pytest -m bench -o python_files='bench_*.py' tests/benchmarks/bench_scale.py -s``.

The recordings are a tone in noise of 0.15–0.3 s, the extractor is the cheapest one, so that the
overhead is measured. Each step runs in a process of its own, whose peak memory is
that of the calling process; CPU time, which other work on the machine disturbs least, is that of
the step alone, worker processes included. The only assertion is that all utterances are read back.
The figures go to ``reports/benchmarks/scale.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.bench

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "scale.json"
SIZES = (1_000, 10_000, 100_000)
RATE = 16_000
SPEC = "rms:basic"

STEP = """
import json, resource, sys, time

import numpy, scipy.signal, sklearn
import pyarrow.parquet as pq
from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from featser.api.extract import extract

step, manifest, store, spec = sys.argv[1:]

def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

def stored_keys():
    with pq.ParquetFile(store + "/manifest.parquet") as file:
        for batch in file.iter_batches(1024, columns=["key"]):
            yield from batch.column("key").to_pylist()

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, used, began = peak(), cpu(), time.perf_counter()
if step == "read":
    batches = Store(store).batches(make_extractor(spec), stored_keys(), 1024)
    count = sum(len(batch) for batch in batches)
else:
    found = extract(manifest, store, [spec], jobs=2)
    count = found.done if step == "extract" else found.reused
print(json.dumps({
    "utterances": count,
    "wall s": time.perf_counter() - began,
    "CPU s": cpu() - used,
    "peak MB before": before,
    "peak MB": peak(),
}))
"""


def generate(folder: Path, count: int) -> Path:
    """Write recordings, no two alike, a thousand to a folder, and their manifest."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1_500, 3 * RATE)
    times = np.arange(RATE) / RATE
    with (folder / "manifest.csv").open("w", encoding="utf-8") as manifest:
        manifest.write("file,speaker,emotion\n")
        for number in range(count):
            length = int(RATE * (0.15 + 0.15 * (number % 97) / 96))
            tone = 4_000 * np.sin(2 * np.pi * (100 + 0.01 * number) * times[:length])
            samples = (tone + noise[number % 31_013 :][:length]).astype("<i2")
            file = folder / f"{number // 1000:03d}" / f"{number:06d}.wav"
            file.parent.mkdir(exist_ok=True)
            with wave.open(str(file), "wb") as stream:
                stream.setnchannels(1)
                stream.setsampwidth(2)
                stream.setframerate(RATE)
                stream.writeframes(samples.tobytes())
            label = ("angry", "happy", "sad")[number % 3]
            manifest.write(f"{file.relative_to(folder)},s{number % 200},{label}\n")
    return folder / "manifest.csv"


def measure(step: str, manifest: Path, store: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", STEP, step, str(manifest), str(store), SPEC]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, Any] = json.loads(shown.splitlines()[-1])
    return figures


def slope(sizes: tuple[int, ...], figures: list[float]) -> float:
    """How time grows: 1 where it is in proportion to the number of utterances."""
    return float(np.polyfit(np.log(sizes), np.log(figures), 1)[0])


def test_time_and_memory_at_three_sizes(tmp_path: Path) -> None:
    steps: dict[str, dict[int, dict[str, Any]]] = {"extract": {}, "again": {}, "read": {}}
    for size in SIZES:
        folder = tmp_path / str(size)
        folder.mkdir()
        manifest = generate(folder, size)
        for step, at in steps.items():
            at[size] = measure(step, manifest, folder / "store")
            assert at[size].pop("utterances") == size
            figures = at[size] | {
                "wall ms an utterance": 1000 * at[size]["wall s"] / size,
                "CPU ms an utterance": 1000 * at[size]["CPU s"] / size,
            }
            at[size] = {name: round(figure, 4) for name, figure in figures.items()}
            print(f"{size:7} {step:8}", at[size])
        parts = len(list((folder / "store").rglob("part-*.arrow")))
        steps["extract"][size]["part files"] = parts
    slopes = {
        f"{step}, {what}": {
            "over all": round(slope(SIZES, [at[size][f"{what} s"] for size in SIZES]), 3),
            "from each to the next": [
                round(slope(pair, [at[size][f"{what} s"] for size in pair]), 3)
                for pair in pairwise(SIZES)
            ],
        }
        for step, at in steps.items()
        for what in ("wall", "CPU")
    }
    print(json.dumps(slopes, indent=1))
    result = {"extractor": SPEC, "workers": 2, "steps": steps, "slopes of log time": slopes}
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
