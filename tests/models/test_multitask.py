"""Tasks of any kind over one table of features, with labels that may be missing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from featser.errors import TaskError
from featser.models.estimators import DEFAULT_VOTE, ESTIMATORS, NETWORKS, make_estimator, members_of
from featser.models.multitask import MultiTaskEstimator, MultiTaskScorer
from featser.tasks import Task
from tests.models.conftest import Sample


def model(sample: Sample, name: str = "logistic") -> MultiTaskEstimator:
    estimators = {task.name: make_estimator(name, task) for task in sample.tasks}
    return MultiTaskEstimator(sample.tasks, estimators)


@pytest.mark.parametrize("name", [*sorted(set(ESTIMATORS) - set(NETWORKS)), "vote", "svm,forest"])
def test_every_named_estimator_learns_every_kind_of_task(sample: Sample, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = model(sample, name).fit(sample.X, sample.labels, speaker=sample.speaker)
        predicted = fitted.predict(sample.X)
    truth = sample.labels
    assert (predicted["emotion"] == truth["emotion"]).mean() > 0.75
    known = truth["arousal"].notna()
    assert np.corrcoef(predicted["arousal"][known], truth["arousal"][known])[0, 1] > 0.7
    assert (predicted["level"] == truth["level"])[truth["level"].notna()].mean() > 0.7


def test_the_default_is_a_vote_of_the_documented_members(sample: Sample) -> None:
    assert members_of("vote") == DEFAULT_VOTE
    vote = make_estimator("vote", sample.tasks[0])[-1]
    assert tuple(name for name, _ in vote.members) == DEFAULT_VOTE


def test_an_unknown_estimator_is_refused_with_the_nearest(sample: Sample) -> None:
    with pytest.raises(TaskError, match="did you mean 'xgboost'"):
        make_estimator("svm,xgbost", sample.tasks[0])


def test_a_task_is_trained_by_the_utterances_that_have_its_label(sample: Sample) -> None:
    fitted = model(sample).fit(sample.X, sample.labels)
    known = sample.labels["level"].notna().to_numpy()
    alone = model(sample).fit(sample.X[known], sample.labels[known])
    task = "level"
    assert np.allclose(fitted.predict_proba(sample.X)[task], alone.predict_proba(sample.X)[task])


def test_probabilities_carry_class_names_and_sum_to_one(sample: Sample) -> None:
    table = pd.DataFrame(sample.X, index=[f"u{row}" for row in range(len(sample.X))])
    fitted = model(sample).fit(table, sample.labels.set_index(table.index))
    found = fitted.predict_proba(table)
    assert set(found) == {"emotion", "level"}
    assert list(found["emotion"]) == ["angry", "happy", "sad"]
    assert list(found["emotion"].index) == list(table.index)
    np.testing.assert_allclose(found["emotion"].sum(axis=1), 1, atol=1e-6)
    assert (found["emotion"].idxmax(axis=1) == fitted.predict(table)["emotion"]).all()


def test_a_class_that_training_lacks_has_probability_zero(sample: Sample) -> None:
    rows = (sample.labels["emotion"] != "sad").to_numpy()
    for name in ("xgboost", "svm"):
        fitted = model(sample, name).fit(
            sample.X[rows], sample.labels[rows], speaker=sample.speaker[rows]
        )
        assert (fitted.predict_proba(sample.X)["emotion"]["sad"] == 0).all()


def test_weights_may_differ_between_tasks_and_zero_is_as_good_as_absent(sample: Sample) -> None:
    weight = pd.DataFrame({"emotion": np.ones(len(sample.X)), "level": 1.0}, dtype=float)
    weight.loc[:59, "level"] = np.nan
    fitted = model(sample).fit(sample.X, sample.labels, sample_weight=weight)
    labels = sample.labels.copy()
    labels.loc[:59, "level"] = None
    same = model(sample).fit(sample.X, labels, sample_weight=np.ones(len(sample.X)))
    assert np.allclose(
        fitted.predict_proba(sample.X)["level"], same.predict_proba(sample.X)["level"]
    )


@pytest.mark.parametrize("name", ["svm", "logistic", "xgboost", "mlp", "lda", "knn", "forest"])
def test_rare_classes_are_not_given_up(name: str) -> None:
    rng = np.random.default_rng(0)
    label = np.where(np.arange(300) % 15 == 0, "rare", "usual")
    X = rng.normal(size=(300, 5)) + 1.2 * (label == "rare")[:, None]
    task = Task("emotion", classes=("rare", "usual"), role="primary")
    fitted = MultiTaskEstimator([task], {"emotion": make_estimator(name, task)})
    fitted.fit(X[:200], pd.DataFrame({"emotion": label[:200]}), speaker=np.arange(200) // 10)
    assert fitted.score(X[200:], pd.DataFrame({"emotion": label[200:]})) > 0.6


def test_it_works_in_a_pipeline_and_a_grid_search_with_groups(sample: Sample) -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("tasks", model(sample))])
    grid = {"tasks__estimators": [model(sample, n).estimators for n in ("logistic", "lda")]}
    search = GridSearchCV(pipeline, grid, scoring=MultiTaskScorer("emotion"), cv=GroupKFold(3))
    search.fit(sample.X, sample.labels, groups=sample.speaker)
    assert search.best_score_ > 0.6
    assert MultiTaskScorer("level")(search.best_estimator_, sample.X, sample.labels) > 0.6


def test_a_clone_is_unfitted_and_equal_in_parameters(sample: Sample) -> None:
    fitted = model(sample).fit(sample.X, sample.labels)
    copy = clone(fitted)
    assert not hasattr(copy, "estimators_")
    assert list(copy.get_params()["tasks"]) == sample.tasks


def test_the_same_seed_gives_the_same_model(sample: Sample) -> None:
    first, second = (
        model(sample, "vote").fit(sample.X, sample.labels, speaker=sample.speaker) for _ in range(2)
    )
    for task, table in first.predict_proba(sample.X).items():
        assert np.array_equal(table, second.predict_proba(sample.X)[task])


def test_what_cannot_be_learnt_is_refused_by_name(sample: Sample) -> None:
    with pytest.raises(TaskError, match="no labels for task 'emotion'"):
        model(sample).fit(sample.X, sample.labels.drop(columns="emotion"))
    with pytest.raises(TaskError, match=r"'bored'.*not among its classes"):
        model(sample).fit(sample.X, sample.labels.assign(emotion="bored"))
    with pytest.raises(TaskError, match="two classes are needed"):
        model(sample).fit(sample.X, sample.labels.assign(emotion="sad"))
    with pytest.raises(TaskError, match="rows of labels"):
        model(sample).fit(sample.X[:-1], sample.labels)
