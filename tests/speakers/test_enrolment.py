"""Normalisation by a few recordings: their weight, and scikit-learn's contract."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from featser.evaluation.protocols.enrolment_split import draw_enrolment
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.training_copies import Copies, training_set
from featser.speakers.enrolled_folds import EnrolledSpeakers
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer

# Two speakers with means 1 and 5, each with a variance of 2 (1 divided by n).
TRAINING = np.array([[0.0], [2.0], [4.0], [6.0]])
WHO = np.array(["a", "a", "b", "b"])


def test_the_prior_is_the_average_speaker() -> None:
    normalizer = EnrolmentNormalizer().fit(TRAINING, speaker=WHO)
    assert normalizer.mean_ == pytest.approx([3.0])
    assert normalizer.variance_ == pytest.approx([2.0])
    # Means vary by 8, of which 2 / 2 is chance: 2 / 7 recordings, but no fewer than the least.
    assert normalizer.tau_ == pytest.approx([0.5])
    assert EnrolmentNormalizer(least=0.1).fit(TRAINING, speaker=WHO).tau_ == pytest.approx([2 / 7])


@pytest.mark.parametrize(("tau", "expected", "variance"), [(2, 7.5, 3.0), (1, 9.0, 10 / 3)])
def test_mean_and_variance_are_shrunk_by_the_number_of_recordings(
    tau: float, expected: float, variance: float
) -> None:
    """n / (n + tau) of the speaker's own mean 12 and variance 4, the rest the average's 3 and 2."""
    fitted = EnrolmentNormalizer(least=tau, most=tau).fit(TRAINING, speaker=WHO)
    enrolled = fitted.enrol([[10.0], [14.0]], speaker="new")
    mean, deviation = enrolled.enrolled_["new"]
    assert mean == pytest.approx([expected])
    assert deviation == pytest.approx([np.sqrt(variance)])
    normalised = enrolled.transform(
        [[expected], [expected + np.sqrt(variance)]], speaker=["new", "new"]
    )
    np.testing.assert_allclose(normalised, [[0], [1]], atol=1e-12)


def test_a_speaker_without_enrolment_is_taken_for_the_average_one() -> None:
    fitted = EnrolmentNormalizer().fit(TRAINING, speaker=WHO)
    for normalizer in (fitted, fitted.enrol(TRAINING, WHO), fitted.enrol(np.empty((0, 1)))):
        normalised = normalizer.transform([[3.0 + np.sqrt(2.0)]], speaker=["unheard"])
        np.testing.assert_allclose(normalised, [[1.0]])


def test_many_recordings_outweigh_the_prior() -> None:
    fitted = EnrolmentNormalizer().fit(TRAINING, speaker=WHO)
    own = np.random.default_rng(0).normal(50, 9, size=(4000, 1))
    normalised = fitted.enrol(own, speaker="new").transform(own, speaker="new")
    assert abs(normalised.mean()) < 0.01
    assert normalised.std() == pytest.approx(1, abs=0.01)


def test_speakers_who_do_not_differ_are_believed_least() -> None:
    same = np.concatenate([TRAINING[:2], TRAINING[:2]])
    assert EnrolmentNormalizer().fit(same, speaker=WHO).tau_ == pytest.approx([2.0])
    assert EnrolmentNormalizer().fit(TRAINING).tau_ == pytest.approx([2.0]), "a single speaker"


def test_undefined_values_are_left_out_and_stay_undefined() -> None:
    X = np.array([[0.0, np.nan], [2.0, np.nan], [4.0, 7.0], [6.0, np.nan], [np.nan, 9.0]])
    fitted = EnrolmentNormalizer().fit(X, speaker=[*WHO, "c"])
    np.testing.assert_allclose(fitted.mean_, [3.0, 8.0])
    mean, _ = fitted.enrol([[1.0, np.nan]], speaker="new").enrolled_["new"]
    assert mean[1] == 8.0, "nothing heard of a feature: the average speaker's"
    normalised = fitted.transform(X, speaker=[*WHO, "c"])
    assert (np.isnan(normalised) == np.isnan(X)).all()


def test_enrolling_changes_nothing_for_others_and_not_what_was_fitted() -> None:
    fitted = EnrolmentNormalizer().fit(TRAINING, speaker=WHO)
    before = fitted.transform(TRAINING, WHO)
    fitted.enrol(TRAINING + 100, WHO)
    assert np.array_equal(fitted.transform(TRAINING, WHO), before)


def test_the_fitted_state_is_plain_data_and_back() -> None:
    fitted = EnrolmentNormalizer(most=4).fit(TRAINING, speaker=WHO)
    again = EnrolmentNormalizer.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again.get_params() == fitted.get_params()
    assert np.array_equal(again.transform(TRAINING), fitted.transform(TRAINING))


def test_a_pipeline_routes_the_speaker_to_it() -> None:
    with config_context(enable_metadata_routing=True):
        model = Pipeline([("norm", clone(EnrolmentNormalizer())), ("model", LogisticRegression())])
        model.fit(TRAINING, [0, 1, 0, 1], speaker=WHO)
        assert model.predict([[0.0], [9.0]], speaker=["new", "new"]).tolist() == [0, 1]
    assert model["norm"].mean_ == pytest.approx([3.0])
    assert model["norm"].tau_ == pytest.approx([0.5]), "it knew who speaks"


def test_copies_use_the_statistics_of_their_speakers_recordings() -> None:
    """An altered copy neither changes a speaker's statistics, nor has some of its own."""
    X = TRAINING.astype(np.float32)
    copies = Copies(X[[3]] + 100, np.array([[3]]))
    enrolment = draw_enrolment(WHO, WHO, Folds(np.array([0, 0, 1, 1])), 1)
    adapt = EnrolledSpeakers(WHO, [enrolment])
    train = np.arange(4)
    alone, without = adapt.fit(training_set(X, train))
    normalizer, part = adapt.fit(training_set(X, train, copies))
    assert np.array_equal(normalizer.tau_, alone.tau_)
    np.testing.assert_array_equal(part.X[:4], without.X)
    mean, deviation = normalizer.enrol(X, WHO).enrolled_["b"]
    np.testing.assert_allclose(part.X[4], (106 - mean) / deviation, rtol=1e-6)


def test_views_are_normalised_by_the_enrolled_recordings_alone() -> None:
    """Four recordings of a new speaker: two are enrolled, the other two are scored by these."""
    speaker = np.array([*WHO, *["new"] * 4])
    X = np.array([0, 2, 4, 6, 10, 14, 30, 70], dtype=np.float32)[:, None]
    folds = Folds(np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    enrolment = draw_enrolment(speaker, np.arange(8).astype(str), folds, 2)
    adapt = EnrolledSpeakers(speaker, [enrolment])
    normalizer, _ = adapt.fit(training_set(X, np.arange(4)))
    views = list(adapt.views(normalizer, X, np.arange(4, 8)))
    assert len(views) == len(enrolment.enrolled)
    for view, enrolled in zip(views, enrolment.enrolled, strict=True):
        few = np.flatnonzero(enrolled & (speaker == "new"))
        assert len(few) == 2
        assert sorted([*few, *view.rows]) == [4, 5, 6, 7]
        fitted = normalizer.enrol(X[few], speaker[few])
        np.testing.assert_array_equal(view.X, fitted.transform(X[view.rows], "new"))
