"""The kernel model: exact left-out predictions, equal weight of families, calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel

from featser.evaluation.training_copies import trace_provenance
from featser.models.heads.softmax import fit_slope, softmax
from featser.models.kernel.kernel_ridge import RidgePath, kernel, left_out_groups
from featser.models.kernel.multiple_kernels import KernelClassifier, KernelRegressor
from tests.models.conftest import Sample, make_sample


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), penalty=st.floats(1e-3, 10))
def test_left_out_predictions_are_those_of_a_model_fitted_without_the_group(
    seed: int, penalty: float
) -> None:
    rng = np.random.default_rng(seed)
    phi, target = rng.normal(size=(30, 12)), rng.normal(size=(30, 3))
    weight, speaker = rng.uniform(0.2, 3, 30), rng.integers(0, 5, 30)
    groups = left_out_groups(np.zeros(30, dtype=np.intp), speaker, None)
    left_out = RidgePath(phi, target, weight).without(groups, penalty)
    for left, _ in groups:
        rest = np.setdiff1d(np.arange(30), left)
        alone = RidgePath(phi[rest], target[rest], weight[rest]).coefficients(penalty)
        np.testing.assert_allclose(left_out[left], phi[left] @ alone, atol=1e-8)


def test_a_copy_is_left_out_with_everyone_whose_sound_it_holds_and_is_never_predicted() -> None:
    speaker = np.array(["a", "a", "b", "b", "a", "b"])
    descent = trace_provenance(np.array([10, 11, 12, 13]), np.array([[10, 12], [13, -1]]))
    groups = left_out_groups(np.array([0, 1, 0, 1, 0, 1]), speaker, descent)
    held_out = [(sorted(left.tolist()), predicted.tolist()) for left, predicted in groups]
    assert held_out == [([0, 1, 4], [0, 1]), ([2, 3, 4, 5], [2, 3])]


def test_where_a_speaker_alone_has_a_class_utterances_are_left_out_one_by_one() -> None:
    groups = left_out_groups(np.array([0, 0, 1, 1]), np.array(["a", "b", "b", "b"]), None)
    assert [left.tolist() for left, _ in groups] == [[0], [1], [2], [3]]


def test_every_family_has_an_equal_say_however_many_features_it_has() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(5, 2)), rng.normal(size=(5, 500))
    both = kernel(np.hstack([few, many]), np.hstack([few, many]), [2, 500], 0.5)
    alone = [kernel(part, part, [part.shape[1]], 0.5) for part in (few, many)]
    np.testing.assert_allclose(both, np.mean(alone, axis=0))


@pytest.mark.parametrize("weighted", [False, True])
def test_with_one_block_it_is_scikit_learns_kernel_ridge(weighted: bool) -> None:
    sample = make_sample(80)
    X, y = np.nan_to_num(sample.X[:, :10]).astype(float), np.nan_to_num(sample.labels["arousal"])
    weight = np.where(y > 0, 3.0, 0.5) if weighted else np.ones(80)
    ours = KernelRegressor(gamma=0.5, penalties=[0.01]).fit(X, y, sample_weight=weight)
    gram, mean = rbf_kernel(X, gamma=0.5 / 20) + 1, np.average(y, weights=weight)
    theirs = KernelRidge(alpha=0.01 * 80, kernel="precomputed")
    theirs.fit(gram, y - mean, sample_weight=weight / weight.mean())
    assert ours.mean_ == pytest.approx(mean)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(gram) + mean, atol=1e-6)


def test_few_landmarks_give_nearly_the_same_model(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    whole = KernelClassifier().fit(X, y, speaker=sample.speaker)
    part = KernelClassifier(n_landmarks=100).fit(X, y, speaker=sample.speaker)
    assert part.landmarks_.shape[0] == 100
    assert np.mean(whole.predict(X) == part.predict(X)) > 0.9


def test_the_penalty_is_the_one_that_left_out_speakers_prefer() -> None:
    rng = np.random.default_rng(1)
    speaker = np.repeat(np.arange(12), 10)
    X = rng.normal(size=(120, 30)) + 3 * rng.normal(size=(12, 30))[speaker]
    y = (rng.random(120) < 0.5).astype(int)
    X[:, 0] += 4 * y
    model = KernelClassifier(gamma=[0.2, 1.0]).fit(X, y, speaker=speaker)
    scores = {(gamma, penalty): score for gamma, penalty, score in model.path_}
    assert len(scores) == 2 * len(model.penalties)
    assert scores[model.gamma_, model.penalty_] == model.inner_score_ == max(scores.values())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_calibrating_never_changes_which_class_is_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, encoded = rng.normal(size=(40, 4)), rng.integers(0, 4, 40)
    probabilities = softmax(score, fit_slope(score, encoded, np.ones(40)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), score.argmax(axis=1))


def test_the_true_temperature_is_recovered() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=(20_000, 3))
    shares = softmax(score, 2.5).cumsum(axis=1)
    encoded = (rng.random((20_000, 1)) > shares).sum(axis=1)
    assert fit_slope(score, encoded, np.ones(20_000)) == pytest.approx(2.5, rel=0.05)


def test_a_temperature_is_that_of_the_rows_with_weight() -> None:
    rng = np.random.default_rng(0)
    score, encoded = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    score[np.arange(100), encoded[:100]] += 2
    weight = np.repeat([1.0, 0.0], 100)
    alone = fit_slope(score[:100], encoded[:100], np.ones(100))
    assert fit_slope(score, encoded, weight) == pytest.approx(alone, rel=1e-4)
    assert fit_slope(score, encoded, np.ones(200)) < 0.7 * alone


def test_blocks_that_do_not_divide_the_features_are_refused() -> None:
    with pytest.raises(ValueError, match=r"blocks \[3, 4\] do not divide 5 features"):
        KernelClassifier(blocks=[3, 4]).fit(np.eye(5), [0, 1, 0, 1, 0])


def test_features_beyond_the_blocks_are_one_block_more() -> None:
    X = np.random.default_rng(0).normal(size=(12, 7))
    assert KernelClassifier(blocks=[3, 2]).fit(X, [0, 1] * 6).blocks_ == [3, 2, 2]
