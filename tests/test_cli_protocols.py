"""Every protocol through ``featser fit``: what is predicted, stated and refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.flow import featser_here
from tests.reporting.page import Page

pytestmark = pytest.mark.slow

FIT = ("-f", "mfcc:basic", "--model", "lda", "-t", "emotion", "--jobs", "1")


@pytest.fixture(scope="module")
def manifest(extracted: Path) -> Path:
    """Two corpora of two speakers each; only the first has sad, and gender."""
    from featser.experiment.loading.last_extraction import recall

    table = recall(extracted / "featser-store")[0].table.drop(columns="key")
    first = table["speaker"].isin(["f1", "m1"])
    table["corpus"] = np.where(first, "one", "two")
    table = table[first | (table["emotion"] != "sad")].reset_index(drop=True)
    table["gender"] = table["gender"].where(table["corpus"] == "one")
    table["sentence"] = [f"t{number % 3}" for number in range(len(table))]
    table["split"] = table["speaker"].map({"f1": "train", "m1": "dev", "f2": "test"})
    path = extracted / "protocols.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(manifest: Path) -> Path:
    """A run under many protocols at once."""
    protocols = ("speaker-independent", "leave-one-corpus-out", "fixed-split",
                 "speaker-and-sentence-independent", "sentence-independent")  # fmt: skip
    options = [part for name in protocols for part in ("--protocol", name)]
    shown = featser_here("fit", manifest, *FIT, *options, "-o", "all", cwd=manifest.parent)
    assert shown.returncode == 0, shown.stderr
    (manifest.parent / "all.txt").write_text(shown.stdout, encoding="utf-8")
    return manifest.parent / "all"


def test_predictions_metrics_and_folds_agree_on_who_is_tested(run: Path, manifest: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    predictions = pd.read_parquet(run / "predictions.parquet")
    folds = pd.read_csv(run / "folds.csv")
    rows = len(pd.read_csv(manifest))
    assert predictions["protocol"].value_counts().to_dict() == {
        name: 16 - 4 if name == "fixed-split" else rows for name in metrics
    }
    assert predictions[["protocol", "file", "fold"]].equals(folds[["protocol", "file", "fold"]])
    tested = predictions[predictions["protocol"] == "fixed-split"]
    assert set(tested["speaker"]) == {"f2"}
    for protocol, by_task in metrics.items():
        part = predictions[predictions["protocol"] == protocol].dropna(subset=["emotion.true"])
        right = part["emotion.true"] == part["emotion.pred"]
        uar = right.groupby(part["emotion.true"]).mean().mean()
        assert by_task["emotion"]["uar"]["value"] == pytest.approx(uar)


def test_classes_that_corpora_do_not_share_are_not_scored_and_named(run: Path) -> None:
    predictions = pd.read_parquet(run / "predictions.parquet").set_index("protocol")
    across = predictions.loc["leave-one-corpus-out"]
    assert set(across["emotion.true"].dropna()) == {"angry", "happy", "neutral"}
    assert (across["emotion.p[sad]"] == 0).all(), "nor fitted"
    assert "sad" in set(predictions.loc["speaker-independent", "emotion.true"])
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "do not share all classes of &#39;emotion&#39;" in report
    assert "sad (one: 8)" in report


def test_the_duration_alone_is_beside_every_figure(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    for by_task in metrics.values():
        assert 0 <= by_task["emotion"]["duration.uar"]["value"] <= 1
    assert "emotion.duration" in pd.read_parquet(run / "predictions.parquet")
    assert "duration only 0." in (run / "report.html").read_text(encoding="utf-8")


def test_optimistic_protocols_and_side_notes_are_shown(run: Path) -> None:
    shown = (run.parent / "all.txt").read_text(encoding="utf-8")
    assert "sentence-independent (OPTIMISTIC: speakers are in both" in shown
    assert "leave-one-corpus-out\n" in shown
    assert "only test is predicted" in shown


def test_the_data_of_a_fixed_split_are_those_of_training_too(manifest: Path) -> None:
    shown = featser_here(
        "fit", manifest, *FIT, "-t", "gender", "--no-audit", "-o", "fixed",
        "--protocol", "fixed-split", cwd=manifest.parent,
    )  # fmt: skip
    assert shown.returncode == 2, "gender is tested nowhere"
    shown = featser_here(
        "fit", manifest, *FIT, "--no-audit", "-o", "fixed", "--protocol", "fixed-split",
        cwd=manifest.parent,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    page = Page((manifest.parent / "fixed" / "report.html").read_text(encoding="utf-8"))
    sets = page.table("Training and test set")
    rows = len(pd.read_csv(manifest))
    assert [sets[name][0] for name in ("training", "test", "neither")] == ["32", "12", "12"]
    assert page.table("Labels of each task")["emotion"][2:] == [str(rows), "0", "32", "12"]


def test_the_data_of_a_cross_corpus_run_count_excluded_classes_as_such(manifest: Path) -> None:
    shown = featser_here(
        "fit", manifest, *FIT, "--no-audit", "-o", "cross", "--protocol", "cross-corpus",
        "--train", "one", "--test", "two", cwd=manifest.parent,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    page = Page((manifest.parent / "cross" / "report.html").read_text(encoding="utf-8"))
    assert page.table("Labels of each task")["emotion"] == [
        "classification", "angry, happy, neutral", "56", "8", "0", "24", "24",
    ]  # fmt: skip
    assert page.table("Utterances by emotion and corpus")["sad (excluded)"] == ["8", "0", "8"]
    sets = page.table("Training and test set")
    assert (sets["training"][2], sets["test"][2]) == ("one", "two")


def test_without_the_audit_the_duration_is_absent_with_a_line(manifest: Path) -> None:
    shown = featser_here(
        "fit", manifest, *FIT, "--no-audit", "-o", "bare", "--protocol", "cross-corpus",
        "--train", "one", "--test", "two", cwd=manifest.parent,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "durations are missing" in shown.stdout
    assert "duration.uar" not in shown.stdout
    described = json.loads((manifest.parent / "bare" / "run.json").read_text(encoding="utf-8"))
    assert (described["train"], described["test"]) == (["one"], ["two"])
    predictions = pd.read_parquet(manifest.parent / "bare" / "predictions.parquet")
    assert set(predictions["corpus"]) == {"two"}
    report = (manifest.parent / "bare" / "report.html").read_text(encoding="utf-8")
    assert "--protocol cross-corpus --train one --test two" in report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--train", "one"), "--train and --test are for `--protocol cross-corpus`"),
        (("--protocol", "cross-corpus", "--test", "three"), "unknown corpus 'three'"),
        (("--protocol", "fixed-split", "--dev", "test"), "valid: train, unused"),
        (
            ("--protocol", "leave-one-corpus-out", "-t", "gender"),
            "task 'gender' is refused: the corpora share 0 of its classes",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_examined(
    manifest: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("fit", manifest, *FIT, *arguments, cwd=manifest.parent)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert "Examining" not in shown.stderr
