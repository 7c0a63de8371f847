"""Standardising equals scikit-learn's, also where values are missing or do not vary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from featser.speakers.normalization import AT_ONCE, Standardise


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_features", [1, AT_ONCE, 2 * AT_ONCE + 7])
def test_it_equals_scikit_learns_scaler(dtype: Any, n_features: int) -> None:
    random = np.random.default_rng(0)
    X = random.normal(3, 20, size=(50, n_features)).astype(dtype)
    X[:, ::3] *= 1e-3
    X[:, 0] = 0.1
    assert_equal_to_scikit_learns(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_equals_scikit_learns_scaler_where_values_are_missing(dtype: Any) -> None:
    random = np.random.default_rng(1)
    X = random.normal(3, 20, size=(50, 700)).astype(dtype)
    X[random.random(X.shape) < 0.1] = np.nan
    X[1:, 5] = np.nan
    X[:, 600] = np.where(np.isnan(X[:, 600]), np.nan, 7)
    assert_equal_to_scikit_learns(X)


def test_a_feature_without_values_stays_without_and_no_warning_is_raised() -> None:
    X = np.random.default_rng(0).normal(size=(20, 4))
    X[:, 2] = np.nan
    scaled = Standardise().fit(X).transform(X)
    assert np.isnan(scaled).all(axis=0).tolist() == [False, False, True, False]


def assert_equal_to_scikit_learns(X: np.ndarray) -> None:
    """Compare the estimates, and what they make of other rows."""
    own, reference = Standardise().fit(X), StandardScaler().fit(X)
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        estimates = getattr(own, name), getattr(reference, name)
        np.testing.assert_allclose(*estimates, rtol=1e-12, atol=1e-30)
    others = X[::-1] * X.dtype.type(1.5)
    transformed = own.transform(others)
    assert transformed.dtype == X.dtype
    np.testing.assert_allclose(transformed, reference.transform(others), rtol=1e-6, atol=1e-9)
