"""Missing values of standardised features become 0, and cost a model nothing in its file."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Literal

import numpy as np
import pytest
import skops.io
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge

from featser.speakers.normalization import Impute, prepared


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_it_equals_scikit_learns_imputer(dtype: Any, order: Literal["C", "F"]) -> None:
    random = np.random.default_rng(0)
    X = np.asarray(random.normal(size=(40, 60)), dtype=dtype, order=order)
    X[random.random(X.shape) < 0.1] = np.nan
    X[:, 3] = np.nan
    reference = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    expected, imputed = reference.fit_transform(X), Impute().fit(X).transform(X)
    assert imputed.dtype == expected.dtype
    assert imputed.flags.c_contiguous == expected.flags.c_contiguous
    np.testing.assert_array_equal(imputed, expected)
    assert np.isnan(X).any(), "the input is not changed"


def test_a_saved_model_has_as_many_nodes_for_few_features_as_for_many() -> None:
    few, many = (n_nodes(fitted(n_features)) for n_features in (5, 500))
    assert few == many


def fitted(n_features: int) -> Any:
    random = np.random.default_rng(0)
    return prepared(Ridge()).fit(random.normal(size=(20, n_features)), random.normal(size=20))


def n_nodes(model: Any) -> int:
    """How many nodes skops writes: each is read and checked when a model is loaded."""
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        return archive.read("schema.json").count(b'"__loader__"')
