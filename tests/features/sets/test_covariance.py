from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal, read_audio
from featser.errors import FeatureError
from featser.features.sets.covariance import FLOOR, Covariance, log_covariance

RATE = 16_000


def noise(n: int = RATE // 2, peak: float = 0.2, seed: int = 0) -> Signal:
    samples = np.random.default_rng(seed).uniform(-peak, peak, n)
    return Signal(samples.astype(np.float32), RATE)


def test_the_logarithm_is_the_one_whose_exponential_is_the_covariance():
    values = np.random.default_rng(0).standard_normal((4, 4)) @ np.random.default_rng(1).normal(
        size=(4, 200)
    )
    logarithm = np.zeros((4, 4))
    logarithm[np.triu_indices(4)] = log_covariance(values)
    logarithm += np.triu(logarithm, 1).T
    series, term = np.eye(4), np.eye(4)
    for power in range(1, 60):
        term = term @ logarithm / power
        series = series + term
    np.testing.assert_allclose(series, np.cov(values, bias=True) + FLOOR * np.eye(4), atol=1e-9)


def test_uncorrelated_contours_have_their_log_variances_on_the_diagonal_and_zero_beside_it():
    time = np.arange(1000) / 1000
    values = np.stack([3 * np.sin(2 * np.pi * 10 * time), np.cos(2 * np.pi * 10 * time)])
    expected = [np.log(4.5 + FLOOR), 0, np.log(0.5 + FLOOR)]
    np.testing.assert_allclose(log_covariance(values), expected, atol=1e-9)


def test_a_constant_contour_has_the_floor():
    assert log_covariance(np.ones((1, 10))) == pytest.approx(np.log(FLOOR))


def test_names_are_unique_stable_and_say_which_pair():
    names = Covariance().names
    assert len(set(names)) == len(names) == 462
    assert names[0] == "covariance.mfcc_00.mfcc_00"
    assert names[231] == "covariance.change.mfcc_00.mfcc_00"
    assert names[-1] == "covariance.change.zcr.zcr"


def test_a_contour_that_moves_more_has_the_greater_value_under_its_name():
    steady = noise(RATE)
    wave = 10 ** (np.sin(2 * np.pi * 5 * np.arange(RATE) / RATE) - 1)
    moving = Signal((steady.samples * wave).astype(np.float32), RATE)
    at = Covariance().names.index("covariance.level.level")
    assert Covariance()(moving)[at] > Covariance()(steady)[at] + 1


def test_gain_changes_nothing():
    loud = noise(peak=0.8)
    quiet = Signal(loud.samples / 8, RATE)
    np.testing.assert_allclose(Covariance()(quiet), Covariance()(loud), atol=2e-3)


def test_any_length_has_values_finite_ones_from_half_a_second():
    for n in (1, 800, 4000):
        assert Covariance()(noise(n)).shape == (462,)
    assert np.isnan(Covariance()(noise(800))).all()
    assert np.isfinite(Covariance()(noise())).all()
    assert np.isfinite(Covariance()(Signal(np.zeros(RATE, np.float32), RATE))).all()


def test_two_calls_have_equal_bits():
    np.testing.assert_array_equal(Covariance()(noise()), Covariance()(noise()))


def test_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"resampled\(16000\)"):
        Covariance()(Signal(np.ones(800, np.float32), 8000))


@pytest.mark.corpora
def test_real_speech_has_finite_values(real_recordings):
    assert np.isfinite(Covariance()(read_audio(real_recordings[0]))).all()
