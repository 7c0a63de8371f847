from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture

from featser.models.encoders.gmm import DiagonalGMM


def frames(rows: int = 900, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centre = np.array([[-3.0, 0, 1], [0, 2, -1], [4, -2, 0]])
    which = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    return (centre[which] + rng.normal(size=(rows, 3)) * [0.5, 1.0, 1.5]).astype(np.float32)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 6),
    start=st.sampled_from(["frames", "kmeans"]),
    floor=st.sampled_from([1e-3, 0.3]),
)
def test_the_likelihood_never_falls_not_even_at_the_floor(
    seed: int, count: int, start: str, floor: float
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 2)) * rng.choice([0.01, 1, 4], (80, 1))
    model = DiagonalGMM(count, start, n_iter=12, tol=0, floor=floor, random_state=seed).fit(X)
    path = [*model.path_, model.score(X)]
    assert np.diff(path).min() > -1e-4
    assert (model.variances_ >= floor * X.var(axis=0) * (1 - 1e-4)).all()


def test_the_same_steps_from_the_same_start_give_scikit_learns_numbers() -> None:
    X = frames()
    weights, means, variances = np.full(3, 1 / 3), X[[1, 5, 9]].astype(float), np.ones((3, 3))
    steps = 7
    theirs = GaussianMixture(
        3,
        covariance_type="diag",
        weights_init=weights,
        means_init=means,
        precisions_init=1 / variances,
        reg_covar=0,
        tol=0,
        max_iter=steps,
    )
    with pytest.warns(match="did not converge"):
        theirs.fit(X.astype(float))
    ours = DiagonalGMM(3, (weights, means, variances), n_iter=steps, tol=0, floor=0).fit(X)
    np.testing.assert_allclose(ours.weights_, theirs.weights_, atol=1e-4)
    np.testing.assert_allclose(ours.means_, theirs.means_, atol=1e-3)
    np.testing.assert_allclose(ours.variances_, theirs.covariances_, atol=1e-3)
    np.testing.assert_allclose(ours.posteriors(X), theirs.predict_proba(X), atol=1e-3)
    assert ours.score(X) == pytest.approx(theirs.score(X), abs=1e-4)


def test_the_parameters_of_a_mixture_are_recovered() -> None:
    model = DiagonalGMM(3, n_iter=60, tol=0).fit(frames(6000))
    order = np.argsort(model.means_[:, 0])
    np.testing.assert_allclose(model.weights_[order], [0.5, 0.3, 0.2], atol=0.03)
    np.testing.assert_allclose(model.means_[order], [[-3, 0, 1], [0, 2, -1], [4, -2, 0]], atol=0.2)


def test_frames_that_are_all_equal_make_a_model_of_finite_numbers() -> None:
    X = np.ones((50, 2), np.float32)
    for start in ("frames", "kmeans"):
        model = DiagonalGMM(4, start).fit(X)
        assert np.isfinite(model.score(X))
        np.testing.assert_allclose(model.posteriors(X).sum(axis=1), 1, rtol=1e-5)


def test_a_frame_far_from_everything_still_belongs_somewhere() -> None:
    posteriors = DiagonalGMM(3).fit(frames()).posteriors([[1e4, -1e4, 1e4]])
    assert posteriors.sum() == pytest.approx(1)


def test_too_few_frames_and_unknown_starts_are_refused() -> None:
    with pytest.raises(ValueError, match="64 components need at least as many frames; got 10"):
        DiagonalGMM(64).fit(frames(10))
    with pytest.raises(ValueError, match="not 'here'"):
        DiagonalGMM(2, "here").fit(frames(10))


def test_progress_is_reported_for_each_step() -> None:
    steps: list[tuple[int, int]] = []
    DiagonalGMM(2, n_iter=3, tol=0).fit(frames(), progress=lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3), (3, 3)]
