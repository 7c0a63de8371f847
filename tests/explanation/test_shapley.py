"""Shapley values: their sum, all sets against sampled orders, the closed form of linear scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.explanation import shapley
from featser.explanation.altered_rows import outputs_of, plain_output
from featser.explanation.mixed_rows import MixedRows
from featser.explanation.shapley import Shapley, rows_to_predict, shapley_values
from featser.models.heads.logistic_classifier import LogisticClassifier
from tests.explanation.test_permuted_outputs import (
    CLASSES,
    NUMBERS,
    ORDINAL,
    fitted,
    predicted,
)

GROUPS = [np.arange(5), np.array([7, 20, 25]), np.arange(10, 15), np.arange(26, 40),
          np.setdiff1d(np.arange(26), [*range(5), 7, 20, 25, *range(10, 15)])]  # fmt: skip


def value_of(
    function: Callable[[np.ndarray], np.ndarray], X: np.ndarray, random_state: int = 0
) -> Shapley:
    """Explain the first row of X, whose columns are the groups, against the others."""
    plain = function(X)
    columns = np.arange(X.shape[1])

    def evaluate(sources: np.ndarray) -> np.ndarray:
        return function(X[sources, columns])

    return shapley_values(evaluate, plain[0], plain[1:], X.shape[1], random_state)


def interacting(X: np.ndarray) -> np.ndarray:
    """Two outputs with interactions; the last column has no effect."""
    first = np.tanh(X[:, 0] * X[:, 1] + X[:, 2])
    return np.stack([first, X[:, 1] ** 2 - X[:, 3] * X[:, 0]], axis=1)


@settings(max_examples=20)
@given(st.integers(1, 16), st.integers(4, 20), st.integers(0, 1000))
def test_values_sum_to_the_difference_from_the_average(
    n_groups: int, n_background: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_background + 1, n_groups))
    weights = random.normal(size=(n_groups, 3))
    function = lambda rows: np.sin(rows @ weights) * rows[:, :1]  # noqa: E731
    result = value_of(function, X)
    plain = function(X)
    np.testing.assert_allclose(
        result.values.sum(axis=0), plain[0] - plain[1:].mean(axis=0), atol=1e-9
    )


def test_sampled_orders_agree_with_all_sets_within_their_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X = np.random.default_rng(3).normal(size=(33, 6))
    exact = value_of(interacting, X)
    assert exact.is_exact
    assert not exact.errors.any()
    monkeypatch.setattr(shapley, "MOST_EXACT", 0)
    deviations = []
    for seed in range(40):
        sampled = value_of(interacting, X, seed)
        assert not sampled.is_exact
        used = sampled.errors > 1e-9  # of pairwise interactions, pairs of orders are exact
        deviations.append((sampled.values - exact.values)[used] / sampled.errors[used])
        assert np.abs(sampled.values - exact.values).max() < 0.2
    spread = float(np.sqrt(np.mean(np.concatenate(deviations) ** 2)))
    assert 0.85 < spread < 1.2, "the standard errors are those of the estimates"


@pytest.mark.parametrize("most_exact", [0, 20_000])
def test_a_group_without_effect_has_the_value_zero(
    most_exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapley, "MOST_EXACT", most_exact)
    result = value_of(interacting, np.random.default_rng(0).normal(size=(20, 5)))
    assert np.abs(result.values[4]).max() < 1e-12
    assert result.errors[4].max() < 1e-12


@pytest.mark.parametrize("most_exact", [0, 20_000])
def test_the_margin_of_a_logistic_model_has_the_closed_form(
    most_exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a linear score, a group's value is its weights times the distance from the average."""
    monkeypatch.setattr(shapley, "MOST_EXACT", most_exact)
    pipeline, X = fitted("logistic", CLASSES, blocks=[40])
    steps, (head,) = pipeline[:-1], pipeline[-1].members_
    assert isinstance(head, LogisticClassifier)
    prepared = steps.transform(X[:30]).astype(np.float64)
    margins = prepared @ head.coef_.T + head.intercept_

    def evaluate(sources: np.ndarray) -> np.ndarray:
        rows = MixedRows(prepared, GROUPS, sources)
        return rows.linear_scores(head.coef_.T, head.intercept_)

    result = shapley_values(evaluate, margins[0], margins[1:], len(GROUPS))
    distance = prepared[0] - prepared[1:].mean(axis=0)
    closed = np.stack([head.coef_[:, own] @ distance[own] for own in GROUPS])
    np.testing.assert_allclose(result.values, closed, atol=1e-9)
    assert result.errors.max() < 1e-9
    assert np.abs(closed).max() > 0.4


@pytest.mark.parametrize("blocks", [[20, 20], [10, (5, 5), 20]], ids=str)
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("vote", CLASSES),
        ("kernel", CLASSES),
        ("logistic", CLASSES),
        ("lda", CLASSES),
        ("knn", CLASSES),
        ("vote", ORDINAL),
        ("vote", NUMBERS),
        ("ridge", NUMBERS),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_outputs_of_mixed_rows_are_the_predictions_of_these_rows(
    name: str, task: Any, blocks: Any
) -> None:
    model, X = fitted(name, task, blocks=blocks)
    sources = np.random.default_rng(0).integers(0, 12, (60, len(GROUPS)))
    rows = MixedRows(X[:12], GROUPS, sources)
    table = np.empty((60, 40), dtype=np.float32)
    for place, columns in enumerate(GROUPS):
        table[:, columns] = X[np.ix_(sources[:, place], columns)]
    np.testing.assert_allclose(outputs_of(model, rows), predicted(model, table), atol=1e-5)


def test_rows_are_built_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model, X = fitted("lda", CLASSES, blocks=[40])
    sources = np.random.default_rng(0).integers(0, 9, (23, len(GROUPS)))
    rows = MixedRows(X[:9], GROUPS, sources)
    sizes: list[int] = []

    def counted(table: np.ndarray) -> np.ndarray:
        sizes.append(len(table))
        return plain_output(model, table)

    whole = rows.predicted(counted)
    monkeypatch.setattr("featser.explanation.mixed_rows.MOST_VALUES", 400)
    np.testing.assert_allclose(rows.predicted(counted), whole, atol=1e-12)
    assert sizes == [23, 10, 10, 3]


def test_the_number_of_rows_is_what_the_forecast_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for n_groups, most in ((5, 20_000), (13, 20_000), (5, 0)):
        monkeypatch.setattr(shapley, "MOST_EXACT", most)
        asked: list[int] = []

        def evaluate(sources: np.ndarray, asked: list[int] = asked) -> np.ndarray:
            asked.append(len(sources))
            return np.zeros((len(sources), 1))

        shapley_values(evaluate, np.zeros(1), np.zeros((8, 1)), n_groups)
        assert sum(asked) == rows_to_predict(n_groups, 8)
