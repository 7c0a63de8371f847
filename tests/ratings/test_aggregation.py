"""One label from several ratings: published examples, synthetic raters, ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import TaskError
from featser.ratings.aggregation import aggregated, default_method, majority, medians
from featser.ratings.dawid_skene import dawid_skene
from featser.ratings.evaluator_weighted import evaluator_weighted, means, rater_weights
from featser.ratings.methods import METHODS
from featser.ratings.ratings import Ratings, from_counts, from_matrix
from tests.ratings.published_ratings import anaesthetists

CLASSES = ("angry", "happy", "sad")


def test_dawid_skene_gives_the_published_figures_of_the_anaesthetists() -> None:
    """Dawid and Skene 1979, tables 2 to 4: prevalence, two confusion matrices, and patients."""
    result = dawid_skene(anaesthetists())
    assert result.converged
    np.testing.assert_allclose(result.prevalence, [0.40, 0.42, 0.11, 0.07], atol=5e-3)
    first = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    np.testing.assert_allclose(result.confusions[0], first, atol=6e-3)
    certain = result.probabilities.argmax(axis=1) + 1
    assert certain[[0, 1, 2, 10, 35]].tolist() == [1, 4, 2, 4, 4]


def crowd(accuracies: list[float], n: int, seed: int) -> tuple[np.ndarray, Ratings]:
    """Raters who name the true of three classes with these probabilities, else any class."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    votes = [
        np.where(rng.random(n) < accuracy, true, rng.integers(0, 3, n)) for accuracy in accuracies
    ]
    matrix = np.stack(votes, axis=1).astype(float)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    return true, from_matrix(matrix, classes=CLASSES)


def test_dawid_skene_finds_the_reliable_raters_and_beats_the_majority() -> None:
    true, ratings = crowd([0.9, 0.9, 0.1, 0.1, 0.1, 0.1], 600, 5)
    result = dawid_skene(ratings)
    accuracy = np.mean([np.diagonal(matrix) for matrix in result.confusions], axis=1)
    assert accuracy[:2].min() > 0.85
    assert accuracy[2:].max() < 0.6
    by_crowd = (result.probabilities.argmax(axis=1) == true).mean()
    by_votes = (majority(ratings) == true).mean()
    assert by_crowd > by_votes + 0.1


def test_dawid_skene_uses_a_rater_who_always_swaps_two_classes() -> None:
    rng = np.random.default_rng(6)
    true = rng.integers(0, 3, 400)
    swapped = np.array([1, 0, 2])[true]
    noisy = [np.where(rng.random(400) < 0.6, true, rng.integers(0, 3, 400)) for _ in range(3)]
    ratings = from_matrix(np.stack([swapped, *noisy], axis=1).astype(float), classes=CLASSES)
    assert (dawid_skene(ratings).probabilities.argmax(axis=1) == true).mean() > 0.95


def test_evaluator_weights_follow_the_noise_of_raters_and_lower_the_error() -> None:
    rng = np.random.default_rng(8)
    true = rng.normal(size=500)
    noise = np.array([0.3, 0.3, 0.4, 0.4, 0.5, 1.6])
    ratings = from_matrix(true[:, None] + noise * rng.normal(size=(500, 6)))
    weights = rater_weights(ratings)
    assert weights[5] == min(weights)
    error = np.abs(evaluator_weighted(ratings) - true).mean()
    assert error < np.abs(means(ratings) - true).mean()


def test_the_evaluator_weighted_estimate_is_that_of_its_formula() -> None:
    """Written out for two raters: weights are correlations with the mean of both."""
    first, second = np.array([1.0, 2, 4, 5]), np.array([2.0, 1, 5, 3])
    mean = (first + second) / 2
    weights = [np.corrcoef(one, mean)[0, 1] for one in (first, second)]
    expected = (weights[0] * first + weights[1] * second) / sum(weights)
    ratings = from_matrix(np.stack([first, second], axis=1))
    np.testing.assert_allclose(evaluator_weighted(ratings), expected)


def test_a_rater_of_two_recordings_has_no_weight() -> None:
    matrix = np.array([[1, 1, 1], [2, 2, 5], [3, 3, np.nan], [4, 4, np.nan]])
    assert rater_weights(from_matrix(matrix))[2] == 0


def test_ties_have_no_label_and_the_crowd_decides_by_reliability() -> None:
    votes = from_matrix([[0, 2], [0, 0], [2, 2], [2, 2], [0, 0]], classes=CLASSES)
    assert aggregated(votes, "majority").isna().tolist() == [True, False, False, False, False]
    assert aggregated(from_counts([[0, 0, 0]], CLASSES), "majority").isna().all()


@pytest.mark.parametrize(
    ("kind", "method"),
    [("classification", "majority"), ("ordinal", "median"), ("regression", "mean")],
)
def test_each_kind_has_a_default(kind: str, method: str) -> None:
    assert default_method(from_matrix([[1, 2]]), kind) == method  # type: ignore[arg-type]


def test_the_median_of_levels_is_a_level() -> None:
    numbers = from_matrix([[1, 2, 3, 4], [5, 5, 1, np.nan]])
    assert aggregated(numbers, "median", "ordinal").tolist() == ["2", "5"]
    assert aggregated(numbers, "median").tolist() == [2.5, 5.0]
    named = from_matrix([[0, 2, 2]], classes=("low", "mid", "high"))
    assert aggregated(named, "median", "ordinal").tolist() == ["high"]


def test_ratings_written_as_classes_can_be_averaged() -> None:
    assert aggregated(from_matrix([[0, 1]], classes=("1", "4")), "mean").tolist() == [2.5]
    with pytest.raises(TaskError, match="classes such as 'angry', not numbers: use majority"):
        aggregated(from_matrix([[0, 1]], classes=("angry", "sad")), "mean")


@pytest.mark.parametrize("method", ["dawid-skene", "ewe"])
def test_methods_that_weigh_raters_need_their_names(method: str) -> None:
    with pytest.raises(TaskError, match="needs to know the raters: use"):
        aggregated(from_counts([[1, 2]], ("1", "2")), method)


def test_an_unknown_method_is_refused_with_the_nearest() -> None:
    with pytest.raises(TaskError, match="did you mean 'majority'"):
        aggregated(from_matrix([[1]]), "majorty")


matrices = st.lists(st.lists(st.integers(1, 4), min_size=3, max_size=3), min_size=3, max_size=10)


@given(matrices, st.permutations(range(3)))
@settings(max_examples=50)
def test_the_order_of_raters_does_not_matter(rows: list[list[int]], order: list[int]) -> None:
    matrix = np.array(rows, float)
    for method in METHODS:
        first, second = (
            aggregated(from_matrix(one), method.name) for one in (matrix, matrix[:, order])
        )
        if method.takes == "numbers":
            np.testing.assert_allclose(first, second, atol=1e-9)
        elif method.name == "majority":
            pd.testing.assert_series_equal(first, second)


def test_medians_leave_unrated_recordings_out() -> None:
    assert np.isnan(medians(from_matrix([[np.nan, np.nan], [1, 2]]))[0])
