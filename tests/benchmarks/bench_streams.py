"""What the three network streams cost on BanglaSER, one fold, and what they add to a vote.

Each network is trained over the default features and over frames, on one thread, two at a time; the
fold is divided by speaker. Nothing is asserted but that all is done; the figures go to
``reports/benchmarks/streams.json``. It is run by ``make bench-streams``.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from featser.evaluation.metrics.metrics import uar_of_codes
from featser.evaluation.protocols.folding import assign_folds, speaker_ids
from featser.experiment.loading.last_extraction import recall
from featser.features.registry import make_extractor
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.building import make_estimator
from featser.models.routing import fit_routed
from featser.models.streams.estimators import StreamClassifier
from featser.store.feature_store import Store
from featser.tasks import Task
from tests.benchmarks.bench_fit import featser

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "streams.json"
NETWORKS = ("cnn", "cnn-lstm", "cnn-bilstm")
CLASSICAL = ("kernel", "logistic")


def test_three_streams_over_vectors_and_frames(corpora: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    store = tmp_path / "store"
    arguments = [part for spec in (*DEFAULT_FEATURES, "frames") for part in ("-f", spec)]
    data = ("--data", f"banglaser={corpora}/banglaser", "--store", store)
    featser("extract", "banglaser", *data, *arguments)
    source, _ = recall(store)
    table = source.table.dropna(subset=["key", "emotion"]).reset_index(drop=True)
    keys = table["key"].tolist()
    parts = [
        Store(store).read(make_extractor(spec), keys) for spec in (*DEFAULT_FEATURES, "frames")
    ]
    speaker = speaker_ids(table)
    y = np.asarray(pd.Categorical(table["emotion"]).codes, dtype=np.intp)
    train = assign_folds("speaker-independent", y, speaker, table["key"]) != 0
    figures = measured(parts[:-1], parts[-1], y, speaker, train)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    assert len(figures["UAR"]) == 13


def measured(
    vectors: list[np.ndarray],
    frames: np.ndarray,
    y: np.ndarray,
    speaker: np.ndarray,
    train: np.ndarray,
) -> dict[str, Any]:
    """Train everything on one fold; return seconds and UAR of each and of the votes."""
    vector, blocks = np.hstack(vectors), [part.shape[1] for part in vectors]
    task = Task("emotion", classes=tuple(map(str, range(y.max() + 1))))
    models = {name: (make_estimator(name, task, blocks=blocks), vector) for name in CLASSICAL}
    for name in NETWORKS:
        models[f"{name}, vector"] = (make_estimator(name, task), vector)
        models[f"{name}, frames"] = (StreamClassifier(name, width=40), frames)
    fitted = {}
    seconds = {}
    for kind in ("vector", "frames"):
        names = [f"{name}, {kind}" for name in NETWORKS]
        began = time.perf_counter()
        fitted |= _fitted({name: models[name] for name in names}, y, speaker, train)
        seconds[f"three streams, {kind}, on the wall"] = time.perf_counter() - began
    fitted |= _fitted({name: models[name] for name in CLASSICAL}, y, speaker, train)
    predictions = {name: predicted for name, (predicted, _) in fitted.items()}
    votes = {
        "kernel + logistic": list(CLASSICAL),
        "three streams, vector": [f"{name}, vector" for name in NETWORKS],
        "three streams, frames": [f"{name}, frames" for name in NETWORKS],
    }
    for kind in ("vector", "frames"):
        networks = votes[f"three streams, {kind}"]
        votes[f"kernel + logistic + three streams, {kind}"] = [*CLASSICAL, *networks]
    predictions |= {
        vote: np.mean([predictions[name] for name in members], axis=0)
        for vote, members in votes.items()
    }
    seconds |= {f"{name}, CPU": took for name, (_, took) in fitted.items()}
    return {
        "corpus": "banglaser, fold 0 by speaker",
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "UAR": {
            name: round(uar_of_codes(y[~train], predicted.argmax(axis=1), len(task.classes)), 3)
            for name, predicted in predictions.items()
        },
    }


def _fitted(
    models: dict[str, Any], y: np.ndarray, speaker: np.ndarray, train: np.ndarray
) -> dict[str, Any]:
    outcomes = Parallel(n_jobs=2)(
        delayed(_predicted)(model, X[train], y[train], speaker[train], X[~train])
        for model, X in models.values()
    )
    return dict(zip(models, outcomes, strict=True))


def _predicted(
    model: Any, X: np.ndarray, y: np.ndarray, speaker: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return a model's probabilities for new rows, and its CPU seconds for learning."""
    with threadpool_limits(1):
        began = time.process_time()
        fit_routed(model, X, y, speaker=speaker)
        return model.predict_proba(new), time.process_time() - began
