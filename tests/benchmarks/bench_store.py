"""What it costs to write features and to read them back: the store beside one wide Parquet file.

Run ``pytest -m bench tests/benchmarks/bench_store.py -s``.

7,000 utterances of 1,500 values, as extraction writes them, in parts of 16 rows, and after
``featser store compact``. Medians; the files are in the system's cache. Nothing is asserted but
that the values come back: the figures are printed and added to ``reports/benchmarks/store.json``,
one JSON object in a line.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from featser.extraction.extraction import CHUNK
from featser.features.extractor import Extractor
from featser.store import maintenance
from featser.store.feature_store import Store
from featser.store.part_files import check_part

pytestmark = pytest.mark.bench

RESULTS = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "store.json"
ROWS, VALUES = 7_000, 1_500
REPEATS = 7


class Wide(Extractor):
    """As many values as asked for; nothing is ever extracted with it."""

    name = "wide"
    params: Any = {}  # noqa: RUF012
    families = ("none",)
    names = tuple(f"value_{number:04d}" for number in range(VALUES))

    def __call__(self, signal: object) -> np.ndarray:
        raise TypeError("its values are drawn, not computed")


def seconds(work: Callable[[], object]) -> float:
    """Median of some runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_store_and_parquet(tmp_path: Path) -> None:
    extractor = Wide()
    values = np.random.default_rng(0).normal(size=(ROWS, VALUES)).astype(np.float32)
    keys = [f"{row:032x}" for row in range(ROWS)]
    store, parquet = tmp_path / "store", tmp_path / "wide.parquet"
    figures: dict[str, float] = {}

    def write() -> None:
        writer = Store(store)
        for first in range(0, ROWS, CHUNK):
            writer.add(extractor, keys[first : first + CHUNK], values[first : first + CHUNK])
        writer.flush(extractor)

    def read() -> np.ndarray:
        return Store(store).read(extractor, keys)

    def checksums() -> None:
        for part in store.rglob("part-*.arrow"):
            check_part(part)

    def write_parquet() -> None:
        table = pd.DataFrame(values, columns=list(extractor.names))
        table.insert(0, "key", keys)
        table.to_parquet(parquet, index=False)

    def read_parquet() -> np.ndarray:
        return pd.read_parquet(parquet).drop(columns="key").to_numpy(np.float32)

    figures["store: write parts of 16 rows, s"] = once(write)
    figures["store: part files"] = len(list(store.rglob("part-*.arrow")))
    figures["store: MB"] = sum(part.stat().st_size for part in store.rglob("part-*")) / 1e6
    figures["store: read, s"] = seconds(read)
    figures["store: of which checksums, s"] = seconds(checksums)
    next(store.rglob("index-*.arrow")).unlink()
    figures["store: read without an index, s"] = seconds(read)
    assert np.array_equal(read(), values)

    figures["store: compact, s"] = once(lambda: maintenance.compact(Store(store)))
    figures["compacted: part files"] = len(list(store.rglob("part-*.arrow")))
    figures["compacted: read, s"] = seconds(read)
    assert np.array_equal(read(), values)

    figures["Parquet: write, s"] = once(write_parquet)
    figures["Parquet: MB"] = parquet.stat().st_size / 1e6
    figures["Parquet: read, s"] = seconds(read_parquet)
    assert np.array_equal(read_parquet(), values)
    record(figures)


def record(figures: dict[str, float]) -> None:
    """Print figures and add them to the results."""
    width = max(map(len, figures))
    print("\n")
    for name, value in figures.items():
        print(f"{name:{width}}  {value:9.3f}")
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "libraries": {"numpy": version("numpy"), "pyarrow": pa.__version__},
        "figures": {name: round(value, 4) for name, value in figures.items()},
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
