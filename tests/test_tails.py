"""Tails are chosen by the truth, and CCC in them is Lin's over those rows alone."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import audmetric
import numpy as np
import pytest

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import ccc

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
_tails = importlib.import_module("tails")
sys.path.pop(0)
in_tails, tail_ccc, tail_reach = _tails.in_tails, _tails.tail_ccc, _tails.tail_reach

TRUE = np.arange(1.0, 11.0)
PRED = np.array([3, 3, 5, 5, 5, 5, 5, 5, 8, 6], dtype=float)


def test_ccc_in_the_tails_has_the_value_worked_out_by_hand() -> None:
    # 1, 2, 9, 10 taken for 3, 3, 8, 6: cov 7.75, variances 16.25 and 4.5, means 0.5 apart
    assert in_tails(TRUE, 0.2).tolist() == [-1, -1, 0, 0, 0, 0, 0, 0, 1, 1]
    assert tail_ccc(TRUE, PRED, 0.2) == pytest.approx(15.5 / 21)
    assert tail_reach(TRUE, PRED, 0.2) == pytest.approx((7 - 3) / (9.5 - 1.5))


def test_ccc_in_the_tails_is_audmetrics_over_the_same_rows() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(3, 1, 300)
    pred = 0.5 * true + rng.normal(1.5, 0.5, 300)
    order = np.argsort(true)
    outer = np.concatenate([order[:30], order[-30:]])
    reference = audmetric.concordance_cc(true[outer], pred[outer])
    assert tail_ccc(true, pred) == pytest.approx(reference)


def test_predictions_drawn_to_the_middle_lower_the_figures_of_the_tails() -> None:
    middle = 5.5 + 0.25 * (TRUE - 5.5)
    assert tail_reach(TRUE, middle, 0.2) == pytest.approx(0.25)
    assert tail_reach(TRUE, TRUE, 0.2) == tail_ccc(TRUE, TRUE, 0.2) == 1.0
    assert tail_reach(TRUE, np.full(10, 5.5), 0.2) == tail_ccc(TRUE, np.full(10, 5.5), 0.2) == 0.0


def test_equal_values_stay_together_and_a_constant_has_no_tails() -> None:
    rated = np.array([1, 1, 1, 3, 3, 3, 3, 5, 5, 5], dtype=float)
    assert np.abs(in_tails(rated)).sum() == 6
    assert tail_ccc(rated, rated[::-1]) == ccc([1, 1, 1, 5, 5, 5], [5, 5, 5, 1, 1, 1])
    assert np.isnan(tail_ccc(np.ones(10), TRUE))
    assert np.isnan(tail_reach(np.ones(10), TRUE))


@pytest.mark.parametrize("share", [0.0, 0.5, -0.1])
def test_a_share_that_makes_no_tails_is_refused(share: float) -> None:
    with pytest.raises(TaskError, match=rf"share = {share}: a tail has a share"):
        tail_ccc(TRUE, PRED, share)


def test_missing_values_are_refused_not_filled() -> None:
    with pytest.raises(TaskError, match="1 of 10 true values are missing"):
        tail_ccc(np.where(TRUE == 1, np.nan, TRUE), PRED)
