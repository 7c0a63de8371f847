"""Features `frames` and ``featser fit --encode``: fitted in the fold, stored in the model."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.flow import featser_here

STORE = ("--store", "framed")
FEATURES = ("-f", "mfcc:basic", "-f", "frames")
QUICK = ("--model", "logistic", "-t", "emotion", "--no-audit", "--jobs", "1")


@pytest.fixture(scope="module")
def framed(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of two extractors' features, one of them frames."""
    folder = tmp_path_factory.mktemp("framed")
    shown = featser_here("extract", voices, "--corpus", "demo", *FEATURES, *STORE, cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["none", "enrol:2", "transductive"])
def test_a_model_of_encoded_frames_predicts_from_raw_audio(
    framed: Path, voices: Path, norm: str
) -> None:
    run = framed / f"run-{norm.partition(':')[0]}"
    options = ("--encode", "fisher:4", "--speaker-norm", norm, "-o", run)
    shown = featser_here("fit", *STORE, *FEATURES, *QUICK, *options, cwd=framed)
    assert shown.returncode == 0, shown.stderr
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["encode"] == "fisher:4"
    assert "frames encoded by fisher:4" in (run / "report.html").read_text(encoding="utf-8")
    sounds = sorted(voices.glob("*.flac"))[:3]
    enrol = ("--enrol", voices) if norm.startswith("enrol") else ()
    shown = featser_here(
        "predict", run / "model.featser", *sounds, *enrol, "-o", "predictions.csv", cwd=framed
    )
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(framed / "predictions.csv")
    assert table["error"].isna().all()
    assert table["emotion.pred"].notna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*FEATURES,), "does not read the features `frames`"),
        (("-f", "mfcc:basic", "--encode", "fisher"), "add the features `-f frames`"),
        ((*FEATURES, "--encode", "fishr"), "did you mean 'fisher'"),
        ((*FEATURES, "--encode", "fisher:0"), "fisher:0"),
        ((*FEATURES, "--encode", "bag", "--batches", "--model", "xgboost"), "leave --batches out"),
    ],
)
def test_what_cannot_be_encoded_is_refused_with_the_fix(
    framed: Path, options: tuple[str, ...], message: str
) -> None:
    shown = featser_here("fit", *STORE, *QUICK, *options, cwd=framed)
    assert shown.returncode != 0
    assert message in shown.stderr
