"""Every utterance is predicted by a model of the other folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from featser.errors import TaskError
from featser.evaluation.cross_fit import cross_fit
from featser.models.building import make_estimator
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task
from tests.models.conftest import Sample, make_sample


class Memory(BaseEstimator):
    """Predict "fitted" for the rows of the fit, "new" for any other."""

    def fit(self, X: np.ndarray, y: pd.DataFrame, speaker: object = None) -> Memory:
        self.rows_ = set(X[:, 0].tolist())
        return self

    def predict(self, X: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"row": ["fitted" if x in self.rows_ else "new" for x in X[:, 0]]})

    def predict_proba(self, X: np.ndarray) -> dict[str, pd.DataFrame]:
        table = pd.DataFrame({"new": np.ones(len(X)), "fitted": np.zeros(len(X))})
        return {"row": table}


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_no_row_is_predicted_by_a_model_that_saw_it(jobs: int) -> None:
    X = np.arange(60, dtype=np.float32)[:, None]
    labels = pd.DataFrame({"row": ["new", "fitted"] * 30})
    fold = np.arange(60) % 4
    task = Task("row", classes=("new", "fitted"), role="primary")
    result = cross_fit(Memory(), X, labels, fold, None, [task], n_jobs=jobs)
    assert (result.predictions["row.pred"] == "new").all()
    assert result.predictions["fold"].tolist() == fold.tolist()
    assert result.predictions["row.true"].tolist() == labels["row"].tolist()
    assert (result.model.predict(X)["row"] == "fitted").all()


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_needs_no_fit_is_computed_once_and_its_errors_are_not_lost(jobs: int) -> None:
    X = np.arange(24, dtype=np.float32)[:, None]
    labels = pd.DataFrame({"row": ["new", "fitted"] * 12})
    task = Task("row", classes=("new", "fitted"), role="primary")
    arguments = (Memory(), X, labels, np.arange(24) % 3, None, [task], jobs)
    calls: list[str] = []
    result = cross_fit(*arguments, meanwhile=lambda: calls.append("called"))
    assert calls == ["called"]
    assert len(result.predictions) == 24

    def failing() -> None:
        raise TaskError("not possible")

    with pytest.raises(TaskError, match="not possible"):
        cross_fit(*arguments, meanwhile=failing)


class Speakers(Memory):
    """Require that each row has its speaker, whose number is its first value."""

    def fit(self, X: np.ndarray, y: pd.DataFrame, speaker: object = None) -> Speakers:
        assert np.asarray(speaker).tolist() == [f"speaker {x:.0f}" for x in X[:, 0]]
        super().fit(X, y)
        return self


def test_rows_of_a_training_fold_come_with_their_own_speakers() -> None:
    X = np.arange(24, dtype=np.float32)[:, None]
    labels = pd.DataFrame({"row": ["new", "fitted"] * 12})
    speaker = np.array([f"speaker {row}" for row in range(24)])
    task = Task("row", classes=("new", "fitted"), role="primary")
    fold = np.arange(24) % 3
    result = cross_fit(Speakers(), X, labels, fold, speaker, [task], n_jobs=1)
    assert (result.predictions["row.pred"] == "new").all()


def real(sample: Sample) -> MultiTaskEstimator:
    estimators = {task.name: make_estimator("logistic", task) for task in sample.tasks}
    return MultiTaskEstimator(sample.tasks, estimators)


def test_one_job_or_two_give_equal_bits_and_progress_reaches_the_end() -> None:
    sample, steps = make_sample(), []
    fold = sample.speaker % 3
    arguments = (sample.X, sample.labels, fold, sample.speaker, sample.tasks)
    one = cross_fit(real(sample), *arguments, n_jobs=1, progress=lambda *at: steps.append(at))
    two = cross_fit(real(sample), *arguments, n_jobs=2)
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)
    assert steps == [(done, 4) for done in range(5)]


def test_the_baseline_is_the_most_frequent_class_or_mean_of_the_training_set() -> None:
    sample = make_sample()
    fold = sample.speaker % 3
    predictions = cross_fit(
        real(sample), sample.X, sample.labels, fold, sample.speaker, sample.tasks, n_jobs=1
    ).predictions
    for number in range(3):
        train = sample.labels[fold != number]
        part = predictions[fold == number]
        assert (part["emotion.baseline"] == train["emotion"].mode()[0]).all()
        assert part["arousal.baseline"].iloc[0] == pytest.approx(train["arousal"].mean())


def test_a_class_that_a_training_fold_lacks_is_named() -> None:
    sample = make_sample()
    sample.labels.loc[sample.speaker == 0, "emotion"] = "sad"
    sample.labels.loc[sample.speaker != 0, "emotion"] = sample.labels.loc[
        sample.speaker != 0, "emotion"
    ].replace("sad", "happy")
    fold = np.where(sample.speaker == 0, 2, sample.speaker % 2)
    result = cross_fit(
        real(sample), sample.X, sample.labels, fold, None, sample.tasks[:1], n_jobs=1
    )
    assert len(result.notes) == 1
    assert "fold 2: its training set has no 'emotion' of class sad" in result.notes[0]
    assert (result.predictions["emotion.p[sad]"][fold == 2] == 0).all()


def test_a_training_fold_with_one_class_is_an_error_that_names_the_fold() -> None:
    sample = make_sample()
    fold = (sample.labels["emotion"] == "sad").to_numpy().astype(int) + 2 * (
        sample.labels["emotion"] == "happy"
    ).to_numpy().astype(int)
    fold[fold == 2] = 1
    with pytest.raises(TaskError, match="the training set of fold 1: task 'emotion'"):
        cross_fit(real(sample), sample.X, sample.labels, fold, None, sample.tasks[:1], n_jobs=1)


class Stubborn(Memory):
    """Refuse to be fitted with a message of several lines, as estimators of scikit-learn do."""

    def fit(self, X: np.ndarray, y: pd.DataFrame, speaker: object = None) -> Memory:
        raise ValueError("n_components must\nbe smaller")


def test_cross_fit_value_error_of_an_estimator_names_fold_and_model() -> None:
    X = np.arange(8, dtype=np.float32)[:, None]
    labels = pd.DataFrame({"row": ["new", "fitted"] * 4})
    task = Task("row", classes=("new", "fitted"), role="primary")
    message = "the training set of fold 0: Stubborn cannot be fitted: n_components must be smaller"
    with pytest.raises(TaskError, match=f"^{message}$") as refused:
        cross_fit(Stubborn(), X, labels, np.arange(8) % 2, None, [task], n_jobs=1, final=False)
    assert isinstance(refused.value.__cause__, ValueError)
