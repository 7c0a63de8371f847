"""The page on altered recordings matches its figures: made-up figures, no corpus."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPORTS = Path(__file__).parents[1] / "reports"
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6}


@pytest.fixture(scope="module")
def report() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield importlib.import_module("robustness")
    sys.path.remove(str(REPORTS))


def test_the_page_has_a_row_for_each_level_and_no_interval_where_there_is_none(report: Any) -> None:
    bare = {"value": -0.25, "low": None, "high": None}
    level = {"condition": "gain", "level": "20 dB louder", "figure": FIGURE, "difference": bare}
    results = {
        "corpus": "emodb", "task": "emotion", "protocol": "random", "utterances": 9,
        "utterances_available": 20, "model": "lda", "chance": 0.25, "metric": "uar",
        "clean": FIGURE, "levels": [{**level, "utterances": 9}], "sentences": ["It falls."],
        "conditions": {"gain": "another level"}, "notes": ["a sample"],
    }  # fmt: skip
    results["copies"] = {**results, "augmentation": ["far", "noise"]}
    page = "\n".join(report.page(results))
    figure = "0.500 [0.400, 0.600]"
    assert f"| clean |  | {figure} |  | {figure} |  |  |" in page
    assert f"| Gain | 20 dB louder | {figure} | -0.250 | {figure} | -0.250 | 9 |" in page
    assert "one copy of each recording by `far`, `noise`:" in page
    assert "9 of 20 recordings" in page
    picture = report.picture(results)
    assert picture.startswith("<svg xmlns=")
    assert "--accent: #" in picture


def test_the_page_in_the_project_is_that_of_its_figures(report: Any) -> None:
    folder = REPORTS / "robustness"
    results = json.loads((folder / "robustness.json").read_text(encoding="utf-8"))
    page = "\n".join(report.page(results)) + "\n"
    assert (folder / "robustness.md").read_text(encoding="utf-8") == page
    assert len(results["levels"]) == 24


def test_the_guide_has_the_figures_of_the_page(report: Any) -> None:
    guide = (REPORTS.parent / "docs" / "robustness.md").read_text(encoding="utf-8")
    results = json.loads((REPORTS / "robustness" / "robustness.json").read_text(encoding="utf-8"))
    written = {report.estimate(one["figure"]) for one in results["levels"]}
    written.add(report.estimate(results["clean"]))
    example = guide.partition("## An example")[2]
    lines = [line.split("|") for line in example.splitlines() if " [0." in line]
    assert len(lines) == 9
    assert {line[2].strip() for line in lines} <= written
    copies = results["copies"]
    written = {report.estimate(one["figure"]) for one in copies["levels"]}
    written.add(report.estimate(copies["clean"]))
    assert {line[3].strip() for line in lines} <= written
