"""Ratings on the command line: agreement, the audit, a fit and its report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.flow import featser_here

RATERS = {"anna": 0.9, "ben": 0.8, "carla": 0.7, "dora": 0.2}


@pytest.fixture(scope="module")
def rated(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic voices with four raters, the last of whom guesses; features are extracted."""
    folder = tmp_path_factory.mktemp("rated")
    files = sorted(voices.iterdir())
    speaker, emotion, *_ = zip(*(file.stem.split("-") for file in files), strict=True)
    rng = np.random.default_rng(0)
    classes = sorted(set(emotion))
    rows = []
    for file, who, true in zip(files, speaker, emotion, strict=True):
        for rater, accuracy in RATERS.items():
            guess = true if rng.random() < accuracy else rng.choice(classes)
            arousal = round(3 + (true == "angry") + rng.normal(), 2)
            rows.append((str(file), who, rater, guess, arousal))
    columns = ["file", "speaker", "rater", "emotion", "arousal"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "ratings.csv", index=False)
    shown = featser_here("extract", "ratings.csv", "-f", "mfcc:basic", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


def fitted(folder: Path, run: str, *options: str) -> tuple[dict, dict, str]:
    """Fit quickly, and return metrics, run.json and the report."""
    shown = featser_here("fit", "-m", "logistic", "-o", run, "--jobs", "1", *options, cwd=folder)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    metrics, described = (
        json.loads((folder / run / name).read_text(encoding="utf-8"))
        for name in ("metrics.json", "run.json")
    )
    page = (folder / run / "report.html").read_text(encoding="utf-8")
    return metrics["speaker-independent"], described, page


def test_a_fit_has_soft_truth_the_human_ceiling_and_the_raters_in_its_report(rated: Path) -> None:
    metrics, described, page = fitted(rated, "majority", "--no-audit")
    figures = metrics["emotion"]
    for name in ("cross_entropy", "js_divergence", "human.uar", "against_raters.uar"):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"], name
    assert figures["cross_entropy"]["value"] >= figures["cross_entropy"]["lowest"] > 0
    assert "human.ccc" in metrics["arousal"]
    majority, mean = described["rated"]
    assert (majority["name"], majority["aggregation"]) == ("emotion", "majority")
    assert (mean["name"], mean["aggregation"]) == ("arousal", "mean")
    assert majority["raters"] == 4
    assert majority["undecided"] > 0
    for text in ("Raters", "Krippendorff", "ICC(2,k)", "UAR of emotion against the other raters"):
        assert text in page
    assert "rated recordings have no label" in page
    assert "Jensen–Shannon divergence from votes" in page
    predictions = pd.read_parquet(rated / "majority/predictions.parquet")
    assert predictions["emotion.true"].isna().sum() == majority["undecided"]


def test_another_aggregation_gives_other_labels_and_is_in_recipe_and_run(rated: Path) -> None:
    _, described, _ = fitted(
        rated, "crowd", "--no-audit", "-t", "emotion", "--aggregate", "emotion=dawid-skene"
    )
    assert described["aggregate"] == {"emotion": "dawid-skene"}
    assert "[@dawid1979skene]." in (rated / "crowd" / "methods.md").read_text(encoding="utf-8")
    assert "Skene" in (rated / "crowd" / "references.bib").read_text(encoding="utf-8")
    assert described["rated"][0]["undecided"] == 0
    recipe = (rated / "crowd/recipe.yaml").read_text(encoding="utf-8")
    assert "dawid-skene" in recipe
    fitted(rated, "again", "--no-audit", "-t", "emotion", "--aggregate", "emotion=dawid-skene",
           "--seed", "1")  # fmt: skip
    shown = featser_here("compare", "crowd", "again", cwd=rated)
    assert shown.returncode == 0, shown.stderr


def test_a_soft_fit_is_nearer_to_the_votes_and_keeps_ties(rated: Path) -> None:
    """By `fit`, by its recipe, and by the bundle; the report says what was fitted on."""
    hard, before, _ = fitted(rated, "hard", "--no-audit", "-t", "emotion")
    soft, described, page = fitted(
        rated, "soft", "--no-audit", "-t", "emotion", "--aggregate", "emotion=soft"
    )
    for name in ("cross_entropy", "js_divergence"):
        assert soft["emotion"][name]["value"] < hard["emotion"][name]["value"], name
    assert soft["emotion"]["cross_entropy"]["lowest"] == hard["emotion"]["cross_entropy"]["lowest"]
    assert {"low", "high", "value"} <= set(soft["emotion"]["uar"])
    assert described["rated"][0]["aggregation"] == "soft"
    assert described["rated"][0]["undecided"] == before["rated"][0]["undecided"] > 0
    assert "are fitted on, and not scored against the class with most votes" in page
    again = featser_here("run", "soft/recipe.yaml", "--data", "manifest=ratings.csv", "-o",
                         "soft-again", "--jobs", "1", cwd=rated)  # fmt: skip
    assert again.returncode == 0, again.stderr
    figures = json.loads((rated / "soft-again/metrics.json").read_text(encoding="utf-8"))
    assert figures["speaker-independent"]["emotion"]["uar"] == soft["emotion"]["uar"]
    shown = featser_here("explain", "soft", "--repetitions", "1", "--jobs", "1", cwd=rated)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("predict", "soft/model.featser", "ratings.csv", "-o", "p.csv", cwd=rated)
    assert shown.returncode == 0, shown.stderr


def test_a_study_refuses_soft_labels(rated: Path) -> None:
    recipe = "name: s\ncorpora: [manifest]\nmodel: logistic\nfeatures: ['mfcc:basic']\n"
    (rated / "s.yaml").write_text(recipe + "aggregate: {emotion: soft}\n", encoding="utf-8")
    shown = featser_here("curve", "s.yaml", "--data", "manifest=ratings.csv", "--no-audit",
                         cwd=rated)  # fmt: skip
    assert shown.returncode == 2
    assert "--aggregate emotion=soft is for `featser fit`" in shown.stderr


@pytest.mark.slow
def test_studies_take_the_aggregation_that_fit_takes(rated: Path) -> None:
    study = ("ratings.csv", "--model", "logistic", "--no-audit", "-j", "1", "--primary", "emotion")
    for command in ("curve", "leakage"):
        refused = featser_here(command, *study, "--aggregate", "emotion=soft", cwd=rated)
        assert "--aggregate emotion=soft is for `featser fit`" in refused.stderr
    options = ("--aggregate", "emotion=dawid-skene", "-o", "study")
    shown = featser_here("curve", *study, *options, cwd=rated)
    assert shown.returncode == 0, shown.stderr


def test_an_ordinal_label_is_not_fitted_on_shares(rated: Path) -> None:
    shown = featser_here("fit", "-m", "logistic", "--kind", "emotion=ordinal", "--aggregate",
                         "emotion=soft", "--no-audit", cwd=rated)  # fmt: skip
    assert shown.returncode == 2
    assert "'emotion' is ordinal" in shown.stderr


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("emotion", "write LABEL=METHOD, such as emotion=majority"),
        ("emotion=majorty", "did you mean 'majority'"),
        ("gender=majority", "unknown rated label 'gender'"),
        ("emotion=ewe", "not numbers: use majority or dawid-skene"),
    ],
)
def test_a_wrong_aggregation_is_refused(rated: Path, value: str, message: str) -> None:
    shown = featser_here("fit", "-m", "logistic", "--aggregate", value, cwd=rated)
    assert shown.returncode != 0
    assert message in shown.stderr


def test_the_audit_measures_agreement_and_names_the_guesser(rated: Path) -> None:
    shown = featser_here("audit", "ratings.csv", "-o", "audit.json", cwd=rated)
    findings = json.loads((rated / "audit.json").read_text(encoding="utf-8"))["findings"]
    agreement = [one for one in findings if one["kind"] == "agreement of raters"]
    assert [one["message"].split("`")[1] for one in agreement] == ["emotion", "arousal"]
    assert agreement[0]["table"][0]["low"] > 0.1
    least = next(one for one in findings if one["kind"] == "least agreeing raters")
    assert least["table"][0]["rater"] == "dora"
    assert "least agreeing recordings" in shown.stdout


def test_agreement_needs_no_recordings_and_writes_all(rated: Path, tmp_path: Path) -> None:
    table = pd.read_csv(rated / "ratings.csv")
    table["file"] = [f"gone/{Path(file).name}" for file in table["file"]]
    table.to_csv(tmp_path / "r.csv", index=False)
    shown = featser_here("agreement", "r.csv", "-o", "a.json", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for text in ("Krippendorff's alpha (nominal)", "Fleiss' kappa", "ICC(2,1)", "human ceiling"):
        assert text in shown.stdout
    assert "(95 % interval over speakers)" in shown.stdout
    emotion, arousal = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["labels"]
    assert emotion["by_rater"][0]["rater"] == "dora"
    for heading in ("share of equal pairs of ratings", "correlation with the others' mean"):
        assert heading in shown.stdout
    assert "standard deviation, in units of the rating" in shown.stdout
    assert len(emotion["by_recording"]) == table["file"].nunique()
    assert emotion["human_ceiling"]["metric"] == "uar"
    assert arousal["human_ceiling"]["metric"] == "ccc"


def test_agreement_takes_kinds_and_refuses_tables_without_ratings(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "file,stress.r1,stress.r2\na.wav,1,2\nb.wav,3,3\nc.wav,2,2\n", encoding="utf-8"
    )
    shown = featser_here("agreement", "r.csv", "--kind", "stress=ordinal", cwd=tmp_path)
    assert "Krippendorff's alpha (ordinal)" in shown.stdout
    assert "over speakers" not in shown.stdout, "the table names none"
    shown = featser_here("agreement", "r.csv", "--kind", "stres=ordinal", cwd=tmp_path)
    assert shown.returncode == 2
    assert "--kind stres=ordinal: unknown rated label 'stres'; did you mean" in shown.stderr
    for kind in ("nope", "stress=nope"):
        shown = featser_here("agreement", "r.csv", "--kind", kind, cwd=tmp_path)
        assert shown.returncode == 2
        assert "valid: classification, ordinal, regression" in shown.stderr
    (tmp_path / "n.csv").write_text("file,stress\na.wav,1\n", encoding="utf-8")
    shown = featser_here("agreement", "n.csv", cwd=tmp_path)
    assert shown.returncode == 2
    assert "a column `rater`" in shown.stderr


def test_agreement_of_raters_who_agree_on_everything_is_one(tmp_path: Path) -> None:
    rows = [f"{file}.wav,{rater},{emotion}" for rater in "xy" for file, emotion in _TRUTH.items()]
    (tmp_path / "r.csv").write_text("\n".join(["file,rater,emotion", *rows]), encoding="utf-8")
    shown = featser_here("agreement", "r.csv", "-o", "a.json", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    (emotion,) = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["labels"]
    assert [figure["value"] for figure in emotion["coefficients"]] == [1.0, 1.0]
    assert "No ratings of emotion differ: the raters agree fully on 3 recordings." in shown.stdout
    assert "agree least" not in shown.stdout
    assert "all raters agree" not in shown.stdout + shown.stderr, "it is said once, of the label"


def test_recordings_whose_ratings_are_equal_are_not_among_the_least_agreeing(
    tmp_path: Path,
) -> None:
    """Of classes and of numbers alike."""
    (tmp_path / "r.csv").write_text(
        "file,emotion.r1,emotion.r2,valence.r1,valence.r2\n"
        "a.wav,sad,sad,0.1,0.3\nb.wav,angry,angry,0.1,0.1\nc.wav,sad,angry,0.7,0.7\n",
        encoding="utf-8",
    )
    shown = featser_here("agreement", "r.csv", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    listed = [line.split()[1] for line in shown.stdout.splitlines() if ".wav" in line]
    assert listed == ["c.wav", "a.wav"]
    assert "No ratings" not in shown.stdout


_TRUTH = {"a": "sad", "b": "angry", "c": "sad"}
