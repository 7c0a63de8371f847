"""The page of ``reports/ablation.py`` matches its figures: made-up figures, no corpus."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.audio import Signal
from featser.experiment.loading.data import Data
from featser.experiment.schema import Experiment
from featser.features.registry import make_extractor
from featser.tasks import Task

REPORTS = Path(__file__).parents[1] / "reports"
MOOD = Task("mood", classes=("glad", "sad"))


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    """The modules of the report, by the end of their names."""
    sys.path.insert(0, str(REPORTS))
    names = ("cases", "costs", "page", "steps", "votes")
    yield SimpleNamespace(**{one: importlib.import_module(f"ablation_{one}") for one in names})
    sys.path.remove(str(REPORTS))


def interval(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def family(kind: str, name: str, norm: str, to_all: float) -> Any:
    return {
        "corpus": "emodb", "norm": norm, "kind": kind, "name": name, "values": 88,
        "uar": interval(0.7 + to_all), "to_all": interval(to_all),
    }  # fmt: skip


CHOSEN = {
    "weights": {"kernel": {"mean": 0.6, "low": 0.5, "high": 0.7}},
    "power": {"mean": 1.1, "low": 1.0, "high": 1.2},
    "share": {"0.25": 9, "0.5": 1},
    "auxiliary": {"0": 4, "0.1": 6},
}


def vote(name: str, member: bool, uar: float) -> Any:
    row = {"corpus": "emodb", "norm": "none", "name": name, "member": member}
    chosen = CHOSEN if name == "vote" else None
    return row | {"uar": interval(uar), "vote_less": interval(0.75 - uar), "chosen": chosen}


def probabilities(ece: float, log_loss: float) -> Any:
    return {"ece": interval(ece), "log_loss": interval(log_loss)}


@pytest.fixture
def results() -> Any:
    each = [{"name": "voice", "values": 350, "alone": 12.34, "after": 1.26}]
    corpus = {"utterances": 535, "speakers": 10, "classes": 7, "folds": 10}
    calibration = {"without": probabilities(0.06, 0.5), "with": probabilities(0.04, 0.45)}
    emodb = {"corpus": "emodb", "norm": "none"}
    return {
        "seed": 0, "protocol": "speaker-independent", "model": "kernel",
        "features": ["handcrafted", "gemaps", "voice"], "members": ["kernel", "logistic"],
        "seconds": 600.0, "unfinished": ["vote of emodb, transductive"],
        "corpora": {"emodb": corpus},
        "families": [
            family(*row, norm, shift)
            for norm, shift in (("none", -0.03), ("transductive", -0.01))
            for row in (("all", "all"), ("without", "voice"), ("base", "handcrafted + gemaps"))
        ],
        "votes": [vote("vote", False, 0.75), vote("kernel", True, 0.74), vote("other", True, 0.7)],
        "calibration": [
            emodb
            | calibration
            | {"loss_gain": interval(-0.05), "powers": CHOSEN["power"]}
            | {"members": {"kernel": probabilities(0.07, 0.6)}}
        ],
        "training": [
            emodb | {
                "name": "other corpora", "rows": 900, "without": interval(0.75),
                "uar": interval(0.76), "gain": interval(0.01), "calibration": calibration,
                "loss_gain": interval(-0.03), "chosen": CHOSEN,
            }
        ],
        "costs": {"recordings": 48, "seconds": 3.2, "together": 20.0, "each": each},
    }  # fmt: skip


def test_the_page_has_every_figure_with_its_interval_and_what_was_chosen_by_looking(
    modules, results
) -> None:
    page = modules.page.page(results)
    for line in (
        "| emodb | 535 | 10 | 7 | 10 | 0.143 |",
        "| features: voice | **+0.030 [+0.010, +0.050]** | +0.010 [-0.010, +0.030] |",
        "| calibration of the vote: log loss | **-0.050 [-0.070, -0.030]** |  |",
        "| all without voice | 88 | -0.020 | 1 / 0 of 2 |",
        "| only handcrafted + gemaps | 88 | 0.670 [0.650, 0.690] | -0.030 [-0.050, -0.010] "
        "| 0.690 [0.670, 0.710] | -0.010 [-0.030, +0.010] |",
        "(an interval wholly below 0): voice. No interval says so of none;",
        "intervals are below 0 / above 0 in 0 / 0 of 1 cases.",
        "| voice | 350 | 12.3 | 1.3 |",
        "| emodb | none | kernel **(best member)** | 0.740 [0.720, 0.760] "
        "| +0.010 [-0.010, +0.030] |  |",
        "| kernel 0.60 (0.50 to 0.70); rocket 0.25 in 9 folds, 0.5 in 1 fold |",
        "| -0.020 | 0.500 [0.480, 0.520] | 0.450 [0.430, 0.470] | -0.050 [-0.070, -0.030] |",
        "| emodb | none | kernel | 0.070 [0.050, 0.090] | 0.600 [0.580, 0.620] |",
        "| emodb | other corpora | 900 | 0.750 [0.730, 0.770] | 0.760 [0.740, 0.780] "
        "| +0.010 [-0.010, +0.030] | 0.060 | 0.040 | -0.030 [-0.050, -0.010] "
        "| 0 in 4 folds, 0.1 in 6 folds |",
        "**Not measured yet**: vote of emodb, transductive.",
        "make ablation CORPORA=FOLDER",
        "What was chosen by looking at what",
    ):
        assert line in page
    tables = [block for block in page.split("\n\n") if block.startswith("|")]
    assert all(len({line.count("|") for line in block.splitlines()}) == 1 for block in tables)


def test_every_family_is_left_out_once(modules) -> None:
    specs = ("handcrafted", "gemaps", "voice", "rhythm")
    sets = list(modules.steps.left_out_sets(specs))
    assert sets[0] == ("all", "all", specs)
    assert sets[-1] == ("base", "handcrafted + gemaps", ("handcrafted", "gemaps"))
    assert {name for kind, name, _ in sets if kind == "without"} == set(specs)
    assert all(name not in chosen for kind, name, chosen in sets if kind == "without")


def case_of(modules: Any, specs: tuple[str, ...], X: np.ndarray, speaker: np.ndarray) -> Any:
    made = [make_extractor(spec) for spec in specs]
    data = Data(pd.DataFrame(), X, [], {}, speaker, made, pd.DataFrame())
    settings = Experiment(features=specs, model="kernel")
    plan = SimpleNamespace(tasks=[MOOD])
    return modules.cases.Case(
        "corpus", "none", None, None, None, data, settings, plan, None, None, 1
    )


def test_a_subset_has_the_columns_of_the_extractors_that_are_named(modules) -> None:
    specs = ("handcrafted", "rhythm", "gemaps")
    made = [make_extractor(spec) for spec in specs]
    X = np.concatenate([np.full((2, one.dimension), i) for i, one in enumerate(made)], axis=1)
    case = case_of(modules, specs, X, np.array([]))
    part = case.part(("handcrafted", "gemaps"))
    assert [one.spec for one in part.extractors] == ["handcrafted:standard", "gemaps"]
    assert part.X[0].tolist() == [0] * made[0].dimension + [2] * made[2].dimension
    with pytest.raises(ValueError, match="voice"):
        case.part(("voice",))


def test_averaged_probabilities_decide_as_a_vote_of_equal_weights_does(modules) -> None:
    members = [
        pd.DataFrame({"mood.p[glad]": glad, "mood.p[sad]": 1 - glad, "mood.pred": "glad"})
        for glad in (np.array([0.9, 0.6]), np.array([0.4, 0.1]))
    ]
    averaged = importlib.import_module("common").averaged
    assert averaged(MOOD, members)["mood.pred"].tolist() == ["glad", "sad"]


def test_variants_of_the_vote_are_divided_into_tables_of_predictions(modules) -> None:
    whole = pd.DataFrame(
        {"vote: glad": [0.9, 0.4], "vote: sad": [0.1, 0.6], "kernel: sad": [1.0, 1.0]},
        index=[3, 5],
    )
    tables = modules.votes.split_variants(MOOD, whole, pd.Series(["glad"] * 6))
    assert tables["vote"]["mood.pred"].tolist() == ["glad", "sad"]
    assert tables["kernel"]["mood.p[glad]"].tolist() == [0.0, 0.0]
    assert tables["vote"]["mood.true"].to_dict() == {3: "glad", 5: "glad"}


def test_the_difference_of_log_loss_is_below_0_where_the_second_predictions_are_better(
    modules,
) -> None:
    generator = np.random.default_rng(0)
    glad = generator.uniform(0.3, 0.9, 40)
    speaker = np.repeat([f"s{number}" for number in range(8)], 5)
    tables = [
        pd.DataFrame({"mood.true": "glad", "mood.p[glad]": p, "mood.p[sad]": 1 - p})
        for p in (glad, np.sqrt(glad))
    ]
    case = case_of(modules, ("rhythm",), np.zeros((40, 61)), speaker)
    gain = modules.votes.loss_gain(case, *tables)
    assert gain["value"] == pytest.approx(np.mean(np.log(glad)) / 2)
    assert gain["low"] < gain["value"] < gain["high"] < 0


def test_what_votes_chose_is_summarised_over_folds(modules) -> None:
    chosen = [
        {"weights": {"kernel": weight}, "power": 1.0, "share": share, "auxiliary": 0.1}
        for weight, share in ((0.5, 0.25), (0.7, None))
    ]
    summary = modules.votes.summary(chosen)
    assert summary["weights"]["kernel"] == {"mean": 0.6, "low": 0.5, "high": 0.7}
    assert summary["share"] == {"none": 1, "0.25": 1}
    assert summary["auxiliary"] == {"0.1": 2}


def test_a_cost_is_measured_on_a_signal_of_its_own(modules) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    signal = Signal(noise, 16_000)
    assert modules.costs.milliseconds([make_extractor("rhythm")], [signal], []) > 0
