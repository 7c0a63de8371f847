"""Calibration on numbers worked out by hand, and beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics

from featser.errors import TaskError
from featser.evaluation.metrics.scales import LOG, LOGIT
from featser.evaluation.statistics.intervals import interval_by_speaker
from featser.evaluation.statistics.reliability import BINS, FLOOR, reliability

CLASSES = ("anger", "joy", "sad")
TRUE = ["anger", "joy", "sad", "anger"]
P = [[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.0, 0.05, 0.95], [0.65, 0.35, 0.0]]


def drawn(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, truths that happen as often as they say, and speakers."""
    random = np.random.default_rng(seed)
    p = random.dirichlet([1, 1, 1], rows)
    truth = (p.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1)
    return np.array(CLASSES)[truth], p, np.arange(rows) % 10


def test_figures_and_bins_have_the_values_worked_out_by_hand() -> None:
    result = reliability(TRUE, P, CLASSES, None)
    # 0.4-0.5: one of confidence 0.5, wrong; 0.6-0.7: 0.7 and 0.65, both right; 0.9-1: 0.95, right
    assert result.figures["ece"]["value"] == pytest.approx((0.5 + 0.3 + 0.35 + 0.05) / 4)
    squares = [0.09 + 0.04 + 0.01, 0.25 + 0.49 + 0.04, 0.0025 + 0.0025, 0.1225 + 0.1225]
    assert result.figures["brier"]["value"] == pytest.approx(np.mean(squares))
    losses = -np.log([0.7, 0.3, 0.95, 0.65])
    assert result.figures["log_loss"]["value"] == pytest.approx(losses.mean())
    assert [b.n for b in result.bins] == [0, 0, 0, 0, 1, 0, 2, 0, 0, 1]
    assert result.bins[6].confidence == pytest.approx(0.675)
    assert [result.bins[k].accuracy for k in (4, 6, 9)] == [0, 1, 1]
    assert np.isnan(result.bins[0].accuracy)
    assert (result.bins[6].low, result.bins[6].high) == (0.6, 0.7)


def test_figures_equal_scikit_learns() -> None:
    true, p, speaker = drawn()
    figures = reliability(true, p, CLASSES, speaker).figures
    assert figures["log_loss"]["value"] == pytest.approx(
        sklearn.metrics.log_loss(true, p, labels=list(CLASSES))
    )
    two = np.stack([p[:, 0], 1 - p[:, 0]], axis=1)
    either = np.where(true == "anger", "anger", "joy")
    brier = reliability(either, two, ("anger", "joy"), speaker).figures["brier"]["value"]
    assert brier == pytest.approx(
        2 * sklearn.metrics.brier_score_loss(either == "anger", p[:, 0]), rel=1e-9
    )


def test_probabilities_that_happen_as_they_say_are_near_the_diagonal() -> None:
    true, p, speaker = drawn(20_000)
    result = reliability(true, p, CLASSES, speaker)
    assert result.figures["ece"]["value"] < 0.02
    assert sum(b.n for b in result.bins) == 20_000
    sure = np.eye(3)[p.argmax(axis=1)]
    wrong = reliability(true, sure, CLASSES, speaker)
    share = (np.array(CLASSES)[p.argmax(axis=1)] != true).mean()
    assert wrong.figures["ece"]["value"] == pytest.approx(share)
    assert wrong.figures["log_loss"]["value"] == pytest.approx(-share * np.log(FLOOR))
    assert wrong.bins[BINS - 1].n == 20_000


@pytest.mark.parametrize("name", ["brier", "log_loss"])
def test_intervals_are_those_of_speakers_left_out(name: str) -> None:
    true, p, speaker = drawn(60)
    figures = reliability(true, p, CLASSES, speaker).figures

    def figure(predicted: np.ndarray, at: np.ndarray) -> float:
        return reliability(predicted, p[at.astype(int)], CLASSES, None).figures[name]["value"]

    slow = interval_by_speaker(figure, true, np.arange(60), speaker, scale=LOG)
    assert figures[name] == pytest.approx(slow.to_dict())


def test_lower_bound_of_ece_is_counted_from_the_value_less_its_bias() -> None:
    """Probabilities that happen as they say: ECE is above its true value, 0."""
    true, p, speaker = drawn(300)
    ece = reliability(true, p, CLASSES, speaker).figures["ece"]
    without = [
        reliability(true[speaker != one], p[speaker != one], CLASSES, None).figures["ece"]["value"]
        for one in range(10)
    ]
    bias = 9 * (np.mean(without) - ece["value"])
    width = 2.262157 * np.sqrt(9 / 10 * np.square(without - np.mean(without)).sum())
    assert bias > 0.01
    assert ece["high"] == pytest.approx(ece["value"] + width)
    assert ece["low"] == pytest.approx(max(0.0, ece["value"] - bias - width))


def test_accuracy_of_a_bin_is_over_the_speakers_in_the_bin() -> None:
    true, p, speaker = drawn(300)
    bins = reliability(true, p, CLASSES, speaker).bins
    full = bins[6]
    rows = np.ceil(p.max(axis=1) * BINS) - 1 == 6
    right = np.array(CLASSES)[p.argmax(axis=1)] == true
    expected = interval_by_speaker(
        lambda t, _: float(t.mean()), right[rows], right[rows], speaker[rows], scale=LOGIT
    )
    assert [full.accuracy, full.accuracy_low, full.accuracy_high] == pytest.approx(
        [expected.value, expected.low, expected.high]
    )
    few = reliability(true, p, CLASSES, ["a", "b"] * 150)
    assert "needs 4 speakers or more" in few.figures["ece"]["note"]
    assert np.isnan(few.bins[5].accuracy_low)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([[0.5, 0.5]], "have shape"),
        ([[0.5, 0.6, 0.2]], "sum to 1"),
        ([[0.5, np.nan, 0.5]], "sum to 1"),
        ([[1.2, -0.2, 0.0]], "0 or more"),
        ([[1.0, 0.0, 0.0]] * 2, "1 true values but 2 rows"),
    ],
)
def test_what_are_no_probabilities_is_refused(p: list[list[float]], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        reliability(["anger"], p, CLASSES, None)
