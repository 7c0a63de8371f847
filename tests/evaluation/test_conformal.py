"""Conformal prediction sets hold their coverage on recordings of new speakers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from featser.errors import TaskError
from featser.evaluation.conformal import Calibration, check_coverage, in_set, speakers_needed
from featser.evaluation.statistics.set_coverage import ALL_CLASSES, coverage_table
from featser.tasks import Task

MOOD = Task("mood", classes=("good", "low"))
shares = st.floats(0, 1, width=32)
speakers_of_a_class = st.lists(st.lists(shares, min_size=1, max_size=5), max_size=8)


def test_p_value_is_the_formula_of_lee_barber_and_willett() -> None:
    calibration = Calibration({"good": [[0.1, 0.4], [0.3], [0.9, 0.9, 0.2, 0.6]]})
    # Of a score of 0.35 the shares above are 1/2, 0 and 3/4.
    expected = (1 + 0.5 + 0 + 0.75) / 4
    np.testing.assert_allclose(calibration.p_values([[0.65]]), [[expected]], atol=1e-6)


@given(speakers_of_a_class, shares, shares)
def test_p_value_grows_with_the_probability(
    scores: list[list[float]], one: float, other: float
) -> None:
    values = Calibration({"good": scores}).p_values([[min(one, other)], [max(one, other)]])
    assert 0 < values[0, 0] <= values[1, 0] <= 1 + 1e-9
    assert values[0, 0] >= 1 / (len(scores) + 1) - 1e-9


@given(speakers_of_a_class, shares)
def test_a_speaker_with_every_recording_twice_has_the_same_weight(
    scores: list[list[float]], probability: float
) -> None:
    twice = [speaker * 2 if number == 0 else speaker for number, speaker in enumerate(scores)]
    np.testing.assert_allclose(
        Calibration({"good": scores}).p_values([[probability]]),
        Calibration({"good": twice}).p_values([[probability]]),
    )


def test_with_too_few_speakers_every_class_is_in_the_set() -> None:
    for coverage in (0.8, 0.9, 0.95):
        needed = speakers_needed(coverage)
        for count, expected in ((needed - 1, True), (needed, False)):
            calibration = Calibration({"good": [[0.5]] * count, "low": [[0.5]] * count})
            p_values = calibration.p_values([[0.0, 0.0]]).astype(np.float32)
            assert in_set(p_values, coverage).all() == expected
            assert bool(calibration.without_verdict(coverage)) == expected


def covered(rng: np.random.Generator, n_speakers: int, *, by_speaker: bool) -> bool:
    """Calibrate on speakers who differ much, and test one recording of a new one."""
    counts = rng.integers(2, 12, n_speakers + 1)
    level = rng.normal(0, 2, n_speakers + 1)
    logits = [rng.normal(mean, 0.5, count) for mean, count in zip(level, counts, strict=True)]
    probabilities = [1 / (1 + np.exp(-one)) for one in logits]
    own = np.concatenate(probabilities[:-1])
    calibration = Calibration.of(
        MOOD.classes,
        np.zeros(len(own), dtype=np.intp),
        np.stack([own, 1 - own], axis=1),
        np.repeat(np.arange(n_speakers), counts[:-1]) if by_speaker else None,
    )
    return bool(in_set(calibration.p_values([[probabilities[-1][0], 0.5]]), 0.9)[0, 0])


@pytest.mark.parametrize("n_speakers", [9, 24])
def test_coverage_on_new_speakers_is_within_the_binomial_interval(n_speakers: int) -> None:
    """The method covers 0.9 or more, and at most 2 / (K + 1) more than that."""
    rng = np.random.default_rng(n_speakers)
    count = sum(covered(rng, n_speakers, by_speaker=True) for _ in range(1500))
    interval = binomtest(count, 1500).proportion_ci(0.99)
    assert interval.high >= 0.9
    assert interval.low <= 0.9 + 2 / (n_speakers + 1)


def test_recordings_that_count_as_speakers_cover_too_little() -> None:
    """The simulation shows the fault that calibrating by speaker avoids."""
    rng = np.random.default_rng(0)
    count = sum(covered(rng, 9, by_speaker=False) for _ in range(1500))
    assert binomtest(count, 1500).proportion_ci(0.99).high < 0.9


def test_calibration_leaves_out_rows_without_probabilities() -> None:
    probabilities = np.array([[0.7, 0.3], [np.nan, np.nan], [0.2, 0.8]])
    calibration = Calibration.of(MOOD.classes, np.array([0, 0, 1]), probabilities, ["a", "a", "b"])
    assert calibration.to_dict() == {"good": [[0.3]], "low": [[0.2]]}
    again = Calibration.from_dict(calibration.to_dict(), MOOD.classes)
    assert again.to_dict() == calibration.to_dict()


@pytest.mark.parametrize(
    "data", [{"low": [[0.1]], "good": [[0.1]]}, {"good": [[1.5]], "low": []}, {"good": [[]]}]
)
def test_damaged_calibration_is_refused(data: dict[str, list[list[float]]]) -> None:
    with pytest.raises(ValueError, match="calibration scores"):
        Calibration.from_dict(data, MOOD.classes[: len(data)])


@pytest.mark.parametrize("coverage", [0.0, 1.0, 90.0, -0.1])
def test_impossible_coverage_is_refused(coverage: float) -> None:
    with pytest.raises(TaskError, match=r"coverage .* is not between 0 and 1"):
        check_coverage(coverage)


def test_coverage_table_gives_each_speaker_the_same_weight() -> None:
    table = pd.DataFrame(
        {
            "mood.true": ["good"] * 9 + ["low"] * 3,
            "mood.conformal[good]": [0.9] * 6 + [0.05] * 3 + [0.9, 0.05, 0.05],
            "mood.conformal[low]": [0.05] * 9 + [0.9] * 3,
        }
    )
    speaker = ["a"] * 6 + ["b", "c", "d"] + ["a", "b", "c"]
    rows = coverage_table(MOOD, table, speaker, [0.9]).set_index("class")
    assert rows.loc["good", "covered"] == pytest.approx(1 / 4)  # of a, of b, c and d none
    assert rows.loc["low", "covered"] == pytest.approx(1.0)
    assert rows.loc["low", "set_size"] == pytest.approx((2 + 1 + 1) / 3)
    assert rows.loc["low", "answered"] == pytest.approx(2 / 3)
    assert rows.loc["low", "right"] == pytest.approx(1.0)
    assert rows.loc[ALL_CLASSES, "utterances"] == 12


def test_coverage_table_without_p_values_is_empty() -> None:
    assert coverage_table(MOOD, pd.DataFrame({"mood.true": ["good"]}), None).empty
    assert coverage_table(Task("arousal", "regression"), pd.DataFrame(), None).empty
