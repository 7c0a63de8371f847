"""The page on dimensions matches the predictions and states that the corpora are synthetic."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture
def dimensions(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPORTS))
    return importlib.import_module("dimensions")


def predictions(shrink: float) -> pd.DataFrame:
    """60 utterances of six speakers, every tenth unrated, predicted nearer to the middle."""
    true = np.random.default_rng(0).normal(3, 1, 60)
    table = pd.DataFrame(
        {
            "speaker": np.repeat(list("abcdef"), 10),
            "valence.true": np.where(np.arange(60) % 10 == 0, np.nan, true),
            "valence.pred": 3 + shrink * (true - 3),
            "emotion.true": ["angry", "sad"] * 30,
            "emotion.pred": ["angry", "sad", "sad", "sad"] * 15,
        }
    )
    return table.rename(lambda row: f"{row}.wav")


def test_figures_are_those_of_the_rated_and_differences_those_of_the_runs(dimensions: Any) -> None:
    near, far = predictions(0.5), predictions(0.25)
    assert dimensions.counted(near)["tasks"]["valence"] == {
        "labelled": 54, "missing": 6, "low": 6, "high": 6,
    }  # fmt: skip
    near_figures = dimensions.figures(near)
    assert near_figures["valence"]["tail_reach"]["value"] == pytest.approx(0.5)
    assert near_figures["emotion"]["uar"]["value"] == pytest.approx(0.75)
    more = dimensions.gains(far, near)["valence"]
    assert more["tail_reach"]["value"] == pytest.approx(0.25)
    for metric in ("ccc", "tail_ccc"):
        low = dimensions.figures(far)["valence"][metric]["value"]
        high = near_figures["valence"][metric]["value"]
        assert more[metric]["value"] == pytest.approx(high - low)
    with pytest.raises(ValueError, match="did not predict the same utterances"):
        dimensions.gains(far.iloc[1:], near)


def test_attention_before_a_time_is_that_of_the_steps_before_it(dimensions: Any) -> None:
    attention = np.array([[0.5, 0.25, 0.25, 0.0], [0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_allclose(dimensions.before(attention, np.array([0.16, 0.24])), [0.75, 0.6])


def test_the_page_names_what_is_synthetic_and_the_command_of_every_run(dimensions: Any) -> None:
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    row = dict.fromkeys(("ccc", "tail_ccc", "tail_reach"), figure)
    labels = {run.label: run for run in dimensions.RUNS if run.corpus == "iemocap"}
    counts = {"labelled": 9, "missing": 1, "low": 1, "high": 2}
    results = dimensions.stored_results(Path("none")) | {
        "corpora": {"iemocap": {"utterances": 10, "speakers": 4, "tasks": {"arousal": counts}}},
        "runs": {label: {"figures": {"arousal": row}} for label in labels},
        "differences": {"attention − attention-single": {"arousal": {"ccc": figure}}},
        "attention": {
            "attention": {"utterances": 9, "first_part": 0.5, "shares": {"arousal": 0.8}}
        },
    }
    page = "\n".join(dimensions.page(results))
    assert "**The corpora laid out as IEMOCAP and MSP-IMPROV are synthetic**" in page
    assert all(run.command in page for run in labels.values())
    assert "| arousal | 9 | 1 | 1 | 2 |" in page
    assert "| CCC | +0.500 [+0.400, +0.600] | more |" in page
    assert "| one network, an attention for each task | 0.80 |" in page
    assert "EmoDB" not in page, "what was not carried out has no section"
