"""Metrics of timelines on numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from featser.errors import TaskError
from featser.evaluation.timelines.labelled_time import (
    LabelledInterval,
    LabelledTime,
    borders_of,
    together,
)
from featser.evaluation.timelines.timeline_metrics import (
    TIMELINE_METRICS,
    compare_timelines,
    evaluate_timelines,
)

CLASSES = ("angry", "neutral", "sad")


def intervals(*rows: tuple[float, float, str]) -> list[LabelledInterval]:
    return [LabelledInterval(*row) for row in rows]


# 0    2    4    5        8   9        (seconds)
# |angry|sad |    | neutral|           true: 2 s angry, 2 s sad, 1 s pause, 3 s neutral
# |angry  |sad | sad |neu  | angry |   predicted
TRUE = intervals((0, 2, "angry"), (2, 4, "sad"), (5, 8, "neutral"))
PREDICTED = intervals(
    (0, 3, "angry"), (3, 4.5, "sad"), (6, 7, "neutral"), (7, 9, "angry"), (6.5, 7, "sad")
)


def by_name(*times: LabelledTime) -> dict[str, float]:
    return {row.name: row.formula(together(times)) for row in TIMELINE_METRICS}


def test_the_time_of_a_recording_is_counted_by_hand() -> None:
    time = LabelledTime.of(TRUE, PREDICTED, CLASSES)
    np.testing.assert_allclose(
        time.confusion, [[2, 0, 0, 0], [1, 1, 0, 1], [1, 0, 1, 0]], atol=1e-9
    )
    assert time.false_alarm_s == pytest.approx(0.5 + 1)
    assert time.overlap_s == pytest.approx(0.5)
    # True borders at 2 and 4.5; predicted ones at 3, 5.25, 6.75 (neutral to the sad inside), 7.
    assert borders_of(TRUE).tolist() == [2.0, 4.5]
    np.testing.assert_allclose(time.distances_s, [1.0, 0.75])


def test_metrics_of_that_recording() -> None:
    values = by_name(LabelledTime.of(TRUE, PREDICTED, CLASSES))
    assert values["frame_uar"] == pytest.approx((2 / 2 + 1 / 3 + 1 / 2) / 3)
    # Missed 1, confused 2, false alarm 1.5, overlap 0.5, of 7 s.
    assert values["eder"] == pytest.approx((1 + 2 + 1.5 + 0.5) / 7)
    assert values["missed"] == pytest.approx(1 / 7)
    assert values["border_error"] == pytest.approx(0.875)
    assert values["near_borders"] == 0
    assert values["borders_per_border"] == 2


def test_a_perfect_prediction_and_one_label_for_all() -> None:
    perfect = by_name(LabelledTime.of(TRUE, TRUE, CLASSES))
    assert perfect == {
        "frame_uar": 1, "eder": 0, "missed": 0, "border_error": 0, "near_borders": 1,
        "borders_per_border": 1,
    }  # fmt: skip
    whole = by_name(LabelledTime.of(TRUE, intervals((0, 8, "sad")), CLASSES))
    assert whole["frame_uar"] == pytest.approx(1 / 3)
    assert whole["eder"] == pytest.approx((5 + 1) / 7)
    assert np.isinf(whole["border_error"])
    assert whole["near_borders"] == whole["borders_per_border"] == 0


def test_a_border_half_a_second_away_is_near() -> None:
    predicted = intervals((0, 2.5, "angry"), (2.5, 4, "sad"), (4.99, 8, "neutral"))
    values = by_name(LabelledTime.of(TRUE, predicted, CLASSES))
    assert values["near_borders"] == 1
    assert values["border_error"] == pytest.approx((0.5 + 0.005) / 2)


def test_recordings_add_up() -> None:
    one = LabelledTime.of(TRUE, PREDICTED, CLASSES)
    other = LabelledTime.of(TRUE, TRUE, CLASSES)
    values = by_name(one, other)
    assert values["eder"] == pytest.approx(5 / 14)
    assert values["near_borders"] == pytest.approx(0.5)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(TaskError, match="'bored'"):
        LabelledTime.of(TRUE, intervals((0, 1, "bored")), CLASSES)


def made(right_s: float, count: int) -> list[LabelledTime]:
    """Recordings of 10 s, of which so many seconds and a little more each are right."""
    times = []
    for number in range(count):
        right = right_s + 0.2 * number
        true = intervals((0, 5, "angry"), (5, 10, "sad"))
        predicted = intervals(
            (0, right / 2, "angry"),
            (right / 2, 5, "sad"),
            (5, 5 + right / 2, "sad"),
            (5 + right / 2, 10, "angry"),
        )
        times.append(LabelledTime.of(true, predicted, CLASSES))
    return times


def test_intervals_are_over_speakers_and_hold_the_value() -> None:
    speakers = [f"s{number}" for number in range(8)]
    better, worse = made(7, 8), made(5, 8)
    figures = evaluate_timelines(better, speakers)
    uar = figures["frame_uar"]
    assert uar.value == pytest.approx(np.mean([0.7 + 0.02 * number for number in range(8)]))
    assert 0.7 < uar.low < uar.value < uar.high < 0.84
    differences = compare_timelines(worse, better, speakers)
    assert differences["frame_uar"].value == pytest.approx(0.2)
    assert differences["eder"].value == pytest.approx(-0.2)
    # Recordings of one speaker are left out together: fewer units, a wider interval.
    paired = evaluate_timelines(better, [f"s{number // 2}" for number in range(8)])["frame_uar"]
    assert paired.high - paired.low > uar.high - uar.low


def test_a_difference_to_a_prediction_without_borders_has_no_interval_for_their_distance() -> None:
    speakers = [f"s{number}" for number in range(5)]
    true = intervals((0, 5, "angry"), (5, 10, "sad"))
    whole = [LabelledTime.of(true, intervals((0, 10, "sad")), CLASSES)] * 5
    differences = compare_timelines(whole, made(6, 5), speakers)
    assert np.isnan(differences["border_error"].low)
    assert np.isfinite(differences["frame_uar"].low)
