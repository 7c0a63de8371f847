"""Gaps between groups: value, interval, and cases without a gap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import ccc, uar
from featser.evaluation.statistics.gaps import Gap, group_gap, recall_gaps
from featser.tasks import Task

TASK = Task("emotion", classes=("angry", "sad"), role="primary")


def made(
    skills: dict[str, float], speakers: int = 8, each: int = 20, seed: int = 0
) -> dict[str, Any]:
    """Groups of speakers, and how often each group is recognised."""
    random = np.random.default_rng(seed)
    group = np.repeat(list(skills), speakers * each)
    true = random.choice(np.array(["angry", "sad"], dtype=object), len(group))
    right = random.random(len(group)) < np.array([skills[name] for name in group])
    speaker = np.repeat([f"s{number}" for number in range(len(skills) * speakers)], each)
    pred = np.where(right, true, np.where(true == "sad", "angry", "sad")).astype(object)
    return {"true": true, "pred": pred, "group": group, "speaker": speaker}


def gap_of(data: dict[str, Any], **changes: Any) -> Gap:
    return group_gap(TASK, **(data | changes))


def test_the_gap_is_the_difference_of_the_groups_metrics_and_its_interval_holds_it() -> None:
    data = made({"female": 0.9, "male": 0.6})
    result = gap_of(data)
    values = {
        name: uar(data["true"][rows], data["pred"][rows], TASK.classes)
        for name in ("female", "male")
        if (rows := data["group"] == name) is not None
    }
    assert (result.best, result.worst) == ("female", "male")
    assert result.gap.value == pytest.approx(values["female"] - values["male"])
    assert 0 < result.gap.low < result.gap.value < result.gap.high
    assert result.groups["male"]["n"] == 160


def test_equal_groups_rarely_differ_significantly() -> None:
    apart = sum(gap_of(made({"a": 0.7, "b": 0.7}, seed=seed)).gap.low > 0
                for seed in range(40))  # fmt: skip
    assert apart <= 5


def test_more_groups_widen_the_interval_for_having_chosen_two() -> None:
    data = made({"a": 0.7, "b": 0.7, "c": 0.7, "d": 0.7})
    result = gap_of(data)
    assert result.level == pytest.approx(1 - 0.05 / 6)
    two = np.isin(data["group"], [result.best, result.worst])
    plain = gap_of({name: values[two] for name, values in data.items()})
    assert result.gap.value == plain.gap.value
    assert result.gap.high - result.gap.low > plain.gap.high - plain.gap.low


def test_a_speaker_in_both_groups_is_drawn_for_both_at_once() -> None:
    """Two languages of the same speakers: every draw contains both, and the gap stays."""
    data = made({"bn": 0.9, "en": 0.9})
    data["speaker"] = np.tile(data["speaker"][:160], 2)
    data["true"] = np.tile(data["true"][:160], 2)
    data["pred"] = np.tile(data["pred"][:160], 2)
    result = gap_of(data)
    assert (result.gap.low, result.gap.high) == (0, 0)


def test_numbers_have_gaps_of_concordance() -> None:
    random = np.random.default_rng(0)
    true = random.normal(3, 1, 200)
    group = np.repeat(["a", "b"], 100)
    pred = true + random.normal(0, np.where(group == "a", 0.1, 2))
    speaker = np.repeat([f"s{number}" for number in range(20)], 10)
    result = group_gap(Task("arousal", "regression"), true, pred, group, speaker)
    expected = ccc(true[:100], pred[:100]) - ccc(true[100:], pred[100:])
    assert result.gap.value == pytest.approx(expected)
    assert result.gap.low < expected < result.gap.high


def test_rows_without_a_group_are_left_out() -> None:
    data = made({"a": 0.9, "b": 0.6, "": 0.1})
    assert set(gap_of(data).groups) == {"a", "b"}


def test_two_speakers_of_a_group_make_no_interval_but_a_note() -> None:
    data = made({"a": 0.9, "b": 0.6})
    data["speaker"] = np.where(data["group"] == "b", "alone", data["speaker"])
    result = gap_of(data)
    assert math.isnan(result.gap.low)
    assert result.gap.note == "no interval of the gap: 'b' has fewer than 4 speakers"
    assert math.isfinite(result.gap.value)


def test_a_group_that_lacks_a_class_is_named() -> None:
    data = made({"a": 0.9, "b": 0.6})
    selected = (data["group"] == "a") | (data["true"] == "sad")
    result = gap_of({name: values[selected] for name, values in data.items()})
    assert result.notes == ["'b' has no utterance of angry: its UAR is over fewer classes"]


def test_one_group_has_no_gap_and_none_is_refused() -> None:
    data = made({"a": 0.9})
    assert gap_of(data).gap.note == "fewer than two groups have a value"
    with pytest.raises(TaskError, match="no row has a group"):
        gap_of(data, group=np.full(160, ""))
    with pytest.raises(TaskError, match="160 rows but 5 groups"):
        gap_of(data, group=np.full(5, "a"))


def test_recall_of_a_class_is_compared_over_the_speakers_who_have_it() -> None:
    task = Task("emotion", "classification", ("angry", "sad"))
    rng = np.random.default_rng(0)
    speaker = np.repeat([f"{group}{number}" for group in "fm" for number in range(8)], 10)
    group = np.array([name[0] for name in speaker])
    true = np.tile(["angry", "sad"], 80).astype(object)
    is_wrong = (rng.random(160) < 0.5) & (group == "m") & (true == "sad")
    pred = np.where(is_wrong, "angry", true)
    angry, sad = recall_gaps(task, true, pred, group, speaker)
    assert (angry.metric, angry.gap.value) == ("recall[angry]", 0.0)
    assert (sad.best, sad.worst) == ("f", "m")
    recall = 1 - is_wrong.sum() / ((group == "m") & (true == "sad")).sum()
    assert sad.gap.value == pytest.approx(1 - recall)
    assert 0 < sad.gap.low < sad.gap.value < sad.gap.high
    assert sad.groups["m"]["n"] == 40


def test_a_class_of_one_group_alone_has_no_gap() -> None:
    task = Task("emotion", "classification", ("angry", "sad"))
    true, group = ["angry", "sad", "sad"], ["f", "f", "m"]
    gaps = recall_gaps(task, true, true, group, None)
    assert [gap.metric for gap in gaps] == ["recall[sad]"]
