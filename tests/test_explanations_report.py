"""The page on what models listen to matches its figures; verdicts follow the differences."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPORTS = Path(__file__).parents[1] / "reports"
DOCS = REPORTS.parent / "docs"


@pytest.fixture(scope="module")
def explanations() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield importlib.import_module("explanations")
    sys.path.remove(str(REPORTS))


@pytest.fixture(scope="module")
def literature(explanations: Any) -> Any:
    del explanations
    return importlib.import_module("voice_literature")


def difference(label: str, words: str, sd: float, p: float = 0.001) -> dict[str, Any]:
    figures = {"sd": sd, "sd.low": sd - 0.2, "sd.high": sd + 0.2, "difference": sd, "unit": "dB"}
    return {"class": label, "words": words, "p_adjusted": p, **figures}


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def made_up(literature: Any) -> dict[str, Any]:
    rows = [
        difference("angry", "sound level", 1.2),
        difference("sad", "sound level", 0.5),
        difference("sad", "F0", -0.1, 0.4),
    ]
    pair = [
        difference("happy", "F0", 0.4) | {"feature": "gemaps.F0semitoneFrom27.5Hz_sma3nz_amean"},
        difference("happy", "jitter", 0.3) | {"feature": "gemaps.jitterLocal_sma3nz_amean"},
    ]
    group = {"group": "pitch", "features": 10, "fall": figure(0.2), "alone": figure(0.4)}
    group["recalls"] = {"angry": figure(0.3), "sad": figure(0.0)}
    return {
        "corpora": {
            "banglaser": {
                "utterances": 100, "speakers": 5, "value": 0.7, "classes": ["angry", "sad"],
                "groups": [group], "shortcuts": ["Shortcut: level."], "pair": pair,
                "class_sentences": ["angry: F0 +1.0 SD."], "expected": literature.compared(rows),
            }
        }
    }  # fmt: skip


def test_verdicts_follow_direction_and_chance(literature: Any) -> None:
    rows = made_up(literature)["corpora"]["banglaser"]["expected"]
    verdicts = {(row["class"], row["feature"]): row["verdict"] for row in rows}
    assert verdicts == {
        ("angry", "sound level"): "agrees",
        ("sad", "sound level"): "contradicts",
        ("sad", "F0"): "no difference shown",
    }


def test_expectations_name_features_that_exist_and_a_source(literature: Any) -> None:
    from featser.features.interpretable_features import interpretable_features
    from featser.features.registry import make_extractors

    words = {
        one.words
        for extractor in make_extractors(["gemaps", "rhythm"])
        for one in interpretable_features(extractor)
    }
    assert set(literature.TITLES) <= words
    stated = [(one.label, one.feature) for one in literature.EXPECTATIONS]
    assert len(set(stated)) == len(stated)
    years = [name.split(" (")[1][:4] for name in literature.REFERENCES]
    for one in literature.EXPECTATIONS:
        assert all(source[-4:] in years for source in one.source.split("; "))


def test_the_page_states_counts_that_are_those_of_the_figures(
    explanations: Any, literature: Any
) -> None:
    text = "\n".join(explanations.page(made_up(literature)))
    counts = "1 of 3 expectations are met, 1 contradicted, 1 without a difference beyond chance."
    assert f"- banglaser: {counts}" in text
    assert "| pitch | 0.200 [0.190, 0.210] (0.40) |" in text
    assert "| banglaser | angry | pitch 0.300 |" in text
    assert "| banglaser | sad | none beyond its interval |" in text
    assert "- banglaser: 1 of 2 are of spectrum, voice quality" in text
    assert "- banglaser: Shortcut: level." in text


def test_committed_pages_are_those_of_the_committed_figures(explanations: Any) -> None:
    text = (REPORTS / "explanations" / "explanations.json").read_text(encoding="utf-8")
    results = json.loads(text)
    assert list(results["corpora"]) == list(explanations.CORPORA)
    page = "\n".join(explanations.page(results)) + "\n"
    assert (DOCS / "listening.md").read_text(encoding="utf-8") == page
    example = "\n".join(explanations.example_lines(results["corpora"]["banglaser"]))
    assert example in (DOCS / "explanations.md").read_text(encoding="utf-8")
