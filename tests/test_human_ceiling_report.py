"""The page on the human ceiling follows from its figures, and these from the listeners' tables."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPORTS))
    return importlib.import_module("human_ceiling")


def test_the_written_page_and_the_guide_are_those_of_the_figures(report: Any) -> None:
    folder = REPORTS / "human-ceiling"
    results = json.loads((folder / "human-ceiling.json").read_text(encoding="utf-8"))
    page = (folder / "human-ceiling.md").read_text(encoding="utf-8")
    assert page == "\n".join(report.page(results)) + "\n"
    guide = (ROOT / "docs" / "raters.md").read_text(encoding="utf-8")
    assert "\n".join(report.section(results)) in guide


def test_the_figures_are_those_of_published_votes(report: Any) -> None:
    """.400 of the 68 568 votes on the voices name the acted emotion."""
    results = json.loads((REPORTS / "human-ceiling/human-ceiling.json").read_text("utf-8"))
    crema = results["crema-d"]
    assert (crema["votes"], crema["recordings"], crema["speakers"]) == (68568, 7442, 91)
    assert crema["acted_named"] == pytest.approx(0.400, abs=5e-4)
    assert results["emodb"]["published"]["recordings"] == 535


def test_votes_are_scored_against_acted_emotions_and_other_votes(
    report: Any, tmp_path: Path
) -> None:
    """Ten votes each: seven name the acted emotion, three anger."""
    rows = []
    for speaker in range(1001, 1009):
        for code, name in report.ACTED.items():
            counts = dict.fromkeys(report.ACTED.values(), 0)
            counts[name] += 7
            counts["anger"] += 3
            rows.append({"name": f"{speaker}_DFA_{code}_XX", **counts})
    pd.DataFrame(rows).to_csv(tmp_path / "v.csv", index=False)
    result = report.crema_d(tmp_path / "v.csv")
    assert result["acted_named"] == pytest.approx((10 + 5 * 7) / 60)
    assert result["against_acted"]["uar"]["value"] == pytest.approx((1 + 5 * 0.7) / 6)
    assert result["against_others"]["value"] == pytest.approx((1 + 5 * 0.7) / 6)
    assert result["majority_against_acted"]["value"] == 1
    assert result["undecided"] == 0


def test_listeners_of_emodb_count_by_class(report: Any, tmp_path: Path) -> None:
    lines = ["Nr.\tSatz\terkannt\tnatuerlich"]
    for number, speaker in enumerate(("03", "08", "09", "10")):
        lines.append(f"{number}\xa0\t{speaker}a01Wa.wav\t90,00\xa0\t50,00\xa0")
        lines.append(f"{number}\xa0\t{speaker}a01Ta.wav\t60,00\xa0\t50,00\xa0")
        lines.append(f"{number}\xa0\t{speaker}a02Ta.wav\t40,00\xa0\t50,00\xa0")
    (tmp_path / "erkennung.txt").write_bytes("\n".join(lines).encode("latin-1"))
    (tmp_path / "wav").mkdir()
    for name in ("03a01Wa", "08a01Wa", "03a01Ta", "08a01Ta"):
        (tmp_path / "wav" / f"{name}.flac").touch()
    result = report.emodb(tmp_path)
    assert result["tested"]["uar"]["value"] == pytest.approx(np.mean([0.9, 0.5]))
    assert result["published"]["recordings"] == 4
    assert result["published"]["uar"]["value"] == pytest.approx(np.mean([0.9, 0.6]))
