"""Fitting, predicting and exporting on the command line: what they write, refuse and repeat."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import numpy as np
import pandas as pd
import pytest

from tests.flow import featser, featser_here
from tests.test_audio import wav


def test_a_run_holds_metrics_predictions_folds_model_and_report(fitted: Path) -> None:
    metrics = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    figure = metrics["speaker-independent"]["emotion"]["uar"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert set(metrics["speaker-independent"]) == {"emotion", "intensity", "gender"}

    predictions = pd.read_parquet(fitted / "predictions.parquet")
    columns = [name for name in predictions if name.startswith("emotion.p[")]
    np.testing.assert_allclose(predictions[columns].sum(axis=1), 1, atol=1e-5)
    assert {"protocol", "file", "speaker", "fold", "emotion.true"} <= set(predictions)
    recall = (predictions["emotion.true"] == predictions["emotion.pred"]).groupby(
        predictions["emotion.true"]
    )
    assert recall.mean().mean() == pytest.approx(figure["value"])

    folds = pd.read_csv(fitted / "folds.csv")
    assert folds.groupby("speaker")["fold"].nunique().max() == 1
    report = (fitted / "report.html").read_text(encoding="utf-8")
    assert f"{figure['value']:.3f}" in report
    assert f"featser run {fitted.resolve() / 'recipe.yaml'} --data demo=" in report


@pytest.mark.slow
def test_the_same_command_gives_the_same_figures(fitted: Path, extracted: Path) -> None:
    again = featser("fit", "--model", "logistic,lda", "-o", "again", "--jobs", "2", cwd=extracted)
    assert again.returncode == 0
    first, second = fitted / "metrics.json", extracted / "again" / "metrics.json"
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_without_a_folder_a_run_gets_a_new_one_and_overwrites_nothing(extracted: Path) -> None:
    for number in (1, 2):
        shown = featser_here("fit", "--model", "lda", "-t", "emotion", "--jobs", "1", cwd=extracted)
        assert f"runs/demo-lda-{number}/report.html" in shown.stdout


def test_random_is_marked_optimistic_everywhere(extracted: Path) -> None:
    shown = featser_here(
        "fit", "--model", "lda", "-t", "emotion", "--protocol", "random",
        "--protocol", "speaker-independent", "-o", "both", "--jobs", "1", cwd=extracted,
    )  # fmt: skip
    assert "OPTIMISTIC" in shown.stdout
    metrics = json.loads((extracted / "both" / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"random", "speaker-independent"}
    report = (extracted / "both" / "report.html").read_text(encoding="utf-8").lower()
    assert "optimistic" in report


def test_gaps_between_groups_are_in_the_metrics(fitted: Path) -> None:
    metrics = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    figures = metrics["speaker-independent"]["emotion"]
    names = [name for name in figures if name.startswith("gap[")]
    assert names[0] == "gap[gender].uar"
    assert set(names[1:]) == {f"gap[gender].{name}" for name in figures if name[:7] == "recall["}
    gap = figures["gap[gender].recall[sad]"]
    values = [group["value"] for group in gap["groups"].values()]
    assert gap["value"] == pytest.approx(max(values) - min(values))


def test_transductive_normalisation_is_named(extracted: Path) -> None:
    shown = featser_here(
        "fit", "--model", "lda", "-t", "emotion", "--speaker-norm", "transductive",
        "-o", "norm", "--jobs", "1", cwd=extracted,
    )  # fmt: skip
    assert "speaker normalisation: transductive" in shown.stdout
    report = (extracted / "norm" / "report.html").read_text(encoding="utf-8")
    assert "transductive" in report

    files = sorted((extracted / "norm").glob("*.featser"))
    alone = featser_here("predict", files[0], next(iter_voices(extracted)))
    assert alone.returncode == 2
    assert "a speaker's recordings must be given together" in alone.stderr
    together = featser_here("predict", files[0], *list(iter_voices(extracted))[:8])
    assert together.returncode == 0, together.stderr


def some_rows(extracted: Path, select: Callable[[pd.DataFrame], pd.Series]) -> Path:
    """A manifest of some of the recordings that were extracted."""
    from featser.experiment.loading.last_extraction import recall

    table = recall(extracted / "featser-store")[0].table
    path = extracted / "some.csv"
    table[select(table)].drop(columns="key").to_csv(path, index=False)
    return path


def test_speaker_normalisation_is_refused_where_speakers_lack_classes_with_the_table(
    extracted: Path,
) -> None:
    def halves(table: pd.DataFrame) -> pd.Series:
        return (table["speaker"].isin(["f1", "m1"])) == table["emotion"].isin(["sad", "angry"])

    manifest = some_rows(extracted, halves)
    shown = featser_here(
        "fit", manifest, "-f", "mfcc:basic", "--speaker-norm", "transductive", cwd=extracted
    )
    assert shown.returncode == 2
    assert "speakers have 50 % of the classes of 'emotion' on average" in shown.stderr
    rows = [line.split() for line in shown.stderr.splitlines()]
    assert ["f1", "4", "0", "0", "4"] in rows
    assert ["m2", "0", "4", "4", "0"] in rows


def test_a_task_that_is_a_function_of_another_is_refused_with_the_table(extracted: Path) -> None:
    def shouted(table: pd.DataFrame) -> pd.Series:
        return (table["intensity"] == "strong") == table["emotion"].isin(["happy", "angry"])

    shown = featser_here(
        "fit", some_rows(extracted, shouted), "-f", "mfcc:basic", "-t", "emotion",
        "-t", "intensity", cwd=extracted,
    )  # fmt: skip
    assert shown.returncode == 2
    assert "task 'intensity' is refused" in shown.stderr
    table = "angry → strong, happy → strong, neutral → normal, sad → normal"
    assert f"`intensity` is a function of `emotion`: {table}" in shown.stderr


def iter_voices(extracted: Path) -> Iterator[str]:
    """Iterate over the recordings that were extracted."""
    from featser.experiment.loading.last_extraction import recall

    return iter(recall(extracted / "featser-store")[0].table["file"])


def test_predict_gives_every_task_from_raw_audio(fitted: Path, voices: Path) -> None:
    files = sorted(voices.glob("*.flac"))[:3]
    output = fitted / "predictions.csv"
    shown = featser_here("predict", fitted / "model.featser", *files, "-o", output)
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(output, keep_default_na=False)
    assert table["file"].tolist() == [str(file) for file in files]
    assert (table["error"] == "").all()
    for task in ("emotion", "intensity", "gender"):
        assert f"{task}=" in shown.stdout
        assert f"{task}.pred" in table


def test_prediction_from_audio_equals_prediction_from_the_store(
    fitted: Path, extracted: Path
) -> None:
    from featser.api.predict import predict
    from featser.experiment.loading.last_extraction import recall
    from featser.features.registry import make_extractor
    from featser.models.bundle import load_bundle
    from featser.store.feature_store import Store

    table = recall(extracted / "featser-store")[0].table.iloc[:5]
    X = Store(extracted / "featser-store").read(make_extractor("mfcc:basic"), list(table["key"]))
    expected = load_bundle(fitted / "model.featser").model.predict_proba(X)["emotion"]
    predictions = predict(fitted / "model.featser", list(table["file"]))
    for name in expected:
        np.testing.assert_allclose(predictions[f"emotion.p[{name}]"], expected[name], rtol=1e-6)


def test_a_file_that_fails_gets_a_line_and_the_others_are_still_predicted(
    fitted: Path, voices: Path, tmp_path: Path
) -> None:
    good = sorted(voices.glob("*.flac"))[0]
    silent = wav(tmp_path / "silent.wav", np.zeros(16_000))
    shown = featser_here("predict", fitted / "model.featser", silent, good, tmp_path / "absent.wav")
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    assert "unusable: silent" in lines[0]
    assert "emotion=" in lines[1]
    assert "unusable: no such file" in lines[2]


def test_an_exported_database_gives_the_same_manifest_and_features(
    extracted: Path, voices: Path, tmp_path: Path
) -> None:
    # In a copy: what was extracted last into the store that other tests fit from stays the same.
    work = tmp_path
    shutil.copytree(extracted / "featser-store", work / "featser-store")
    shown = featser_here("export", "--audformat", "db", cwd=work)
    assert shown.stdout.strip() == "64 utterances: db/db.yaml"
    for card, folder in (("demo", voices), ("audformat", "db")):
        output = work / f"{card}.parquet"
        assert featser_here("scan", card, folder, "-o", output, cwd=work).returncode == 0
    before, after = (pd.read_parquet(work / f"{c}.parquet") for c in ("demo", "audformat"))
    pd.testing.assert_frame_equal(before, after)
    again = featser_here("extract", "db", "-f", "mfcc:basic", "--store", "featser-store", cwd=work)
    assert "0 done, 64 reused, 0 unusable" in again.stdout
    twice = featser_here("export", "--audformat", "db", cwd=work)
    assert twice.returncode == 2
    assert "db: is not empty: name a new or an empty folder" in twice.stderr
    neither = featser_here("export", cwd=work)
    assert "Name a table (.parquet, .csv) or --audformat FOLDER" in neither.stderr


def test_export_names_every_column(extracted: Path) -> None:
    for name in ("features.parquet", "features.csv"):
        shown = featser_here("export", name, cwd=extracted)
        assert shown.returncode == 0, shown.stderr
    table = pd.read_parquet(extracted / "features.parquet")
    assert len(table) == 64
    assert {"file", "emotion", "mfcc_03.mean", "mfcc_03.std"} <= set(table)
    assert list(pd.read_csv(extracted / "features.csv", nrows=1)) == list(table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-t", "happiness"), "unknown task 'happiness'"),
        (("-t", "language"), "task 'language' is refused"),
        (("--model", "svmm"), "did you mean 'svm'"),
        (("--protocol", "lose"), "unknown protocol 'lose'"),
        (("--speaker-norm", "all"), "valid are none, transductive, and enrol"),
        (("--enrolment-curve",), "--enrolment-curve is for `--speaker-norm enrol`"),
        (("--weights", "heavy"), "equal, inner, stacked, or numbers"),
        (("-f", "mfccs"), "did you mean 'mfcc'"),
        (("-f", "zcr"), "featser extract"),
    ],
)
def test_a_mistake_in_fit_is_one_line_with_the_fix(
    extracted: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("fit", *arguments, cwd=extracted)
    assert shown.returncode in (1, 2)
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.fixture(scope="module")
def shown_at(extracted: Path) -> dict[int, str]:
    """What the same fit prints in terminals of several widths."""
    shown = {}
    for width in (60, 80, 300):
        rmtree(extracted / "widths", ignore_errors=True)  # else a line says that it is replaced
        done = featser_here(
            "fit", "--model", "lda", "-o", "widths", "--jobs", "1", cwd=extracted, columns=width
        )
        assert done.returncode == 0, done.stderr
        shown[width] = done.stdout
    return shown


def words_of(text: str) -> list[str]:
    """The words of a terminal's lines; the frames of tables separate words."""
    return sorted(set(re.findall(r"[^\s│┃━┳╇┡┩┏┓└┘┴─╈]+", text)))


@pytest.mark.parametrize("width", [60, 80])
def test_narrow_terminal_breaks_no_word_of_a_fit(shown_at: dict[int, str], width: int) -> None:
    assert words_of(shown_at[width]) == words_of(shown_at[300])
    tables = [line for line in shown_at[width].splitlines() if line[:1] in ("┏", "│")]
    assert tables
    assert all(len(line) <= width for line in tables)
    prose = [line for line in shown_at[width].splitlines() if line not in tables]
    assert all(len(line) <= width for line in prose if " " in line.strip())


def test_fit_prints_tasks_then_recalls_then_baselines_then_its_verdict_once(
    shown_at: dict[int, str],
) -> None:
    shown = shown_at[300]
    (verdict,) = re.findall(r"^.*95 % interval\).*$", shown, re.MULTILINE)
    assert re.match(
        r"verdict: UAR of emotion 0\.\d+ \[0\.\d+, [01]\.\d+\] \(95 % interval\), chance 0\.250, "
        r"strongest shortcut '.+' 0\.\d+, .*\. (Above|Below|Not|No) ",
        verdict,
    )
    headings = ["Tasks", "Recall per class of emotion", "Baselines", "verdict: ", "report: "]
    places = [shown.index(f"\n{heading}") for heading in headings]
    assert places == sorted(places)
    assert re.search(r"duration only\s+│ UAR", shown)
