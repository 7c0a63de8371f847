"""``featser fit --batches``: the features stay in the store, and all results are unchanged."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.api.predict import predict
from featser.errors import ResourceError
from featser.evaluation.rows import Rows
from featser.experiment.loading import data as loading
from featser.experiment.loading.last_extraction import recall
from featser.experiment.loading.store_rows import (
    BATCHES_FROM,
    StoreRows,
    in_batches,
    refuse_too_much,
)
from featser.features.registry import make_extractor
from featser.models.bundle import load_bundle
from featser.store.feature_store import Store
from tests.flow import featser_here

pytestmark = pytest.mark.slow

GB = 1_000_000_000


@pytest.fixture(scope="module")
def work(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two extractors' features."""
    folder = tmp_path_factory.mktemp("batches")
    shutil.copytree(extracted / "featser-store", folder / "featser-store")
    table = recall(extracted / "featser-store")[0].table
    table.drop(columns="key").to_csv(folder / "voices.csv", index=False)
    shown = featser_here("extract", "voices.csv", "-f", "mfcc:basic", "-f", "rms:basic", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


@pytest.fixture(scope="module")
def run(work: Path) -> Path:
    shown = featser_here(
        "fit", "--model", "xgboost", "--batches", "--no-audit", "-t", "emotion", "-t", "gender",
        "-o", "run", "--jobs", "1", cwd=work,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    return work / "run"


@pytest.mark.slow
def test_the_figures_are_those_of_all_in_memory_within_noise(run: Path, work: Path) -> None:
    shown = featser_here(
        "fit", "--model", "xgboost", "--no-batches", "--no-audit", "-t", "emotion", "-t", "gender",
        "-o", "whole", "--jobs", "1", cwd=work,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    for task in ("emotion", "gender"):
        one, other = (
            json.loads((folder / "metrics.json").read_text())["speaker-independent"][task]["uar"]
            for folder in (run, work / "whole")
        )
        assert one["value"] == pytest.approx(other["value"], abs=0.1)


def test_report_and_bundle_say_how_it_was_fitted(run: Path) -> None:
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "fitted batch by batch" in report
    assert "were read from the store in batches" in report
    assert "--no-batches" not in report
    assert load_bundle(run / "model.featser").training["batches"] is True
    predictions = pd.read_parquet(run / "predictions.parquet")
    assert len(predictions) == 64
    assert predictions["fold"].nunique() == 4


def test_prediction_from_audio_is_that_from_the_store(run: Path, work: Path) -> None:
    table = recall(work / "featser-store")[0].table.iloc[:3]
    extractors = [make_extractor("mfcc:basic"), make_extractor("rms:basic")]
    rows = StoreRows(Store(work / "featser-store"), extractors, list(table["key"]))
    model = load_bundle(run / "model.featser").model
    expected = model.predict_proba(next(rows.batches()))["emotion"]
    predictions = predict(run / "model.featser", list(table["file"]))
    for name in expected:
        np.testing.assert_allclose(predictions[f"emotion.p[{name}]"], expected[name], rtol=1e-5)


def test_a_damaged_part_stops_the_fit_with_the_stores_own_words(work: Path, tmp_path: Path) -> None:
    shutil.copytree(work / "featser-store", tmp_path / "featser-store")
    part = next(tmp_path.glob("featser-store/features/rms*/part-*.arrow"))
    part.write_bytes(part.read_bytes()[:-100] + bytes(100))
    shown = featser_here(
        "fit", "--model", "xgboost", "--batches", "--no-audit", "--jobs", "1", cwd=tmp_path
    )
    assert shown.returncode == 1
    assert f"{part.name}" in shown.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("size", [1, 10, 64])
def test_rows_are_what_the_store_holds_side_by_side(work: Path, size: int) -> None:
    store = Store(work / "featser-store")
    keys = list(recall(store.folder)[0].table["key"])
    extractors = [make_extractor("mfcc:basic"), make_extractor("rms:basic")]
    rows = StoreRows(store, extractors, keys)
    whole = np.hstack([store.read(extractor, keys) for extractor in extractors])
    assert rows.shape == whole.shape
    np.testing.assert_array_equal(np.concatenate([*rows.batches(size)]), whole)
    chosen = np.array([5, 60])
    np.testing.assert_array_equal(next(rows.part(chosen).batches(size)), whole[chosen][:size])
    handed_over = pickle.loads(pickle.dumps(rows))  # as folds in other processes have them
    np.testing.assert_array_equal(next(handed_over.batches(size)), whole[:size])


@pytest.mark.slow
def test_speaker_normalisation_and_augmented_copies_go_with_batches(
    voices: Path, tmp_path: Path
) -> None:
    shown = featser_here(
        "extract", voices, "--corpus", "demo", "-f", "mfcc:basic", "--augment", "gain",
        cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    recalls = []
    for batches in ("--batches", "--no-batches"):
        shown = featser_here(
            "fit", "--model", "xgboost", "-t", "emotion", batches, "--speaker-norm",
            "transductive", "--no-audit", "-o", batches, "--jobs", "1", cwd=tmp_path,
        )  # fmt: skip
        assert shown.returncode == 0, shown.stderr
        assert "augmented copies as well" in shown.stdout
        metrics = json.loads((tmp_path / batches / "metrics.json").read_text())
        recalls.append(metrics["speaker-independent"]["emotion"]["uar"]["value"])
    assert recalls[0] == pytest.approx(recalls[1], abs=0.1)


def test_a_model_that_needs_all_in_memory_is_refused_with_the_one_that_does_not(
    work: Path,
) -> None:
    shown = featser_here("fit", "--batches", cwd=work)
    assert shown.returncode == 2
    assert "--model vote needs all features in memory" in shown.stderr
    assert "use --model xgboost, alone" in shown.stderr


def test_xgboost_alone_turns_to_batches_at_a_fixed_size() -> None:
    assert in_batches(None, "xgboost", BATCHES_FROM)
    assert not in_batches(None, "xgboost", BATCHES_FROM - 1)
    assert not in_batches(None, "vote", 100 * BATCHES_FROM)
    assert in_batches(True, "xgboost", 1)
    assert not in_batches(False, "xgboost", BATCHES_FROM)


def test_what_would_exhaust_the_memory_is_refused_before_a_feature_is_read(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_read(*_: object) -> Rows:
        raise AssertionError("features were read")

    monkeypatch.setattr(loading, "available_memory", lambda: 10_000)
    monkeypatch.setattr(Store, "read", none_read)
    shown = featser_here("fit", "--model", "lda", cwd=work)
    assert shown.returncode == 1
    assert "GB are available" in shown.stderr
    assert "`--model xgboost --batches`" in shown.stderr


def test_the_refusal_names_one_fold_at_a_time_where_that_would_do() -> None:
    refuse_too_much("vote", GB, 1, 5 * GB)
    refuse_too_much("vote", GB, 2, None)
    with pytest.raises(ResourceError, match=r"take 1 GB.*2 folds.* 9 GB.* 5 GB.*\(--jobs 1\)"):
        refuse_too_much("vote", GB, 2, 5 * GB)
    with pytest.raises(ResourceError, match=r"use `--batches`.*, or fewer features"):
        refuse_too_much("xgboost", GB, 1, 4 * GB)
    refuse_too_much("xgboost", GB, 2, GB, batches=True)
    with pytest.raises(ResourceError, match=r"use one fold at a time \(--jobs 1\), or fewer"):
        refuse_too_much("xgboost", 2 * GB, 2, GB, batches=True)


def test_real_emotions_are_recognised_as_with_all_in_memory(corpora: Path, tmp_path: Path) -> None:
    files = sorted((corpora / "emodb").rglob("*.flac"))
    (tmp_path / "emodb").mkdir()
    for file in files:
        if file.stem[:2] in ("03", "08", "10", "13"):
            (tmp_path / "emodb" / file.name).symlink_to(file)
    shown = featser_here("extract", "emodb", "--corpus", "emodb", "-f", "mfcc:basic", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    emotion = {}
    for batches in ("--batches", "--no-batches"):
        shown = featser_here(
            "fit", "--model", "xgboost", "-t", "emotion", batches, "--no-audit", "-o", batches,
            "--jobs", "1", cwd=tmp_path,
        )  # fmt: skip
        assert shown.returncode == 0, shown.stderr
        metrics = json.loads((tmp_path / batches / "metrics.json").read_text())
        emotion[batches] = metrics["speaker-independent"]["emotion"]["uar"]
    batched, in_memory = emotion["--batches"], emotion["--no-batches"]
    assert batched["value"] == pytest.approx(in_memory["value"], abs=0.05)
    assert batched["value"] > 0.4
