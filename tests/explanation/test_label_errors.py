"""Likely label errors: the rule, its invariants, and what it finds of planted errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.errors import TaskError
from featser.explanation.label_errors import find_label_errors


def planted(seed: int = 0, n: int = 1000, k: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the probabilities of a model that is right in most rows, labels, and which are wrong.

    85 % of the rows are recognised; the label of 5 % is changed at random.
    """
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, k, n)
    scores = generator.normal(size=(n, k))
    scores[np.arange(n), truth] += 3.0
    probabilities = np.exp(1.5 * scores)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    is_wrong = np.zeros(n, dtype=bool)
    is_wrong[generator.choice(n, n // 20, replace=False)] = True
    labels = np.where(is_wrong, (truth + generator.integers(1, k, n)) % k, truth)
    return probabilities, labels, is_wrong


def test_planted_errors_are_listed_with_few_others() -> None:
    probabilities, labels, is_wrong = planted()
    errors = find_label_errors(probabilities, labels)
    hits = (errors.is_likely & is_wrong).sum()
    assert hits / errors.is_likely.sum() >= 0.8
    assert hits / is_wrong.sum() >= 0.6


def test_without_errors_almost_nothing_is_listed() -> None:
    probabilities, labels, is_wrong = planted(n=2000)
    errors = find_label_errors(probabilities[~is_wrong], labels[~is_wrong])
    assert errors.is_likely.mean() < 0.01


def test_each_class_has_a_threshold_of_its_own() -> None:
    """A class that is rarely probable is not listed for that alone."""
    probabilities = [[0.6, 0.4], [0.6, 0.4], [0.7, 0.3], [0.7, 0.3], [0.95, 0.05]]
    errors = find_label_errors(probabilities, [0, 0, 1, 1, 1])
    assert errors.background.round(3).tolist() == [0.783, 0.4]
    assert errors.ranked.tolist() == [4]


def test_the_least_supported_label_comes_first() -> None:
    probabilities, labels, _ = planted(seed=1)
    errors = find_label_errors(probabilities, labels)
    assert (np.diff(errors.support[errors.ranked]) >= 0).all()
    assert errors.is_likely.sum() == len(errors.ranked)


@given(st.permutations(range(4)), st.integers(0, 20))
def test_the_order_of_the_classes_does_not_matter(order: list[int], seed: int) -> None:
    probabilities, labels, _ = planted(seed, n=60, k=4)
    one = find_label_errors(probabilities, labels)
    other = find_label_errors(probabilities[:, order], np.argsort(order)[labels])
    np.testing.assert_array_equal(one.is_likely, other.is_likely)
    np.testing.assert_array_equal(one.proposed, np.array(order)[other.proposed])


@given(st.integers(0, 50))
def test_a_proposed_class_is_never_the_label(seed: int) -> None:
    probabilities, labels, _ = planted(seed, n=40, k=3)
    errors = find_label_errors(probabilities, labels)
    assert (errors.proposed != labels).all()
    listed = errors.is_likely
    assert (errors.proposed_probability > errors.label_probability)[listed].all()


def test_a_class_without_other_recordings_lists_nothing() -> None:
    errors = find_label_errors([[0.1, 0.9], [0.2, 0.8]], [0, 0])
    assert not errors.is_likely.any()
    assert np.isnan(errors.background[0])


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[1.0]], [0], "two or more classes"),
        ([[0.5, 0.5]], [0, 1], "2 labels"),
        ([[0.5, np.nan]], [0], "not a number"),
        ([[0.5, 0.5]], [2], "valid are 0 to 1"),
    ],
)
def test_unsuited_input_is_refused(probabilities: object, labels: object, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        find_label_errors(probabilities, labels)  # type: ignore[arg-type]
