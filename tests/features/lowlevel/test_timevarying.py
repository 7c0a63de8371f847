from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from featser.features.lowlevel.time_varying_ar import (
    BLOCK,
    Settings,
    _lagged,
    _moments,
    _sample_moments,
    coefficients_at,
    fit_windows,
    index_of_movement,
)

WINDOW = 960
TIMES = np.linspace(-0.9, 0.9, 7)
TWO_POLES = Settings(order=2, moving_average=0, hop=WINDOW)
WITH_ZERO = Settings(order=2, moving_average=1, hop=WINDOW)


def moving(windows: int, settings: Settings, zero: float = 0.0) -> np.ndarray:
    """Noise through a pole pair that goes from 700 to 1100 Hz in each window, radius .95."""
    n = settings.history + windows * WINDOW
    e = np.random.default_rng(0).standard_normal(n)
    course = np.linspace(700, 1100, WINDOW)
    hertz = np.concatenate([np.full(settings.history, 700.0), np.tile(course, windows)])
    first = 2 * 0.95 * np.cos(2 * np.pi * hertz / 8000)
    x = np.zeros(n)
    for t in range(2, n):
        x[t] = first[t] * x[t - 1] - 0.95**2 * x[t - 2] + e[t] + zero * e[t - 1]
    return x


def pole_pairs(coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequency in Hz and radius at each time, shape (n, t)."""
    radius = np.sqrt(coefficients[:, 1])
    return np.arccos(-coefficients[:, 0] / (2 * radius)) * 8000 / (2 * np.pi), radius


@pytest.mark.parametrize(("settings", "zero"), [(TWO_POLES, 0.0), (WITH_ZERO, 0.6)])
def test_moving_poles_are_recovered_within_5_percent(settings, zero):
    fitted = fit_windows(moving(8, settings, zero), settings)
    hertz, radius = pole_pairs(coefficients_at(fitted.ar, TIMES))
    truth = 900 + 200 * TIMES
    assert np.sqrt(np.mean((hertz / truth - 1) ** 2)) < 0.05
    assert np.abs(hertz.mean(axis=0) / truth - 1).max() < 0.05
    assert np.sqrt(np.mean((radius / 0.95 - 1) ** 2)) < 0.05


def test_a_zero_is_estimated_and_leaves_white_errors():
    fitted = fit_windows(moving(16, WITH_ZERO, 0.6), WITH_ZERO)
    assert fitted.ma[:, 0, 0].mean() == pytest.approx(0.6, rel=0.15)
    assert fitted.residual.mean() == pytest.approx(1, rel=0.05)
    without = fit_windows(moving(16, TWO_POLES, 0.6), TWO_POLES)
    assert without.residual.mean() > 1.2


@pytest.mark.parametrize("average", [0, 4])
def test_the_index_is_about_zero_where_nothing_moves_and_far_above_where_poles_do(average):
    still = lfilter([1], [1, -1.2, 0.9], np.random.default_rng(1).standard_normal(40_000))
    settings = Settings(moving_average=average)
    index = index_of_movement(fit_windows(still, settings)).sum(axis=1)
    assert abs(index.mean()) < 3 * index.std() / np.sqrt(len(index) / 2)
    assert abs(index.mean()) < 0.06
    movement = index_of_movement(fit_windows(moving(8, TWO_POLES), TWO_POLES))
    still_too = index_of_movement(fit_windows(still, TWO_POLES))
    assert movement.sum(axis=1).min() > 4 * np.abs(still_too.sum(axis=1)).max()


def test_coefficients_that_do_not_move_are_those_of_ordinary_least_squares():
    x = np.random.default_rng(2).standard_normal(970)
    settings = Settings(functions=1, moving_average=0)
    rows = np.column_stack([x[10 - i : 970 - i] for i in range(1, 11)])
    expected = -np.linalg.lstsq(rows, x[10:], rcond=None)[0]
    np.testing.assert_allclose(fit_windows(x, settings).ar[0, :, 0], expected, atol=1e-6)


def test_moments_from_the_first_row_are_all_moments():
    x = np.random.default_rng(3).standard_normal((2, 320))
    lagged = _lagged(x, 20)
    np.testing.assert_allclose(_sample_moments(lagged, 3), _moments(lagged, lagged, 3), atol=1e-9)


def test_many_windows_are_each_as_if_alone():
    settings = Settings(window=96, hop=48, order=2, long_order=4, moving_average=1)
    x = np.random.default_rng(4).standard_normal(settings.least + BLOCK * settings.hop)
    fitted = fit_windows(x, settings)
    assert len(fitted.ar) == BLOCK + 1
    for window in (0, BLOCK):
        start = window * settings.hop
        alone = fit_windows(x[start : start + settings.least], settings)
        np.testing.assert_allclose(alone.ar[0], fitted.ar[window], rtol=1e-9)
        np.testing.assert_allclose(alone.ma[0], fitted.ma[window], rtol=1e-7, atol=1e-12)


def test_gain_leaves_the_coefficients_alone_and_silence_has_none():
    x = np.random.default_rng(5).standard_normal(2000)
    loud, quiet = fit_windows(x, Settings()), fit_windows(x / 1024, Settings())
    np.testing.assert_allclose(loud.ar, quiet.ar, rtol=1e-9)
    silent = fit_windows(np.zeros(2000), Settings())
    for values in (silent.ar, silent.ma, silent.power, silent.residual, silent.scatter):
        assert not values.any()
