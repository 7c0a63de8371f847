"""``featser fit --fusion``, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from featser.api.predict import predict
from tests.flow import featser_here

pytestmark = pytest.mark.slow

FEATURES = ("-f", "mfcc", "-f", "rms")
QUICK = ("fit", "-t", "emotion", "--jobs", "1", "--no-audit", *FEATURES)


@pytest.fixture(scope="module")
def work(extracted: Path, voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store has two extractors with maxima and means."""
    folder = tmp_path_factory.mktemp("fusion")
    without_fits = shutil.ignore_patterns("fits")
    shutil.copytree(extracted / "featser-store", folder / "featser-store", ignore=without_fits)
    shown = featser_here("extract", voices, "--corpus", "demo", *FEATURES, "-j", "1", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


@pytest.mark.parametrize(
    ("fusion", "model"), [("gated", "kernel"), ("aligned", "lda"), ("pooled", "lda,kernel")]
)
def test_streams_that_are_put_together_are_named_and_predict_raw_audio(
    work: Path, voices: Path, fusion: str, model: str
) -> None:
    run = work / fusion
    shown = featser_here(*QUICK, "--model", model, "--fusion", fusion, "-o", run, cwd=work)
    assert shown.returncode == 0, shown.stderr
    described = json.loads((run / "run.json").read_text("utf-8"))
    assert described["fusion"] == fusion
    assert described["model"].endswith(f"; streams {fusion}")
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    emotion = metrics["speaker-independent"]["emotion"]
    assert emotion["uar"]["value"] > emotion["chance.uar"]["value"] + 0.1
    recordings = sorted(voices.glob("*.flac"))[:2]
    assert predict(run / "model.featser", recordings)["emotion.pred"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fusion", "glued"), "valid: none, aligned, gated, pooled"),
        (("--fusion", "gated", "-f", "mfcc:basic"), "combines two extractors; there are 3"),
        (("--fusion", "pooled", "--model", "lda,knn,svm"), "a model for each of 2 extractors"),
        (("--fusion", "gated", "--coupling", "chain"), "cannot be combined with --coupling chain"),
        (("--fusion", "gated", "--primary", "intensity", "-t", "intensity", "--tune"), "--tune"),
    ],
)
def test_a_mistake_is_one_line_with_the_fix(
    work: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here(*QUICK, *arguments, "-o", "refused", cwd=work)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert not (work / "refused").exists()
