from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from featser.errors import FeatureError
from featser.features.lowlevel.descriptors import delta
from featser.features.lowlevel.functionals import PRESETS, functional_names, functionals

RATE = 100.0


def named(values: np.ndarray, preset: str = "full") -> dict[str, np.ndarray]:
    table = functionals(np.atleast_2d(values).astype(np.float32), preset, RATE)
    return dict(zip(PRESETS[preset], table.T, strict=True))


@pytest.fixture(scope="module")
def contours() -> np.ndarray:
    steps = np.random.default_rng(0).standard_normal((30, 351))
    return (steps.cumsum(axis=1) + np.linspace(-300, 4000, 30)[:, None]).astype(np.float32)


def test_moments_and_quantiles_are_numpys(contours):
    exact = contours.astype(np.float64)
    expected = {
        "mean": exact.mean(axis=1),
        "std": exact.std(axis=1),
        "min": exact.min(axis=1),
        "max": exact.max(axis=1),
        **{f"q{q}": np.percentile(exact, q, axis=1) for q in (25, 50, 75)},
        "p05": np.percentile(exact, 5, axis=1),
        "p95": np.percentile(exact, 95, axis=1),
        "skewness": scipy.stats.skew(exact, axis=1),
        "kurtosis": scipy.stats.kurtosis(exact, axis=1),
    }
    ours = named(contours)
    for name, values in expected.items():
        np.testing.assert_allclose(ours[name], values, rtol=2e-5, atol=2e-5, err_msg=name)


def test_fits_are_those_of_polyfit(contours):
    seconds = np.arange(contours.shape[1]) / RATE
    ours = named(contours)
    for degree, name in ((1, "linear_error"), (2, "quadratic_error")):
        fit = np.polynomial.polynomial.polyfit(seconds, contours.T.astype(float), degree)
        line = np.polynomial.polynomial.polyval(seconds, fit)
        error = np.sqrt(np.mean((contours - line) ** 2, axis=1))
        np.testing.assert_allclose(ours[name], error, rtol=1e-4, err_msg=name)
        if degree == 1:
            np.testing.assert_allclose(ours["slope"], fit[1], rtol=1e-4, atol=1e-4)


def test_delta_statistics_are_those_of_the_delta(contours):
    change, ours = delta(contours), named(contours, "standard")
    for name in ("mean", "std", "min", "max"):
        expected = getattr(change, name)(axis=1)
        np.testing.assert_allclose(ours[f"delta.{name}"], expected, rtol=1e-5, atol=1e-6)


def test_a_rising_line_has_its_slope_per_second_and_only_rises():
    ours = named(0.02 * np.arange(200))
    np.testing.assert_allclose(ours["slope"], 2.0, rtol=1e-5)
    np.testing.assert_allclose(ours["delta.mean"], 0.02, rtol=1e-5)
    assert ours["rise_time"] == 1
    assert ours["fall_time"] == ours["peak_rate"] == 0
    assert ours["linear_error"] < 1e-5


def test_a_parabola_has_no_quadratic_error_and_a_linear_one():
    ours = named(np.linspace(-1, 1, 200) ** 2)
    assert ours["quadratic_error"] < 1e-5
    assert ours["linear_error"] > 0.1


def test_peaks_are_counted_per_second():
    seconds = np.arange(400) / RATE
    assert named(np.sin(2 * np.pi * 5 * seconds))["peak_rate"] == 5
    rises = named(np.sin(2 * np.pi * 5 * seconds))["rise_time"]
    np.testing.assert_allclose(rises, 0.5, atol=0.02)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.3e4, 1e-30])
def test_a_constant_has_no_spread_and_no_skewness_and_raises_no_warning(value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = named(np.full(351, value))
    for name in ("mean", "min", "max", "q50", "p05", "p95"):
        assert ours[name] == np.float32(value), name
    for name in ("std", "slope", "delta.mean", "delta.std", "linear_error", "peak_rate"):
        assert ours[name] == 0, name
    assert np.isnan(ours["skewness"])
    assert np.isnan(ours["kurtosis"])


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_short_contours_have_nan_where_a_statistic_is_undefined_and_no_warning(frames):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = named(np.arange(frames) ** 2)
    assert np.isfinite(ours["mean"])
    assert np.isfinite(ours["p95"])
    assert np.isnan(ours["delta.mean"])
    assert np.isnan(ours["slope"]) == (frames == 1)
    assert np.isnan(ours["rise_time"]) == (frames < 3)


def test_a_contour_that_is_undefined_somewhere_has_undefined_statistics_alone():
    values = np.random.default_rng(0).standard_normal((2, 50))
    values[0, 7] = np.nan
    table = functionals(values.astype(np.float32), "full", RATE)
    assert np.isnan(table[0]).all()
    assert np.isfinite(table[1]).all()


matrices = npst.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(11, 60)),
    elements=st.floats(-1e4, 1e4, width=32),
)


@settings(max_examples=50)
@given(matrices)
def test_statistics_keep_their_order_and_are_finite(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = functionals(values, "full", RATE)
    ours = dict(zip(PRESETS["full"], table.T, strict=True))
    assert table.dtype == np.float32
    ladder = [ours[name] for name in ("min", "p05", "q25", "q50", "q75", "p95", "max")]
    tolerance = 1e-5 * (1 + np.abs(values).max())
    for below, above in pairwise(ladder):
        assert np.all(below <= above + tolerance)
    assert np.all(ours["linear_error"] <= ours["std"] * 1.001 + tolerance)
    assert np.all(ours["quadratic_error"] <= ours["linear_error"] * 1.001 + tolerance)
    assert np.all(ours["rise_time"] + ours["fall_time"] <= 1)
    constant = ours["std"] == 0
    finite = np.isfinite(table)
    assert finite[~constant].all()


@settings(max_examples=30)
@given(matrices, st.randoms(use_true_random=False))
def test_rows_do_not_know_of_each_other(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    np.testing.assert_array_equal(
        functionals(values[order], "standard", RATE), functionals(values, "standard", RATE)[order]
    )


@settings(max_examples=30)
@given(matrices, st.randoms(use_true_random=False))
def test_the_order_of_frames_changes_no_mean_std_or_quantile(values, random):
    order = list(range(values.shape[1]))
    random.shuffle(order)
    before, after = named(values, "standard"), named(values[:, order], "standard")
    for name in ("mean", "std", "min", "max", "q25", "q50", "q75", "p05", "p95"):
        scale = 1e-5 * (1 + np.abs(values).max())
        np.testing.assert_allclose(after[name], before[name], atol=scale, rtol=1e-5, err_msg=name)


def test_each_preset_begins_with_the_smaller_one_so_that_positions_are_stable():
    assert PRESETS["standard"][:2] == PRESETS["basic"] == ("mean", "std")
    assert PRESETS["full"][: len(PRESETS["standard"])] == PRESETS["standard"]


def test_names_join_contour_and_functional_row_by_row():
    names = functional_names(["mfcc_00", "zcr"], "standard")
    assert names[:2] == ("mfcc_00.mean", "mfcc_00.std")
    assert "zcr.delta.std" in names
    assert len(names) == len(set(names)) == 2 * len(PRESETS["standard"])


def test_an_unknown_preset_and_an_empty_contour_are_refused():
    with pytest.raises(FeatureError, match="did you mean 'standard'"):
        functionals(np.zeros((1, 11), np.float32), "standart", RATE)
    with pytest.raises(FeatureError, match=r"contours of shape \(1, 0\)"):
        functionals(np.zeros((1, 0), np.float32), "basic", RATE)
