"""What fitting from the store costs at 1,000, 10,000 and 100,000 utterances of 1,000 values.

Run ``pytest -m bench -o python_files='bench_*.py' tests/benchmarks/bench_scale_fit.py -s``.

The stores are synthetic: 6 classes, 60 speakers, values that depend weakly on both. Each step
runs in a process of its own; its peak memory is reported beside the memory after all imports. The
steps:

``read``
    All rows from the store, in batches.
``one fold``
    The training set of one fold of six (5/6 of the rows) is binned and fitted on, the test set is
    predicted. In batches, and with the features in memory.
``featser fit``
    All of it: 6 folds and the model on all, one after another, metrics with intervals, bundle and
    report, without the audit. In batches, and up to 10,000 with the features in memory, since one
    fold shows the same.

Ten trees a class instead of 200, so that it ends; what 200 cost follows from ``a tree``, the time
of a further one. The only assertions are that all utterances are predicted, and better than by
chance. The figures go to ``reports/benchmarks/scale_fit.json``.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.corpora.manifest import write_manifest
from featser.extraction.extraction import REFUSAL_COLUMNS
from featser.features import registry as extractors
from featser.features.extractor import Extractor
from featser.store.feature_store import Store

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "reports" / "benchmarks" / "scale_fit.json"
SIZES = (1_000, 10_000, 100_000)
VALUES, SPEAKERS = 1_000, 60
CLASSES = ("angry", "bored", "fearful", "happy", "neutral", "sad")
TREES, MORE_TREES = 10, 20
BLOCK = 1_024
MOST_IN_MEMORY = 10_000
STEPS = ("read", "one fold, batches", "one fold, memory", "fit, batches", "fit, memory")


class Wide(Extractor):
    """As many values as asked for; nothing is ever extracted with it."""

    name = "wide"
    params: Any = {}  # noqa: RUF012
    families = ("none",)
    names = tuple(f"value_{number:04d}" for number in range(VALUES))
    cost_ms = 0.0
    units = "none"
    description = "drawn, not computed"

    def __call__(self, signal: object) -> np.ndarray:
        raise TypeError("its values are drawn, not computed")


def table_of(count: int) -> pd.DataFrame:
    """A manifest as an extraction stores it: every class by every speaker."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "file": [f"/nowhere/{row // 1000:03d}/{row:06d}.wav" for row in number],
            "speaker": [f"s{row:02d}" for row in number // len(CLASSES) % SPEAKERS],
            "emotion": np.array(CLASSES)[number % len(CLASSES)],
            "corpus": "synthetic",
            "key": [f"{row:064x}" for row in number],
        }
    )


def blocks(count: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Values that lean to their class in 20 features, to their speaker in all, and are noise."""
    rng = np.random.default_rng(0)
    classes = np.zeros((len(CLASSES), VALUES), np.float32)
    classes[:, :20] = rng.normal(0, 0.8, (len(CLASSES), 20))
    voices = rng.normal(0, 0.5, (SPEAKERS, VALUES)).astype(np.float32)
    for first in range(0, count, BLOCK):
        rows = slice(first, min(first + BLOCK, count))
        number = np.arange(rows.start, rows.stop)
        values = rng.standard_normal((len(number), VALUES), np.float32)
        values += classes[number % len(CLASSES)] + voices[number // len(CLASSES) % SPEAKERS]
        yield rows, values


def generate(folder: Path, count: int) -> None:
    """Write a store as ``featser extract`` leaves it."""
    store, table = Store(folder), table_of(count)
    keys = table["key"].tolist()
    for rows, values in blocks(count):
        store.add(Wide(), keys[rows], values)
    store.flush(Wide())
    write_manifest(table, folder / "manifest.parquet")
    pd.DataFrame(columns=REFUSAL_COLUMNS).to_csv(folder / "unusable.csv", index=False)
    source = {"origin": "synthetic", "features": ["wide"], "recipe": None}
    source |= {"unmatched": [], "notes": [], "augmentations": [], "cards": []}
    (folder / "source.json").write_text(json.dumps(source), encoding="utf-8")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(store: Path) -> dict[str, float]:
    from featser.experiment.loading.store_rows import StoreRows

    keys = pd.read_parquet(store / "manifest.parquet", columns=["key"])["key"].tolist()
    count = sum(len(batch) for batch in StoreRows(Store(store), [Wide()], keys).batches())
    return {"utterances": count}


def one_fold(store: Path, batches: bool, trees: int) -> dict[str, float]:
    from featser.evaluation.prediction_tables import prediction_table
    from featser.evaluation.rows import rows_of
    from featser.experiment.loading.store_rows import StoreRows
    from featser.models.building import make_batched, make_estimator
    from featser.models.multitask import MultiTaskEstimator
    from featser.tasks import Task

    table = pd.read_parquet(store / "manifest.parquet")
    keys = table["key"].tolist()
    test = np.arange(len(keys)) // len(CLASSES) % SPEAKERS < SPEAKERS // 6
    task = Task("emotion", classes=CLASSES, role="primary")
    train, tested = np.flatnonzero(~test), np.flatnonzero(test)
    few_trees(trees)
    X: Any = StoreRows(Store(store), [Wide()], keys)
    if not batches:
        X = Store(store).read(Wide(), keys)
    estimator = (make_batched if batches else make_estimator)("xgboost", task)
    model = MultiTaskEstimator([task], {"emotion": estimator})
    learn = model.fit_batches if batches else model.fit
    fitted = learn(rows_of(X, train), table.iloc[train])
    predictions = prediction_table(fitted, rows_of(X, tested), [task])["emotion.pred"]
    right = predictions.to_numpy() == table["emotion"].to_numpy()[tested]
    return {"utterances": len(keys), "accuracy": float(right.mean())}


def whole_fit(store: Path, batches: bool) -> dict[str, float]:
    from featser.api.fit import fit

    few_trees(TREES)
    run = fit(
        store=store,
        model="xgboost",
        output=store / f"run-{batches}",
        n_jobs=1,
        audit=False,
        batches=batches,
    )
    uar = run.metrics["speaker-independent"]["emotion"]["uar"]["value"]
    return {"utterances": len(run.predictions), "accuracy": float(uar)}


def few_trees(trees: int) -> None:
    from featser.models import makers

    makers.XGBOOST["n_estimators"] = trees


def step(name: str, store: Path, trees: int) -> dict[str, float]:
    """Run a step in this process, where the extractor is registered."""
    import matplotlib.figure
    import sklearn.ensemble
    import xgboost

    import featser.api.fit
    import featser.reporting.html

    del featser, matplotlib, sklearn, xgboost
    made = extractors.make_extractor
    sys.modules["featser.experiment.loading.data"].make_extractor = (  # type: ignore[attr-defined]
        lambda spec: Wide() if spec == "wide" else made(spec)
    )
    before, used, began = peak(), cpu(), time.perf_counter()
    batches = "batches" in name
    if name == "read":
        figures = read(store)
    elif name.startswith("one fold"):
        figures = one_fold(store, batches, trees)
    else:
        figures = whole_fit(store, batches)
    return figures | {
        "wall s": time.perf_counter() - began,
        "CPU s": cpu() - used,
        "peak MB before": before,
        "peak MB": peak(),
    }


def measure(name: str, store: Path, trees: int = TREES) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_scale_fit", name, str(store)]
    shown = subprocess.run(
        [*command, str(trees)], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    figures: dict[str, float] = json.loads(shown.splitlines()[-1])
    return figures


def slopes(at: dict[int, dict[str, float]], what: str) -> dict[str, Any]:
    """How a figure grows: 1 where it is in proportion to the number of utterances."""

    def slope(sizes: Sequence[int]) -> float:
        figures = [at[size][what] for size in sizes]
        return round(float(np.polyfit(np.log(sizes), np.log(figures), 1)[0]), 3)

    return {"over all": slope([*at]), "from each to the next": [*map(slope, pairwise(at))]}


def test_time_and_memory_at_three_sizes(tmp_path: Path) -> None:
    steps: dict[str, dict[int, dict[str, float]]] = {name: {} for name in STEPS}
    for size in SIZES:
        store = tmp_path / str(size)
        generate(store, size)
        for name in STEPS:
            if name == "fit, memory" and size > MOST_IN_MEMORY:
                continue
            figures = measure(name, store)
            assert figures.pop("utterances") == size
            assert figures.get("accuracy", 1.0) > 2 / len(CLASSES)
            figures["wall ms an utterance"] = 1000 * figures["wall s"] / size
            figures["CPU ms an utterance"] = 1000 * figures["CPU s"] / size
            if name == "one fold, batches":
                more = measure(name, store, MORE_TREES)["CPU s"] - figures["CPU s"]
                figures["a tree for each class, CPU s"] = more / (MORE_TREES - TREES)
            steps[name][size] = {key: round(value, 4) for key, value in figures.items()}
            print(f"{size:7} {name:18}", steps[name][size], flush=True)
    record(steps)


def record(steps: dict[str, dict[int, dict[str, float]]]) -> None:
    """Write the figures."""
    result = {
        "values": VALUES,
        "MB of features": {size: round(4e-6 * VALUES * size, 1) for size in SIZES},
        "trees for each class": TREES,
        "steps": steps,
        "slopes of log time": {
            f"{name}, {what}": slopes(at, f"{what} s")
            for name, at in steps.items()
            for what in ("wall", "CPU")
        },
    }
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    print(json.dumps(step(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
