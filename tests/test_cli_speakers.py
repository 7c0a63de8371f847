"""Manifests in which some, or all, utterances have no speaker, from fit to the report."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.experiment.schema import Experiment
from featser.experiment.variants.language_first import first_pass_notes
from featser.tasks import Task
from tests.flow import featser_here
from tests.reporting.page import Page

pytestmark = pytest.mark.slow

QUICK = ("-f", "mfcc:basic", "--model", "lda", "--jobs", "1")
EMOTION = ("-t", "emotion", "--protocol", "random")


def write(folder: Path, name: str, **columns: Any) -> Path:
    """The manifest of the extracted voices with some columns changed."""
    from featser.experiment.loading.last_extraction import recall

    table = recall(folder / "featser-store")[0].table.drop(columns="key")
    path = folder / f"{name}.csv"
    table.assign(**columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def one_missing(extracted: Path) -> Path:
    def without_first(table: pd.DataFrame) -> pd.Series[Any]:
        return table["speaker"].where(table.index > 0)

    return write(extracted, "one-missing", speaker=without_first)


@pytest.fixture(scope="module")
def nameless(extracted: Path) -> Path:
    return write(extracted, "nameless", speaker=np.nan, corpus=np.nan, gender=np.nan)


def fit(manifest: Path, *arguments: str) -> tuple[str, Path]:
    run = manifest.parent / f"run-{manifest.stem}"
    shown = featser_here("fit", manifest, *QUICK, *arguments, "-o", run, cwd=manifest.parent)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout, run


def test_fit_with_one_missing_speaker_has_intervals_over_speakers_and_says_so(
    one_missing: Path,
) -> None:
    shown, run = fit(one_missing, *EMOTION)
    figures = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["random"]["emotion"]
    table = pd.read_parquet(run / "predictions.parquet")
    task = Task("emotion", classes=tuple(sorted(table["emotion.true"].unique())))
    true, pred = table["emotion.true"].to_numpy(), table["emotion.pred"].to_numpy()
    expected = evaluate_with_intervals(task, true, pred, table["speaker"].to_numpy())["uar"]
    assert figures["uar"] == expected
    note = "1 of 64 utterances has no speaker: each counts as a speaker of its own"
    for name in ("uar", "accuracy", "ece", "brier", "log_loss", "duration.uar"):
        assert figures[name]["note"].startswith(note)
    assert note in shown
    assert note in Page((run / "report.html").read_text(encoding="utf-8")).text


def test_leakage_with_one_missing_speaker_has_intervals_over_speakers_and_says_so(
    one_missing: Path,
) -> None:
    shown = featser_here(
        "leakage", one_missing, *QUICK, "--no-audit", "-o", "leak-one", cwd=one_missing.parent
    )
    assert shown.returncode == 0, shown.stderr
    folder = one_missing.parent / "leak-one"
    (row,) = json.loads((folder / "leakage.json").read_text(encoding="utf-8"))["rows"]
    assert row["uar"]["note"].startswith("1 of 64 utterances has no speaker")
    text = (folder / "leakage.md").read_text(encoding="utf-8")
    assert "1 of 64 utterances has no speaker" in text
    assert "intervals over speakers" in text


def test_curve_and_fit_by_speaker_count_the_utterances_without_one(one_missing: Path) -> None:
    for command in ("curve", "fit"):
        shown = featser_here(command, one_missing, *QUICK, "--no-audit", cwd=one_missing.parent)
        assert shown.returncode == 2
        assert "1 of 64 utterances has no speaker (" in shown.stderr
        assert "f1-angry-normal-1.flac), which 'speaker-independent' needs" in shown.stderr


def test_fit_of_speakers_in_another_column_names_the_option_that_reads_it(nameless: Path) -> None:
    table = pd.read_csv(nameless).rename(columns={"speaker": "Sprecherin"})
    table["Sprecherin"] = [name[0:2] for name in table["file"].str.rpartition("/")[2]]
    table.to_csv(nameless.with_name("tabelle.csv"), index=False)
    work = {"cwd": nameless.parent}
    shown = featser_here("fit", "tabelle.csv", *QUICK, "--no-audit", **work)
    assert shown.returncode == 2
    assert (
        "give `featser extract` the column that names them by --map COLUMN=speaker" in shown.stderr
    )
    renamed = ["tabelle.csv", "--map", "Sprecherin=speaker"]
    extracted = featser_here("extract", *renamed, "-f", "mfcc:basic", "--store", "other", **work)
    assert "next: featser fit --store other (" in extracted.stdout


def test_enrolment_names_missing_speakers(one_missing: Path) -> None:
    shown = featser_here(
        "fit", one_missing, *QUICK, *EMOTION, "--speaker-norm", "enrol:2", cwd=one_missing.parent
    )
    assert shown.returncode == 2
    assert "needs every utterance's speaker; 1 have none" in shown.stderr


def test_two_pass_with_one_missing_speaker_states_an_interval_over_speakers() -> None:
    """One speaker of eight is taken for one of the other language, every time."""
    speaker = np.repeat([f"s{number}" for number in range(8)], 10)
    spoken = np.repeat(["bn", "en"], 40)
    predicted = pd.Series(np.where(speaker == "s1", "en", spoken))
    speaker[0] = ""
    data: Any = SimpleNamespace(
        table=pd.DataFrame({"language": spoken}),
        speaker=speaker,
        tasks=[Task("emotion", classes=("angry", "sad"))],
    )
    (note,) = first_pass_notes(data, Experiment(two_pass="soft"), "random", predicted)
    task = Task("language", classes=("bn", "en"))
    interval = evaluate_with_intervals(task, spoken, predicted, speaker)["uar"]
    assert f"with UAR 0.875 [{interval['low']:.3f}, {interval['high']:.3f}] (1 of 80" in note
    over_utterances = evaluate_with_intervals(task, spoken, predicted, None)["uar"]
    assert interval["low"] < over_utterances["low"] - 0.05


def test_without_speakers_no_text_claims_anything_about_speakers(nameless: Path) -> None:
    shown, run = fit(nameless, *EMOTION, "--tune")
    report = Page((run / "report.html").read_text(encoding="utf-8")).text
    audit = (run / "audit.json").read_text(encoding="utf-8")
    for text in (shown, report, audit):
        for claim in ("unknown speakers", "new speakers (", "speakers are in both", "left-out sp"):
            assert claim not in text
    assert "random (OPTIMISTIC: the data name no speakers" in shown
    assert "on other recordings, perhaps of the same speakers" in audit
    assert "chosen on left-out recordings: the report lists them" in shown
    assert "no task 'language'" not in shown
    assert "settings chosen on left-out recordings" in report
    assert "no speakers are known: each utterance counts as a speaker of its own" in shown
    described = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert "left-out recordings" in described["model"]


def test_leakage_without_speakers_says_perhaps(nameless: Path) -> None:
    shown = featser_here(
        "leakage", nameless, *QUICK, "--no-audit", "-o", "leak-none", cwd=nameless.parent
    )
    assert shown.returncode == 0, shown.stderr
    text = (nameless.parent / "leak-none" / "leakage.md").read_text(encoding="utf-8")
    assert "perhaps the test speakers: the data do not say who speaks" in text
    assert "intervals over utterances" in text


def test_a_run_without_corpus_is_named_after_its_model(nameless: Path, tmp_path: Path) -> None:
    shown = featser_here(
        "fit", nameless, *QUICK, *EMOTION, "--no-audit",
        "--store", nameless.parent / "featser-store", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == ["lda-1"]


def test_transductive_prediction_refuses_a_manifest_that_is_partly_named(
    extracted: Path, one_missing: Path
) -> None:
    _, run = fit(write(extracted, "named"), "-t", "emotion", "--speaker-norm", "transductive",
                 "--no-audit")  # fmt: skip
    shown = featser_here("predict", run / "model.featser", one_missing, cwd=extracted)
    assert shown.returncode == 2
    assert "1 of 64 has none" in shown.stderr


def test_speaker_norm_names_missing_speakers_before_poor_coverage(one_missing: Path) -> None:
    shown = featser_here(
        "fit", one_missing, *QUICK, *EMOTION, "--speaker-norm", "transductive",
        cwd=one_missing.parent,
    )  # fmt: skip
    assert shown.returncode == 2
    assert "needs every utterance's speaker; 1 have none" in shown.stderr


@pytest.mark.slow
def test_equal_durations_make_no_duration_only_baseline(extracted: Path, tmp_path: Path) -> None:
    import soundfile

    path = write(extracted, "named")
    table = pd.read_csv(path).iloc[::2].reset_index(drop=True)
    for row, file in enumerate(table["file"]):
        samples, rate = soundfile.read(extracted / file)
        soundfile.write(tmp_path / f"{row}.wav", samples[: rate // 2], rate)
        table.loc[row, "file"] = str(tmp_path / f"{row}.wav")
    table.to_csv(tmp_path / "m.csv", index=False)
    extract = featser_here("extract", "m.csv", "-f", "mfcc:basic", "-j", "1", cwd=tmp_path)
    assert extract.returncode == 0, extract.stderr
    shown, run = fit(tmp_path / "m.csv", "-t", "emotion")
    assert "all recordings last 0.5 s, so there is no duration-only baseline" in shown
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert "duration.uar" not in metrics["speaker-independent"]["emotion"]
