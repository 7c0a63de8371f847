"""Outputs under permutations equal what the model predicts for the permuted tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from featser.explanation.permuted_outputs import Permutations, permuted_outputs
from featser.models.building import make_estimator
from featser.models.routing import fit_routed
from featser.tasks import Task

CLASSES = Task("emotion", classes=("angry", "neutral", "sad"))
ORDINAL = Task("intensity", "ordinal", classes=("low", "middle", "high"))
NUMBERS = Task("arousal", "regression")
GROUPS = [np.arange(5), np.array([7, 20, 25]), np.arange(10, 15), np.arange(26, 40)]
BLOCKS = ([20, 20], [10, (5, 5), 20])


def rows_of(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 90)
    X = random.normal(size=(90, 40)).astype(np.float32)
    X[:, 3] += 2 * y
    X[:, 25] += y
    X[5, 3] = np.nan
    target = y if task.categorical else y + 0.3 * random.normal(size=90)
    return X, target, np.repeat([f"s{n}" for n in range(9)], 10)


def fitted(name: str, task: Task, **options: Any) -> tuple[Any, np.ndarray]:
    X, target, speaker = rows_of(task)
    model = make_estimator(name, task, **options)
    return fit_routed(model, X, target, speaker=speaker, sample_weight=None, provenance=None), X


def predicted(model: Any, X: np.ndarray) -> np.ndarray:
    output = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    return np.asarray(output).reshape(len(X), -1)


@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("vote", CLASSES),
        ("kernel", CLASSES),
        ("logistic", CLASSES),
        ("lda", CLASSES),
        ("vote", ORDINAL),
        ("vote", NUMBERS),
        ("kernel", NUMBERS),
        ("ridge", NUMBERS),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_outputs_equal_the_predictions_of_permuted_tables(
    name: str, task: Task, blocks: Any
) -> None:
    model, X = fitted(name, task, blocks=blocks)
    orders = np.stack([np.random.default_rng(n).permutation(len(X)) for n in range(2)])
    outputs = permuted_outputs(model, Permutations(X, GROUPS, orders))
    np.testing.assert_allclose(outputs.plain, predicted(model, X), atol=1e-5)
    for place, columns in enumerate(GROUPS):
        for repetition, order in enumerate(orders):
            table = X.copy()
            table[:, columns] = X[order][:, columns]
            expected = predicted(model, table)
            np.testing.assert_allclose(outputs.permuted[place, repetition], expected, atol=1e-5)
    assert np.abs(outputs.permuted[0] - outputs.plain).max() > 0.1, "something was permuted"


def test_a_selection_of_features_is_followed() -> None:
    model, X = fitted("logistic", CLASSES, blocks=[20, 20], select="anova:0.25")
    order = np.random.default_rng(0).permutation(len(X))
    outputs = permuted_outputs(model, Permutations(X, GROUPS, order[None]))
    table = X.copy()
    table[:, GROUPS[0]] = X[order][:, GROUPS[0]]
    np.testing.assert_allclose(outputs.permuted[0, 0], predicted(model, table), atol=1e-6)
