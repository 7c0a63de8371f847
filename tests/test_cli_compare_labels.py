"""``featser compare --labels-of``: runs with different labels, scored against one set of them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import featser
from featser.errors import InputError, ManifestError
from tests.flow import featser_here
from tests.test_cli_compare import altered


@pytest.fixture
def relabelled(fitted: Path, tmp_path: Path) -> Path:
    """A copy of the run in which the first four recordings have another emotion."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        rank = pd.factorize(table["file"])[0]
        label = table["emotion.true"]
        other = label.map({"sad": "angry"}).fillna("sad")
        return table.assign(**{"emotion.true": label.where(rank > 3, other)})

    return altered(fitted, tmp_path, change)


def uar_of(run: Path, labels: Path) -> float:
    """The UAR of one run's predictions of the emotion, with the labels of another."""
    table = pd.read_parquet(run / "predictions.parquet")
    truth = pd.read_parquet(labels / "predictions.parquet")["emotion.true"]
    is_right = table["emotion.pred"] == truth
    return float(is_right.groupby(truth.to_numpy()).mean().mean())


def test_runs_with_other_labels_are_refused_with_the_option(fitted: Path, relabelled: Path) -> None:
    shown = featser_here("compare", fitted, relabelled)
    assert shown.returncode == 2
    assert "have different truths for 4 utterances" in shown.stderr
    assert "--labels-of A or --labels-of B" in " ".join(shown.stderr.split())


@pytest.mark.parametrize("letter", ["A", "B"])
def test_both_runs_are_scored_against_the_labels_of_one(
    fitted: Path, relabelled: Path, tmp_path: Path, letter: str
) -> None:
    chosen, others = (fitted, relabelled) if letter == "A" else (relabelled, fitted)
    page, figures = tmp_path / "c.html", tmp_path / "c.json"
    shown = featser_here(
        "compare", fitted, relabelled, "--labels-of", letter, "-o", page, "-o", figures
    )
    assert shown.returncode == 0, shown.stderr
    note = (
        f"task 'emotion': all runs are scored against the labels of {chosen} ({others} was fitted "
        f"on another label for 4 utterances)"
    )
    assert note in " ".join(page.read_text("utf-8").replace("&#39;", "'").split())
    assert "all runs are scored against the labels of" in shown.stdout
    comparison = json.loads(figures.read_text("utf-8"))
    assert comparison["labels_of"] == letter
    assert note in comparison["notes"]
    result = comparison["pairs"][0]["result"]
    expected = [uar_of(run, chosen) for run in (fitted, relabelled)]
    assert [result["a"], result["b"]] == pytest.approx(expected)


def test_a_folder_or_a_manifest_names_the_labels(
    fitted: Path, relabelled: Path, tmp_path: Path
) -> None:
    truth = pd.read_parquet(relabelled / "predictions.parquet")
    columns = {"emotion.true": "emotion"}
    manifest = truth.rename(columns=columns)[["file", "start", "end", "emotion"]]
    manifest.to_csv(tmp_path / "labels.csv", index=False)
    by_file, by_folder = (
        featser.compare([fitted, relabelled], labels_of=of)
        for of in (tmp_path / "labels.csv", relabelled)
    )
    assert by_file.pairs[0].result == by_folder.pairs[0].result
    (note,) = (note for note in by_file.notes if "the labels of" in note)
    assert note.endswith(f"labels.csv ({fitted} was fitted on another label for 4 utterances)")


def test_utterances_without_a_label_in_the_manifest_are_counted(
    fitted: Path, relabelled: Path, tmp_path: Path
) -> None:
    truth = pd.read_parquet(fitted / "predictions.parquet").iloc[5:]
    truth.rename(columns={"emotion.true": "emotion"})[["file", "emotion"]].to_csv(
        tmp_path / "fewer.csv", index=False
    )
    compared = featser.compare([fitted, relabelled], labels_of=tmp_path / "fewer.csv")
    assert compared.pairs[0].utterances == len(truth)
    assert any("5 common utterances without a label" in note for note in compared.notes)


def test_labels_of_nothing_that_is_compared_are_refused(
    fitted: Path, relabelled: Path, tmp_path: Path
) -> None:
    runs = [fitted, relabelled]
    with pytest.raises(
        InputError, match=r"labels_of: 'C' is neither a run .* give A, B, the folder"
    ):
        featser.compare(runs, labels_of="C")
    file = pd.read_parquet(fitted / "predictions.parquet")["file"].iloc[0]
    manifest = tmp_path / "labels.csv"
    pd.DataFrame({"file": [file], "emotion": ["sat"]}).to_csv(manifest, index=False)
    with pytest.raises(ManifestError, match="column 'emotion': unknown class 'sat'; did you mean"):
        featser.compare(runs, labels_of=manifest)
    pd.DataFrame({"file": [file], "age": ["30"]}).to_csv(manifest, index=False)
    with pytest.raises(ManifestError, match="has no label of the compared runs: add a column 'emo"):
        featser.compare(runs, labels_of=manifest)
