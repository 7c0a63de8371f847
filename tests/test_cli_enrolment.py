"""Enrolled speakers on the command line: what fit writes, what predict asks for and refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.flow import featser_here
from tests.test_audio import wav


@pytest.fixture(scope="module")
def enrolled(extracted: Path) -> Path:
    """A run whose test speakers were enrolled by three recordings each."""
    shown = featser_here(
        "fit", "--model", "lda", "-t", "emotion", "-t", "gender", "--speaker-norm", "enrol:3",
        "--enrolment-curve", "--no-audit", "-o", "enrolled", "--jobs", "1", cwd=extracted,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "speaker-independent, speaker normalisation: enrol:3" in shown.stdout
    assert "each test speaker was enrolled by 3 unlabelled recordings" in shown.stdout
    assert "UAR with 16 recordings" in shown.stdout
    return extracted / "enrolled"


@pytest.mark.slow
def test_the_figures_are_of_predictions_by_draws_that_do_not_hold_the_utterance(
    enrolled: Path,
) -> None:
    metrics = json.loads((enrolled / "metrics.json").read_text(encoding="utf-8"))
    figures = metrics["speaker-independent"]["emotion"]
    predictions = pd.read_parquet(enrolled / "predictions.parquet")
    assert len(predictions) == 64 == predictions["file"].nunique()
    true = predictions["emotion.true"]
    recalls = (true == predictions["emotion.pred"]).groupby(true).mean()
    assert recalls.mean() == pytest.approx(figures["uar"]["value"])
    listed = pd.read_csv(enrolled / "enrolled.csv")
    assert listed.groupby(["draw", "speaker"]).size().tolist() == [3] * 4 * 5
    both = predictions.merge(listed, on=["file", "draw"])
    assert both.empty, "an utterance was scored by the draw that enrols it"


def test_the_curve_is_in_metrics_table_and_report(enrolled: Path) -> None:
    curve = pd.read_csv(enrolled / "enrolment.csv")
    assert curve["enrolled"].tolist() == [0, 1, 2, 3, 4, 8, 16]
    assert (curve["low"] <= curve["value"]).all()
    assert (curve["value"] <= curve["high"]).all()
    metrics = json.loads((enrolled / "metrics.json").read_text(encoding="utf-8"))
    figures = metrics["speaker-independent"]["emotion"]
    assert figures["enrolled[8].uar"]["value"] == pytest.approx(curve["value"][5])
    report = (enrolled / "report.html").read_text(encoding="utf-8")
    assert "UAR of emotion by enrolled recordings" in report
    assert report.count("speakers enrolled with 3 recordings") > 5, "named at every figure"
    assert "--speaker-norm enrol:3" in report
    described = json.loads((enrolled / "run.json").read_text(encoding="utf-8"))
    assert described["speaker_norm"] == "enrol:3"


def a_speaker(voices: Path, name: str) -> list[Path]:
    """The recordings of a speaker."""
    return sorted(voices.glob(f"{name}-*.flac"))


def test_predict_enrols_the_speaker_by_a_folder(
    enrolled: Path, voices: Path, tmp_path: Path
) -> None:
    model, files = enrolled / "model.featser", a_speaker(voices, "f1")
    few = tmp_path / "few"
    few.mkdir()
    for file in files[:3]:
        shutil.copy(file, few)
    wav(few / "silent.wav", np.zeros(16_000))
    shown = featser_here("predict", model, *files[3:6], "--enrol", few, "-o", tmp_path / "a.csv")
    assert shown.returncode == 0, shown.stderr
    assert "emotion=" in shown.stdout
    assert f"not enrolled: {few / 'silent.wav'}: silent" in shown.stderr
    assert "average one" not in shown.stderr

    alone = featser_here("predict", model, *files[3:6], "-o", tmp_path / "b.csv")
    assert alone.returncode == 0
    assert "expects 3 recordings of the speaker to be given with --enrol" in alone.stderr
    first, second = (pd.read_csv(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert (first["emotion.p[sad]"] != second["emotion.p[sad]"]).any()


def test_predict_gives_each_speaker_of_a_manifest_their_own_enrolment(
    enrolled: Path, voices: Path, tmp_path: Path
) -> None:
    from featser.api.predict import predict

    files = {name: a_speaker(voices, name) for name in ("f1", "m1", "m2")}
    corpus = {"f1": "one", "m1": "one", "m2": "two"}
    rows = [(file, name, corpus[name]) for name, own in files.items() for file in own[3:5]]
    given = [(file, name, corpus[name]) for name in ("f1", "m1") for file in files[name][:3]]
    for name, listed in (("rows.csv", rows), ("given.csv", given)):
        pd.DataFrame(listed, columns=["file", "speaker", "corpus"]).to_csv(
            tmp_path / name, index=False
        )
    model = enrolled / "model.featser"
    predictions = predict(model, [tmp_path / "rows.csv"], enrol=tmp_path / "given.csv")
    assert predictions.attrs["notes"][0] == (
        "speaker 'two/m2' was not enrolled, and is taken for the average one"
    )
    few = tmp_path / "few"
    few.mkdir()
    for file in files["m1"][:3]:
        shutil.copy(file, few)
    alone = predict(model, files["m1"][3:5], enrol=few)
    sad = "emotion.p[sad]"
    np.testing.assert_allclose(predictions[sad][2:4], alone[sad], rtol=1e-5)


def test_what_cannot_be_enrolled_is_an_error_with_the_fix(
    enrolled: Path, fitted: Path, voices: Path, tmp_path: Path
) -> None:
    model, file = enrolled / "model.featser", a_speaker(voices, "f1")[0]
    other = featser_here("predict", fitted / "model.featser", file, "--enrol", voices)
    assert other.returncode == 1
    assert "fitted with --speaker-norm none, so --enrol means nothing" in other.stderr
    assert "featser fit --speaker-norm enrol" in other.stderr

    for name in ("empty", "silent"):
        (tmp_path / name).mkdir()
    wav(tmp_path / "silent" / "silent.wav", np.zeros(16_000))
    several = tmp_path / "several.csv"
    pd.DataFrame({"file": [file], "speaker": ["f1"]}).to_csv(several, index=False)
    for given, message in (
        (tmp_path / "absent", "no such folder"),
        (tmp_path / "empty", "there is no recording in it"),
        (tmp_path / "silent", "no recording can be used"),
        (several, "it is not clear whose recordings these are"),
    ):
        shown = featser_here("predict", model, file, "--enrol", given)
        assert shown.returncode == 2
        assert message in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--protocol", "random"), "under 'random' test speakers are also in training"),
        (("--batches", "--model", "xgboost"), "enrol:8 needs all features in memory"),
    ],
)
def test_enrolment_is_refused_where_it_would_mean_nothing(
    extracted: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("fit", "--speaker-norm", "enrol", *arguments, cwd=extracted)
    assert shown.returncode == 2
    assert message in shown.stderr


def test_enrolment_is_refused_where_speakers_lack_classes_with_the_table(extracted: Path) -> None:
    from featser.experiment.loading.last_extraction import recall

    table = recall(extracted / "featser-store")[0].table
    halves = (table["speaker"].isin(["f1", "m1"])) == table["emotion"].isin(["sad", "angry"])
    table[halves].drop(columns="key").to_csv(extracted / "halves.csv", index=False)
    shown = featser_here(
        "fit", "halves.csv", "-f", "mfcc:basic", "--speaker-norm", "enrol", cwd=extracted
    )
    assert shown.returncode == 2
    assert "enrol:8 is refused: speakers have 50 % of the classes" in shown.stderr
    assert ["f1", "4", "0", "0", "4"] in [line.split() for line in shown.stderr.splitlines()]
