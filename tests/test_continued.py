"""A classifier that continues on a small corpus gains there and leaves the first model as it is."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from featser.evaluation.metrics.metrics import uar
from reports.continued import ContinuedClassifier, Kind

KINDS = get_args(Kind)
CLASSES = ("angry", "happy", "sad")


def corpus(rows: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Emotions in one code and room, or in another room where one is expressed differently."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 3, rows)
    X = rng.normal(size=(rows, 30)).astype(np.float32)
    X[:, :3] += 2.0 * np.eye(3)[code]
    X[:, :3] -= 2.0 * shift * (code == 2)[:, None] * np.float32([0, 0, 1])
    X[:, 3] += 2.0 * shift * (code == 2)
    X[rng.random(X.shape) < 0.01] = np.nan
    return X * (1 + shift) + 5 * np.float32(shift), np.asarray(CLASSES)[code]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_continued_model_beats_the_one_before_and_one_fitted_from_scratch(
    kind: Kind,
) -> None:
    large = ContinuedClassifier(kind, rounds=40, more=60).fit(*corpus(400, 0.0, 1))
    small, test = corpus(40, 1.0, 2), corpus(300, 1.0, 3)
    reached = {
        "before": large,
        "scratch": ContinuedClassifier(kind, rounds=100).fit(*small),
        "continued": large.continued(*small),
    }
    score = {name: uar(test[1], one.predict(test[0]), CLASSES) for name, one in reached.items()}
    assert score["continued"] > max(score["before"], score["scratch"]) + 0.01, score


@pytest.mark.parametrize("kind", KINDS)
def test_continuing_needs_not_every_class_and_leaves_the_first_model_unchanged(
    kind: Kind,
) -> None:
    X, y = corpus(120, 0.0, 1)
    first = ContinuedClassifier(kind, 10, more=5).fit(X, y)
    before = first.predict_proba(X)
    few = y != "sad"
    second = first.continued(X[few], y[few])
    np.testing.assert_array_equal(first.predict_proba(X), before)
    assert second.predict_proba(X).shape == (120, 3)
    assert abs(second.predict_proba(X) - before).max() > 0.01
    with pytest.raises(ValueError, match=r"\['bored'\] are not among the classes"):
        first.continued(X[:2], ["bored", "sad"])


def test_classes_weigh_the_same_however_much_their_rows_do() -> None:
    X, y = corpus(120, 0.0, 1)
    weight = np.where(y == "sad", 5.0, 1.0)
    weight /= weight.mean()
    plain = ContinuedClassifier("logistic", 10, more=5).fit(X, y)
    same = ContinuedClassifier("logistic", 10, more=5).fit(X, y, weight)
    np.testing.assert_allclose(same.predict_proba(X), plain.predict_proba(X), atol=1e-5)
    further, alike = plain.continued(X, y), plain.continued(X, y, weight)
    np.testing.assert_allclose(alike.predict_proba(X), further.predict_proba(X), atol=1e-5)
    uneven = plain.continued(X, y, np.linspace(0.1, 5, len(y)))
    assert abs(uneven.predict_proba(X) - further.predict_proba(X)).max() > 0.001


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'mlp'"):
        ContinuedClassifier("mpl").fit(*corpus(30, 0.0, 1))  # type: ignore[arg-type]
