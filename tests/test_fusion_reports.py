"""The pages on languages, fusion and transfer match their figures: made-up figures."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture
def page_of() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield lambda name, results: "\n".join(importlib.import_module(name).page(results))
    sys.path.remove(str(REPORTS))


def interval(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def test_the_page_on_two_passes_says_that_language_equals_recording_condition(page_of: Any) -> None:
    modes = {
        name: {"uar": interval(0.7 + gain), "to_common": interval(gain), "by_language": {"bn": 0.5}}
        for name, gain in (("common", 0.0), ("weighted", 0.01))
    }
    results = {
        "corpora": ["one", "two"], "utterances": 9, "speakers": 4, "classes": ["a"],
        "features": ["f"], "model": "kernel",
        "seeds": [{"seed": 0, "folds": 6, "language": interval(0.99), "modes": modes}],
    }  # fmt: skip
    page = page_of("two_pass", results)
    assert "language equals recording condition" in page
    assert "| `weighted` | 0.710 [0.690, 0.730] | +0.010 [-0.010, +0.030] |" in page


def test_the_page_on_fusion_sets_every_stream_beside_the_best(page_of: Any) -> None:
    row = {
        "name": "aligned alone",
        "uar": interval(0.6),
        "best": "gemaps",
        "to_best": interval(-0.1),
    }
    results = {"model": "kernel", "seed": 0, "corpora": {"one": {"streams": [row]}}}
    page = page_of("fusion", results)
    assert "more than gemaps alone" in page
    assert "| aligned alone | 0.600 [0.580, 0.620] | -0.100 [-0.120, -0.080] |" in page


def test_members_disagree_in_the_mean_share_over_all_pairs(page_of: Any) -> None:
    disagreement = importlib.import_module("fusion").disagreement
    assert disagreement([["a", "b"], ["a", "b"]]) == 0
    assert disagreement([["a", "b"], ["a", "a"], ["b", "a"]]) == (0.5 + 1.0 + 0.5) / 3


def test_the_page_on_transfer_has_a_row_for_continued_and_one_for_scratch(page_of: Any) -> None:
    rows = [
        {"kind": "mlp", "count": 50, "how": how, "uar": interval(value)}
        for how, value in (("continued", 0.6), ("scratch", 0.5))
    ]
    both = {"large": 100, "small": 10}
    results = {
        "large": "large", "small": "small", "utterances": both, "speakers": both, "rows": rows,
        "classes": ["a"], "features": ["f"],
    }  # fmt: skip
    page = page_of("transfer", results)
    assert "| mlp | continued |  | 0.600 [0.580, 0.620] |  |  |" in page
    assert "| mlp | scratch |  | 0.500 [0.480, 0.520] |  |  |" in page
