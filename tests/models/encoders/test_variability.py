"""Total variability on statistics drawn from a known model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from featser.models.encoders.variability import TotalVariability

COMPONENTS, WIDTH, RANK = 8, 5, 4


@dataclass
class Drawn:
    loadings: np.ndarray
    zeroth: np.ndarray
    first: np.ndarray

    def oracle(self) -> TotalVariability:
        """The true model, as if it had been fitted."""
        model = TotalVariability(RANK)
        model.loadings_, model.offset_ = self.loadings, np.zeros((COMPONENTS, WIDTH))
        return model


def drawn(x: np.ndarray, frames: float = 100.0, seed: int = 0) -> Drawn:
    """Statistics of utterances at x, shape (n, RANK): N (T x) and noise of variance N."""
    rng = np.random.default_rng(seed)
    loadings = 0.5 * rng.normal(size=(COMPONENTS, WIDTH, RANK))
    zeroth = rng.dirichlet(np.full(COMPONENTS, 5.0), len(x)) * frames
    mean = np.einsum("kdr,nr->nkd", loadings, x)
    noise = rng.normal(size=mean.shape)
    count = zeroth[:, :, None]
    return Drawn(loadings, zeroth, count * mean + np.sqrt(count) * noise)


def equal_error(vectors: np.ndarray, speaker: np.ndarray) -> float:
    """The error where misses and false alarms are as frequent, by cosine."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    above = np.triu_indices(len(units), 1)
    score, same = (units @ units.T)[above], (speaker[:, None] == speaker)[above]
    order = np.argsort(score)
    miss = np.cumsum(same[order]) / same.sum()
    alarm = 1 - np.cumsum(~same[order]) / (~same).sum()
    return float(miss[np.argmin(np.abs(miss - alarm))])


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), rank=st.integers(1, 6), shift=st.floats(-2, 2))
def test_the_likelihood_never_falls(seed: int, rank: int, shift: float) -> None:
    x = np.random.default_rng(seed).normal(shift, 1, size=(20, RANK))
    given_ = drawn(x, 15.0, seed)
    model = TotalVariability(rank, n_iter=12, random_state=seed).fit(given_.zeroth, given_.first)
    assert np.diff(model.path_).min() > -1e-9 * np.abs(model.path_).max()


def test_the_likelihood_is_that_of_the_statistics_integrated_over_x() -> None:
    given_ = drawn(np.random.default_rng(3).normal(size=(1, RANK)), 8.0)
    model = TotalVariability(1, n_iter=0).fit(given_.zeroth, given_.first)
    model.loadings_ = given_.loadings[:, :, :1]
    model.offset_ = np.full((COMPONENTS, WIDTH), 0.1)
    grid = np.linspace(-8, 8, 4001)
    mean = model.offset_ + model.loadings_[None, :, :, 0] * grid[:, None, None]
    count = given_.zeroth[0][:, None]
    exponent = (mean * given_.first[0] - 0.5 * count * mean**2).sum(axis=(1, 2)) - grid**2 / 2
    top = exponent.max()
    expected = top + np.log(np.exp(exponent - top).sum() * (grid[1] - grid[0]) / np.sqrt(2 * np.pi))
    assert model._step(given_.zeroth, given_.first) == pytest.approx(expected, rel=1e-6)


def test_the_true_subspace_and_the_spread_in_it_are_recovered() -> None:
    given_ = drawn(np.random.default_rng(1).normal(size=(600, RANK)))
    model = TotalVariability(RANK, n_iter=10).fit(given_.zeroth, given_.first)
    estimated, true = (w.reshape(-1, RANK) for w in (model.loadings_, given_.loadings))
    assert np.degrees(subspace_angles(estimated, true)).max() < 5
    np.testing.assert_allclose(
        np.linalg.norm(estimated @ estimated.T), np.linalg.norm(true @ true.T), rtol=0.1
    )


def test_speakers_are_separated_as_well_as_by_the_true_model() -> None:
    rng = np.random.default_rng(2)
    speaker = np.repeat(np.arange(60), 6)
    x = np.sqrt(0.8) * rng.normal(size=(60, RANK))[speaker]
    given_ = drawn(x + np.sqrt(0.2) * rng.normal(size=x.shape), 40.0)
    is_left_out = speaker >= 30
    model = TotalVariability(RANK, n_iter=10).fit(
        given_.zeroth[~is_left_out], given_.first[~is_left_out]
    )
    ours, best = (
        equal_error(m.transform(given_.zeroth, given_.first)[is_left_out], speaker[is_left_out])
        for m in (model, given_.oracle())
    )
    assert best < 0.2
    assert ours < best + 0.03


def test_languages_are_separated_as_well_as_by_the_true_model() -> None:
    rng = np.random.default_rng(4)
    language = np.arange(400) % 4
    x = 1.5 * rng.normal(size=(4, RANK))[language] + 0.6 * rng.normal(size=(400, RANK))
    given_ = drawn(x, 20.0)
    model = TotalVariability(RANK, n_iter=10).fit(given_.zeroth[:200], given_.first[:200])
    ours, best = (
        LinearDiscriminantAnalysis()
        .fit(factors[:200], language[:200])
        .score(factors[200:], language[200:])
        for factors in (m.transform(given_.zeroth, given_.first) for m in (model, given_.oracle()))
    )
    assert best > 0.9
    assert ours > best - 0.03
