"""``featser fit --two-pass``, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest

from featser.api.predict import predict
from featser.models.heads.logistic_classifier import LogisticClassifier
from tests.flow import featser_here

QUICK = ("-t", "emotion", "--model", "logistic", "--jobs", "1", "--no-audit")


@pytest.fixture
def two_languages(voices: Path, tmp_path: Path) -> Path:
    """A manifest that gives half of the speakers another language, and another corpus."""
    files = sorted(voices.glob("*.flac"))
    who = [file.stem.split("-")[0] for file in files]
    table = pd.DataFrame(
        {
            "file": [str(file) for file in files],
            "speaker": who,
            "language": ["bn" if name.startswith("f") else "de" for name in who],
            "corpus": ["one" if name.startswith("f") else "two" for name in who],
            "emotion": [file.stem.split("-")[1] for file in files],
        }
    )
    path = tmp_path / "manifest.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_a_model_for_each_language_is_named_with_what_it_rests_on_and_predicts_raw_audio(
    extracted: Path, two_languages: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = ("fit", two_languages, "-f", "mfcc:basic", *QUICK, "-o", run)
    fit = LogisticClassifier.fit
    with patch.object(LogisticClassifier, "fit", autospec=True, side_effect=fit) as fitting:
        shown = featser_here(*command, "--two-pass", "weighted", cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    report = (run / "report.html").read_text("utf-8")
    assert "language equals recording condition" in report
    assert "the first pass finds which of the 2 languages is spoken with UAR" in report
    assert fitting.call_count == (4 + 1) * 3, "each fold, and all: first pass, two languages"
    described = json.loads((run / "run.json").read_text("utf-8"))
    assert described["two_pass"] == "weighted"
    assert described["model"] == "logistic; two-pass weighted"
    files = pd.read_csv(two_languages)["file"].iloc[[0, -1]]
    assert len(predict(run / "model.featser", [Path(file) for file in files])) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--two-pass", "harder"), "valid: none, common, hard, soft, weighted"),
        (("--two-pass", "hard"), "needs the column 'language'; 64 of 64 utterances"),
        (("--two-pass", "soft", "--coupling", "chain"), "cannot be combined with --coupling chain"),
        (("--two-pass", "weighted", "--model", "lda"), "--model lda does not: use --two-pass soft"),
    ],
)
def test_a_mistake_is_one_line_with_the_fix(
    extracted: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("fit", *QUICK, *arguments, cwd=extracted)
    assert shown.returncode != 0
    assert message in shown.stderr
