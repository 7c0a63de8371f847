"""Logistic regression: scikit-learn's minimum, and predictions of speakers that it leaves out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from featser.evaluation.protocols.folding import inner_folds
from featser.evaluation.training_copies import trace_provenance
from featser.models.heads import softmax_regression
from featser.models.heads.logistic_classifier import LogisticClassifier

PRECISE = 1e-9


def data(
    rows: int, features: int, classes: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features far from mean 0 whose classes differ in number, and speakers."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, rows, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    X = rng.normal(size=(rows, features)) * rng.uniform(0.1, 5, features) + 3
    X[:, :classes] += 2 * np.eye(classes)[y]
    return X, y, np.arange(rows) % 10


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("shape", [(60, 200), (200, 12), (40, 40)])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_solution_is_scikit_learns_minimum(shape: tuple[int, int], classes: int, C: float) -> None:
    X, y, speaker = data(*shape, classes)
    own = LogisticClassifier(C=C, tolerance=PRECISE).fit(X, y, speaker=speaker)
    theirs = LogisticRegression(C=C, class_weight="balanced", tol=1e-10, max_iter=20_000).fit(X, y)
    np.testing.assert_allclose(own.coef_, theirs.coef_, atol=2e-5)
    np.testing.assert_allclose(own.predict_proba(X), theirs.predict_proba(X), atol=2e-5)


def test_solution_without_a_rotation_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, speaker = data(60, 30, 3)
    rotated = LogisticClassifier(tolerance=PRECISE).fit(X, y, speaker=speaker)
    monkeypatch.setattr(softmax_regression, "LARGEST", 10)
    plain = LogisticClassifier(tolerance=PRECISE).fit(X, y, speaker=speaker)
    np.testing.assert_allclose(plain.coef_, rotated.coef_, atol=1e-6)


def test_single_precision_gives_nearly_the_same_probabilities() -> None:
    X, y, speaker = data(100, 400, 4)
    single = LogisticClassifier().fit(X.astype(np.float32), y, speaker=speaker)
    double = LogisticClassifier(tolerance=PRECISE).fit(X, y, speaker=speaker)
    near = data(100, 400, 4, seed=1)[0]
    np.testing.assert_allclose(single.predict_proba(near), double.predict_proba(near), atol=5e-3)


def test_weights_count_rows() -> None:
    X, y, _ = data(80, 10, 3)
    weight = np.random.default_rng(1).integers(0, 4, 80)
    weighted = LogisticClassifier(C=1.0, tolerance=PRECISE).fit(X, y, sample_weight=weight)
    repeated = np.repeat(np.arange(80), weight)
    rows = LogisticClassifier(C=1.0, tolerance=PRECISE).fit(X[repeated], y[repeated])
    np.testing.assert_allclose(weighted.coef_, rows.coef_, atol=1e-5)


def test_features_that_do_not_vary_leave_the_even_shares() -> None:
    model = LogisticClassifier().fit(np.ones((10, 3)), np.arange(10) % 2)
    np.testing.assert_allclose(model.predict_proba(np.ones((1, 3))), 0.5, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_left_out_probabilities_are_those_of_a_fit_without_the_inner_fold(classes: int) -> None:
    X, y, speaker = data(90, 120, classes)
    model = LogisticClassifier(C=0.1, tolerance=PRECISE, n_folds=4)
    left_out = model.fit(X, y, speaker=speaker).left_out_probabilities_
    assert np.isfinite(left_out).all()
    for train, test in inner_folds(y, speaker, 4, 0):
        assert not set(speaker[train]) & set(speaker[test])
        alone = LogisticClassifier(C=0.1, tolerance=PRECISE).fit(X[train], y[train])
        np.testing.assert_allclose(left_out[test], alone.predict_proba(X[test]), atol=1e-4)


def test_copies_are_fitted_on_and_have_no_left_out_probabilities() -> None:
    X, y, speaker = data(60, 20, 3)
    descent = trace_provenance(np.arange(60), np.arange(60)[:, None])
    both, voices = np.concatenate([X, X + 5]), np.concatenate([speaker, speaker])
    labels = np.concatenate([y, y])
    model = LogisticClassifier(C=1.0, n_folds=4, tolerance=PRECISE)
    model.fit(both, labels, speaker=voices, provenance=descent)
    left_out = model.left_out_probabilities_
    assert np.isfinite(left_out[:60]).all()
    assert np.isnan(left_out[60:]).all()
    train, test = inner_folds(labels, voices, 4, 0, descent)[0]
    alone = LogisticClassifier(C=1.0, tolerance=PRECISE).fit(both[train], labels[train])
    np.testing.assert_allclose(left_out[test], alone.predict_proba(both[test]), atol=1e-4)


def test_an_only_utterance_of_a_class_is_never_left_out() -> None:
    X, y, speaker = data(40, 10, 2)
    y[7] = 5
    model = LogisticClassifier().fit(X, y, speaker=speaker)
    assert model.classes_.tolist() == [0, 1, 5]
    assert np.flatnonzero(np.isnan(model.left_out_probabilities_[:, 0])).tolist() == [7]
    only = LogisticClassifier().fit(X[:3], [0, 1, 2])
    assert only.left_out_probabilities_ is None
    assert only.predict_proba(X).shape == (40, 3)
