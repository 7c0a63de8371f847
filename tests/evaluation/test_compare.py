"""Two runs on the same utterances: known p values, tests worked by hand, intervals that cover."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import ccc, uar
from featser.evaluation.statistics.comparison import compare_task, holm, mcnemar
from featser.tasks import Task

TASK = Task("emotion", classes=("angry", "sad"), role="primary")
AROUSAL = Task("arousal", "regression")


def both_classes(speakers: int, each: int = 1) -> tuple[np.ndarray, np.ndarray]:
    true = np.tile(np.array(["angry", "sad"], dtype=object), speakers * each)
    return true, np.repeat([f"s{number}" for number in range(speakers)], 2 * each)


def wrong(true: np.ndarray) -> np.ndarray:
    return np.where(true == "angry", "sad", "angry").astype(object)


@pytest.mark.parametrize(
    ("b", "c", "p"), [(1, 9, 22 / 1024), (2, 6, 74 / 256), (0, 5, 2 / 32), (5, 5, 1), (0, 0, 1)]
)
def test_mcnemars_exact_p_is_twice_the_smaller_tail_of_the_binomial(
    b: int, c: int, p: float
) -> None:
    assert mcnemar(b, c) == mcnemar(c, b) == p


def test_mcnemars_p_is_that_of_the_sign_test() -> None:
    for b, c in np.random.default_rng(0).integers(0, 400, (40, 2)).tolist():
        assert mcnemar(b, c) == pytest.approx(binomtest(b, b + c, 0.5).pvalue)
    assert 0 < mcnemar(1500, 200) < 1e-200, "large counts do not overflow"


def test_mcnemars_p_of_ten_thousand_discordant_pairs_takes_no_time() -> None:
    began = time.perf_counter()
    assert mcnemar(5200, 5000) == pytest.approx(2 * norm.sf(199 / 10200**0.5), rel=0.01)
    assert time.perf_counter() - began < 1


def test_holms_corrected_p_values_are_the_textbooks() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02, np.nan, 0.03]), [0.04, np.nan, 0.04])
    assert holm([]).shape == (0,)


def test_three_speakers_of_whom_all_gain_have_two_of_eight_ways_that_are_as_extreme() -> None:
    true, speaker = both_classes(3)
    comparison = compare_task(TASK, true, wrong(true), true, speaker)
    assert (comparison.a, comparison.b, comparison.difference.value) == (0.0, 1.0, 1.0)
    assert (comparison.permutation.p, comparison.permutation.swaps) == (2 / 8, 8)
    assert comparison.permutation.exact
    assert (comparison.only_a, comparison.only_b, comparison.mcnemar) == (0, 6, 2 / 2**6)


def test_p_of_drawn_ways_counts_the_observed_one() -> None:
    """Of 99 drawn ways none is as extreme as 20 speakers who all gain; the observed one is."""
    true, speaker = both_classes(20)
    comparison = compare_task(TASK, true, wrong(true), true, speaker, permutations=99)
    assert not comparison.permutation.exact
    assert comparison.permutation.p == 1 / 100


def test_two_that_gain_and_one_that_loses_are_no_evidence_worked_by_hand() -> None:
    """Gains of the UAR by speaker are +1/3, +1/3 and −1/3; sums of ±1/3: |sum| ≥ 1/3 always."""
    true, speaker = both_classes(3)
    a = np.concatenate([wrong(true[:4]), true[4:]])
    b = np.concatenate([true[:4], wrong(true[4:])])
    comparison = compare_task(TASK, true, a, b, speaker)
    assert comparison.difference.value == pytest.approx(1 / 3)
    assert comparison.permutation.p == 1.0


def test_speakers_on_whom_the_runs_agree_change_no_p() -> None:
    true, speaker = both_classes(30)
    a = np.concatenate([wrong(true[:6]), true[6:]])
    comparison = compare_task(TASK, true, a, true, speaker)
    assert comparison.permutation.exact
    assert comparison.permutation.p == 2 / 8


def test_runs_that_agree_differ_in_nothing() -> None:
    true, speaker = both_classes(5)
    comparison = compare_task(TASK, true, true, true, speaker)
    assert (comparison.difference.low, comparison.difference.high) == (0, 0)
    assert (comparison.permutation.p, comparison.mcnemar) == (1.0, 1.0)


def noisy(random: np.random.Generator, true: np.ndarray, skill: np.ndarray) -> np.ndarray:
    return np.where(random.random(len(true)) < skill, true, wrong(true)).astype(object)


def test_exchanging_the_runs_negates_the_difference_and_keeps_p() -> None:
    random = np.random.default_rng(1)
    true, speaker = both_classes(20, 5)
    a, b = noisy(random, true, np.array(0.6)), noisy(random, true, np.array(0.7))
    one = compare_task(TASK, true, a, b, speaker, permutations=2000)
    two = compare_task(TASK, true, b, a, speaker, permutations=2000)
    assert not one.permutation.exact
    assert one.permutation.p == two.permutation.p
    assert one.difference.low == pytest.approx(-two.difference.high)
    assert one.difference.value == uar(true, b, TASK.classes) - uar(true, a, TASK.classes)


def test_numbers_are_compared_by_their_concordance_from_one_centre() -> None:
    random = np.random.default_rng(2)
    true, who = random.normal(100, 1, 64), np.repeat(np.arange(8), 8)
    a, b = true + random.normal(0, 1.1, 64), 50 + 0.5 * true + random.normal(0, 0.3, 64)
    comparison = compare_task(AROUSAL, true, a, b, who.astype(str))
    assert comparison.a == pytest.approx(ccc(true, a))
    assert comparison.b == pytest.approx(ccc(true, b))
    # The same by brute force: every way of swapping speakers, the metric on all rows.
    extreme = 0
    for way in range(2**8):
        swapped = ((way >> who) & 1).astype(bool)
        one, two = np.where(swapped, b, a), np.where(swapped, a, b)
        extreme += abs(ccc(true, two) - ccc(true, one)) >= abs(comparison.difference.value) - 1e-9
    assert 2 < extreme < 254
    assert comparison.permutation.p == extreme / 2**8
    assert np.isnan(comparison.mcnemar)


def test_intervals_cover_and_tests_hold_their_level_without_a_difference() -> None:
    """100 pairs of runs of equal skill, whose skill differs by speaker."""
    random = np.random.default_rng(3)
    true, speaker = both_classes(16, 8)
    covered = significant = 0
    for seed in range(100):
        a, b = (noisy(random, true, random.beta(6, 3, 16).repeat(16)) for _ in "ab")
        comparison = compare_task(TASK, true, a, b, speaker, n=300, permutations=300, seed=seed)
        covered += comparison.difference.low <= 0 <= comparison.difference.high
        significant += comparison.permutation.p < 0.05
    assert covered >= 86, "95 % of 100, less what chance and 16 speakers take"
    assert significant <= 12


def test_a_clear_difference_is_significant() -> None:
    random = np.random.default_rng(4)
    true, speaker = both_classes(20, 10)
    a, b = noisy(random, true, np.array(0.6)), noisy(random, true, np.array(0.8))
    comparison = compare_task(TASK, true, a, b, speaker)
    assert comparison.difference.low > 0
    assert comparison.permutation.p == pytest.approx(1 / 10_001, abs=2e-3)


def test_without_speakers_utterances_are_drawn_with_a_note() -> None:
    true, _ = both_classes(10)
    comparison = compare_task(TASK, true, wrong(true), true, None)
    assert "no speakers are known" in comparison.difference.note


def test_predictions_of_another_length_are_refused() -> None:
    true, speaker = both_classes(3)
    with pytest.raises(TaskError, match="6 true values, 5 and 6 predicted"):
        compare_task(TASK, true, true[:5], true, speaker)
