"""EmoBox's published folds on the real recordings of EmoDB and RAVDESS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow import featser_here, verdict_in


@pytest.fixture(scope="module")
def emobox(corpora: Path) -> Path:
    """The folder with EmoBox's folds; skips where it is absent."""
    folder = corpora.parent / "emobox"
    if not (folder / "emodb.csv").is_file():
        pytest.skip("no published folds: put emodb.csv and ravdess.csv into emobox/")
    return folder


@pytest.mark.parametrize(
    ("corpus", "code", "conclusion", "rows"),
    [
        ("emodb", 1, "5 folds share 10 speakers", 535),
        ("ravdess", 0, "6 folds share neither speakers nor recordings", 1440),
    ],
)
def test_folds_check_of_emobox_finds_the_shared_speakers(
    emobox: Path, corpora: Path, tmp_path: Path, corpus: str, code: int, conclusion: str, rows: int
) -> None:
    shown = featser_here(
        "folds", "check", emobox / f"{corpus}.csv", corpora / corpus, "--corpus", corpus,
        "-o", tmp_path / "check.json",
    )  # fmt: skip
    assert shown.returncode == code, shown.stderr
    assert conclusion in shown.stdout
    result = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    assert sum(fold["utterances"] for fold in result["folds"]) == rows
    assert result["unmatched_names"] == result["without_fold"] == result["not_checked"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("corpus", "shared"), [("emodb", "folds share 10 speakers"), ("ravdess", "")]
)
def test_fit_on_emobox_folds_says_whether_speakers_are_shared(
    emobox: Path, corpora: Path, tmp_path: Path, corpus: str, shared: str
) -> None:
    features = ("-f", "mfcc:basic")
    shown = featser_here("extract", corpora / corpus, "--corpus", corpus, *features, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here(
        "fit", *features, "--model", "lda", "-t", "emotion", "--protocol", "folds",
        "--folds", emobox / f"{corpus}.csv", "-o", "run", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    verdict = verdict_in(shown.stdout)
    assert "above chance" in verdict.lower()
    assert ("optimistic" in verdict) is bool(shared)
    assert shared in verdict
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    figures = metrics["folds"]["emotion"]
    assert figures["fold_mean.uar"]["value"] == pytest.approx(figures["uar"]["value"], abs=0.03)
