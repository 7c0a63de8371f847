"""Settings are chosen, and votes weighted, on left-out speakers, and this is stated."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from featser.evaluation.training_copies import trace_provenance
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.chosen import chosen_by, describe_choices
from featser.models.ensemble.stacking import stack_probabilities, stack_values
from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.heads.balance import Balanced
from featser.models.heads.calibration import GroupCalibrated
from featser.models.multitask import MultiTaskEstimator
from featser.models.registry import MODELS, NETWORKS
from featser.models.routing import fit_routed
from featser.models.selection.tuning import TunedClassifier, TunedRegressor
from featser.tasks import Task
from tests.models.conftest import Sample


def voices() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features that identify the speaker, whose emotions are those of few others."""
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(16), 12)
    y = rng.integers(0, 2, len(speaker))
    mood = rng.integers(0, 2, 16)
    y = np.where(rng.random(len(y)) < 0.8, mood[speaker], y)  # speakers have a habit
    X = np.column_stack([y + rng.normal(size=len(y)), rng.normal(size=(16, 8))[speaker] * 4])
    return X + 0.01 * rng.normal(size=X.shape), y, speaker


def test_a_setting_that_remembers_speakers_is_not_chosen() -> None:
    X, y, speaker = voices()
    settings = [{"n_neighbors": 60}]
    model = TunedClassifier(KNeighborsClassifier(1), settings)
    by_speaker = model.fit(X, y, speaker=speaker).candidates_[0]["score"]
    by_row = model.fit(X, y).candidates_[0]["score"]
    assert by_row > by_speaker + 0.15
    smooth = TunedClassifier(
        make_pipeline(StandardScaler(), SVC(C=10.0, gamma=10.0)), [{"gamma": 0.001, "C": 0.1}]
    )
    assert smooth.fit(X, y).setting_["gamma"] == 10.0
    assert smooth.fit(X, y, speaker=speaker).setting_["gamma"] == 0.001


def test_worse_halves_are_discarded_and_the_estimators_own_setting_stays(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    settings = [{"C": 10.0**power} for power in range(-6, 1)]
    model = TunedClassifier(LogisticRegression(C=1e-7), settings)
    model.fit(X, y, speaker=sample.speaker)
    folds = [one["folds"] for one in model.candidates_]
    assert folds[0] == 4
    assert sorted(folds[1:])[:3] == [1, 1, 1]
    assert 2 <= folds.count(4) <= 3
    best = max(
        (one for one in model.candidates_ if one["folds"] == 4), key=lambda one: one["score"]
    )
    assert model.setting_ == best["setting"]
    assert model.setting_["C"] > 1e-3


def test_the_model_is_the_chosen_setting_fitted_on_all(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    svm = SVC(C=1e-4, gamma="scale")
    model = TunedClassifier(GroupCalibrated(svm), [{"C": 5.0, "gamma": "0.5 × scale"}], "estimator")
    model.fit(X, y, speaker=sample.speaker)
    assert model.setting_ == {"C": 5.0, "gamma": "0.5 × scale"}
    gamma = 0.5 / (X.shape[1] * float(X.var()))
    own = GroupCalibrated(SVC(C=5.0, gamma=gamma)).fit(X, y, speaker=sample.speaker)
    np.testing.assert_allclose(model.predict_proba(X), own.predict_proba(X), atol=1e-9)


def test_of_equal_settings_the_default_is_chosen(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    same = TunedClassifier(GaussianNB(), [{"var_smoothing": 1.1e-9}, {"var_smoothing": 2e-9}])
    assert same.fit(X, y, speaker=sample.speaker).setting_ == {"var_smoothing": 1e-9}


def test_a_regressor_takes_the_setting_of_least_error_and_a_wrong_name_is_refused() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y, speaker = X[:, 0] + 0.1 * rng.normal(size=80), np.arange(80) // 8
    model = TunedRegressor(Ridge(alpha=1e6), [{"alpha": 1.0}]).fit(X, y, speaker=speaker)
    assert model.setting_ == {"alpha": 1.0}
    assert model.candidates_[1]["score"] > 0.9 > model.candidates_[0]["score"]
    with pytest.raises(ValueError, match="no parameter 'aplha' to tune"):
        TunedRegressor(Ridge(), [{"aplha": 1.0}]).fit(X, y)


def test_copies_are_fitted_on_but_never_scored(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    descent = trace_provenance(np.arange(len(X)), np.arange(len(X))[:, None])
    both, twice = np.concatenate([X, 100 * X]), np.concatenate([y, y])
    speaker = np.concatenate([sample.speaker, sample.speaker])
    model = TunedClassifier(Counting(), [{"var_smoothing": 1e-3}])
    Counting.tested = []
    model.fit(both, twice, speaker=speaker, provenance=descent)
    assert max(np.abs(part).max() for part in Counting.tested) < 50
    assert model.estimator_.class_count_.sum() == 2 * len(X)


class Counting(GaussianNB):
    """Record the rows to predict."""

    tested: list[np.ndarray] = []  # noqa: RUF012

    def predict(self, X: np.ndarray) -> np.ndarray:
        Counting.tested.append(X)
        return super().predict(X)


def test_every_estimator_has_a_grid_of_eight_or_fewer_whose_parameters_it_has() -> None:
    grids = {name: resolve_name(row.grid) for name, row in MODELS.items() if row.grid}
    assert set(grids) | set(NETWORKS) == set(MODELS)
    assert callable(grids.pop("kernel"))
    assert max(len(settings) for settings in grids.values()) < 8
    tasks = [
        Task("emotion", classes=("a", "b")),
        Task("arousal", "regression"),
        Task("intensity", "ordinal", ("low", "middle", "high")),
    ]
    for name in grids:
        for task in tasks:
            model = make_estimator(name, task, tune=True)[-1]
            model = model.estimator if not task.categorical else model
            model = model.members[0][1] if isinstance(model, VoteClassifier) else model
            assert len(model._candidates()) == 1 + len(model.settings), name


def test_steps_between_ordered_classes_and_stretched_values_state_what_they_chose(
    sample: Sample,
) -> None:
    X, speaker = sample.X, sample.speaker
    level = np.digitize(np.nan_to_num(X[:, 2]), [-1, 1])
    ordered = Task("intensity", "ordinal", ("low", "middle", "high"))
    steps = fit_routed(make_estimator("kernel", ordered, tune=True), X, level, speaker=speaker)
    assert set(chosen_by(steps)) == {"step 1", "step 2"}
    arousal = make_estimator("ridge,kernel", Task("arousal", "regression"), tune=True)
    has_label = sample.labels["arousal"].notna().to_numpy()
    y = sample.labels["arousal"].to_numpy()[has_label]
    fitted = fit_routed(arousal, X[has_label], y, speaker=speaker[has_label])
    assert set(chosen_by(fitted)) == {"ridge", "kernel"}
    ridge = fitted[-1].estimator_.settled().members[0][1]
    assert ridge.regressor.alpha == chosen_by(fitted)["ridge"]["alpha"]


@pytest.mark.parametrize("weights", ["stacked", "equal"])
def test_a_tuned_vote_survives_saving_with_what_it_chose(
    sample: Sample, tmp_path: Path, weights: Any
) -> None:
    tasks = sample.tasks[:2]
    names = "svm,lda" if weights == "stacked" else "kernel,ridge"
    estimators = {t.name: make_estimator(names, t, weights=weights, tune=True) for t in tasks}
    model = MultiTaskEstimator(tasks, estimators)
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    saved = Bundle(model, [], "none", {}, library_versions())
    loaded = load_bundle(save_bundle(tmp_path / "model.featser", saved)).model
    assert loaded.tuned_ == model.tuned_
    if weights == "stacked":
        assert set(loaded.tuned_["emotion"]) == {"svm", "lda", "weights"}
        assert set(loaded.tuned_["emotion"]["svm"]) == {"C", "gamma"}
    else:
        assert set(loaded.tuned_["emotion"]["kernel"]) == {"gamma", "penalty"}
    assert loaded.predict(sample.X).equals(model.predict(sample.X))


def test_choices_are_counted_over_folds_and_stated_for_the_final_model() -> None:
    one, two = {"emotion": {"svm": {"C": 10.0}}}, {"emotion": {"svm": {"C": 1.0}}}
    choices = describe_choices({"0": one, "1": two, "2": one, "all": two})
    assert choices == [
        "emotion: svm: C 10 in 2 of 3 folds; C 1 in 1 of 3 folds; C 1 in the model of all data"
    ]
    assert describe_choices({}) == []
    lda = make_estimator("lda", Task("e", classes=("a", "b")))
    assert chosen_by(lda.fit(np.arange(8.0)[:, None], np.arange(8) % 2)) == {}


def test_members_that_predict_the_same_weigh_the_same() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 300)
    encoded = (rng.random((300, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    weights = stack_probabilities(np.stack([probabilities] * 4), np.eye(3)[encoded])
    np.testing.assert_allclose(weights, 0.25, atol=1e-6)
    no_rows = stack_probabilities(np.empty((2, 0, 3)), np.empty((0, 3)))
    assert no_rows.tolist() == [0.5, 0.5]


def test_a_member_that_guesses_weighs_little_and_one_that_is_like_another_its_share() -> None:
    rng = np.random.default_rng(1)
    encoded = rng.integers(0, 4, 8000)
    sure = np.eye(4)[encoded] * 2 + rng.normal(size=(3, 8000, 4))
    alike = np.exp(sure) / np.exp(sure).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(stack_probabilities(alike, np.eye(4)[encoded]), 1 / 3, atol=0.1)
    guess = rng.dirichlet(np.ones(4), 8000)
    assert stack_probabilities(np.stack([alike[0], guess]), np.eye(4)[encoded])[1] < 0.1


def test_stacked_weights_have_the_largest_likelihood() -> None:
    """The documented loss, minimised without EM, has its minimum at the same weights."""
    rng = np.random.default_rng(2)
    encoded = np.repeat([0, 1, 2], [60, 30, 10])
    skill = np.array([2.0, 1.5, 1.0])[:, None, None]
    power = np.exp(skill * np.eye(3)[encoded] + rng.normal(size=(3, 100, 3)))
    predictions = power / power.sum(axis=2, keepdims=True)
    row_weight = np.repeat([1.0, 3.0], 50)
    true = predictions[:, np.arange(100), encoded]
    balanced = row_weight / np.bincount(encoded, row_weight)[encoded] / 3 * 100

    def loss(free: np.ndarray) -> float:
        weights = np.exp(free) / np.exp(free).sum()
        return float(-(balanced @ np.log(weights @ true)) - np.log(weights).sum())

    least = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-8}).x
    weights = stack_probabilities(predictions, np.eye(3)[encoded], row_weight)
    np.testing.assert_allclose(weights, np.exp(least) / np.exp(least).sum(), atol=0.01)


def test_stacked_votes_are_fitted_on_left_out_speakers_and_ask_each_member_once_a_fold(
    sample: Sample,
) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    members = [("a", GaussianNB()), ("b", LogisticRegression()), ("c", Balanced(GaussianNB()))]
    vote = VoteClassifier(members, weights="stacked").fit(X, y, speaker=sample.speaker)
    assert vote.weights_.sum() == pytest.approx(1)
    assert (vote.weights_ > 0.15).all()
    np.testing.assert_allclose(vote.predict_proba(X).sum(axis=1), 1)
    assert np.mean(vote.predict(X) == VoteClassifier(members).fit(X, y).predict(X)) > 0.9


def test_stacked_regressors_without_information_have_little_weight() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X[:, 0] + 0.1 * rng.normal(size=80)
    np.testing.assert_allclose(stack_values(np.stack([y, y, y]), y), 1 / 3, atol=1e-9)
    members = [("good", Ridge()), ("flat", Ridge(alpha=1e9))]
    vote = VoteRegressor(members, weights="stacked").fit(X, y, speaker=np.arange(80) // 8)
    assert vote.weights_[0] > 0.75
    with pytest.raises(ValueError, match="'stacked' or numbers, not 'best'"):
        VoteRegressor(members, weights="best").fit(X, y)  # type: ignore[arg-type]
