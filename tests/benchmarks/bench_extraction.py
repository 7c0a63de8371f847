"""What extraction costs as a whole: one worker, two, and a second run that computes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd
import pytest

from featser.extraction.extraction import extract_manifest
from featser.features.spec_names import DEFAULT_FEATURES
from featser.store.feature_store import Store

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "extraction.json"
RECORDINGS = 480
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_workers_and_reuse(corpora: Path, tmp_path: Path) -> None:
    files = sorted((corpora / "ravdess").rglob("*.flac"))
    table = pd.DataFrame({"file": [str(file) for file in files[:: len(files) // RECORDINGS]]})
    times: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(ROUNDS):
        for jobs in (1, 2):
            store = Store(tmp_path / f"{turn}-{jobs}")
            times[jobs].append(
                seconds(lambda s=store, j=jobs: extract_manifest(table, DEFAULT_FEATURES, s, j))
            )
    again = [
        seconds(lambda: extract_manifest(table, DEFAULT_FEATURES, Store(tmp_path / "0-2"), 2))
        for _ in range(ROUNDS)
    ]
    one, two = median(times[1]), median(times[2])
    figures = {
        "recordings": len(table),
        "one worker, s": one,
        "two workers, s": two,
        "two workers, times as fast": one / two,
        "again, nothing to compute, s": median(again),
    }
    for name, figure in figures.items():
        print(f"{name:40} {figure:10.3f}")
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
