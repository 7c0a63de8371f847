"""``featser explain`` as a user runs it: table, files, section of the report, cached models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.flow import featser_here


@pytest.fixture
def work(fitted: Path, tmp_path: Path) -> Path:
    """A copy of a finished run; its store stays where it was."""
    shutil.copytree(fitted, tmp_path / "run")
    return tmp_path


def test_explain_prints_and_writes_the_groups(work: Path) -> None:
    shown = featser_here("explain", "run", "-j", "1", "-o", "mine.csv", cwd=work)
    assert "report: run/report.html (section Explanation)" in shown.stdout
    assert shown.returncode == 0, shown.stderr
    assert "MFCC" in shown.stdout
    assert "note: 4 speakers: the interval is uncertain with fewer than 10 speakers" in shown.stdout
    result = json.loads((work / "run" / "explanation.json").read_text(encoding="utf-8"))
    assert [group["group"] for group in result["groups"]] == ["MFCC"]
    fall = result["groups"][0]["fall"]
    assert fall["low"] < fall["value"] < fall["high"]
    assert set(result["groups"][0]["recalls"]) == {"angry", "happy", "neutral", "sad"}
    metrics = json.loads((work / "run" / "metrics.json").read_text(encoding="utf-8"))
    figure = metrics["speaker-independent"]["emotion"]["uar"]["value"]
    assert result["value"] == pytest.approx(figure), "the fold models are those of the run"
    assert not [note for note in result["notes"] if "differ" in note]
    assert pd.read_csv(work / "mine.csv")["group"].tolist() == ["MFCC"]


def test_a_second_explanation_reads_costly_models_and_replaces_the_section(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("featser.experiment.runs.fold_models.WORTH_STORING_S", 0.0)
    featser_here("explain", "run", "-j", "1", cwd=work)
    again = featser_here("explain", "run", "-j", "1", "--by", "functional", cwd=work)
    assert "4 of 4 models read from the cache, 0 fitted" in again.stdout, again.stderr
    page = (work / "run" / "report.html").read_text(encoding="utf-8")
    assert page.count('<h2 id="explanation">') == 1
    assert page.count('href="#explanation"') == 1
    assert "groups by functional" in page
    assert "groups by descriptor" not in page


@pytest.mark.slow
def test_what_goes_with_a_class_is_said_in_units(
    voices: Path, extracted: Path, tmp_path: Path
) -> None:
    """The demo voices raise level and pitch for angry: see the synthetic corpus."""
    store = tmp_path / "store"
    featser_here("extract", voices, "--corpus", "demo", "-f", "gemaps", "--store", store, "-j", "1")
    fit = ("fit", "--store", store, "--model", "lda", "--no-audit", "-o", tmp_path / "run")
    shown = featser_here(*fit, "-j", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("explain", "run", "-j", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "What goes with a class (differences within speakers):" in shown.stdout
    table = pd.read_csv(tmp_path / "run" / "class_differences.csv")
    assert len(table) == 4 * 88
    pitch = table[table["words"] == "F0"].set_index("class")
    assert pitch.loc["angry", "difference"] > 0 > pitch.loc["sad", "difference"]
    assert pitch["unit"].unique().tolist() == ["semitones"]
    result = json.loads((tmp_path / "run" / "explanation.json").read_text(encoding="utf-8"))
    assert [text.split(":")[0] for text in result["class_sentences"]] == table[
        "class"
    ].unique().tolist()
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "What goes with a class" in page
    assert "SD within speakers" in page
    shown = featser_here("explain", "run", "-j", "1", "--by", "correlated", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    joined = json.loads((tmp_path / "run" / "explanation.json").read_text(encoding="utf-8"))
    alone, together = ([one["group"] for one in each["groups"]] for each in (result, joined))
    assert sorted(part for name in together for part in name.split(" + ")) == sorted(alone)
    assert len(together) < len(alone)
    assert sum(one["features"] for one in joined["groups"]) == 88
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "groups by correlated" in page


def test_without_interpretable_features_a_note_names_those_that_are_needed(work: Path) -> None:
    shown = featser_here("explain", "run", "-j", "1", cwd=work)
    assert "needs one of the features gemaps, egemaps, rhythm in the run" in shown.stdout
    assert not (work / "run" / "class_differences.csv").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    shown = featser_here("explain", tmp_path)
    assert shown.returncode != 0
    assert "no run: there is no predictions.parquet in it" in shown.stderr


def test_another_grouping_names_the_valid_ones(work: Path) -> None:
    shown = featser_here("explain", "run", "--by", "colour", cwd=work)
    assert "'colour'" in shown.stderr
    assert "functional" in shown.stderr


def test_a_run_whose_folds_are_others_is_refused(work: Path) -> None:
    path = work / "run" / "predictions.parquet"
    table = pd.read_parquet(path)
    table.loc[table.index[:5], "fold"] = 3
    table.to_parquet(path, index=False)
    shown = featser_here("explain", "run", "-j", "1", cwd=work)
    assert "folds of protocol 'speaker-independent' are no longer those of the run" in shown.stderr


def test_a_run_whose_recordings_were_moved_is_refused_with_one_of_them(work: Path) -> None:
    path = work / "run" / "predictions.parquet"
    table = pd.read_parquet(path)
    table.loc[table.index[0], "file"] = "/elsewhere/moved.wav"
    table.to_parquet(path, index=False)
    shown = featser_here("explain", "run", "-j", "1", cwd=work)
    assert "1 of its 64 recordings was not found, such as" in shown.stderr
    assert "/elsewhere/moved.wav" in shown.stderr
