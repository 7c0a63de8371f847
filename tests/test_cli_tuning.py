"""``featser fit --tune`` and stacked weights: what was chosen is written, stated and cached."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from featser.experiment.recipe import load_recipe
from featser.models.bundle import load_bundle
from tests.flow import featser_here

TUNED = ("fit", "--model", "lda,logistic", "--tune", "--weights", "stacked", "-t", "emotion",
         "--no-audit", "--jobs", "1")  # fmt: skip


@pytest.fixture(scope="module")
def tuned(extracted: Path) -> Path:
    """A run of a tuned and stacked vote."""
    shown = featser_here(*TUNED, "-o", "tuned", cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    return extracted / "tuned"


def described(run: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return record


@pytest.mark.slow
def test_what_was_chosen_is_in_the_run_the_report_and_the_model(tuned: Path) -> None:
    run = described(tuned)
    assert run["tune"] is True
    chosen = run["chosen"]["speaker-independent"]
    assert set(chosen) == {"0", "1", "2", "3", "all"}
    assert set(chosen["0"]["emotion"]) == {"lda", "logistic", "weights"}
    assert set(chosen["0"]["emotion"]["lda"]) == {"shrinkage"}
    assert sum(chosen["all"]["emotion"]["weights"].values()) == pytest.approx(1, abs=0.002)
    assert load_bundle(tuned / "model.featser").model.tuned_ == chosen["all"]

    report = (tuned / "report.html").read_text(encoding="utf-8")
    assert "settings chosen on left-out speakers; weights stacked on left-out speakers" in report
    assert re.search(r"left-out speakers: emotion: logistic: C \S+ in \d of 4 folds", report)
    assert "--weights stacked" in report
    assert "--tune" in report


def test_a_cached_fold_still_states_its_choice(tuned: Path, extracted: Path) -> None:
    shown = featser_here(*TUNED, "-o", "again", cwd=extracted)
    assert "5 of 5 fits reused from the cache" in shown.stdout
    assert described(extracted / "again")["chosen"] == described(tuned)["chosen"]


def test_without_tuning_nothing_is_chosen_and_nothing_is_stated(fitted: Path) -> None:
    run = described(fitted)
    assert (run["tune"], run["chosen"]) == (False, {})
    assert "left-out speakers:" not in (fitted / "report.html").read_text(encoding="utf-8")


def test_a_recipe_may_tune_and_batches_may_not(extracted: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\ncorpora: [demo]\ntune: true\nweights: stacked\n")
    assert load_recipe(recipe).tune
    assert load_recipe(recipe).weights == "stacked"
    shown = featser_here("fit", "--model", "xgboost", "--tune", "--batches", cwd=extracted)
    assert shown.returncode == 2
    assert "--tune needs all features in memory: leave --batches out" in shown.stderr
