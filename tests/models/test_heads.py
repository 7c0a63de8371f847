"""Heads that suit the kind of task: steps between ordered classes, predictions of full spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVC

from featser.evaluation.metrics.metrics import ccc
from featser.evaluation.protocols.inner_folds import inner_folds
from featser.evaluation.training_copies import trace_provenance
from featser.features.packed_frames import ColumnRange
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.chosen import chosen_by
from featser.models.ensemble.voting import VoteRegressor
from featser.models.heads.calibration import GroupCalibrated
from featser.models.heads.concordance import CCCMatched, matching, tail_weights
from featser.models.heads.ordinal import OrdinalClassifier, falling, nominal
from featser.models.multitask import MultiTaskEstimator
from featser.models.registry import MODELS, Model
from featser.models.routing import fit_routed
from featser.models.selection.tuning import TunedRegressor, quarters
from featser.tasks import Task

LEVELS = ("none", "weak", "middle", "strong", "full")


def ordered(seed: int, rows: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """Five levels of a strength that three of ten features follow with distortion and noise."""
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


def test_steps_that_say_nothing_give_classes_of_equal_share() -> None:
    """Estimators balanced step by step say 1/2 of each step; every class then has 1/4."""
    X, y = np.zeros((40, 1)), np.arange(40) % 4
    head = OrdinalClassifier(DummyClassifier(strategy="uniform"), "even").fit(X, y)
    np.testing.assert_allclose(head.predict_proba(X), 0.25)


@given(arrays(np.float64, (4, 5), elements=st.floats(0, 1)))
@settings(max_examples=50)
def test_steps_fall_and_those_that_fall_already_stay(above: np.ndarray) -> None:
    cumulative = falling(above)
    assert (np.diff(cumulative, axis=1) <= 0).all()
    assert ((cumulative >= 0) & (cumulative <= 1)).all()
    np.testing.assert_allclose(1 - falling(1 - above[:, ::-1])[:, ::-1], cumulative, atol=1e-12)
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


def test_each_inner_fold_is_stretched_as_the_other_folds_say() -> None:
    """The score of the stretch, computed with scikit-learn only."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 20))
    y, speaker = X[:, 0] + rng.normal(size=60) * 2, np.arange(60) // 6
    matched = CCCMatched(Ridge(50.0)).fit(X, y, speaker=speaker)
    folds = inner_folds(quarters(y), speaker)
    plain = [Ridge(50.0).fit(X[train], y[train]).predict(X[test]) for train, test in folds]
    stretched = []
    for own, (_, test) in zip(plain, folds, strict=True):
        truth = np.concatenate([y[rows] for _, rows in folds if rows is not test])
        others = np.concatenate([predictions for predictions in plain if predictions is not own])
        stretched.append(truth.mean() + truth.std() / others.std() * (own - others.mean()))
    truth = np.concatenate([y[test] for _, test in folds])
    expected = ccc(truth, np.concatenate(plain)), ccc(truth, np.concatenate(stretched))
    assert matched.inner_ == pytest.approx(expected, abs=1e-9)


def test_where_nothing_is_gained_predictions_stay_as_they_are() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 20)), rng.normal(size=80)
    matched = CCCMatched(Ridge()).fit(X, y, speaker=np.arange(80) // 8)
    is_unchanged = (matched.slope_, matched.intercept_) == (1.0, 0.0)
    assert is_unchanged == (not matched.inner_[1] > matched.inner_[0])
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
    row = np.r_[0:40, 0, 0, 0]  # three copies of the only utterance with this rating
    descent = trace_provenance(np.arange(40), row[40:, None])
    X = np.random.default_rng(0).normal(size=(40, 3))[row]
    y = np.repeat([1.0, 3.0, 5.0], [1, 20, 19])[row]
    fitted = clone(model).fit(X, y, speaker=(np.arange(40) // 4)[row], provenance=descent)
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
    loaded = load_bundle(path).model
    assert loaded.predict(X).equals(model.predict(X))


class Network(Ridge):
    """A stand-in for a network that counts how often it is trained."""

    trained = 0

    def __init__(self, alpha: float = 1.0, width: int | None = None) -> None:
        super().__init__(alpha=alpha)
        self.width = width

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Network:
        type(self).trained += 1
        return super().fit(np.nan_to_num(X), y, sample_weight)


def network(random_state: int) -> Network:
    return Network()


@pytest.mark.parametrize("frames", [None, ColumnRange(4, 12, 4)])
def test_a_network_in_a_vote_on_values_is_trained_once_and_the_others_are_matched(
    frames: ColumnRange | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Model("cnn", "a network", regressor=f"{__name__}:network", reads_frames=True)
    monkeypatch.setitem(MODELS, "cnn", row)
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
