"""The probabilities of a vote are calibrated as a whole, on utterances that it did not see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from featser.evaluation.protocols.folding import inner_folds
from featser.evaluation.training_copies import trace_provenance
from featser.models.building import make_estimator
from featser.models.ensemble.temperature import fit_power, raised
from featser.models.ensemble.voting import VoteClassifier
from featser.models.fusion.columns import OnColumns
from featser.models.fusion.gated_vote import make_gated
from featser.models.heads.calibration import GroupCalibrated
from featser.models.heads.logistic_classifier import LogisticClassifier
from featser.models.heads.ordinal import OrdinalClassifier
from featser.models.heads.platt import class_probabilities
from featser.models.heads.softmax import softmax
from featser.models.kernel.multiple_kernels import KernelClassifier
from featser.models.registry import NETWORKS, model_names
from featser.models.routing import fit_routed
from featser.models.selection.left_out import left_out_folds, left_out_probabilities
from featser.models.selection.selectors import ScoreSelector
from featser.models.selection.tuning import TunedClassifier
from featser.tasks import Task
from tests.models.conftest import Sample

EMOTION = Task("emotion", classes=("angry", "happy", "sad"))


class Planted(ClassifierMixin, BaseEstimator):
    """Takes the features for the scores of the classes; its confidence is wrong by a factor."""

    def __init__(self, confidence: float = 1.0) -> None:
        self.confidence = confidence

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> Planted:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return softmax(np.asarray(X, dtype=float), self.confidence)


class Counted(GaussianNB):
    """Counts its fits."""

    fits = 0

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> Counted:
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


def drawn(rows: int = 4000, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and classes drawn with the probabilities that these stand for."""
    rng = np.random.default_rng(seed)
    X = 1.5 * rng.normal(size=(rows, classes))
    shares = softmax(X, 1.0).cumsum(axis=1)
    return X, np.minimum((rng.random((rows, 1)) > shares).sum(axis=1), classes - 1)


def speakers(rows: int) -> np.ndarray:
    return np.arange(rows) % 10


@pytest.mark.parametrize("confidence", [0.3, 1.0, 3.0])
def test_planted_confidence_is_brought_to_the_truth(confidence: float) -> None:
    X, y = drawn()
    vote = VoteClassifier([("one", Planted(confidence))]).fit(X, y, speaker=speakers(len(X)))
    assert vote.power_ == pytest.approx(1 / confidence, rel=0.15)
    wrong = np.abs(vote.predict_proba(X) - softmax(X, 1.0)).mean()
    assert wrong < 0.01
    if confidence != 1.0:
        before = np.abs(Planted(confidence).predict_proba(X) - softmax(X, 1.0)).mean()
        assert wrong < 0.2 * before


def test_vote_is_calibrated_as_a_whole_and_not_by_member() -> None:
    """The mean of two calibrated members that err independently is underconfident."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 6000)
    score = rng.normal(size=(6000, 2)) + np.where(y, 1.0, -1.0)[:, None]
    X = np.column_stack([np.zeros(6000), 2 * score[:, 0], np.zeros(6000), 2 * score[:, 1]])
    members = [("one", OnColumns(Planted(), [0, 1])), ("two", OnColumns(Planted(), [2, 3]))]
    vote = VoteClassifier(members).fit(X, y)
    assert vote.power_ > 1.3
    confident = vote.predict_proba(X).max(axis=1)
    assert confident.mean() == pytest.approx((vote.predict(X) == y).mean(), abs=0.015)
    alone = VoteClassifier(members, calibrated=False).fit(X, y).predict_proba(X).max(axis=1)
    assert alone.mean() < confident.mean() - 0.04


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), power=st.floats(0.01, 100), share=st.floats(1e-6, 0.5))
def test_power_never_changes_which_class_is_first(seed: int, power: float, share: float) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.full(4, 0.2), size=50)
    after = raised(probabilities, power, share)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    np.testing.assert_array_equal(after.argmax(axis=1), probabilities.argmax(axis=1))


def test_predicted_classes_are_those_of_the_vote_without_calibration(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    members = [("kernel", KernelClassifier()), ("nb", GaussianNB())]
    new = np.random.default_rng(1).normal(size=(500, X.shape[1]))
    vote = VoteClassifier(members).fit(X, y, speaker=sample.speaker)
    plain = VoteClassifier(members, calibrated=False).fit(X, y, speaker=sample.speaker)
    assert plain.power_ is None
    assert vote.power_ not in (None, 1.0)
    np.testing.assert_array_equal(vote.predict(new), plain.predict(new))


def test_probabilities_of_zero_do_not_decide_the_power() -> None:
    """Neighbours and trees give classes probability 0 that are the truth now and then."""
    X, y = drawn()
    certain = np.where(softmax(X, 1.0) < 0.05, 0.0, softmax(X, 1.0))
    certain /= certain.sum(axis=1, keepdims=True)
    power, even_share = fit_power(certain, np.eye(certain.shape[1])[y], np.ones(len(y)))
    assert power > 0.5
    assert even_share == pytest.approx((certain[np.arange(len(y)), y] == 0).mean())


def test_few_utterances_without_an_error_do_not_make_the_vote_certain() -> None:
    right = np.full((10, 2), 0.4)
    right[:, 0] = 0.6
    power, _ = fit_power(right, np.tile([1.0, 0.0], (10, 1)), np.ones(10))
    assert raised(right, power)[0, 0] == pytest.approx(10 / 11, abs=1e-3)


@pytest.mark.parametrize("weights", ["equal", "inner", [2.0, 1.0]])
def test_copies_are_not_calibrated_on(weights: Any) -> None:
    X, y = drawn(300)
    speaker = speakers(300)
    members = [("one", Planted(3.0)), ("two", Planted(1.0))]
    alone = VoteClassifier(members, weights=weights).fit(X, y, speaker=speaker)
    descent = trace_provenance(np.arange(300), np.arange(300)[:, None])
    mislabelled = np.concatenate([y, (y + 1) % 3])
    both = VoteClassifier(members, weights=weights).fit(
        np.concatenate([X, X]),
        mislabelled,
        speaker=np.concatenate([speaker, speaker]),
        provenance=descent,
    )
    assert both.power_ == pytest.approx(alone.power_, rel=1e-6)
    as_utterances = VoteClassifier(members, weights=weights).fit(
        np.concatenate([X, X]), mislabelled
    )
    assert as_utterances.power_ < 0.5 * alone.power_


def balanced_data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every speaker has each class equally often, so that class weights are those of all rows."""
    rng = np.random.default_rng(0)
    y, speaker = np.tile(np.arange(3), 40), np.repeat(np.arange(8), 15)
    X = rng.normal(size=(120, 12)) + rng.normal(size=(8, 12))[speaker]
    X[:, :3] += 1.5 * np.eye(3)[y]
    return X, y, speaker


def test_closed_form_of_the_kernel_is_the_fit_that_it_replaces() -> None:
    X, y, speaker = balanced_data()
    fitted = KernelClassifier().fit(X, y, speaker=speaker)
    left_out = left_out_probabilities(fitted)
    for one in range(8):
        train, test = speaker != one, speaker == one
        # The penalty is for each row, so that of all rows is that of fewer rows times a factor.
        penalty = fitted.penalty_ * len(X) / train.sum()
        alone = KernelClassifier(penalties=[penalty]).fit(X[train], y[train])
        expected = softmax(alone._decide(X[test]), fitted.slope_)
        np.testing.assert_allclose(left_out[test], expected, atol=1e-4)


OFFERING: dict[str, Any] = {
    "logistic": LogisticClassifier(n_folds=4),
    "tuned": TunedClassifier(LogisticClassifier(n_folds=4), [{"C": 1.0}]),
    "columns": OnColumns(LogisticClassifier(n_folds=4), list(range(12))),
    "pipeline": make_pipeline(StandardScaler(), LogisticClassifier(n_folds=4)),
    "ordinal": OrdinalClassifier(GroupCalibrated(SVC(kernel="linear"))),
}


@pytest.mark.parametrize("name", OFFERING)
def test_power_from_offered_predictions_is_that_of_the_inner_pass(name: str) -> None:
    X, y, speaker = balanced_data()
    X = StandardScaler().fit_transform(X)
    model = OFFERING[name]
    fitted = fit_routed(clone(model), X, y, speaker=speaker)
    offered = left_out_probabilities(fitted)
    assert offered.shape == (120, 3)
    unfitted = fitted.settled() if hasattr(fitted, "settled") else model
    expected = np.empty((120, 3))
    for train, test in left_out_folds(y, speaker, 4, 0, None):
        part = fit_routed(clone(unfitted), X[train], y[train], speaker=speaker[train])
        expected[test] = part.predict_proba(X[test])
    tolerance = 0.05 if name == "ordinal" else 0.02  # its sigmoids are those of all rows
    assert np.abs(offered - expected).mean() < tolerance
    truth = np.eye(3)[y]
    power, _ = fit_power(offered, truth, np.ones(120))
    assert power == pytest.approx(fit_power(expected, truth, np.ones(120))[0], rel=0.15)


def test_svm_offers_the_scores_that_it_was_calibrated_on() -> None:
    X, y, speaker = balanced_data()
    fitted = GroupCalibrated(SVC(C=1.0)).fit(X, y, speaker=speaker)
    offered = left_out_probabilities(fitted)
    for train, test in inner_folds(y, speaker, 4, 0):
        scores = SVC(C=1.0).fit(X[train], y[train]).decision_function(X[test])
        expected = class_probabilities(scores, fitted.sigmoids_)
        np.testing.assert_allclose(offered[test], expected, atol=1e-9)


def test_pipeline_whose_selection_saw_the_classes_offers_none() -> None:
    X, y, _ = balanced_data()
    offering = make_pipeline(StandardScaler(), LogisticClassifier()).fit(X, y)
    assert left_out_probabilities(offering) is not None
    selecting = make_pipeline(ScoreSelector("anova", 0.5), LogisticClassifier()).fit(X, y)
    assert left_out_probabilities(selecting) is None


def test_only_members_that_offer_nothing_are_fitted_again(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    Counted.fits = 0
    members = [("kernel", KernelClassifier()), ("counted", Counted())]
    VoteClassifier(members, n_folds=3).fit(X, y, speaker=sample.speaker)
    assert Counted.fits == 1 + 3
    Counted.fits = 0
    VoteClassifier(members, weights="inner", n_folds=3).fit(X, y, speaker=sample.speaker)
    assert Counted.fits == 1 + 3, "the folds of the weights are those of the power"
    Counted.fits = 0
    VoteClassifier(members, calibrated=False).fit(X, y, speaker=sample.speaker)
    assert Counted.fits == 1


def test_weights_are_stacked_by_themselves_only_where_that_needs_no_fit(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    offering = [("kernel", KernelClassifier()), ("lr", LogisticClassifier())]
    auto = VoteClassifier(offering).fit(X, y, speaker=sample.speaker)
    stacked = VoteClassifier(offering, weights="stacked").fit(X, y, speaker=sample.speaker)
    assert (auto.weighting_, auto.weights_.tolist()) == ("stacked", stacked.weights_.tolist())
    assert auto.weights_[0] != 0.5
    other = VoteClassifier([*offering, ("nb", GaussianNB())]).fit(X, y, speaker=sample.speaker)
    assert (other.weighting_, other.weights_.tolist()) == ("equal", [1 / 3] * 3)


def test_a_member_that_recognises_speakers_has_no_weight() -> None:
    """Stacked weights are those of predictions for speakers that the members were not fitted on."""
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(12), 20)
    y = speaker % 2
    is_right = np.where(rng.random(240) < 0.8, y, 1 - y)
    X = np.column_stack([5 * np.eye(12)[speaker], is_right + rng.normal(0, 0.3, 240)])
    identity, honest = (
        OnColumns(LogisticClassifier(), list(columns)) for columns in (range(12), range(12, 13))
    )
    members = [("identity", identity), ("honest", honest)]
    vote = VoteClassifier(members, weights="stacked").fit(X, y, speaker=speaker)
    assert vote.weights_[0] < 0.2


def test_speakers_are_left_out_and_a_single_speaker_s_utterances() -> None:
    """A member that recognises speakers is right on them alone."""
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(12), 20)
    y = (speaker % 2) ^ (rng.random(240) < 0.1)
    X = 5 * np.eye(12)[speaker] + rng.normal(size=(240, 12))
    members = [("lr", LogisticRegression())]
    by_speaker = VoteClassifier(members).fit(X, y, speaker=speaker)
    by_utterance = VoteClassifier(members).fit(X, y)
    assert by_speaker.power_ < 0.5 * by_utterance.power_
    single = VoteClassifier(members).fit(X, y, speaker=np.zeros(240))
    assert single.power_ == by_utterance.power_


def test_class_of_one_utterance_and_members_without_a_class() -> None:
    X, y, speaker = balanced_data()
    rare = y.copy()
    rare[5] = 9
    vote = VoteClassifier([("nb", GaussianNB()), ("kernel", KernelClassifier())])
    assert vote.fit(X, rare, speaker=speaker).power_ > 0
    assert vote.predict_proba(X).shape == (120, 4)
    weight = np.where(y == 1, 0.0, 1.0)
    members = [("logistic", LogisticClassifier()), ("lr", LogisticRegression())]
    dropped = VoteClassifier(members).fit(X, y, weight, speaker)
    assert dropped.members_[0].classes_.tolist() == [0, 2]
    assert (dropped.predict(X) != 1).all()
    only = VoteClassifier([("lr", LogisticClassifier(C=1.0))]).fit(X[:3], y[:3])
    assert only.power_ is None
    np.testing.assert_array_equal(only.predict(X[:3]), y[:3])


def test_power_is_that_of_the_rows_with_weight() -> None:
    X, y = drawn(600)
    wrong = np.where(np.arange(600) < 300, y, (y + 1) % 3)
    weight = np.repeat([1.0, 0.0], 300)
    members = [("one", Planted(2.0))]
    weighted = VoteClassifier(members).fit(X, wrong, weight, speakers(600))
    alone = VoteClassifier(members).fit(X[:300], y[:300], speaker=speakers(600)[:300])
    assert weighted.power_ == pytest.approx(alone.power_, rel=1e-3)


def test_vote_saved_before_votes_were_calibrated_predicts_the_mean(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    vote = VoteClassifier([("nb", GaussianNB()), ("nb2", GaussianNB(var_smoothing=0.1))]).fit(X, y)
    state = vote.__getstate__()
    del state["power_"], state["even_share_"], state["calibrated"]
    former = VoteClassifier.__new__(VoteClassifier)
    former.__setstate__(state)
    mean = np.mean([model.predict_proba(X) for model in vote.members_], axis=0)
    np.testing.assert_allclose(former.predict_proba(X), mean)
    assert not former.get_params()["calibrated"]
    unfitted = VoteClassifier.__new__(VoteClassifier)
    unfitted.__setstate__(VoteClassifier([("nb", GaussianNB())]).__getstate__())
    assert unfitted.calibrated
    assert not hasattr(unfitted, "power_")


@pytest.mark.parametrize("name", sorted(set(model_names("classifier")) - set(NETWORKS)))
def test_every_single_classifier_is_calibrated_once(name: str) -> None:
    model = make_estimator(name, EMOTION)[-1]
    inside = model.members[0][1] if isinstance(model, VoteClassifier) else model
    is_calibrated = isinstance(inside, GroupCalibrated | KernelClassifier)
    assert isinstance(model, VoteClassifier) != is_calibrated


def test_weights_of_a_vote_do_not_concern_a_single_classifier() -> None:
    model = make_estimator("lda", EMOTION, weights=[1.0, 2.0])[-1]
    assert (len(model.members), model.weights) == (1, "equal")


def test_members_of_a_vote_of_blocks_are_not_calibrated_on_their_own() -> None:
    members = [inside for _, inside in make_gated("lda", EMOTION, {"one": 3, "two": 4}).members]
    last = [getattr(inside, "estimator", inside)[-1] for inside in members]
    assert len(last) == 3
    assert not any(isinstance(inside, VoteClassifier) for inside in last)
    both = make_gated("lda,knn", EMOTION, {"one": 3, "two": 4}).members[0][1].estimator[-1]
    assert not both.calibrated


def test_regressions_are_not_calibrated() -> None:
    vote = make_estimator("kernel,logistic", Task("arousal", "regression"))[-1].estimator
    assert "calibrated" not in vote.get_params()
    assert isinstance(vote, RegressorMixin)
