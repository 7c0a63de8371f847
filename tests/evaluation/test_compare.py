"""Two runs on the same utterances: bounds and p worked by hand, intervals that keep their level."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import ccc, uar
from featser.evaluation.statistics.comparison import compare_task, holm
from featser.tasks import Task

TASK = Task("emotion", classes=("angry", "sad"), role="primary")
AROUSAL = Task("arousal", "regression")


def both_classes(speakers: int, each: int = 1) -> tuple[np.ndarray, np.ndarray]:
    true = np.tile(np.array(["angry", "sad"], dtype=object), speakers * each)
    return true, np.repeat([f"s{number}" for number in range(speakers)], 2 * each)


def wrong(true: np.ndarray) -> np.ndarray:
    return np.where(true == "angry", "sad", "angry").astype(object)


def test_holms_corrected_p_values_are_the_textbooks() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02, np.nan, 0.03]), [0.04, np.nan, 0.04])
    assert holm([]).shape == (0,)


def test_bounds_and_p_are_those_of_the_t_test_worked_by_hand() -> None:
    """Speakers of equal size: the gain of the UAR is the mean of theirs, 1, 1, 1, 0, 0 and -1."""
    true, speaker = both_classes(6)
    a = np.concatenate([wrong(true[:6]), true[6:]])
    b = np.concatenate([true[:10], wrong(true[10:])])
    comparison = compare_task(TASK, true, a, b, speaker)
    gains = np.array([1, 1, 1, 0, 0, -1])
    error = gains.std(ddof=1) / np.sqrt(6)
    assert comparison.difference.value == pytest.approx(1 / 3)
    width = 2.570582 * error
    bounds = (comparison.difference.low, comparison.difference.high)
    assert bounds == pytest.approx((1 / 3 - width, 1 / 3 + width))
    assert comparison.p == pytest.approx(2 * student.sf(1 / 3 / error, 5))
    assert comparison.difference.note.startswith("6 speakers: the interval is uncertain")


def test_three_speakers_have_no_interval_and_no_p() -> None:
    true, speaker = both_classes(3)
    comparison = compare_task(TASK, true, wrong(true), true, speaker)
    assert (comparison.a, comparison.b, comparison.difference.value) == (0.0, 1.0, 1.0)
    assert np.isnan([comparison.difference.low, comparison.p]).all()
    assert comparison.difference.note.startswith("no interval: 3 speakers")


def test_speakers_who_gain_the_same_have_no_interval_and_no_p() -> None:
    true, speaker = both_classes(8)
    comparison = compare_task(TASK, true, wrong(true), true, speaker)
    assert comparison.difference.value == 1
    assert np.isnan([comparison.difference.low, comparison.p]).all()
    assert "all speakers differ by the same amount" in comparison.difference.note


def test_runs_that_agree_differ_in_nothing() -> None:
    true, speaker = both_classes(5)
    comparison = compare_task(TASK, true, true, true, speaker)
    assert (comparison.difference.low, comparison.difference.high, comparison.p) == (0, 0, 1)


def noisy(random: np.random.Generator, true: np.ndarray, skill: np.ndarray) -> np.ndarray:
    return np.where(random.random(len(true)) < skill, true, wrong(true)).astype(object)


def test_exchanging_the_runs_negates_the_difference_and_keeps_p() -> None:
    random = np.random.default_rng(1)
    true, speaker = both_classes(20, 5)
    a, b = noisy(random, true, np.array(0.6)), noisy(random, true, np.array(0.7))
    one = compare_task(TASK, true, a, b, speaker)
    two = compare_task(TASK, true, b, a, speaker)
    assert one.p == pytest.approx(two.p)
    assert one.difference.low == pytest.approx(-two.difference.high)
    assert one.difference.value == uar(true, b, TASK.classes) - uar(true, a, TASK.classes)


def test_numbers_are_compared_by_their_concordance_from_one_centre() -> None:
    random = np.random.default_rng(2)
    true, who = random.normal(100, 1, 64), np.repeat(np.arange(8), 8)
    a, b = true + random.normal(0, 1.1, 64), 50 + 0.5 * true + random.normal(0, 0.3, 64)
    comparison = compare_task(AROUSAL, true, a, b, who.astype(str))
    assert comparison.a == pytest.approx(ccc(true, a))
    assert comparison.b == pytest.approx(ccc(true, b))
    # The same by brute force: the metric on all rows but those of a speaker.
    left_out = [ccc(true[who != i], b[who != i]) - ccc(true[who != i], a[who != i]) for i in who]
    spread = np.square(left_out[::8] - np.mean(left_out)).sum()
    width = 2.364624 * np.sqrt(7 / 8 * spread)
    assert comparison.difference.high - comparison.difference.value == pytest.approx(width)


def test_interval_excludes_0_exactly_where_p_is_below_5_percent() -> None:
    """200 pairs of runs whose skill differs by speaker; either case is frequent."""
    random = np.random.default_rng(3)
    true, speaker = both_classes(6, 6)
    n_excluding = 0
    for _ in range(200):
        a, b = (noisy(random, true, random.beta(6, 3, 6).repeat(12) + up) for up in (0, 0.1))
        comparison = compare_task(TASK, true, a, b, speaker)
        excludes = comparison.difference.low > 0 or comparison.difference.high < 0
        assert excludes == (comparison.p < 0.05)
        n_excluding += excludes
    assert 20 <= n_excluding <= 180


def test_a_clear_difference_is_significant() -> None:
    random = np.random.default_rng(4)
    true, speaker = both_classes(20, 10)
    a, b = noisy(random, true, np.array(0.6)), noisy(random, true, np.array(0.8))
    comparison = compare_task(TASK, true, a, b, speaker)
    assert comparison.difference.low > 0
    assert comparison.p < 0.001


def test_without_speakers_utterances_are_left_out_with_a_note() -> None:
    true, _ = both_classes(10)
    comparison = compare_task(TASK, true, np.append(wrong(true[:9]), true[9:]), true, None)
    assert "no speakers are known" in comparison.difference.note


def test_predictions_of_another_length_are_refused() -> None:
    true, speaker = both_classes(3)
    with pytest.raises(TaskError, match="6 true values, 5 and 6 predicted"):
        compare_task(TASK, true, true[:5], true, speaker)
