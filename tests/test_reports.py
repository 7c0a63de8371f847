"""The pages under reports/ match their figures: made-up figures, no corpus."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.experiment.recipe import load_recipe

REPORTS = Path(__file__).parents[1] / "reports"


def interval(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


@pytest.fixture(scope="module")
def systems() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield importlib.import_module("systems")
    sys.path.remove(str(REPORTS))


def test_the_table_of_systems_has_published_figures_beside_ours(systems, tmp_path: Path) -> None:
    entry = next(entry for entry in systems.ENTRIES if entry.label.startswith("multistream-pub"))
    figures = {"accuracy": interval(0.8), "uar": interval(0.75), "chance.uar": {"value": 0.2}}
    metrics = {"random": {"emotion": figures}, "speaker-independent": {"emotion": figures}}
    readme = tmp_path / "README.md"
    readme.write_text("# Results\n\nBefore.\n", encoding="utf-8")
    for _ in range(2):
        systems.write_table(readme, [(entry, metrics)], {})
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("# Results\n\nBefore.\n")
    assert text.count(systems.MARKS[0]) == text.count(systems.MARKS[1]) == 1
    name = f"| f: {entry.what} | banglaser "
    assert (
        f"{name}| random **optimistic** | emotion Accuracy (WA) | 0.852 (divided at random) "
        f"| 0.800 [0.780, 0.820] |  |" in text
    )
    assert f"{name}| speaker-independent | emotion UAR |  | 0.750 [0.730, 0.770] | 0.200 |" in text
    assert entry.command in text
    assert importlib.import_module("common").section_between("no marks", systems.MARKS) == ""
    predictions = pd.DataFrame(
        {"protocol": "random", "emotion.true": list("aab"), "emotion.pred": list("aba"),
         "emotion.p[a]": 0.5, "emotion.p[b]": 0.5}
    )  # fmt: skip
    page = systems.result_page(entry, {"random": metrics["random"]}, predictions)
    assert "| a | 1 | 1 |\n| b | 1 | 0 |" in page


def test_what_an_idea_must_show_is_stated_as_a_difference_and_a_miss_is_marked(systems) -> None:
    claims = importlib.import_module("systems_claims")
    labels = {entry.label for entry in systems.ENTRIES}
    assert all({claim.with_it, claim.without} <= labels for claim in claims.CLAIMS)

    def line(value: float) -> str:
        key = "two-pass-weighted - two-pass-common, emotion"
        lines = claims.claims_table({key: interval(value) | {"p": 0.25}})
        assert any("- h: " in one for one in lines) == (round(value, 3) < 0)
        return str(lines[2])

    assert line(-0.03).endswith("| -0.030 [-0.050, -0.010] | 0.25 | +0.000 | **no** |")
    assert line(-0.01).endswith("| -0.010 [-0.030, +0.010] | 0.25 | +0.000 | no, within chance |")
    assert line(-0.0000001).endswith("| +0.000 | yes |")


def test_every_test_that_a_claim_rests_on_exists(systems) -> None:
    claims = importlib.import_module("systems_claims")
    root = REPORTS.parent
    for _system, _says, test in claims.TESTED:
        file, name = test.split("::")
        assert f"def {name}(" in (root / file).read_text(encoding="utf-8")
    assert len(claims.tested_table()) == 2 + len(claims.TESTED)


def test_runs_that_a_claim_names_are_compared_once_both_exist(
    systems, fitted: Path, tmp_path: Path
) -> None:
    claims = importlib.import_module("systems_claims")
    differences_file = tmp_path / "differences.json"
    differences_file.write_text(json.dumps({"another": {"value": 0.5}}), encoding="utf-8")
    shutil.copytree(fitted, tmp_path / "two-pass-common")
    assert list(claims.differences(tmp_path, "two-pass-common")) == []
    shutil.copytree(fitted, tmp_path / "two-pass-weighted")
    differences = claims.keep(differences_file, claims.differences(tmp_path, "two-pass-common"))
    same = {"value": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    assert differences == json.loads(differences_file.read_text(encoding="utf-8"))
    assert differences["two-pass-weighted - two-pass-common, emotion"] == same
    assert differences["another"] == {"value": 0.5}


def test_every_entry_of_the_table_is_a_valid_recipe_with_a_label_of_its_own(systems) -> None:
    labels = [entry.label for entry in systems.ENTRIES]
    assert len(set(labels)) == len(labels)
    for entry in systems.ENTRIES:
        recipe = load_recipe(entry.recipe, entry.changes)
        assert recipe.corpora == tuple(entry.corpora)
        assert {task for task, _ in entry.figures} <= set(recipe.tasks)
