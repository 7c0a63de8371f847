"""Trees fitted on batches are the trees fitted on all rows at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score

from featser.errors import TaskError
from featser.evaluation.rows import InMemory
from featser.models.building import make_batched, make_estimator
from featser.models.heads.boosted import BatchedXGBClassifier, BatchedXGBRegressor
from featser.models.multitask import MultiTaskEstimator
from featser.speakers.batch_normalization import NormalisedRows, SpeakerStatistics
from featser.speakers.frame_normalization import normalise_copies
from featser.speakers.normalization import SpeakerNormalizer
from featser.tasks import Task
from tests.models.conftest import Sample, make_sample


def in_batches(sample: Sample, size: int) -> MultiTaskEstimator:
    estimators = {task.name: make_batched("xgboost", task) for task in sample.tasks}
    for estimator in estimators.values():
        estimator.set_params(batch_rows=size, n_estimators=40)
    return MultiTaskEstimator(sample.tasks, estimators)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_batches_of_any_size_give_the_model_of_all_at_once(sample: Sample, size: int) -> None:
    whole = in_batches(sample, 1000).fit(sample.X, sample.labels)
    parts = in_batches(sample, size).fit_batches(InMemory(sample.X), sample.labels)
    assert parts.n_features_in_ == sample.X.shape[1]
    for task, table in whole.predict_proba(sample.X).items():
        np.testing.assert_allclose(parts.predict_proba(sample.X)[task], table, atol=1e-4)
    arousal = whole.predict(sample.X)["arousal"]
    np.testing.assert_allclose(parts.predict(sample.X)["arousal"], arousal, atol=1e-4)


def test_they_recognise_as_the_prepared_trees_do() -> None:
    sample, new = make_sample(400), make_sample(400, seed=1)
    task = sample.tasks[0]
    y = sample.labels["emotion"].map(task.classes.index).to_numpy()
    truth = new.labels["emotion"].map(task.classes.index).to_numpy()
    prepared = make_estimator("xgboost", task).fit(sample.X, y)
    batched = make_batched("xgboost", task).fit_batches(InMemory(sample.X), y)
    one, other = (
        recall_score(truth, fitted.predict(new.X), average="macro")
        for fitted in (prepared, batched)
    )
    assert one > 0.75
    assert other == pytest.approx(one, abs=0.03)


def test_rare_classes_are_not_given_up() -> None:
    rng = np.random.default_rng(0)
    label = np.where(np.arange(300) % 15 == 0, "rare", "usual")
    X = (rng.normal(size=(300, 5)) + 1.2 * (label == "rare")[:, None]).astype(np.float32)
    fitted = BatchedXGBClassifier(n_estimators=50, colsample_bytree=1.0)
    fitted.fit_batches(InMemory(X[:200]), label[:200])
    assert recall_score(label[200:], fitted.predict(X[200:]), average="macro") > 0.6


def test_a_large_offset_of_the_values_is_nothing_to_a_regression(sample: Sample) -> None:
    has_label = sample.labels["arousal"].notna().to_numpy()
    X, y = sample.X[has_label], sample.labels["arousal"][has_label].to_numpy()
    near = BatchedXGBRegressor().fit(X, y).predict(X)
    far = BatchedXGBRegressor().fit(X, y + 1e6).predict(X) - 1e6
    np.testing.assert_allclose(far, near, atol=1e-3)


def test_a_task_is_trained_by_the_utterances_that_have_its_label_and_weight(
    sample: Sample,
) -> None:
    weight = pd.DataFrame({"emotion": np.ones(len(sample.X))})
    weight.loc[:40, "emotion"] = np.nan
    fitted = in_batches(sample, 16).fit_batches(InMemory(sample.X), sample.labels, weight)
    has_label = sample.labels["level"].notna().to_numpy()
    for task, rows in (("emotion", np.arange(len(sample.X)) > 40), ("level", has_label)):
        alone = in_batches(sample, 16).fit(sample.X[rows], sample.labels[rows])
        expected = alone.predict_proba(sample.X)[task]
        np.testing.assert_allclose(fitted.predict_proba(sample.X)[task], expected, atol=1e-4)


def test_models_without_batches_are_refused_with_those_that_have_them(sample: Sample) -> None:
    with pytest.raises(TaskError, match="use --model xgboost, alone"):
        make_batched("svm,xgboost", sample.tasks[0])
    estimators = {task.name: make_estimator("lda", task) for task in sample.tasks}
    model = MultiTaskEstimator(sample.tasks, estimators)
    message = r"Pipeline cannot be fitted in batches; use .*make_batched"
    with pytest.raises(TaskError, match=message):
        model.fit_batches(InMemory(sample.X), sample.labels)
    with pytest.raises(ValueError, match="two classes are needed"):
        BatchedXGBClassifier().fit_batches(InMemory(sample.X), np.zeros(len(sample.X)))
    with pytest.raises(ValueError, match="labels of shape"):
        BatchedXGBClassifier().fit_batches(InMemory(sample.X), np.zeros(3))
    emotion = Task("emotion", classes=("angry", "happy", "sad"))
    with pytest.raises(TaskError, match="rows of labels"):
        MultiTaskEstimator([emotion], {"emotion": make_batched("xgboost", emotion)}).fit_batches(
            InMemory(sample.X[:-1]), sample.labels
        )


def test_batches_are_normalised_by_speaker_as_the_whole_is(sample: Sample) -> None:
    speaker = np.char.add("s", sample.speaker.astype(str))
    speaker = np.random.default_rng(0).permutation(speaker)
    statistics = SpeakerStatistics.of(InMemory(sample.X), speaker)
    batches = NormalisedRows(InMemory(sample.X), speaker, statistics)
    expected = SpeakerNormalizer().fit(sample.X).transform(sample.X, speaker=speaker)
    np.testing.assert_allclose(np.concatenate([*batches.batches(7)]), expected, atol=1e-5)
    chosen = np.array([3, 50, 120])
    part = np.concatenate([*batches.part(chosen).batches(2)])
    np.testing.assert_allclose(part, expected[chosen], atol=1e-5)
    copies = sample.X[chosen] + 1
    altered = NormalisedRows(InMemory(copies), speaker[chosen], statistics)
    own = normalise_copies(copies, chosen, sample.X, speaker)
    np.testing.assert_allclose(np.concatenate([*altered.batches(2)]), own, atol=1e-5)
