"""The pages under reports/ match their figures: made-up figures, no corpus."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.audio import Signal
from featser.experiment.loading.data import Data
from featser.experiment.recipe import load_recipe
from featser.experiment.schema import Experiment
from featser.features.registry import make_extractor
from featser.tasks import Task

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture(scope="module")
def ablation() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield importlib.import_module("ablation")
    sys.path.remove(str(REPORTS))


def interval(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def family(kind: str, name: str, norm: str, to_all: float, to_base: float | None = None) -> Any:
    return {
        "corpus": "emodb", "norm": norm, "kind": kind, "name": name, "values": 88,
        "uar": interval(0.7 + to_all), "to_all": interval(to_all),
        "to_base": None if to_base is None else interval(to_base),
    }  # fmt: skip


def vote(name: str, member: bool, uar: float) -> Any:
    row = {"corpus": "emodb", "norm": "none", "name": name, "member": member}
    return row | {"uar": interval(uar), "vote_less": interval(0.75 - uar)}


def coupled(coupling: str, gain: float, chosen: dict[str, int] | None = None) -> Any:
    return {
        "corpus": "emodb", "norm": "none", "coupling": coupling, "task": "naturalness",
        "metric": "CCC", "figure": interval(0.3 + gain), "to_independent": interval(gain),
        "chosen": chosen or {},
    }  # fmt: skip


@pytest.fixture
def results() -> Any:
    each = [{"name": "voice", "values": 350, "alone": 12.34, "after": 1.26}]
    corpus = {"utterances": 535, "speakers": 10, "classes": 7, "folds": 10}
    return {
        "seed": 0, "draws": 1000, "protocol": "speaker-independent", "model": "kernel",
        "features": ["handcrafted", "gemaps", "voice"], "members": ["kernel", "mlp"],
        "seconds": 600.0, "unfinished": ["votes of emodb, transductive"],
        "corpora": {"emodb": corpus | {"refused": {"intensity": "follows from emotion"}}},
        "families": [
            family(*row[:2], norm, *row[2:])
            for norm, shift in (("none", 0.0), ("transductive", 0.02))
            for row in (
                ("all", "all", 0.0),
                ("without", "voice", -0.03 + shift),
                ("base", "handcrafted + gemaps", -0.05),
                ("plus", "voice", 0.0, 0.05),
            )
        ],
        "votes": [vote("vote", False, 0.75), vote("kernel", True, 0.74), vote("mlp", True, 0.72)],
        "couplings": [coupled("independent", 0.0), coupled("auto", -0.01, {"chain": 3})],
        "costs": {"recordings": 48, "seconds": 3.2, "together": 20.0, "each": each},
    }  # fmt: skip


def test_the_page_has_every_figure_with_its_interval_and_what_was_chosen_by_looking(
    ablation, results
) -> None:
    page = ablation.page(results)
    for line in (
        "| emodb | 535 | 10 | 7 | 10 | 0.143 |",
        "| all without voice | 88 | -0.020 | 1 / 0 of 2 |  |  |",
        "| base + voice | 88 | +0.000 | 0 / 0 of 2 | +0.050 | 2 / 0 of 2 |".replace(
            "2 / 0", "0 / 2"
        ),
        "(an interval wholly below 0): voice. No interval says so of none;",
        "wholly above 0 in 0 and wholly below 0 in 0 of 1.",
        "| voice | 350 | 12.3 | 1.3 |",
        "| emodb | none | kernel **(best member)** | 0.740 [0.720, 0.760] "
        "| +0.010 [-0.010, +0.030] |",
        "| emodb | none | auto (chain 3) | naturalness | CCC | 0.290 [0.270, 0.310] "
        "| -0.010 [-0.030, +0.010] |",
        "emodb's intensity is refused as a task, so it is coupled with nothing: “follows from",
        "**Not measured yet**: votes of emodb, transductive.",
        "make ablation CORPORA=FOLDER",
        "What was chosen by looking at what",
    ):
        assert line in page
    tables = [block for block in page.split("\n\n") if block.startswith("|")]
    assert all(len({line.count("|") for line in block.splitlines()}) == 1 for block in tables)


def test_every_family_is_left_out_once_and_added_to_the_first_two_once(ablation) -> None:
    specs = ("handcrafted", "gemaps", "voice", "rhythm")
    sets = list(ablation.feature_sets(specs, rival=True))
    assert sets[0] == ("all", "all", specs)
    assert {name for kind, name, _ in sets if kind == "without"} == set(specs)
    assert all(name not in chosen for kind, name, chosen in sets if kind == "without")
    plus = [chosen for kind, _, chosen in sets if kind == "plus"]
    assert plus == [("handcrafted", "gemaps", "voice"), ("handcrafted", "gemaps", "rhythm")]
    assert sets[-1] == ("rival", "egemaps", ("handcrafted", "egemaps", "voice", "rhythm"))


def test_a_subset_has_the_columns_of_the_extractors_that_are_named(ablation) -> None:
    specs = ("handcrafted", "rhythm", "gemaps")
    made = [make_extractor(spec) for spec in specs]
    X = np.concatenate([np.full((2, one.dimension), i) for i, one in enumerate(made)], axis=1)
    data = Data(pd.DataFrame(), X, [], {}, np.array([]), made, pd.DataFrame())
    settings = Experiment(features=specs, model="kernel")
    case = ablation.Case("corpus", "none", data, settings, None, None, None)
    part = case.part(("handcrafted", "gemaps"))
    assert [one.spec for one in part.extractors] == ["handcrafted:standard", "gemaps"]
    assert part.X[0].tolist() == [0] * made[0].dimension + [2] * made[2].dimension
    with pytest.raises(ValueError, match="voice"):
        case.part(("voice",))


def test_averaged_probabilities_decide_as_the_vote_does(ablation) -> None:
    task = Task("mood", classes=("glad", "sad"))
    members = [
        pd.DataFrame({"mood.p[glad]": glad, "mood.p[sad]": 1 - glad, "mood.pred": "glad"})
        for glad in (np.array([0.9, 0.6]), np.array([0.4, 0.1]))
    ]
    assert ablation.averaged(task, members)["mood.pred"].tolist() == ["glad", "sad"]


def test_what_auto_chose_is_counted_by_fold(ablation) -> None:
    notes = [
        "fold 0: coupling auto chose chain by UAR",
        "fold 1, fold 2: coupling auto chose independent by UAR",
        "fold 3: something else",
    ]
    assert ablation.choices(notes, 4) == {"chain": 1, "independent": 2}
    assert ablation.choices(["coupling auto chose stacked by UAR"], 4) == {"stacked": 4}


def test_a_cost_is_measured_on_a_signal_of_its_own(ablation) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    signal = Signal(noise, 16_000)
    assert ablation.milliseconds([make_extractor("rhythm")], [signal], []) > 0


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
