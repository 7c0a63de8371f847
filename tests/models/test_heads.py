"""Heads that suit the kind of task: steps between ordered classes, predictions of full spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from featser.evaluation.copies import lineage
from featser.evaluation.metrics import ccc
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.calibration import GroupCalibrated
from featser.models.chosen import chosen_by
from featser.models.concordance import CCCMatched, matching, tail_weights
from featser.models.estimators import ESTIMATORS, make_estimator
from featser.models.frames import Place
from featser.models.multitask import MultiTaskEstimator
from featser.models.ordinal import OrdinalClassifier, falling, nominal
from featser.models.routing import fit_routed
from featser.models.tuning import TunedRegressor, quarters
from featser.models.voting import VoteRegressor
from featser.tasks import Task

LEVELS = ("none", "weak", "middle", "strong", "full")


FOLDS = "inner folds count rows, whatever their weights"


def weighted(estimator: object) -> object:
    with config_context(enable_metadata_routing=True):
        return estimator.set_fit_request(sample_weight=True)  # type: ignore[attr-defined]


@parametrize_with_checks(
    [OrdinalClassifier(weighted(LogisticRegression())), CCCMatched(weighted(Ridge()))],
    expected_failed_checks=lambda estimator: (
        {"check_sample_weight_equivalence_on_dense_data": FOLDS}
        if isinstance(estimator, CCCMatched)
        else {}
    ),
)
def test_scikit_learns_own_checks_pass(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def ordered(seed: int, rows: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """Five levels of a hidden strength, which three of ten features follow, bent and noisy."""
    rng = np.random.default_rng(seed)
    strength = rng.uniform(0, 5, rows)
    X = rng.normal(size=(rows, 10))
    X[:, 0] += strength
    X[:, 1] += np.sqrt(strength)
    X[:, 2] += strength**2 / 5
    return X, strength.astype(int)


@pytest.mark.parametrize("prior", ["data", "even"])
def test_ordered_classes_are_missed_by_less_than_without_their_order(prior: str) -> None:
    weight = "balanced" if prior == "even" else None
    plain, steps = [], []
    for seed in range(3):
        (X, y), (new, truth) = ordered(seed), ordered(seed + 10)
        estimator = LogisticRegression(C=0.01, class_weight=weight)
        head = OrdinalClassifier(estimator, prior)  # type: ignore[arg-type]
        plain.append(abs(estimator.fit(X, y).predict(new) - truth).mean())
        steps.append(abs(head.fit(X, y).predict(new) - truth).mean())
    assert np.mean(steps) < np.mean(plain)


@given(arrays(np.float64, (4, 5), elements=st.floats(0, 1)))
@settings(max_examples=50, deadline=None)
def test_steps_fall_and_those_that_fall_already_stay(above: np.ndarray) -> None:
    found = falling(above)
    assert (np.diff(found, axis=1) <= 0).all()
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(1 - falling(1 - above[:, ::-1])[:, ::-1], found, atol=1e-12)
    sunk = np.sort(above, axis=1)[:, ::-1]
    np.testing.assert_allclose(falling(sunk), sunk)


def test_three_ordered_classes_get_steps_and_two_or_unordered_ones_do_not() -> None:
    steps = make_estimator("svm,logistic", Task("level", "ordinal", LEVELS[:3]))
    heads = [member for _, member in steps[-1].members]
    assert [head.prior for head in heads] == ["data", "even"]
    for task in (Task("level", "ordinal", LEVELS[:2]), Task("emotion", classes=LEVELS)):
        plain = make_estimator("svm,logistic", task)
        assert "OrdinalClassifier" not in str(plain)
        assert str(nominal(steps)) == str(plain)
    assert str(nominal(heads[1])) == str(heads[1].estimator)


def test_speakers_reach_the_calibration_inside_of_every_step() -> None:
    X, y = ordered(0, 100)
    head = OrdinalClassifier(GroupCalibrated(SVC()))
    grouped = head.fit(X, y, speaker=np.arange(100) // 10).predict_proba(X)
    alone = head.fit(X, y).predict_proba(X)
    assert abs(grouped - alone).max() > 1e-4


def test_mean_and_variance_of_the_labels_give_the_highest_concordance() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(3, 2, 200)
    predicted = 0.2 * y + rng.normal(size=200) * 0.3
    slope, intercept = matching(y, predicted)
    best = ccc(y, slope * predicted + intercept)
    assert best == pytest.approx(np.corrcoef(y, predicted)[0, 1])
    for a, b in ((0.9, 0), (1.1, 0), (1, 0.2), (1, -0.2)):
        assert ccc(y, a * slope * predicted + intercept + b) < best
    assert matching(y, -predicted) == (1.0, 0.0)


def test_the_stretch_raises_concordance_on_new_speakers() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 30))
    y = X[:, :3].sum(axis=1) + rng.normal(size=300) * 2
    speaker = np.arange(300) // 15
    plain = Ridge(100.0).fit(X[:200], y[:200])
    matched = CCCMatched(Ridge(100.0)).fit(X[:200], y[:200], speaker=speaker[:200])
    assert matched.inner_[1] > matched.inner_[0]
    assert matched.slope_ > 1.2
    gain = ccc(y[200:], matched.predict(X[200:])) - ccc(y[200:], plain.predict(X[200:]))
    assert gain > 0.05


def test_where_nothing_is_gained_predictions_stay_as_they_are() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 20)), rng.normal(size=80)
    matched = CCCMatched(Ridge()).fit(X, y, speaker=np.arange(80) // 8)
    kept = (matched.slope_, matched.intercept_) == (1.0, 0.0)
    assert kept == (not matched.inner_[1] > matched.inner_[0])
    few = CCCMatched(Ridge()).fit(X[:5], y[:5])
    np.testing.assert_allclose(few.predict(X), Ridge().fit(X[:5], y[:5]).predict(X))


def test_a_rating_that_only_one_or_two_utterances_have_stops_no_stretch() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    for rare in (1, 2):
        y = np.repeat([1.0, 3.0, 5.0], [rare, 20, 20 - rare])
        assert set(quarters(y)) == {2, 3}, "the rare count to those above them"
        matched = CCCMatched(Ridge()).fit(X, y, speaker=np.arange(40) // 4)
        assert np.isfinite(matched.inner_).all()


@pytest.mark.parametrize(
    "model",
    [
        VoteRegressor([("a", Ridge()), ("b", Ridge(10.0))], weights="inner"),
        TunedRegressor(Ridge(), [{"alpha": 0.1}, {"alpha": 10.0}]),
        CCCMatched(Ridge()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_copies_of_a_rare_rating_do_not_make_it_less_rare(model: BaseEstimator) -> None:
    row = np.r_[0:40, 0, 0, 0]  # three copies of the one utterance that is rated so
    descent = lineage(np.arange(40), row[40:, None])
    X = np.random.default_rng(0).normal(size=(40, 3))[row]
    y = np.repeat([1.0, 3.0, 5.0], [1, 20, 19])[row]
    fitted = clone(model).fit(X, y, speaker=(np.arange(40) // 4)[row], lineage=descent)
    assert np.isfinite(fitted.predict(X)).all()


def test_tail_weights_are_higher_where_values_are_rare() -> None:
    y = np.concatenate([np.random.default_rng(0).normal(0, 1, 500), [4.0, -4.0]])
    weight = tail_weights(y)
    assert weight.mean() == pytest.approx(1)
    assert weight[-2:].min() > 3 * np.median(weight)
    assert weight.max() <= 10 * weight.min() + 1e-9
    np.testing.assert_array_equal(tail_weights(np.ones(5)), np.ones(5))
    X = np.stack([y, np.ones_like(y)], axis=1)
    assert CCCMatched(Ridge(1.0), tails=1.0).fit(X, y**3).predict(X).std() > 0


@pytest.mark.parametrize("select", ["none", "anova:0.5", "mutual", "speakers", "stability"])
def test_heads_and_selectors_survive_saving(tmp_path: Path, select: str) -> None:
    X, y = ordered(0, 100)
    tasks = [Task("level", "ordinal", LEVELS), Task("value", "regression")]
    labels = pd.DataFrame({"level": np.array(LEVELS)[y], "value": y + 0.5})
    estimators = {task.name: make_estimator("logistic", task, select=select) for task in tasks}
    model = MultiTaskEstimator(tasks, estimators)
    model.fit(X, labels, speaker=np.arange(100) // 10)
    path = save_bundle(tmp_path / "m.featser", Bundle(model, [], "none", {}, library_versions()))
    found = load_bundle(path).model
    assert found.predict(X).equals(model.predict(X))


class Network(Ridge):
    """What stands for a network: it counts how often it is trained."""

    trained = 0

    def __init__(self, alpha: float = 1.0, width: int | None = None) -> None:
        super().__init__(alpha=alpha)
        self.width = width

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Network:
        type(self).trained += 1
        return super().fit(np.nan_to_num(X), y, sample_weight)


@pytest.mark.parametrize("frames", [None, Place(4, 12, 4)])
def test_a_network_in_a_vote_on_values_is_trained_once_and_the_others_are_matched(
    frames: Place | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ESTIMATORS, "cnn", (Network, lambda seed: Network()))
    monkeypatch.setattr(Network, "trained", 0)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 12)).astype(np.float32)
    y = X[:, :2].sum(axis=1) + rng.normal(size=120)
    task = Task("arousal", "regression")
    model = make_estimator("cnn,ridge", task, tune=True, frames=frames)
    fitted = fit_routed(model, X, y, speaker=np.arange(120) // 10)
    vote = fitted[-1] if frames is None else fitted
    assert Network.trained == 1
    assert isinstance(vote.members_[1], CCCMatched)
    assert vote.members_[1].slope_ > 1, "stretched, as a shrunken regression is"
    assert chosen_by(fitted)


def test_what_is_matched_chooses_its_setting_once() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y, speaker = X[:, 0] + rng.normal(size=60), np.arange(60) // 10
    ridge = make_estimator("ridge", Task("arousal", "regression"), tune=True)[-1]
    matched = fit_routed(ridge, X, y, speaker=speaker)
    assert chosen_by(matched)
    assert not chosen_by(fit_routed(matched.settled(), X, y, speaker=speaker))
