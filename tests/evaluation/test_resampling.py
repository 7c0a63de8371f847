"""What is left out at once is decided once, for all intervals and tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import uar
from featser.evaluation.statistics.comparison import compare_task
from featser.evaluation.statistics.gaps import group_gap
from featser.evaluation.statistics.intervals import (
    evaluate_with_intervals,
    interval_by_speaker,
    mean_uar_with_interval,
)
from featser.evaluation.statistics.reliability import reliability
from featser.evaluation.statistics.resampling import resampling_units
from featser.models.selection.choice import judged
from featser.tasks import Task

TASK = Task("emotion", classes=("angry", "sad"))
SPEAKERS, EACH = 12, 40


def predictions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Speakers who are recognised with very different success."""
    random = np.random.default_rng(0)
    speaker = np.repeat([f"s{number}" for number in range(SPEAKERS)], EACH).astype(object)
    true = np.resize(np.array(["angry", "sad"], dtype=object), len(speaker))
    skill = np.repeat(np.linspace(0.35, 1.0, SPEAKERS), EACH)
    other = np.where(true == "sad", "angry", "sad")
    return true, np.where(random.random(len(true)) < skill, true, other).astype(object), speaker


def _difference(true: Any, pred: Any, speaker: Any) -> dict[str, Any]:
    return compare_task(TASK, true, true[::-1], pred, speaker).difference.to_dict()


def _gap(true: Any, pred: Any, speaker: Any) -> dict[str, Any]:
    group = np.resize(["x", "y"], len(true))
    return group_gap(TASK, true, pred, group, speaker).groups["x"]


def _brier(true: Any, pred: Any, speaker: Any) -> dict[str, Any]:
    probabilities = np.where(np.asarray(pred)[:, None] == np.array(TASK.classes), 0.9, 0.1)
    return reliability(true, probabilities, TASK.classes, speaker).figures["brier"]


INTERVALS: dict[str, Callable[..., dict[str, Any]]] = {
    "evaluate": lambda t, p, s: evaluate_with_intervals(TASK, t, p, s)["uar"],
    "duration": lambda t, p, s: evaluate_with_intervals(TASK, t, p, s, duration_pred=p)[
        "duration.uar"
    ],
    "any statistic": lambda t, p, s: interval_by_speaker(
        lambda a, b: uar(a, b, TASK.classes), t, p, s
    ).to_dict(),
    "mean of models": lambda t, p, s: mean_uar_with_interval(TASK, t, [p, p], s)[0],
    "difference": _difference,
    "group": _gap,
    "reliability": _brier,
}


def width(figure: dict[str, Any]) -> float:
    return float(figure["high"] - figure["low"])


@pytest.mark.parametrize("interval", INTERVALS.values(), ids=INTERVALS.keys())
@pytest.mark.parametrize(
    "missing", [None, float("nan"), pd.NA, ""], ids=["None", "nan", "NA", "empty"]
)
def test_an_interval_with_one_missing_speaker_is_still_over_speakers(
    interval: Callable[..., dict[str, Any]], missing: Any
) -> None:
    """Over utterances these intervals would have half the width or less."""
    true, pred, speaker = predictions()
    whole, apart = interval(true, pred, speaker), interval(true, pred, None)
    speaker[4] = missing
    with_missing = interval(true, pred, speaker)
    assert width(with_missing) == pytest.approx(width(whole), rel=0.15)
    assert width(with_missing) > 1.5 * width(apart)
    assert "has no speaker" in with_missing["note"]
    assert "no speakers are known" in apart["note"]
    assert "note" not in whole


def test_units_of_complete_speakers_are_numbered_as_they_occur() -> None:
    units = resampling_units(["b", "a", "b", *"cdefghijk"], 12)
    assert (units.of_row.tolist()[:4], units.count) == ([0, 1, 0, 2], 11)
    assert (units.n_speakers, units.n_unnamed, units.note, units.words) == (11, 0, "", "speakers")


def test_units_without_a_speaker_say_how_many_they_are() -> None:
    units = resampling_units(["a", "b", None, "c", None, "a"], 6)
    assert (units.n_speakers, units.n_unnamed, units.count) == (3, 2, 5)
    assert units.note.startswith("2 of 6 utterances have no speaker: each counts as a speaker")
    assert units.words == "speakers"
    assert resampling_units(None, 4).words == "utterances"


@pytest.mark.parametrize(
    ("speaker", "enough"),
    [
        (["a"] * 50 + ["b"] * 50, False),
        (["a"] * 50 + ["b"] * 50 + [None], False),
        (["a"] * 50 + ["b"] * 50 + [None] * 35, False),
        (["a"] * 50 + ["b"] * 50 + [None] * 50, True),
        (["a"] + [None] * 99, True),
        ([None] * 3, False),
        ([None] * 4, True),
        (["a", "b", "c"], False),
        (["a", "b", "c", "d"], True),
    ],
)
def test_units_are_enough_where_four_of_equal_size_would_vary_no_less(
    speaker: list[Any], enough: bool
) -> None:
    """One speaker more or less among many rows without one does not remove the interval."""
    units = resampling_units(speaker, len(speaker))
    assert units.enough is enough
    assert units.note.startswith("no interval: ") is not enough


def test_the_note_of_too_few_units_counts_them() -> None:
    note = "no interval: 1 speaker and 1 utterance without one, and an interval needs 4 speakers"
    assert resampling_units(["a", "a", None], 3).note.startswith(note)


def test_speakers_of_another_length_or_shape_are_refused() -> None:
    with pytest.raises(TaskError, match="3 rows but speakers of shape"):
        resampling_units(["a", "b"], 3)
    with pytest.raises(TaskError, match="give one for each row"):
        resampling_units([["a"], ["b"]], 2)


def test_a_choice_between_ways_jackknifes_rows_without_a_speaker_one_by_one() -> None:
    true, pred, speaker = predictions()
    ways = {"one": true[::-1], "two": pred}
    whole = judged(TASK, true, ways, speaker).error["two"]
    speaker[5] = None
    assert judged(TASK, true, ways, speaker).error["two"] == pytest.approx(whole, rel=0.15)
    assert judged(TASK, true, ways, np.full(len(true), "one")).error["two"] < whole


@pytest.mark.parametrize(("unnamed", "doubt"), [(1, "may be a little"), (10, "is likely")])
def test_the_note_says_how_much_the_interval_is_to_be_doubted(unnamed: int, doubt: str) -> None:
    speaker = [None] * unnamed + list("abcdefghijkl") * 8
    assert resampling_units(speaker, len(speaker)).note.endswith(f"interval {doubt} too narrow")


def test_intervals_with_few_unnamed_utterances_keep_their_level() -> None:
    """Simulated speakers who differ: over utterances, a quarter of the intervals miss."""
    random = np.random.default_rng(1)
    speaker = np.repeat([f"s{number}" for number in range(20)], 20).astype(object)
    held = {0.0: 0, 0.05: 0, 1.0: 0}
    for _ in range(150):
        skill = np.repeat(random.normal(0.65, 0.15, 20).clip(0, 1), 20)
        pred = np.where(random.random(400) < skill, "sad", "angry").astype(object)
        for share in held:
            speaker_ids = np.where(random.random(400) < share, None, speaker)
            figure = evaluate_with_intervals(TASK, np.full(400, "sad"), pred, speaker_ids)
            held[share] += figure["accuracy"]["low"] <= 0.65 <= figure["accuracy"]["high"]
    assert held[0.0] >= 130
    assert held[0.05] >= held[0.0] - 8
    assert held[1.0] <= 125
