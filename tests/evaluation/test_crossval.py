"""Every utterance is predicted by a model that never heard its fold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from featser.errors import TaskError
from featser.evaluation.crossval import cross_fit
from featser.models.estimators import make_estimator
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task
from tests.models.conftest import Sample, make_sample


class Memory(BaseEstimator):
    """Says "seen" of a row that it was trained on, "new" of any other."""

    def fit(self, X: np.ndarray, y: pd.DataFrame, speaker: object = None) -> Memory:
        self.seen_ = set(X[:, 0].tolist())
        return self

    def predict(self, X: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"heard": ["seen" if x in self.seen_ else "new" for x in X[:, 0]]})

    def predict_proba(self, X: np.ndarray) -> dict[str, pd.DataFrame]:
        table = pd.DataFrame({"new": np.ones(len(X)), "seen": np.zeros(len(X))})
        return {"heard": table}


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_row_is_predicted_by_a_model_that_saw_it(jobs: int) -> None:
    X = np.arange(60, dtype=np.float32)[:, None]
    labels = pd.DataFrame({"heard": ["new", "seen"] * 30})
    fold = np.arange(60) % 4
    task = Task("heard", classes=("new", "seen"), role="primary")
    found = cross_fit(Memory(), X, labels, fold, None, [task], n_jobs=jobs)
    assert (found.predictions["heard.pred"] == "new").all()
    assert found.predictions["fold"].tolist() == fold.tolist()
    assert found.predictions["heard.true"].tolist() == labels["heard"].tolist()
    assert (found.model.predict(X)["heard"] == "seen").all()


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


def test_the_baseline_is_the_training_parts_most_frequent_class_or_mean() -> None:
    sample = make_sample()
    fold = sample.speaker % 3
    found = cross_fit(
        real(sample), sample.X, sample.labels, fold, sample.speaker, sample.tasks, n_jobs=1
    ).predictions
    for number in range(3):
        train = sample.labels[fold != number]
        part = found[fold == number]
        assert (part["emotion.baseline"] == train["emotion"].mode()[0]).all()
        assert part["arousal.baseline"].iloc[0] == pytest.approx(train["arousal"].mean())


def test_a_class_that_a_training_part_lacks_is_told() -> None:
    sample = make_sample()
    sample.labels.loc[sample.speaker == 0, "emotion"] = "sad"
    sample.labels.loc[sample.speaker != 0, "emotion"] = sample.labels.loc[
        sample.speaker != 0, "emotion"
    ].replace("sad", "happy")
    fold = np.where(sample.speaker == 0, 2, sample.speaker % 2)
    found = cross_fit(real(sample), sample.X, sample.labels, fold, None, sample.tasks[:1], n_jobs=1)
    assert len(found.notes) == 1
    assert "fold 2: its training part has no 'emotion' of class sad" in found.notes[0]
    assert (found.predictions["emotion.p[sad]"][fold == 2] == 0).all()


def test_a_training_part_with_one_class_is_an_error_that_names_the_fold() -> None:
    sample = make_sample()
    fold = (sample.labels["emotion"] == "sad").to_numpy().astype(int) + 2 * (
        sample.labels["emotion"] == "happy"
    ).to_numpy().astype(int)
    fold[fold == 2] = 1
    with pytest.raises(TaskError, match="the training part of fold 1: task 'emotion'"):
        cross_fit(real(sample), sample.X, sample.labels, fold, None, sample.tasks[:1], n_jobs=1)
