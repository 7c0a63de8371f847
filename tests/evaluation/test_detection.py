"""ROC, AUC and EER of classes as detectors: against scikit-learn, and by leaving out speakers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from featser.errors import TaskError
from featser.evaluation.metrics.scales import LOGIT
from featser.evaluation.statistics.detection import detection_curves
from featser.evaluation.statistics.jackknife_interval import interval_of
from featser.evaluation.statistics.resampling import resampling_units

CLASSES = ("angry", "happy", "sad")


def sample(seed: int = 0, n: int = 240, speakers: int = 12) -> tuple[np.ndarray, ...]:
    """Truth, probabilities with ties, and speakers who differ in how separable they are."""
    random = np.random.default_rng(seed)
    truth, who = random.integers(0, 3, n), random.integers(0, speakers, n)
    gain = random.normal(1.0, 0.5, speakers)[who]
    score = random.normal(0, 1, (n, 3))
    score[np.arange(n), truth] += gain
    p = np.exp(score)
    p = np.round(p / p.sum(axis=1, keepdims=True), 2)
    return np.array(CLASSES, dtype=object)[truth], p, who.astype(str)


def test_curves_and_areas_are_those_of_scikit_learn() -> None:
    true, p, who = sample()
    mean, *curves = detection_curves(true, p, CLASSES, who)
    areas = []
    for column, (name, curve) in enumerate(zip(CLASSES, curves, strict=True)):
        positive = true == name
        areas.append(roc_auc_score(positive, p[:, column]))
        assert curve.name == name
        assert curve.n == positive.sum()
        assert curve.auc.value == pytest.approx(areas[-1])
        alarms, recall, _ = roc_curve(positive, p[:, column], drop_intermediate=False)
        np.testing.assert_allclose(curve.false_alarms, alarms)
        np.testing.assert_allclose(curve.recall, recall)
        at_rate = np.interp(curve.eer, curve.false_alarms, curve.recall)
        assert 1 - at_rate == pytest.approx(curve.eer, abs=0.03)
    assert mean.auc.value == pytest.approx(np.mean(areas))
    assert np.trapezoid(mean.recall, mean.false_alarms) == pytest.approx(mean.auc.value, abs=0.01)


def test_intervals_leave_out_each_speaker_as_a_computation_from_the_rows_does() -> None:
    true, p, who = sample(1)
    mean, *curves = detection_curves(true, p, CLASSES, who)
    units, every = resampling_units(who, len(who)), []
    for column, (name, curve) in enumerate(zip(CLASSES, curves, strict=True)):
        left_out = np.array(
            [
                roc_auc_score(true[who != one] == name, p[who != one, column])
                for one in dict.fromkeys(who)
            ]
        )
        every.append(left_out)
        expected = interval_of(curve.auc.value, left_out, units, LOGIT, 0.95)
        assert (curve.auc.low, curve.auc.high) == pytest.approx((expected.low, expected.high))
    expected = interval_of(mean.auc.value, np.mean(every, axis=0), units, LOGIT, 0.95)
    assert (mean.auc.low, mean.auc.high) == pytest.approx((expected.low, expected.high))


def test_perfect_and_reversed_probabilities() -> None:
    true = np.array(["angry", "sad"] * 8, dtype=object)
    right = np.array([[0.9, 0.1], [0.2, 0.8]] * 8)
    classes, who = ("angry", "sad"), [str(n // 4) for n in range(16)]
    for p, area, eer in ((right, 1.0, 0.0), (right[:, ::-1], 0.0, 1.0)):
        for curve in detection_curves(true, p, classes, who):
            assert (curve.auc.value, curve.eer) == (area, eer)
            assert np.isnan(curve.auc.low), "without spread there is no interval"


def test_classes_without_an_utterance_are_left_out() -> None:
    true, p, who = sample()
    rows = true != "happy"
    curves = detection_curves(true[rows], p[rows], CLASSES, who[rows])
    assert [curve.name for curve in curves] == ["", "angry", "sad"]
    only = true == "sad"
    assert detection_curves(true[only], p[only], CLASSES, who[only]) == []


def test_wrong_shapes_and_missing_probabilities_are_refused() -> None:
    true, p, who = sample()
    with pytest.raises(TaskError, match="240 true values of 3 classes"):
        detection_curves(true, p[:, :2], CLASSES, who)
    p[3, 1] = np.nan
    with pytest.raises(TaskError, match="a probability is missing"):
        detection_curves(true, p, CLASSES, who)


@pytest.mark.slow
@pytest.mark.parametrize("speakers", [6, 12, 30])
def test_the_interval_of_the_auc_holds_its_level(speakers: int) -> None:
    """Against the AUC of very many speakers; 95 % intervals should hold it in 92 to 98 %."""
    true, p, who = sample(99, 400_000, 4000)
    truth = detection_curves(true, p, CLASSES, None)[0].auc.value
    held = 0
    for seed in range(400):
        true, p, who = sample(seed, 20 * speakers, speakers)
        auc = detection_curves(true, p, CLASSES, who)[0].auc
        held += auc.low <= truth <= auc.high
    assert 0.92 <= held / 400 <= 0.98
