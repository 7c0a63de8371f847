"""``featser predict --why`` as a user runs it: sentences, columns, refusals, hostile names."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featser
from featser.api.finished import explain_predictions as module
from featser.io.escaping import for_terminal
from featser.models.bundle import load_bundle, save_bundle
from tests.flow import featser_here

HOSTILE = "\x1b[31m<script>=1+1.wav"


@pytest.fixture(scope="module")
def clips(voices: Path) -> list[Path]:
    return sorted(voices.glob("f1-*-1.flac"))[:2]


@pytest.fixture(scope="module")
def table(fitted: Path, clips: list[Path]) -> pd.DataFrame:
    return featser.explain_predictions(fitted / "model.featser", clips)


def test_why_says_what_moved_each_task_and_which_utterances_are_similar(
    fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    shown = featser_here(
        "predict", fitted / "model.featser", *clips, "--why", "-o", "why.csv", cwd=tmp_path
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count(" on average: MFCC +0.") == 6, "three tasks of two recordings"
    assert "  emotion: angry 0." in shown.stdout
    assert shown.stdout.count("  in training: f1-angry-") == 2
    assert shown.stdout.count("similar in training: ") == 2
    assert ", distance 0.0)" not in shown.stdout
    assert "predictions: why.csv" in shown.stdout
    written = pd.read_csv(tmp_path / "why.csv")
    assert written["similar.1.file"].tolist() == [file.name for file in clips]
    assert written["similar.2.label[emotion]"].notna().all()


def test_columns_sum_to_the_difference_for_every_task(
    table: pd.DataFrame, fitted: Path, clips: list[Path]
) -> None:
    plain = featser.predict(fitted / "model.featser", clips)
    assert table[plain.columns].equals(plain), "predictions are those without --why"
    assert table.columns[-1] == "error"
    for task in ("emotion", "gender", "intensity"):
        label = table[f"{task}.pred"][0]
        explained = table[f"{task}.explained"]
        assert explained[0] == pytest.approx(table[f"{task}.p[{label}]"][0], abs=1e-6)
        total = table.filter(regex=rf"^{task}\.why\[").sum(axis=1)
        np.testing.assert_allclose(total, explained - table[f"{task}.average"], atol=1e-6)
        errors = table.filter(regex=rf"^{task}\.why_error\[").to_numpy()
        assert (errors >= 0).all()


def test_a_recording_that_cannot_be_used_leaves_the_others_explained(
    fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    files = ["bad.wav", clips[0]]
    shown = featser_here(
        "predict", fitted / "model.featser", *files, "--why", "-o", "w.json", cwd=tmp_path
    )
    assert shown.returncode == 1
    assert "bad.wav\tunusable: " in shown.stdout
    assert shown.stdout.count("  emotion: ") == 1
    assert (tmp_path / "w.json").is_file()


def test_a_model_of_an_earlier_version_is_refused_with_the_remedy(
    fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    bundle = replace(load_bundle(fitted / "model.featser"), comparison=None)
    save_bundle(tmp_path / "old.featser", bundle)
    shown = featser_here("predict", "old.featser", *clips, "--why", cwd=tmp_path)
    assert shown.returncode != 0
    assert shown.stderr.count("\n") == 1
    assert "old.featser: it holds no training rows" in shown.stderr
    assert "fit it again with this featser" in shown.stderr
    assert featser_here("predict", "old.featser", *clips, cwd=tmp_path).returncode == 0


def test_too_many_recordings_are_refused_before_any_work(
    fitted: Path, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EXPLAINED", 1)
    shown = featser_here("predict", fitted / "model.featser", *clips, "--why")
    assert "2 recordings are more than the 1 that --why explains at once" in shown.stderr


def test_the_time_of_all_is_forecast_after_the_first(
    fitted: Path, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WORTH_SAYING_S", 0.0)
    shown = featser_here("predict", fitted / "model.featser", *clips, "--why")
    assert "explaining 2 recordings takes about " in shown.stdout


@pytest.mark.parametrize(
    ("option", "message"),
    [("--timeline", "--why explains whole recordings"), ("--enrol=x", "leave --enrol out")],
)
def test_options_that_do_not_go_with_it_are_refused(
    option: str, message: str, fitted: Path, clips: list[Path]
) -> None:
    shown = featser_here("predict", fitted / "model.featser", *clips, "--why", option)
    assert shown.returncode != 0
    assert message in shown.stderr


def test_names_of_the_training_set_do_not_control_the_terminal_or_a_table(
    fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    bundle = load_bundle(fitted / "model.featser")
    assert bundle.comparison is not None
    near = bundle.comparison.neighbours
    assert near is not None
    names = ["=" + HOSTILE] * len(near.files)
    hostile = replace(near, files=names, speakers=names)
    changed = replace(bundle, comparison=replace(bundle.comparison, neighbours=hostile))
    save_bundle(tmp_path / "m.featser", changed)
    shutil.copy(clips[0], tmp_path / "a.flac")
    shown = featser_here("predict", "m.featser", "a.flac", "--why", "-o", "w.csv", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout
    assert for_terminal("=" + HOSTILE) in shown.stdout
    assert pd.read_csv(tmp_path / "w.csv")["similar.1.file"][0].startswith("'=")
