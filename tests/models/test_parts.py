"""Balance, calibration, voting, normalising: each usable alone, by scikit-learn's contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from featser.errors import TaskError
from featser.evaluation.protocols.folding import inner_folds
from featser.evaluation.training_copies import trace_provenance
from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.heads.balance import Balanced
from featser.models.heads.calibration import GroupCalibrated
from featser.speakers.normalization import SpeakerNormalizer, prepared, refuse_poor_coverage
from tests.models.conftest import Sample


def test_equal_priors_where_a_classifier_takes_no_weights() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], [90, 10])
    X = rng.normal(size=(100, 1)) + 2.0 * (y == "b")[:, None]
    balanced = Balanced(LinearDiscriminantAnalysis()).fit(X, y)
    even = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(X, y)
    np.testing.assert_allclose(balanced.predict_proba(X), even.predict_proba(X), atol=1e-9)


def test_weights_are_those_of_class_weight_balanced(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    balanced = Balanced(LogisticRegression(max_iter=1000)).fit(X, y)
    own = LogisticRegression(max_iter=1000, class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(balanced.predict_proba(X), own.predict_proba(X), atol=1e-3)


def test_neighbours_are_balanced_too() -> None:
    y = np.repeat([0, 1], [90, 10])
    X = np.zeros((100, 1))
    assert Balanced(KNeighborsClassifier(100)).fit(X, y).predict_proba(X)[0] == pytest.approx(0.5)


def test_scores_for_calibration_come_from_speakers_that_were_not_trained_on() -> None:
    """A classifier that recognises speakers is confident, and wrong, on a new one."""
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(20), 8)
    y = rng.integers(0, 2, len(speaker))
    voice = rng.normal(size=(20, 30))
    X = voice[speaker] * 3 + rng.normal(size=(len(speaker), 30)) * 0.1
    y = (voice[speaker, 0] > 0).astype(int) ^ (rng.random(len(y)) < 0.4)
    grouped = GroupCalibrated(SVC(C=100)).fit(X, y, speaker=speaker).predict_proba(X)
    alone = GroupCalibrated(SVC(C=100)).fit(X, y).predict_proba(X)
    assert abs(grouped - 0.5).mean() < abs(alone - 0.5).mean()


def test_calibrated_probabilities_are_probabilities(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    probabilities = GroupCalibrated(LinearSVC()).fit(X, y, speaker=sample.speaker).predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@pytest.mark.parametrize("classes", [2, 4])
def test_calibration_is_scikit_learns_on_the_same_folds(sample: Sample, classes: int) -> None:
    X, y = np.nan_to_num(sample.X), np.arange(len(sample.X)) % classes
    X = X + y[:, None] * 0.3
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    own = GroupCalibrated(SVC(C=1.0)).fit(X, y, sample_weight=weight, speaker=sample.speaker)
    folds = inner_folds(y, sample.speaker)
    theirs = CalibratedClassifierCV(SVC(C=1.0), cv=folds, ensemble=False)
    expected = theirs.fit(X, y, sample_weight=weight).predict_proba(X)
    np.testing.assert_allclose(own.predict_proba(X), expected, atol=1e-4)


def test_augmented_copies_are_fitted_on_but_not_used_for_calibration(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    made_of = np.arange(len(X))[:, None]
    both, twice = np.concatenate([X, X + 0.01]), np.concatenate([y, y])
    voices = np.concatenate([sample.speaker, sample.speaker])
    descent = trace_provenance(np.arange(len(X)), made_of)
    calibrated = GroupCalibrated(SVC()).fit(both, twice, speaker=voices, provenance=descent)
    assert calibrated.estimator_.shape_fit_[0] == 2 * len(X)
    vote = VoteClassifier([("nb", GaussianNB()), ("svm", GroupCalibrated(SVC()))], weights="inner")
    assert vote.fit(
        both, twice, speaker=voices, provenance=descent
    ).weights_.sum() == pytest.approx(1)


def test_an_equal_vote_is_the_mean_of_probabilities(sample: Sample) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    members = [("nb", GaussianNB()), ("lr", LogisticRegression(max_iter=1000))]
    vote = VoteClassifier(members, calibrated=False).fit(X, y)
    mean = np.mean([model.fit(X, y).predict_proba(X) for _, model in members], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X), mean, atol=1e-9)
    weighted = VoteClassifier(members, weights=[1, 0], calibrated=False).fit(X, y)
    np.testing.assert_allclose(weighted.predict_proba(X), members[0][1].predict_proba(X))


def test_inner_weights_favour_the_informative_member(sample: Sample) -> None:
    class Guess(GaussianNB):
        def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: object = None) -> Guess:
            return super().fit(np.random.default_rng(0).normal(size=X.shape), y)

    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    members = [("good", GaussianNB()), ("guess", Guess())]
    vote = VoteClassifier(members, weights="inner").fit(X, y, speaker=sample.speaker)
    assert vote.weights_.sum() == pytest.approx(1)
    assert vote.weights_[0] > 3 * vote.weights_[1]


def test_inner_weights_are_the_uar_over_chance_on_left_out_speakers(sample: Sample) -> None:
    """A member that memorises its training rows gains no weight."""
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    members = [("good", GaussianNB()), ("memory", KNeighborsClassifier(1))]
    vote = VoteClassifier(members, weights="inner").fit(X, y, speaker=sample.speaker)
    folds = inner_folds(y, sample.speaker)
    scores = []
    for _, model in members:
        predictions = [
            clone(model).fit(X[train], y[train]).predict(X[test]) for train, test in folds
        ]
        true = np.concatenate([y[test] for _, test in folds])
        scores.append(balanced_accuracy_score(true, np.concatenate(predictions)) - 1 / 3)
    np.testing.assert_allclose(vote.weights_, np.array(scores) / sum(scores))
    assert vote.weights_[1] < 0.45


def test_a_regression_vote_is_the_mean_and_may_be_weighted_from_inner_folds() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X[:, 0] + 0.1 * rng.normal(size=80)
    members = [("good", Ridge()), ("flat", Ridge(alpha=1e9))]
    equal = VoteRegressor(members).fit(X, y)
    np.testing.assert_allclose(
        equal.predict(X), np.mean([m.fit(X, y).predict(X) for _, m in members], axis=0)
    )
    inner = VoteRegressor(members, weights="inner").fit(X, y, speaker=np.arange(80) // 8)
    assert inner.weights_[0] > 0.95


@pytest.mark.parametrize("weights", ["best", [1.0], [0.0, 0.0], [1.0, -1.0]])
def test_weights_that_mean_nothing_are_refused(sample: Sample, weights: object) -> None:
    X, y = np.nan_to_num(sample.X), sample.labels["emotion"].to_numpy()
    members = [("a", GaussianNB()), ("b", GaussianNB())]
    with pytest.raises(ValueError, match="weights"):
        VoteClassifier(members, weights=weights).fit(X, y)  # type: ignore[arg-type]


def test_members_can_be_replaced_and_set_like_any_parameter() -> None:
    vote = VoteClassifier([("a", GaussianNB()), ("b", LogisticRegression())])
    vote.set_params(b__C=3.0, a=LogisticRegression())
    assert vote.members[1][1].C == 3.0
    assert isinstance(vote.members[0][1], LogisticRegression)


def test_each_speaker_gets_mean_zero_and_deviation_one_and_nan_stays(sample: Sample) -> None:
    normalised = SpeakerNormalizer().fit(sample.X).transform(sample.X, speaker=sample.speaker)
    assert np.array_equal(np.isnan(normalised), np.isnan(sample.X))
    for voice in np.unique(sample.speaker):
        part = normalised[sample.speaker == voice]
        np.testing.assert_allclose(np.nanmean(part, axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(np.nanstd(part[:, :-1], axis=0), 1, atol=1e-4)
        assert (part[:, -1] == 0).all()  # a feature that does not vary


def test_a_speakers_normalised_features_do_not_depend_on_other_speakers(sample: Sample) -> None:
    together = SpeakerNormalizer().fit(sample.X).transform(sample.X, speaker=sample.speaker)
    rows = sample.speaker == 3
    alone = SpeakerNormalizer().fit(sample.X[rows]).transform(sample.X[rows])
    assert np.array_equal(together[rows], alone, equal_nan=True)


def test_speakers_without_all_classes_are_refused_with_the_table() -> None:
    label = pd.Series(["angry", "sad", "angry", "sad"], name="emotion")
    refuse_poor_coverage(label, ["x", "x", "y", "y"])
    with pytest.raises(TaskError, match=r"50 % of the classes of 'emotion'(.|\n)*angry"):
        refuse_poor_coverage(label, ["x", "y", "x", "y"])


def test_undefined_and_wild_values_reach_no_estimator(sample: Sample) -> None:
    X = sample.X.copy()
    X[:, 5] = np.nan
    pipeline = prepared(LogisticRegression()).fit(X, sample.labels["emotion"])
    wild = X[:2].copy()
    wild[:, 0] = [1e9, -1e9]
    inside = pipeline[:-1].transform(wild)
    assert np.isfinite(inside).all()
    assert abs(inside).max() <= 8
    assert inside[:, 0].tolist() == [8, -8]
