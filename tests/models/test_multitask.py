"""Tasks of any kind over one table of features, with labels that may be missing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from featser.errors import TaskError
from featser.evaluation.prediction_tables import prediction_table
from featser.models.building import make_estimator
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.ensemble.voting import VoteClassifier
from featser.models.multitask import MultiTaskEstimator
from featser.models.multitask_scorer import MultiTaskScorer
from featser.models.registry import DEFAULT_VOTE, NETWORKS, members_of, model_names
from featser.tasks import Task
from tests.models.conftest import Sample


def model(sample: Sample, name: str = "logistic") -> MultiTaskEstimator:
    estimators = {task.name: make_estimator(name, task) for task in sample.tasks}
    return MultiTaskEstimator(sample.tasks, estimators)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*sorted(set(model_names()) - set(NETWORKS)), "vote", "svm,forest"]
)
def test_every_named_estimator_learns_every_kind_of_task(sample: Sample, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = model(sample, name).fit(sample.X, sample.labels, speaker=sample.speaker)
        predicted = fitted.predict(sample.X)
    truth = sample.labels
    assert (predicted["emotion"] == truth["emotion"]).mean() > 0.75
    has_label = truth["arousal"].notna()
    assert np.corrcoef(predicted["arousal"][has_label], truth["arousal"][has_label])[0, 1] > 0.7
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
    has_label = sample.labels["level"].notna().to_numpy()
    alone = model(sample).fit(sample.X[has_label], sample.labels[has_label])
    task = "level"
    assert np.allclose(fitted.predict_proba(sample.X)[task], alone.predict_proba(sample.X)[task])


class Counted(LogisticRegression):
    """Counts how often it is evaluated."""

    calls = 0

    def predict(self, X: ArrayLike) -> Any:
        type(self).calls += 1
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> Any:
        type(self).calls += 1
        return super().predict_proba(X)


@pytest.mark.parametrize(
    "kind", [MultiTaskEstimator, partial(CoupledEstimator, coupling="independent")]
)
def test_prediction_table_evaluates_each_member_once(
    sample: Sample, kind: Callable[..., MultiTaskEstimator], monkeypatch: pytest.MonkeyPatch
) -> None:
    X = np.nan_to_num(sample.X)
    tasks = [task for task in sample.tasks if task.name == "emotion"]
    members = [("a", Counted(C=0.1)), ("b", Counted(C=1.0))]
    fitted = kind(tasks, {"emotion": VoteClassifier(members)}).fit(X, sample.labels)
    monkeypatch.setattr(Counted, "calls", 0)
    table = prediction_table(fitted, X, tasks)
    assert Counted.calls == len(members)
    assert (table["emotion.pred"] == fitted.predict(X)["emotion"]).all()
    probabilities = fitted.predict_proba(X)["emotion"].to_numpy(dtype=np.float32)
    np.testing.assert_array_equal(table.iloc[:, 1:], probabilities)


def test_probabilities_carry_class_names_and_sum_to_one(sample: Sample) -> None:
    table = pd.DataFrame(sample.X, index=[f"u{row}" for row in range(len(sample.X))])
    fitted = model(sample).fit(table, sample.labels.set_index(table.index))
    probabilities = fitted.predict_proba(table)
    assert set(probabilities) == {"emotion", "level"}
    assert list(probabilities["emotion"]) == ["angry", "happy", "sad"]
    assert list(probabilities["emotion"].index) == list(table.index)
    np.testing.assert_allclose(probabilities["emotion"].sum(axis=1), 1, atol=1e-6)
    assert (probabilities["emotion"].idxmax(axis=1) == fitted.predict(table)["emotion"]).all()


@pytest.mark.parametrize("absent", ["angry", "sad"])
def test_a_class_that_training_lacks_has_probability_zero(sample: Sample, absent: str) -> None:
    rows = (sample.labels["emotion"] != absent).to_numpy()
    for name in ("xgboost", "svm"):
        fitted = model(sample, name).fit(
            sample.X[rows], sample.labels[rows], speaker=sample.speaker[rows]
        )
        probabilities = fitted.predict_proba(sample.X)["emotion"]
        assert (probabilities[absent] == 0).all()
        assert (probabilities.drop(columns=absent) > 0).all(axis=None)


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


def test_weights_are_those_of_the_rows_that_have_a_label(sample: Sample) -> None:
    """The model is scikit-learn's own of the labelled rows and their weights."""
    X, labels = np.nan_to_num(sample.X[:, :5]), sample.labels["level"].to_numpy()
    labels[:60] = None
    weight = np.linspace(0.1, 4, len(X)) * (1 + np.arange(len(X)) % 3)
    with config_context(enable_metadata_routing=True):
        estimator = LogisticRegression().set_fit_request(sample_weight=True)
    task = sample.tasks[2]
    fitted = MultiTaskEstimator([task], {task.name: estimator})
    fitted.fit(X, pd.DataFrame({task.name: labels}), sample_weight=weight)
    rows = pd.notna(labels)
    expected = LogisticRegression().fit(X[rows], labels[rows] == "high", sample_weight=weight[rows])
    np.testing.assert_allclose(fitted.estimators_[task.name].coef_, expected.coef_, atol=1e-6)
    unweighted = LogisticRegression().fit(X[rows], labels[rows] == "high")
    assert abs(unweighted.coef_ - expected.coef_).max() > 0.05


@pytest.mark.parametrize(
    "name",
    [
        "svm",
        "logistic",
        "xgboost",
        "mlp",
        "lda",
        "knn",
        pytest.param("forest", marks=pytest.mark.slow),
    ],
)
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


def test_grid_search_sets_parameters_of_the_tasks_estimators(sample: Sample) -> None:
    X = np.nan_to_num(sample.X)
    estimators = {"emotion": LogisticRegression(), "arousal": Ridge(), "level": GaussianNB()}
    grid = {
        "estimators__emotion__C": [1e-6, 1.0],
        "estimators__arousal": [Ridge(1e6), Ridge(1.0)],
        "estimators__arousal__alpha": [10.0],
    }
    search = GridSearchCV(MultiTaskEstimator(sample.tasks, estimators), grid, cv=GroupKFold(3))
    search.fit(X, sample.labels, groups=sample.speaker)
    assert search.best_params_["estimators__emotion__C"] == 1.0
    best = search.best_estimator_
    assert best.estimators["arousal"].alpha == 10.0
    assert best.score(X, sample.labels) > 0.6
    assert estimators["emotion"].C == 1.0


def test_set_params_replaces_an_estimator_before_it_sets_its_parameters() -> None:
    tasks = [Task("a__b", "regression"), Task("a", "regression")]
    model = MultiTaskEstimator(tasks, {"a": Ridge(1.0), "a__b": Ridge(2.0)})
    assert model.get_params()["estimators__a__b__alpha"] == 2.0
    model.set_params(estimators__a__alpha=3.0, estimators__a=Lasso(), estimators__a__b__alpha=4.0)
    assert repr(model.estimators["a"]) == "Lasso(alpha=3.0)"
    assert model.estimators["a__b"].alpha == 4.0
    with pytest.raises(ValueError, match="no task for the parameter 'estimators__c__alpha'"):
        model.set_params(estimators__c__alpha=1.0)


def test_labels_may_be_an_array_with_a_column_for_each_task(sample: Sample) -> None:
    expected = model(sample).fit(sample.X, sample.labels).predict(sample.X)
    predictions = model(sample).fit(sample.X, sample.labels.to_numpy()).predict(sample.X)
    pd.testing.assert_frame_equal(predictions, expected)
    with pytest.raises(ValueError, match="y has 2 columns, but there are 3 tasks"):
        model(sample).fit(sample.X, sample.labels.to_numpy()[:, :2])


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


def test_tasks_that_cannot_be_fitted_are_refused_by_name(sample: Sample) -> None:
    with pytest.raises(TaskError, match="no labels for task 'emotion'"):
        model(sample).fit(sample.X, sample.labels.drop(columns="emotion"))
    with pytest.raises(TaskError, match=r"'bored'.*not among its classes"):
        model(sample).fit(sample.X, sample.labels.assign(emotion="bored"))
    with pytest.raises(TaskError, match="two classes are needed"):
        model(sample).fit(sample.X, sample.labels.assign(emotion="sad"))
    with pytest.raises(TaskError, match="rows of labels"):
        model(sample).fit(sample.X[:-1], sample.labels)
