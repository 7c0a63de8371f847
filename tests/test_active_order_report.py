"""The page on the order of annotation follows from its figures; both orders begin alike."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPORTS))
    return importlib.import_module("active_order")


def test_the_written_page_and_the_guide_are_those_of_the_figures(report: Any) -> None:
    folder = REPORTS / "active-order"
    results = json.loads((folder / "active-order.json").read_text(encoding="utf-8"))
    page = (folder / "active-order.md").read_text(encoding="utf-8")
    assert page == "\n".join(report.page(results)) + "\n"
    guide = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    assert "\n".join(report.section(results)) in guide


def test_both_orders_begin_alike_and_end_with_all(
    report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of separable classes, with all of the pool annotated, both orders know the same."""
    monkeypatch.setattr(report, "FIRST", 8)
    monkeypatch.setattr(report, "STEP", 8)
    monkeypatch.setattr(report, "SHOWN", (8, 16, 32))
    monkeypatch.setattr(report, "N_TEST_SPEAKERS", 2)
    random = np.random.default_rng(0)
    labels = np.array(["angry", "sad"] * 24, dtype=object)
    speakers = np.repeat([f"s{number}" for number in range(6)], 8).astype(object)
    X = random.normal(size=(48, 5)) + 2.0 * (labels == "sad")[:, None]
    one, two = report.simulated(X.astype(np.float32), labels, speakers, 3)
    assert (one["order"], two["order"]) == ("random", "uncertainty")
    assert one["uar"].keys() == two["uar"].keys() == {"8", "16", "32"}
    assert one["uar"]["8"] == two["uar"]["8"]
    assert one["uar"]["32"] == two["uar"]["32"] > 0.8


def test_average_recall_counts_classes_alike(report: Any) -> None:
    labels = np.array(["a", "a", "a", "b"], dtype=object)
    assert report.average_recall(labels, np.array(["a", "a", "a", "a"])) == 0.5
