"""``featser predict --coverage``: prediction sets, abstention, and their coverage in the report."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from featser.api.predict import predict, prediction_sets
from featser.errors import InputError, ManifestError, TaskError
from featser.models.bundle import load_bundle, save_bundle
from tests.flow import featser_here


@pytest.fixture
def recordings(voices: Path) -> list[Path]:
    return sorted(voices.glob("*.flac"))[:6]


def test_sets_are_shown_and_written(fitted: Path, recordings: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "sets.json"
    shown = featser_here(
        "predict", fitted / "model.featser", *recordings, "--coverage", ".8", "-o", out
    )
    assert shown.returncode == 0, shown.stderr
    rows = json.loads(out.read_text(encoding="utf-8"))
    for row, line in zip(rows, shown.stdout.splitlines(), strict=False):
        classes = row["emotion.set"].split(" | ") if row["emotion.set"] else []
        assert row["emotion.abstains"] == (len(classes) != 1)
        named = row["emotion.set"] or "no class"
        expected = f"[abstains: {named}]" if row["emotion.abstains"] else f"[{named}]"
        assert expected in line
    assert {row["emotion.abstains"] for row in rows} <= {True, False}


def test_a_coverage_that_the_speakers_do_not_allow_is_explained(
    fitted: Path, recordings: list[Path]
) -> None:
    classes = load_bundle(fitted / "model.featser").tasks[0].classes
    predictions = predict(fitted / "model.featser", recordings[:1])
    table = prediction_sets(fitted / "model.featser", predictions, coverage=0.99)
    assert table["emotion.set"].iloc[0] == " | ".join(classes)
    assert table["emotion.abstains"].iloc[0]
    assert any("coverage 0.99 needs 99 speakers" in note for note in table.attrs["notes"])


def test_without_coverage_there_are_no_sets(fitted: Path, recordings: list[Path]) -> None:
    table = predict(fitted / "model.featser", recordings[:1])
    assert not [name for name in table if name.endswith((".set", ".abstains"))]


def test_an_unusable_recording_has_no_set(
    fitted: Path, recordings: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    predictions = predict(fitted / "model.featser", [recordings[0], broken])
    table = prediction_sets(fitted / "model.featser", predictions, coverage=0.8)
    assert isinstance(table["emotion.set"].iloc[0], str)
    assert pd.isna(table["emotion.set"].iloc[1])
    assert table["error"].iloc[1]
    assert table.columns[-1] == "error"
    shown = featser_here("predict", fitted / "model.featser", broken, "--coverage", "0.8")
    assert shown.returncode == 1
    assert "unusable: " in shown.stdout


def test_a_table_of_something_else_is_refused(fitted: Path) -> None:
    with pytest.raises(ManifestError, match=r"have no column 'error': give the table that"):
        prediction_sets(fitted / "model.featser", pd.DataFrame({"file": ["a.wav"]}))
    with pytest.raises(InputError, match="give a DataFrame"):
        prediction_sets(fitted / "model.featser", "table.csv")  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["90", "0", "1.5"])
def test_an_impossible_coverage_is_refused(
    fitted: Path, recordings: list[Path], typed: str
) -> None:
    shown = featser_here("predict", fitted / "model.featser", recordings[0], "--coverage", typed)
    assert shown.returncode == 2
    assert "give a share between 0 and 1, such as 0.9" in shown.stderr


def test_a_bundle_without_calibration_is_refused(
    fitted: Path, recordings: list[Path], tmp_path: Path
) -> None:
    """Such as one that an earlier version wrote."""
    bundle = load_bundle(fitted / "model.featser")
    bundle.model.calibrations_ = {}
    older = save_bundle(tmp_path / "older.featser", bundle)
    with pytest.raises(TaskError, match=r"older\.featser: the model has no calibration scores"):
        prediction_sets(older, predict(older, recordings[:1]))
    shown = featser_here("predict", older, recordings[0], "--coverage", ".9")
    assert "no calibration scores" in shown.stderr


def test_a_bundle_with_damaged_calibration_is_refused(
    fitted: Path, recordings: list[Path], tmp_path: Path
) -> None:
    path = shutil.copy(fitted / "model.featser", tmp_path / "model.featser")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(members["model.json"])
    described["calibration"]["emotion"]["angry"][0][0] = 7.0
    members["model.json"] = json.dumps(described).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    shown = featser_here("predict", path, recordings[0])
    assert shown.returncode == 1
    assert "calibration scores of 'angry' are missing or not in [0, 1]" in shown.stderr


def test_the_run_states_coverage_and_size_of_sets(fitted: Path) -> None:
    table = pd.read_csv(fitted / "prediction_sets.csv")
    assert set(table["coverage"]) == {0.8, 0.9, 0.95}
    assert {"emotion", "gender"} <= set(table["task"])
    page = (fitted / "report.html").read_text(encoding="utf-8")
    assert '<h2 id="coverage">Prediction sets</h2>' in page
    row = table[(table["task"] == "emotion") & (table["coverage"] == 0.8)].iloc[0]
    assert f"{row['covered']:.3f}" in page
    predictions = pd.read_parquet(fitted / "predictions.parquet")
    values = predictions.filter(like="emotion.conformal[")
    assert ((values > 0) & (values <= 1)).all(axis=None)
