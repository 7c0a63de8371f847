"""The kernel model: exact left-out predictions, equal weight of families, calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel

from featser.evaluation.training_copies import trace_provenance
from featser.models.building import make_estimator
from featser.models.chosen import chosen_by, describe_choices
from featser.models.heads.softmax import fit_slope, softmax
from featser.models.kernel import block_weights
from featser.models.kernel.block_weights import Blocks, mixed
from featser.models.kernel.kernel_ridge import RidgePath, kernel, left_out_groups
from featser.models.kernel.multiple_kernels import KernelClassifier, KernelRegressor
from featser.models.routing import fit_routed
from featser.tasks import Task
from tests.models.conftest import Sample, make_sample


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), penalty=st.floats(1e-3, 10))
def test_left_out_predictions_are_those_of_a_model_fitted_without_the_group(
    seed: int, penalty: float
) -> None:
    rng = np.random.default_rng(seed)
    phi, target = rng.normal(size=(30, 12)), rng.normal(size=(30, 3))
    weight, speaker = rng.uniform(0.2, 3, 30), rng.integers(0, 5, 30)
    groups = left_out_groups(np.zeros(30, dtype=np.intp), speaker, None)
    left_out = RidgePath(phi, target, weight).without(groups)(penalty)
    for left, _ in groups:
        rest = np.setdiff1d(np.arange(30), left)
        alone = RidgePath(phi[rest], target[rest], weight[rest]).coefficients(penalty)
        np.testing.assert_allclose(left_out[left], phi[left] @ alone, atol=1e-8)


@pytest.mark.parametrize("noise", [0.0, 1.0, 30.0], ids=["least", "middle", "greatest"])
def test_the_penalty_of_a_share_is_the_best_of_all_without_trying_all(noise: float) -> None:
    rng = np.random.default_rng(0)
    phi, speaker = rng.normal(size=(60, 20)), rng.integers(0, 6, 60)
    target = phi @ rng.normal(size=(20, 2)) + noise * rng.normal(size=(60, 2))
    path = RidgePath(phi, target, np.ones(60))
    predicted_with = path.without(left_out_groups(np.zeros(60, dtype=np.intp), speaker, None))
    penalties = [60 * 10.0**power for power in (0, -1, 1, -6, -5, -4, -3, -2, 2, 3, 4)]
    every = [np.square(predicted_with(one) - target).sum(axis=1).mean() for one in penalties]
    tried: list[float] = []

    def counted(penalty: float) -> np.ndarray:
        tried.append(penalty)
        return predicted_with(penalty)

    assert block_weights._least_error(path, counted, penalties) == pytest.approx(min(every))
    assert len(tried) < len(penalties)


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


@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_calibrating_never_changes_which_class_is_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, encoded = rng.normal(size=(40, 4)), rng.integers(0, 4, 40)
    probabilities = softmax(score, fit_slope(score, np.eye(4)[encoded], np.ones(40)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), score.argmax(axis=1))


def test_the_true_temperature_is_recovered() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=(20_000, 3))
    shares = softmax(score, 2.5).cumsum(axis=1)
    encoded = (rng.random((20_000, 1)) > shares).sum(axis=1)
    assert fit_slope(score, np.eye(3)[encoded], np.ones(20_000)) == pytest.approx(2.5, rel=0.05)


def test_a_temperature_is_that_of_the_rows_with_weight() -> None:
    rng = np.random.default_rng(0)
    score, encoded = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    score[np.arange(100), encoded[:100]] += 2
    weight = np.repeat([1.0, 0.0], 100)
    truth = np.eye(3)[encoded]
    alone = fit_slope(score[:100], truth[:100], np.ones(100))
    assert fit_slope(score, truth, weight) == pytest.approx(alone, rel=1e-4)
    assert fit_slope(score, truth, np.ones(200)) < 0.7 * alone


def test_blocks_that_do_not_divide_the_features_are_refused() -> None:
    with pytest.raises(ValueError, match=r"blocks \[3, 4\] do not divide 5 features"):
        KernelClassifier(blocks=[3, 4]).fit(np.eye(5), [0, 1, 0, 1, 0])


def test_features_beyond_the_blocks_are_one_block_more() -> None:
    X = np.random.default_rng(0).normal(size=(12, 7))
    assert KernelClassifier(blocks=[3, 2]).fit(X, [0, 1] * 6).blocks_ == [3, 2, 2]


def _with_sets(informative: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features of a weak block and of a set of two, classes, and speakers."""
    rng = np.random.default_rng(3)
    y = np.tile(np.arange(3), 40)
    weak = rng.normal(size=(120, 6)) + 0.4 * np.eye(3)[y] @ rng.normal(size=(3, 6))
    strength = 0.6 if informative else 0.0
    sets = rng.normal(size=(120, 60)) + strength * np.eye(3)[y] @ rng.normal(size=(3, 60))
    return np.hstack([weak, sets]).astype(np.float32), y, np.repeat(np.arange(12), 10)


@pytest.mark.parametrize("most", [1000, 40])
def test_sets_have_a_share_where_they_help_new_speakers_and_none_where_they_are_noise(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_weights, "MOST_LANDMARKS", most)
    fitted = {}
    for informative in (True, False):
        X, y, speaker = _with_sets(informative)
        fitted[informative] = KernelClassifier([6, (30, 30)]).fit(X, y, speaker=speaker)
    assert fitted[True].share_ == 0.5
    assert fitted[True].weights_ == [0.5, 0.25, 0.25]
    assert fitted[False].share_ == 0.0
    X, y, speaker = _with_sets(False)
    changed = X.copy()
    changed[:, 6:] += 5
    np.testing.assert_array_equal(
        fitted[False].predict_proba(X), fitted[False].predict_proba(changed)
    )


def test_a_regressor_chooses_the_share_of_sets_too() -> None:
    X, y, speaker = _with_sets(True)
    fitted = KernelRegressor([6, (30, 30)]).fit(X, y.astype(float), speaker=speaker)
    assert fitted.share_ == 0.5
    assert fitted.inner_score_ > KernelRegressor([6, (30, 30)], shares=[0.0]).fit(
        X, y.astype(float), speaker=speaker
    ).inner_score_  # fmt: skip


def test_a_set_without_other_blocks_has_equal_weights_and_no_choice() -> None:
    X, y, speaker = _with_sets(True)
    alone = KernelClassifier([(30, 30)]).fit(X[:, 6:], y, speaker=speaker)
    plain = KernelClassifier([30, 30]).fit(X[:, 6:], y, speaker=speaker)
    assert alone.share_ is None
    np.testing.assert_array_equal(alone.predict_proba(X[:, 6:]), plain.predict_proba(X[:, 6:]))


@settings(max_examples=20)
@given(share=st.floats(0, 1), seed=st.integers(0, 1000))
def test_mixing_the_kernels_of_both_kinds_is_the_kernel_of_the_weights(
    share: float, seed: int
) -> None:
    X = np.random.default_rng(seed).normal(size=(8, 20))
    blocks = Blocks.of([4, (6, 6), 4], 20)
    made = {one: kernel(X, X, blocks.widths, 0.5, blocks.weights(one)) for one in (0.0, 1.0)}
    whole = kernel(X, X, blocks.widths, 0.5, blocks.weights(share))
    np.testing.assert_allclose(mixed(made, share), whole)
    assert np.diag(whole) == pytest.approx(2)


def test_blocks_that_exceed_the_features_are_refused() -> None:
    with pytest.raises(ValueError, match=r"blocks \[6, 30, 30\] do not divide 50 features"):
        KernelClassifier([6, (30, 30)]).fit(np.zeros((4, 50)), [0, 1, 0, 1])


def test_a_model_saved_before_blocks_had_weights_predicts_as_before() -> None:
    X, y, speaker = _with_sets(True)
    fitted = KernelClassifier([6, 30, 30]).fit(X, y, speaker=speaker)
    before = fitted.predict_proba(X)
    del fitted.weights_, fitted.share_
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_only_models_that_weigh_blocks_read_sets_beside_other_features() -> None:
    X, y, speaker = _with_sets(True)
    changed = X.copy()
    changed[:, 6:] = 0
    task = Task("emotion", classes=("a", "b", "c"))
    for name, reads in (("logistic", False), ("svm", False), ("kernel", True)):
        model = make_estimator(name, task, blocks=[6, (30, 30)])
        fit_routed(model, X, y, speaker=speaker)
        same = np.array_equal(model.predict_proba(X), model.predict_proba(changed))
        assert same != reads, name
    alone = fit_routed(make_estimator("logistic", task, blocks=[(30, 30)]), X[:, 6:], y)
    assert not np.array_equal(alone.predict_proba(X[:, 6:]), alone.predict_proba(changed[:, 6:]))


def test_the_chosen_share_is_described_by_fold() -> None:
    X, y, speaker = _with_sets(True)
    task = Task("emotion", classes=("a", "b", "c"))
    model = fit_routed(make_estimator("vote", task, blocks=[6, (30, 30)]), X, y, speaker=speaker)
    chosen = {"0": {"emotion": chosen_by(model)}, "all": {"emotion": chosen_by(model)}}
    own, weights = describe_choices(chosen)
    assert own == (
        "emotion: kernel: share of random convolutions 0.5 in 1 of 1 folds; "
        "share of random convolutions 0.5 in the model of all data"
    )
    assert weights.startswith("emotion: weights: kernel 0.98, logistic 0.02 in ")
