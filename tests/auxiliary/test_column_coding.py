"""Numbers of two bytes or one are as near to the values as promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from featser.auxiliary.column_coding import encode_byte, encode_half

FLOATS = st.floats(width=32, allow_infinity=False, min_value=-(2.0**120), max_value=2.0**120)
MATRICES = hnp.arrays(np.float32, st.tuples(st.integers(0, 8), st.integers(1, 4)), elements=FLOATS)


def assert_near(decoded: NDArray[np.float32], X: NDArray[np.float32], tolerance: object) -> None:
    assert decoded.dtype == np.float32
    assert np.array_equal(np.isnan(decoded), np.isnan(X))
    with np.errstate(invalid="ignore"):
        error = np.abs(decoded.astype(float) - X.astype(float))
    valid = ~np.isnan(X)
    assert (error[valid] <= np.asarray(tolerance, float)[valid]).all()


@given(MATRICES)
def test_half_any_values_decoded_within_tolerance(X: NDArray[np.float32]) -> None:
    coding, stored = encode_half(X)
    assert stored.dtype.itemsize == 2
    assert_near(coding.decode(stored), X, coding.tolerance(X))


@given(MATRICES)
def test_half_large_values_lose_less_than_two_to_the_minus_ten(X: NDArray[np.float32]) -> None:
    """The part of the tolerance that does not depend on the value is for tiny values alone."""
    coding, stored = encode_half(X)
    largest = np.max(np.abs(X), axis=0, initial=0, where=~np.isnan(X))
    large = np.abs(X) > largest * 2.0**-28
    error = np.abs(coding.decode(stored).astype(float) - X)
    assert (error[large] <= np.abs(X[large]) * 2.0**-10 + 2.0**-140).all()


@given(MATRICES)
def test_byte_any_values_decoded_within_half_a_step(X: NDArray[np.float32]) -> None:
    coding, stored = encode_byte(X)
    assert stored.dtype.itemsize == 1
    assert_near(coding.decode(stored), X, coding.tolerance(X))


def test_byte_normal_values_have_an_eighth_deviation_as_step() -> None:
    X = np.random.default_rng(0).normal(5, 3, (1000, 50)).astype(np.float32)
    coding, stored = encode_byte(X)
    np.testing.assert_allclose(coding.scale, X.std(axis=0) / 8, rtol=1e-5)
    error = (coding.decode(stored) - X) / X.std(axis=0)
    assert 0.034 < np.sqrt(np.mean(error**2)) < 0.038  # 1 / 8 / √12


def test_half_levels_around_a_large_offset_keep_their_differences() -> None:
    """Half-precision numbers around 40,000 are 32 apart: an offset is needed."""
    X = (40_000 + np.arange(20, dtype=np.float32) / 10)[:, None]
    coding, stored = encode_half(X)
    np.testing.assert_allclose(coding.decode(stored), X, atol=0.005)


def test_half_whole_numbers_and_infinite_values_stay_exact() -> None:
    X = np.array([[0, np.inf], [1, -np.inf], [2, 1], [2047, np.nan]], np.float32)
    coding, stored = encode_half(X)
    np.testing.assert_array_equal(coding.decode(stored), X)


def test_byte_infinite_value_refused() -> None:
    with pytest.raises(ValueError, match="infinite"):
        encode_byte(np.array([[np.inf]], np.float32))


@pytest.mark.parametrize("encode", [encode_half, encode_byte])
def test_constant_and_undefined_columns_stay_exact(encode: object) -> None:
    X = np.array([[7.3, np.nan, 0], [7.3, np.nan, 0]], np.float32)
    coding, stored = encode(X)  # type: ignore[operator]
    np.testing.assert_array_equal(coding.decode(stored), X)
