"""The page of fear-type emotion matches its figures: made-up figures, no corpus."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[1] / "reports" / "tarma"


@pytest.fixture
def fear(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("fear")
    sys.modules.pop("fear")


def outcome(fear, right: list[bool]):
    truth = ["fear-type", "other"] * 4
    predicted = [t if ok else "other" for t, ok in zip(truth, right, strict=True)]
    table = pd.DataFrame(
        {"fear_type.true": truth, "fear_type.pred": predicted, "fold": [0, 0, 1, 1] * 2,
         "speaker": ["a", "a", "b", "b"] * 2},
        index=[f"{i}.flac" for i in range(8)],
    )  # fmt: skip
    uar = (sum(right[::2]) / 4 + 1) / 2
    return fear.Outcome({"value": uar, "low": uar - 0.1, "high": uar + 0.1}, table)


def test_figures_and_differences_are_those_of_the_predictions(fear):
    all_right, one_wrong = [True] * 8, [False] + [True] * 7
    outcomes = {
        (specs, seed): outcome(fear, all_right if specs == ("tar",) else one_wrong)
        for specs in fear.SETS
        for seed in fear.SEEDS
    }
    results = {
        "model": "kernel",
        "seeds": list(fear.SEEDS),
        "figures": [fear.figures(specs, outcomes) for specs in fear.SETS],
        "differences": [fear.difference(*pair, outcomes) for pair in fear.COMPARED],
    }
    page = fear.page(results)
    assert "| static-ar | 168 | 0.875 [0.775, 0.975] | 0.875–0.875 | 0.714 |" in page
    assert "| bangla166 + tar | 656 | 0.875" in page
    assert "| static-ar | tar | +0.125 [" in page
    assert "| +0.125, +0.125, +0.125 |" in page


def test_runs_on_other_folds_are_not_compared(fear):
    outcomes = {
        (specs, seed): outcome(fear, [True] * 8) for specs in fear.SETS for seed in fear.SEEDS
    }
    outcomes[("tar",), 0].predictions["fold"] = 0
    with pytest.raises(ValueError, match="repeat both fits"):
        fear.difference(("static-ar",), ("tar",), outcomes)
