"""Published folds on the command line: ``fit --protocol folds``, ``folds check``, and recipes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.experiment.loading.last_extraction import recall
from featser.experiment.recipe import load_recipe
from tests.flow import featser_here, verdict_in
from tests.reporting.page import Page

FIT = ("fit", "-f", "mfcc:basic", "--model", "lda", "-t", "emotion", "--jobs", "1")
SHARED = "folds share 4 speakers"


@pytest.fixture(scope="module")
def work(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest and the folds of its recordings: by turns, and by speaker."""
    folder = tmp_path_factory.mktemp("folds")
    table = recall(extracted / "featser-store")[0].table.drop(columns="key")
    table.to_csv(folder / "manifest.csv", index=False)
    names = table["file"].map(lambda file: Path(file).stem)
    # Two recordings have no fold, and two names no recording.
    turns = pd.DataFrame({"name": [*names[:-2], "x1", "x2"], "fold": [1, 2, 3, 4] * 16})
    turns.to_csv(folder / "turns.csv", index=False)
    numbers = table["speaker"].rank(method="dense").astype(int)
    pd.DataFrame({"name": names, "fold": numbers}).to_csv(folder / "speakers.csv", index=False)
    return folder


def featser_in(work: Path, *arguments: Any) -> subprocess.CompletedProcess[str]:
    return featser_here(*arguments, cwd=work)


def fit(extracted: Path, work: Path, *options: Any) -> subprocess.CompletedProcess[str]:
    return featser_in(work, *FIT, "--store", extracted / "featser-store", *options)


@pytest.fixture(scope="module")
def optimistic(extracted: Path, work: Path) -> str:
    """What is printed by a fit whose folds share speakers; its run is in ``turns``."""
    options = ("--protocol", "folds", "--folds", "turns.csv", "-o", "turns", "--no-audit")
    shown = fit(extracted, work, *options)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_fit_on_published_folds_tests_each_recording_in_its_fold(
    work: Path, optimistic: str
) -> None:
    folds = pd.read_csv(work / "turns" / "folds.csv")
    turns = pd.read_csv(work / "turns.csv").set_index("name")["fold"]
    assert len(folds) == 62
    assert (folds["published_fold"] == folds["file"].map(lambda f: turns[Path(f).stem])).all()
    predictions = pd.read_parquet(work / "turns" / "predictions.parquet")
    assert predictions[["file", "fold"]].equals(folds[["file", "fold"]])


def test_fit_on_published_folds_lists_what_does_not_match(optimistic: str) -> None:
    assert "2 names of the published folds have no recording here: x1, x2" in optimistic
    assert "2 utterances have no fold and are neither used for training nor tested" in optimistic


def test_fit_whose_folds_share_speakers_says_so_beside_every_figure(
    work: Path, optimistic: str
) -> None:
    verdict = verdict_in(optimistic)
    assert f"the protocol is optimistic, because {SHARED}" in verdict
    assert f"folds (OPTIMISTIC: {SHARED})" in optimistic
    html = (work / "turns" / "report.html").read_text(encoding="utf-8")
    # Every place that names the protocol as a badge has this badge too.
    assert html.count('<span class="badge">folds</span>') > 5
    assert html.count('<span class="badge">folds</span>') == html.count(
        f'<span class="badge">folds</span> <span class="badge warn">OPTIMISTIC</span> '
        f'<span class="badge warn">{SHARED}</span>'
    )
    findings = json.loads((work / "turns" / "audit.json").read_text(encoding="utf-8"))
    (finding,) = (one for one in findings if one["kind"] == "speakers in training and test")
    assert [row["speaker"] for row in finding["table"]] == ["f1", "f2", "m1", "m2"]
    described = json.loads((work / "turns" / "run.json").read_text(encoding="utf-8"))
    assert described["shared"] == {"folds": [SHARED]}


def test_fit_on_published_folds_has_scores_of_each_and_their_mean(
    work: Path, optimistic: str
) -> None:
    metrics = json.loads((work / "turns" / "metrics.json").read_text(encoding="utf-8"))
    figures = metrics["folds"]["emotion"]
    assert next(iter(figures)) == "uar", "the pooled figure is the primary one"
    of_folds = [figures[f"fold[{fold}].uar"]["value"] for fold in (1, 2, 3, 4)]
    assert figures["fold_mean.uar"]["value"] == pytest.approx(sum(of_folds) / 4)
    predictions = pd.read_parquet(work / "turns" / "predictions.parquet")
    first = predictions[predictions["fold"] == 0]
    right = first["emotion.true"] == first["emotion.pred"]
    assert of_folds[0] == pytest.approx(right.groupby(first["emotion.true"]).mean().mean())
    scores = pd.read_csv(work / "turns" / "fold_scores.csv")
    assert scores["fold"].tolist() == ["1", "2", "3", "4", "mean"]
    assert scores["uar"].tolist() == pytest.approx([*of_folds, figures["fold_mean.uar"]["value"]])
    page = Page((work / "turns" / "report.html").read_text(encoding="utf-8"))
    table = page.table("emotion per fold")
    assert table["mean"] == ["62", "", f"{scores['uar'].iloc[-1]:.3f}",
                             f"{scores['accuracy'].iloc[-1]:.3f}"]  # fmt: skip
    assert "UAR, mean over folds" in optimistic


def test_fit_on_disjoint_folds_is_as_by_speaker(extracted: Path, work: Path) -> None:
    """Four folds of a speaker each are the folds of the default protocol."""
    options = ("--folds", "speakers.csv", "--no-audit", "-o", "speakers")
    protocols = ("--protocol", "folds", "--protocol", "speaker-independent")
    shown = fit(extracted, work, *protocols, *options)
    assert shown.returncode == 0, shown.stderr
    assert "OPTIMISTIC" not in shown.stdout
    assert "share" not in verdict_in(shown.stdout)
    metrics = json.loads((work / "speakers" / "metrics.json").read_text(encoding="utf-8"))
    published = metrics["folds"]["emotion"]
    default = metrics["speaker-independent"]["emotion"]
    assert {name: published[name] for name in default} == default
    assert not any(name.startswith("fold") for name in default)


def test_recipe_of_a_run_on_published_folds_reproduces_it_in_another_folder(
    extracted: Path, voices: Path, work: Path, optimistic: str, tmp_path: Path
) -> None:
    recipe = work / "turns" / "recipe.yaml"
    assert load_recipe(recipe).folds == str(work / "turns.csv")
    shutil.copytree(extracted / "featser-store", tmp_path / "store")  # an extraction writes to it
    shown = featser_here(
        "run", recipe, "--data", f"demo={voices}", "--store", "store", "-o", "again", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    for name in ("metrics.json", "folds.csv", "fold_scores.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (work / "turns" / name).read_bytes()


def test_fit_with_column_fold_of_the_manifest_needs_no_file(extracted: Path, work: Path) -> None:
    table = pd.read_csv(work / "manifest.csv")
    table.assign(fold=table["speaker"]).to_csv(work / "with-folds.csv", index=False)
    options = ("--protocol", "folds", "--no-audit", "-o", "column")
    shown = fit(extracted, work, "with-folds.csv", *options)
    assert shown.returncode == 0, shown.stderr
    assert pd.read_csv(work / "column" / "fold_scores.csv")["fold"].tolist() == [
        "f1", "f2", "m1", "m2", "mean",
    ]  # fmt: skip


def test_names_of_folds_from_strangers_are_escaped(extracted: Path, work: Path) -> None:
    names = pd.read_csv(work / "speakers.csv")
    hostile = {1: "<b>x", 2: "=1+1", 3: "[/]", 4: "\x1b[31m"}
    names.assign(fold=names["fold"].map(hostile)).to_csv(work / "hostile.csv", index=False)
    options = ("--protocol", "folds", "--folds", "hostile.csv", "--no-audit", "-o", "hostile")
    shown = fit(extracted, work, *options)
    assert shown.returncode == 0, shown.stderr
    html = (work / "hostile" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;x" in html
    assert "<b>x" not in html
    assert "\x1b" not in shown.stdout + html
    assert "'=1+1" in (work / "hostile" / "fold_scores.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def duplicated(work: Path) -> Path:
    """A manifest whose first recording is also under another name, in another fold."""
    table = pd.read_csv(work / "manifest.csv")
    copy = work / "copy.flac"
    shutil.copy(table["file"][0], copy)
    first = table.iloc[[0]].assign(file=str(copy))
    by_speaker = pd.concat([table, first], ignore_index=True)
    by_speaker["fold"] = by_speaker["speaker"]
    by_speaker.loc[64, ["fold", "speaker"]] = "m2"
    by_speaker.to_csv(work / "duplicated.csv", index=False)
    return work / "duplicated.csv"


def test_fit_whose_folds_share_a_recording_has_figures_without_it(
    extracted: Path, work: Path, duplicated: Path
) -> None:
    options = ("--protocol", "folds", "--no-audit", "-o", "duplicated")
    shown = fit(extracted, work, duplicated, *options)
    assert shown.returncode == 0, shown.stderr
    assert "because 1 recording is in training and test set" in verdict_in(shown.stdout)
    assert "UAR without shared recordings" in shown.stdout
    assert "they are kept on one side" not in shown.stdout
    metrics = json.loads((work / "duplicated" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["folds"]["emotion"]["unshared.uar"]["n"] == 63
    findings = json.loads((work / "duplicated" / "audit.json").read_text(encoding="utf-8"))
    (finding,) = (one for one in findings if one["kind"] == "recordings in training and test")
    assert len(finding["table"]) == 2
    shown = featser_in(work, "folds", "check", duplicated)
    assert shown.returncode == 1, shown.stderr
    assert "4 folds share 1 recording" in shown.stdout
    assert "copy.flac" in shown.stdout


@pytest.mark.parametrize(
    ("file", "code", "text"),
    [
        ("speakers.csv", 0, "4 folds share neither speakers nor recordings"),
        ("turns.csv", 1, "4 folds share 4 speakers"),
    ],
)
def test_folds_check_of_a_manifest_exits_by_what_is_shared(
    work: Path, file: str, code: int, text: str
) -> None:
    shown = featser_in(work, "folds", "check", file, "--manifest", "manifest.csv", "-o", "c.json")
    assert shown.returncode == code, shown.stderr
    assert text in shown.stdout
    result = json.loads((work / "c.json").read_text(encoding="utf-8"))
    assert result["is_disjoint"] is (code == 0)
    assert sum(fold["utterances"] for fold in result["folds"]) == 64 - 2 * code
    assert len(result["unmatched_names"]) == len(result["without_fold"]) == 2 * code
    if code:
        assert "2 names without a recording: x1, x2" in shown.stdout
        assert "2 recordings without a fold: " in shown.stdout


def test_folds_check_of_a_corpus_folder_counts_classes(work: Path, voices: Path) -> None:
    shown = featser_in(work, "folds", "check", "speakers.csv", voices, "--corpus", "demo")
    assert shown.returncode == 0, shown.stderr
    assert "angry 4, happy 4, neutral 4, sad 4" in shown.stdout


def test_folds_check_without_recordings_is_not_passed(work: Path) -> None:
    shown = featser_in(work, "folds", "check", "speakers.csv")
    assert shown.returncode == 1
    assert "not checked: speakers and recordings are not known" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.csv", "--manifest", "manifest.csv"), "absent.csv: cannot be read"),
        (("names.csv", "--manifest", "manifest.csv"), "none of 2 names fits any of 64 recordings"),
        (("one.csv", "--manifest", "manifest.csv"), "needs two or more folds"),
        (("twice.csv", "--manifest", "manifest.csv"), "the test lists overlap"),
        (("speakers.csv", ".", "--manifest", "manifest.csv"), "--manifest: cannot be combined"),
    ],
)
def test_folds_check_of_wrong_input_is_refused_in_one_line(
    work: Path, arguments: tuple[str, ...], message: str
) -> None:
    (work / "names.csv").write_text("name,fold\nfoo,1\nbar,2\n")
    (work / "twice.csv").write_text("name,fold\nfoo,1\nfoo,2\n")
    pd.read_csv(work / "speakers.csv").assign(fold=1).to_csv(work / "one.csv", index=False)
    shown = featser_in(work, "folds", "check", *arguments)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--protocol", "folds"), "give the published folds, `--folds FILE`"),
        (("--folds", "turns.csv"), "--folds is for `--protocol folds`"),
        (("--protocol", "folds", "--folds", "absent.csv"), "absent.csv: cannot be read"),
        (
            ("--protocol", "folds", "--folds", "turns.csv", "--speaker-norm", "enrol"),
            "test speakers are also in training",
        ),
    ],
)
def test_fit_on_wrong_folds_is_refused_in_one_line(
    extracted: Path, work: Path, options: tuple[str, ...], message: str
) -> None:
    shown = fit(extracted, work, "manifest.csv", *options, "-o", "refused")
    assert shown.returncode == 2
    assert message in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert not (work / "refused" / "run.json").exists()


def test_compare_says_what_the_folds_of_a_run_share(work: Path, optimistic: str) -> None:
    shutil.copytree(work / "turns", work / "other", dirs_exist_ok=True)
    shown = featser_in(work, "compare", "turns", "other")
    assert shown.returncode == 0, shown.stderr
    assert f"the figures of turns are optimistic: {SHARED}" in shown.stdout
