"""Trees that learn several tasks: what they learn, and how weight moves to the harder one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.errors import TaskError
from featser.evaluation.metrics import ccc, uar
from featser.models.weighted_trees import SIGMA, WeightedTrees, softmax_of, step
from featser.tasks import Task

TASKS = (
    Task("emotion", classes=("angry", "happy", "sad"), role="primary"),
    Task("arousal", "regression"),
)


def sample(rows: int, seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Arousal is easy to hear, emotion is not."""
    rng = np.random.default_rng(seed)
    code, arousal = rng.integers(0, 3, rows), rng.normal(3, 2, rows)
    X = rng.normal(size=(rows, 10)).astype(np.float32)
    X[:, :3] += 1.5 * np.eye(3)[code]
    X[:, 3] = arousal + rng.normal(0, 0.3, rows)
    X[rng.random(X.shape) < 0.01] = np.nan
    y = pd.DataFrame(
        {"emotion": np.asarray(TASKS[0].classes, dtype=object)[code], "arousal": arousal}
    )
    y.loc[rng.random(rows) < 0.2, "emotion"] = None
    y.loc[rng.random(rows) < 0.2, "arousal"] = np.nan
    return X, y


def trees(weighting: str = "harder", **changed: object) -> WeightedTrees:
    settings = {"n_estimators": 80, "colsample_bytree": 0.6} | changed
    return WeightedTrees(TASKS, weighting, **settings)  # type: ignore[arg-type]


def test_both_tasks_are_learnt_by_trees_that_they_share_though_labels_are_missing() -> None:
    model = trees().fit(*sample(300, 0))
    X, y = sample(300, 1)
    told, known = model.predict(X), y["emotion"].notna()
    score = uar(y["emotion"][known], told["emotion"][known], TASKS[0].classes)
    there = y["arousal"].notna()
    assert score > 0.6
    assert ccc(y["arousal"][there], told["arousal"][there]) > 0.85
    assert len(model.booster_.get_dump()) == 80
    np.testing.assert_allclose(model.predict_proba(X)["emotion"].sum(axis=1), 1)
    assert (model.losses_[-1] < 0.7 * model.losses_[0]).all()
    assert model.losses_[0] == pytest.approx([1, 1])


def test_the_harder_task_gains_weight_with_every_tree_within_the_bounds_and_equal_stays() -> None:
    X, y = sample(200, 0)
    model = trees().fit(X, y)
    assert model.losses_[-1, 0] > model.losses_[-1, 1]
    assert model.weights_[-1, 0] > model.weights_[0, 0] >= 0.5
    assert model.weights_.min() >= 0.196 - 1e-3
    assert model.weights_.max() <= 0.804 + 1e-3
    np.testing.assert_allclose(model.weights_.sum(axis=1), 1)
    np.testing.assert_allclose(trees("equal").fit(X, y).weights_, 0.5)


def test_a_weighted_task_is_learnt_further_than_with_equal_weights() -> None:
    X, y = sample(200, 0)
    quick = {"max_depth": 2, "n_estimators": 40, "rate": 1.0}
    equal, harder = trees("equal", **quick).fit(X, y), trees(**quick).fit(X, y)
    assert harder.losses_[-1, 0] < equal.losses_[-1, 0]


def test_the_step_goes_down_the_gradient_by_finite_differences() -> None:
    z, loss = np.array([0.6, -0.8, 0.0]), np.array([0.9, 0.3, 0.5])

    def aim(logits: np.ndarray) -> float:
        return float(softmax_of(logits) @ (1 / (loss + SIGMA)))

    slope = [(aim(z + 1e-6 * e) - aim(z - 1e-6 * e)) / 2e-6 for e in np.eye(3)]
    wanted = z - 0.05 * np.array(slope)
    np.testing.assert_allclose(step(z, loss, 0.05), wanted / np.linalg.norm(wanted), atol=1e-8)
    even = np.full(3, 1 / np.sqrt(3))
    np.testing.assert_allclose(step(even, np.full(3, 0.4), 0.5), even)


def test_what_cannot_be_learnt_is_refused() -> None:
    X, y = sample(30, 0)
    with pytest.raises(TaskError, match="'harder' or 'equal', not 'easier'"):
        trees("easier").fit(X, y)
    with pytest.raises(TaskError, match="task 'arousal': two different labels"):
        trees().fit(X, y.assign(arousal=1.0))
