"""What a whole default fit costs on BanglaSER, where its time goes, and what tuning adds.

``extract`` and ``fit`` run as a user runs them, on all cores, twice: the second reuses every
cached fold. The steps of one fold are timed in this process, one thread, as CPU seconds on the
training set of fold 0. Nothing is asserted but that all is done; the figures go to
``reports/benchmarks/fit.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from featser.evaluation.protocols.folding import assign_folds, speaker_ids
from featser.experiment.loading.last_extraction import recall
from featser.features.registry import make_extractor
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.building import make_estimator
from featser.models.kernel.kernel_ridge import kernel
from featser.models.registry import DEFAULT_VOTE
from featser.models.routing import fit_routed
from featser.store.feature_store import Store
from featser.tasks import Task

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "fit.json"


def featser(*arguments: str | Path) -> float:
    """Run the command line and return its seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "featser", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def processor_seconds(work: Callable[[], Any]) -> float:
    with threadpool_limits(1):
        began = time.process_time()
        work()
        return time.process_time() - began


def test_a_whole_fit_and_its_parts(corpora: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    given = ("--store", store)
    seconds = {
        "extract": featser(
            "extract", "banglaser", "--data", f"banglaser={corpora}/banglaser", *given
        ),
        "fit": featser("fit", *given, "-o", tmp_path / "run"),
        "fit again": featser("fit", *given, "-o", tmp_path / "again"),
        "fit, emotion alone": featser(
            "fit", *given, "-t", "emotion", "--no-cache", "-o", tmp_path / "one"
        ),
        "fit --tune, emotion alone": featser(
            "fit", *given, "-t", "emotion", "--tune", "-o", tmp_path / "tuned"
        ),
    }
    whole = {name: round(value, 1) for name, value in seconds.items()}
    parts = {name: round(value, 2) for name, value in _parts(store).items()}
    figures = {"corpus": "banglaser", "seconds": whole, "one fold, CPU seconds": parts}
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    assert (tmp_path / "run" / "report.html").exists()


def _parts(store: Path) -> dict[str, float]:
    """Time what one fold of the emotion task is made of."""
    source, _ = recall(store)
    table = source.table.dropna(subset=["key", "emotion"]).reset_index(drop=True)
    extractors = [make_extractor(spec) for spec in DEFAULT_FEATURES]
    blocks = [extractor.dimension for extractor in extractors]
    keys = table["key"].tolist()
    X = np.hstack([Store(store).read(extractor, keys) for extractor in extractors])
    speaker = speaker_ids(table)
    classes = tuple(sorted(table["emotion"].unique()))
    y = np.asarray(pd.Categorical(table["emotion"], classes).codes, dtype=np.intp)
    train = assign_folds("speaker-independent", y, speaker, table["key"]) != 0
    task = Task("emotion", classes=classes)
    seconds: dict[str, float] = {}
    for name in DEFAULT_VOTE:
        model = make_estimator(name, task, blocks=blocks)
        seconds[f"fit {name}"] = processor_seconds(
            lambda m=model: fit_routed(m, X[train], y[train], speaker=speaker[train])
        )
        seconds[f"predict {name}"] = processor_seconds(lambda m=model: m.predict_proba(X[~train]))
    scaled = make_estimator("kernel", task)[:-1].fit_transform(X[train])
    seconds["of kernel: comparing all rows"] = processor_seconds(
        lambda: kernel(scaled, scaled, blocks, 0.5)
    )
    return seconds
