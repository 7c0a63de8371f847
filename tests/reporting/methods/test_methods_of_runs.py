"""The methods paragraph is true to the run: three runs on the demo voices."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest

from featser.auxiliary.auxiliary_files import write_auxiliary
from tests.auxiliary.small_tables import small_table
from tests.flow import featser_here
from tests.reporting.page import Page


def paragraph_of(run: Path) -> str:
    """The paragraph of the report, whose citations are all in the bibliography."""
    page = Page((run / "report.html").read_text(encoding="utf-8"))
    text = next(text for text in page.texts if text.startswith("The data were"))
    cited = set(re.findall(r"@([\w.-]+)", text))
    entries = re.findall(r"^@\w+\{(\S+),$", bibliography_of(run), re.MULTILINE)
    assert sorted(cited) == sorted(entries), "each work once"
    plain = (run / "methods.md").read_text(encoding="utf-8").replace("\\", "")
    assert text in plain
    return text


def bibliography_of(run: Path) -> str:
    return (run / "references.bib").read_text(encoding="utf-8")


def test_speaker_independent_run(fitted: Path) -> None:
    text = paragraph_of(fitted)
    figure = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    uar = figure["speaker-independent"]["emotion"]["uar"]
    assert "The data were 64 utterances by 4 speakers of the synthetic demo corpus" in text
    assert "The primary task was emotion with 4 classes: " in text
    assert "angry (n = 16)" in text
    assert "Each utterance was described by 40 features of mfcc:basic" in text
    assert "[@davis1980mfcc]" in text
    assert (
        "Classes were predicted by a soft vote of logistic regression and linear discriminant "
        "analysis with equal weights."
    ) in text
    assert "Features were not normalised by speaker." in text
    assert "4-fold cross-validation with no speaker in both training and test set" in text
    assert "jackknife over 4 speakers [@efron1981jackknife]" in text
    assert (
        f"The UAR of emotion was {uar['value']:.3f} [{uar['low']:.3f}, {uar['high']:.3f}]" in text
    )
    assert "(chance level 0.250)" in text
    assert "scikit-learn " in text
    assert "(random seed 0)" in text
    assert "auxiliary" not in text.lower()
    assert "optimistic" not in text


def test_enrolled_run(extracted: Path) -> None:
    shown = featser_here(
        "fit", "--model", "svm", "-t", "emotion", "--speaker-norm", "enrol:2", "--tune",
        "--seed", "3", "-o", "enrolled", "--jobs", "1", cwd=extracted,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    text = paragraph_of(extracted / "enrolled")
    assert "predicted by a support vector machine (RBF kernel) [@cortes1995svm]." in text
    assert "Its settings were tuned on speakers left out of the training fold." in text
    assert "for test speakers with 2 unlabelled recordings that were drawn at random" in text
    assert "[@efron1975stein]" in text
    assert "4-fold cross-validation with no speaker in both training and test set" in text
    assert "(random seed 3)" in text
    assert "soft vote" not in text


def test_published_folds_with_auxiliary_corpus(extracted: Path, tmp_path: Path) -> None:
    write_auxiliary(small_table(specs=("mfcc:basic",)), tmp_path / "auxiliary" / "own.parquet")
    manifest = pd.read_parquet(extracted / "featser-store" / "manifest.parquet")
    names = manifest["file"].map(lambda file: Path(file).name)
    folds = pd.DataFrame({"name": names, "fold": manifest["speaker"].str[0]})
    folds.to_csv(tmp_path / "folds.csv", index=False)
    with patch.dict(os.environ, FEATSER_CACHE=str(tmp_path)):
        shown = featser_here(
            "fit", "--model", "kernel", "-t", "emotion", "--aux", "own", "-p", "folds",
            "--folds", tmp_path / "folds.csv", "-o", tmp_path / "run", "--jobs", "1",
            cwd=extracted,
        )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    text = paragraph_of(tmp_path / "run")
    assert "cross-validation on 2 published folds, which were carried out as they are" in text
    assert "The training folds were offered 11 utterances by 4 speakers of the corpus own" in text
    assert "[@own], which were never tested." in text
    assert "predicted by ridge regression on several kernels." in text
    bibliography = bibliography_of(tmp_path / "run")
    assert "@misc{own,\n  author = {A. Author},\n  title = {{Ein Korpus}}" in bibliography
    datasheet = (tmp_path / "run" / "datasheet.md").read_text(encoding="utf-8")
    assert "**own** (only trained on; 11 utterances, 4 speakers)" in datasheet
    assert "licence: CC0" in datasheet


def test_model_card_and_datasheet_state_the_run(fitted: Path) -> None:
    card = (fitted / "model-card.md").read_text(encoding="utf-8")
    sheet = (fitted / "datasheet.md").read_text(encoding="utf-8")
    figure = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    value = figure["speaker-independent"]["emotion"]["uar"]["value"]
    assert f"{value:.3f}" in card
    assert "\nRecall by class of emotion\n" in card
    assert "\n- Speaker normalisation: none.\n" in card
    assert "\n| angry | 8 | 8 | 16 |\n" in sheet
    assert "\n- licence: CC0\n" in sheet
    assert "title: The synthetic demo corpus" in sheet
    assert "- citation" not in sheet, "the demo corpus needs none"
    for page in (card, sheet):
        headings = [line for line in page.splitlines() if line.startswith("## ")]
        assert len(headings) >= 5


@pytest.mark.parametrize("name", ["methods.md", "references.bib", "model-card.md", "datasheet.md"])
def test_files_are_those_of_the_report(fitted: Path, name: str) -> None:
    import base64

    page = Page((fitted / "report.html").read_text(encoding="utf-8"))
    links = [value for tag, key, value in page.attributes if (tag, key) == ("a", "href")]
    files = [
        base64.b64decode(link.partition(",")[2]) for link in links if link.startswith("data:text/")
    ]
    assert (fitted / name).read_bytes() in files
