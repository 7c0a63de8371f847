"""Chains and levels against brute force: all paths of short chains, Gaussians in full."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from featser.errors import InputError
from featser.timelines.hidden_markov import (
    LEAST,
    START,
    estimated_change,
    log_probability,
    most_probable_path,
    posteriors,
)
from featser.timelines.local_level import (
    SPREAD,
    Variances,
    estimated_variances,
    smoothed_level,
)


def all_paths(observed: np.ndarray, change: float) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Every path with the probability of it and of what is observed."""
    times, count = observed.shape
    paths = list(product(range(count), repeat=times))
    weights = []
    for path in paths:
        weight = np.prod([np.exp(observed[t, s]) for t, s in enumerate(path)]) / count
        for one, other in pairwise(path):
            weight *= 1 - change if one == other else change / (count - 1)
        weights.append(weight)
    return paths, np.array(weights)


@pytest.mark.parametrize(("times", "count"), [(1, 2), (2, 3), (5, 3), (6, 2), (4, 4)])
@pytest.mark.parametrize("change", [0.02, 0.3, 0.9])
def test_chains_are_those_of_all_paths(times: int, count: int, change: float) -> None:
    observed = np.random.default_rng(times).normal(0, 2, (times, count))
    observed[times // 2] = 0  # nothing is observed there
    paths, weights = all_paths(observed, change)
    expected = np.zeros((times, count))
    for path, weight in zip(paths, weights, strict=True):
        expected[np.arange(times), path] += weight
    np.testing.assert_allclose(posteriors(observed, change), expected / weights.sum(), rtol=1e-9)
    assert log_probability(observed, change) == pytest.approx(np.log(weights.sum()))
    best = weights[paths.index(tuple(most_probable_path(observed, change)))]
    assert best == pytest.approx(weights.max())


def test_an_iteration_is_the_expected_share_of_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featser.timelines.hidden_markov.ITERATIONS", 1)
    observed = np.random.default_rng(0).normal(0, 2, (6, 3))
    paths, weights = all_paths(observed, START)
    n_changes = [sum(one != other for one, other in pairwise(path)) for path in paths]
    assert estimated_change(observed) == pytest.approx(np.average(n_changes, weights=weights) / 5)


def test_the_estimate_is_a_maximum_of_the_likelihood_near_the_truth() -> None:
    random = np.random.default_rng(1)
    state, observed = 0, []
    for _ in range(4000):
        state = random.integers(3) if random.random() < 0.15 else state  # 0.1 to another class
        observed.append(np.where(np.arange(3) == state, 1.5, 0) + random.normal(0, 1, 3))
    likelihood = 1.5 * np.array(observed)  # the log-density of unit noise around 0 and 1.5
    change = estimated_change(likelihood)
    assert change == pytest.approx(0.1, abs=0.015)
    best = log_probability(likelihood, change)
    assert best > log_probability(likelihood, 0.9 * change)
    assert best > log_probability(likelihood, 1.1 * change)


def test_a_constant_chain_never_changes_and_long_ones_do_not_underflow() -> None:
    observed = np.tile(np.log([0.99, 0.01]), (20_000, 1))
    assert estimated_change(observed) == pytest.approx(LEAST, abs=1e-4)
    assert np.isfinite(posteriors(observed, 0.01)).all()
    assert estimated_change(observed[:1]) == START


@pytest.mark.parametrize("change", [0.0, 1.0, -1.0, float("nan")])
def test_no_probability_is_refused(change: float) -> None:
    with pytest.raises(InputError, match="more than 0 and less than 1"):
        posteriors(np.zeros((3, 2)), change)


@pytest.mark.parametrize(
    "observed", [[1.0, 2.0, 0.5, 4.0], [1.0, np.nan, np.nan, 4.0, 3.0], [np.nan, 2.0, 1.0, np.nan]]
)
def test_levels_are_those_of_the_joint_gaussian(observed: list[float]) -> None:
    y = np.array(observed)
    step, noise = 0.3, 0.8
    present = np.isfinite(y)
    times = np.arange(len(y))
    first = SPREAD * max(y[present].var(), noise)
    prior = first + step * np.minimum(times[:, None], times)
    mean = np.full(len(y), y[present].mean())
    gain = prior[:, present] @ np.linalg.inv(
        prior[np.ix_(present, present)] + noise * np.eye(present.sum())
    )
    expected = mean + gain @ (y - mean)[present]
    np.testing.assert_allclose(smoothed_level(y, Variances(step, noise)), expected, rtol=1e-9)


def test_estimated_variances_are_near_the_truth() -> None:
    random = np.random.default_rng(2)
    level = np.cumsum(random.normal(0, 0.3, 8000))
    step, noise = estimated_variances(level + random.normal(0, 1, 8000))
    assert step == pytest.approx(0.09, rel=0.2)
    assert noise == pytest.approx(1, rel=0.1)


def test_a_constant_stays_what_it_is() -> None:
    y = np.array([2.0, np.nan, 2.0, 2.0])
    np.testing.assert_allclose(smoothed_level(y, estimated_variances(y)), 2)
