"""The page on abstention matches its figures: made-up figures, no corpus."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(REPORTS)
    return importlib.import_module("abstention")


def of_sets(name: str, coverage: float, low: float | None) -> dict[str, Any]:
    ends = {
        f"{figure}_{end}": low and value
        for figure in ("covered", "set_size", "answered")
        for end, value in (("low", 0.8), ("high", 0.95))
    }
    row = {"covered": 0.9, "set_size": 1.5, "answered": 0.6, "right": 0.93}
    return {"class": name, "coverage": coverage, "speakers": 9} | row | ends


def test_page_shows_coverage_marked_shares_and_abstention(report: Any) -> None:
    results = {
        "seed": 0,
        "coverage": 0.9,
        "corpora": {
            "one": {
                "speakers": 9,
                "sets": [of_sets("all classes", 0.9, 0.8), of_sets("angry", 0.9, None)],
                "ordinary": {
                    "value": 0.03, "low": 0.01, "high": 0.05, "worst_fold": 0.1,
                    "by_measures": 0.01, "by_distance": 0.02,
                },
                "foreign": {
                    "sine": {"n": 2, "unusable": 0, "value": 1.0, "abstains": 0.5},
                    "zeros": {"n": 2, "unusable": 2},
                },
            }
        },
    }  # fmt: skip
    page = "\n".join(report.page(results))
    covered = "0.900 [0.800, 0.950] | 1.500 [0.800, 0.950] | 0.600 [0.800, 0.950] | 0.930"
    assert f"| one | 9 | 0.9 | {covered} |" in page
    assert "| one | angry | 0.9 | 9 | 0.900 | 1.500 | 0.600 | 0.930 |" in page
    assert "| one | 0.030 [0.010, 0.050] | 0.010 | 0.020 | 0.100 |" in page
    assert "| sine | 1.00 (0.50) |" in page
    assert "| zeros | cannot be used |" in page


def test_reasons_are_counted_by_measures_and_by_distance(report: Any) -> None:
    marks = pd.Series(
        ["", "level -62 dB; training -41 to -18 dB; also feature distance 3.0; training up to 1.5",
         "feature distance 3.0; training up to 1.5", "clipping 2.0 %; training 0.0 %"]
    )  # fmt: skip
    assert report.by_reason(marks) == {"by_measures": 0.5, "by_distance": 0.5}


def test_the_docs_hold_the_figures_of_the_report(report: Any) -> None:
    """The section of the guide is the one that the script writes from the same figures."""
    file = REPORTS / "abstention" / "abstention.json"
    results = json.loads(file.read_text(encoding="utf-8"))
    guide = (REPORTS.parent / "docs" / "abstention.md").read_text(encoding="utf-8")
    assert "\n".join(report.tables(results)) in guide
    page = (REPORTS / "abstention" / "abstention.md").read_text(encoding="utf-8")
    assert "\n".join(report.page(results)) == page.rstrip("\n")
