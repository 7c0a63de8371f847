"""``featser fit --coupling`` and ``--select``, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from featser.api.predict import predict
from featser.errors import RecipeError
from featser.experiment.recipe import load_recipe
from tests.flow import featser_here

TASKS = ("-t", "emotion", "-t", "intensity", "--model", "logistic", "--jobs", "1")


@pytest.mark.slow
def test_coupled_tasks_and_selected_features_are_named_and_predict_from_raw_audio(
    extracted: Path, voices: Path
) -> None:
    chosen = ("--coupling", "powerset", "--select", "anova:0.3")
    for message in ("0 of 5 fits reused", "5 of 5 fits reused"):
        shown = featser_here("fit", *TASKS, *chosen, "-o", "pair", cwd=extracted)
        assert shown.returncode == 0, shown.stderr
        assert message in shown.stdout
        assert "coupling powerset: emotion × intensity, 8 combinations of classes" in shown.stdout
    described = json.loads((extracted / "pair" / "run.json").read_text(encoding="utf-8"))
    assert described["coupling"] == "powerset"
    assert described["select"] == "anova:0.3"
    assert described["model"] == "logistic; features selected by anova:0.3; coupling powerset"
    report = (extracted / "pair" / "report.html").read_text(encoding="utf-8")
    assert "--coupling powerset --select anova:0.3" in report
    predictions = predict(extracted / "pair" / "model.featser", sorted(voices.glob("*.flac"))[:2])
    for task in ("emotion", "intensity"):
        columns = [name for name in predictions if str(name).startswith(f"{task}.p[")]
        np.testing.assert_allclose(predictions[columns].sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--coupling", "chains"), "valid: independent, chain, powerset, stacked, auto"),
        (("--select", "anowa"), "did you mean 'anova'"),
        (("--select", "anova:7"), "stands the share of features to keep"),
        (("--coupling", "chain", "-t", "emotion"), "needs an auxiliary task beside 'emotion'"),
        (
            ("--coupling", "chain", "--model", "xgboost", "--batches"),
            "--coupling chain needs all features in memory",
        ),
        (
            ("--select", "anova", "--model", "xgboost", "--batches"),
            "--select anova needs all features in memory",
        ),
    ],
)
def test_a_mistake_is_one_line_with_the_fix(
    extracted: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("fit", "--jobs", "1", "--no-audit", *arguments, cwd=extracted)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("coupling: chains", "field 'coupling'.*'chain'"),
        ("select: anowa:0.5", "field 'select': --select: unknown selection 'anowa'"),
    ],
)
def test_a_recipe_is_checked_before_anything_runs(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\ncorpora: [ravdess]\n{text}\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        load_recipe(path)
