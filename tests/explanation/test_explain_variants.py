"""``featser explain`` of runs with coupled tasks and with auxiliary corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.auxiliary import auxiliary_lookup
from tests.flow import featser_here


def checked(folder: Path) -> dict[str, Any]:
    """Return the explanation of a run; its models must be those of the run."""
    result = json.loads((folder / "explanation.json").read_text(encoding="utf-8"))
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    figure = metrics["speaker-independent"]["emotion"]["uar"]["value"]
    assert result["value"] == pytest.approx(figure), "the fold models are those of the run"
    assert not [note for note in result["notes"] if "differ" in note]
    assert [group["group"] for group in result["groups"]] == ["MFCC"]
    assert result["groups"][0]["fall"]["value"] > 0
    return dict(result)


@pytest.mark.parametrize(
    "coupling",
    [
        pytest.param("chain", marks=pytest.mark.slow),
        "powerset",
        pytest.param("stacked", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_coupled_tasks_are_explained_together(
    coupling: str, extracted: Path, tmp_path: Path
) -> None:
    """The permuted group is lost for all tasks: the coupled model predicts the permuted table."""
    tasks = ("-t", "emotion", "-t", "intensity", "--model", "lda", "--no-audit")
    run = tmp_path / "run"
    shown = featser_here("fit", *tasks, "--coupling", coupling, "-j", "1", "-o", run, cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    store = ("--store", extracted / "featser-store")
    shown = featser_here("explain", run, *store, "-j", "1", cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    result = checked(run)
    assert set(result["groups"][0]["recalls"]) == {"angry", "happy", "neutral", "sad"}


def test_a_run_with_an_auxiliary_corpus_is_explained(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(auxiliary_lookup, "shipped_folder", lambda: None)
    rows = [
        {"file": file, "speaker": speaker, "emotion": emotion}
        for file in sorted(demo.glob("*[123]-*-[12].flac"))
        for speaker, emotion, *_ in [file.stem.split("-")]
    ]
    table = pd.DataFrame(rows)
    is_other = table["speaker"].isin(["f3", "m3"])
    table[is_other].assign(corpus="other").to_csv(tmp_path / "other.csv", index=False)
    table[~is_other].assign(corpus="own").to_csv(tmp_path / "own.csv", index=False)
    same = ("-f", "mfcc:basic", "-j", "1")
    fit = ("fit", "--aux", "other", "--model", "logistic", "--no-audit", "-j", "1", "-o", "run")
    for command in (
        ("aux", "add", "other", "other.csv", *same),
        ("extract", "own.csv", *same),
        fit,
    ):
        shown = featser_here(*command, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
    shown = featser_here("explain", "run", "-j", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    checked(tmp_path / "run")
    explained = pd.read_csv(tmp_path / "run" / "explanation.csv")
    assert explained["group"].tolist() == ["MFCC"]
    (tmp_path / "cache" / "auxiliary" / "other.parquet").unlink()
    shown = featser_here("explain", "run", "-j", "1", cwd=tmp_path)
    assert shown.returncode != 0
    assert "'other'" in shown.stderr
    assert shown.stderr.count("\n") == 1
