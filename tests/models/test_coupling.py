"""Tasks that use each other's predictions, without being fitted on test rows."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression, Ridge

from featser.errors import ProtocolError, TaskError
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.metrics.metrics import uar
from featser.evaluation.protocols.inner_folds import shared_folds
from featser.evaluation.rows import InMemory
from featser.evaluation.training_copies import AUXILIARY, trace_provenance
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.coupling.coupling import COUPLERS, CoupledEstimator
from featser.models.coupling.task_predictions import Training, out_of_fold
from featser.models.multitask import MultiTaskEstimator
from featser.models.selection.choice import judged
from featser.speakers.normalization import prepared
from featser.tasks import Coupling, Task
from tests.models.conftest import Sample

COUPLINGS = [*COUPLERS, "auto"]


def coupled(sample: Sample, coupling: Coupling, name: str = "logistic") -> CoupledEstimator:
    estimators = {task.name: make_estimator(name, task) for task in sample.tasks}
    return CoupledEstimator(sample.tasks, estimators, coupling)


def fitted(sample: Sample, coupling: Coupling, name: str = "logistic") -> CoupledEstimator:
    return coupled(sample, coupling, name).fit(sample.X, sample.labels, speaker=sample.speaker)


def dependent(seed: int = 0, rows: int = 240) -> Sample:
    """Emotion is the exclusive or of one feature's sign and a level that the others predict."""
    rng = np.random.default_rng(seed)
    level, side = rng.integers(0, 2, (2, rows))
    X = rng.normal(size=(rows, 6)).astype(np.float32) * 0.5
    X[:, 0] += 2 * side - 1
    X[:, 1] += 2 * level - 1
    emotion = np.array(["calm", "angry"])[side ^ level]
    labels = pd.DataFrame({"emotion": emotion, "level": np.array(["low", "high"])[level]})
    tasks = [
        Task("emotion", classes=("angry", "calm"), role="primary"),
        Task("level", "ordinal", ("low", "high")),
    ]
    return Sample(X, labels, np.arange(rows) // 12, tasks)


def test_powerset_recovers_a_dependence_that_no_task_alone_can_see() -> None:
    sample, new = dependent(), dependent(seed=1)
    alone = quick(sample, "independent").score(new.X, new.labels)
    together = quick(sample, "powerset").score(new.X, new.labels)
    assert alone < 0.65
    assert together > 0.9
    auto = quick(sample, "auto")
    assert auto.chosen_ == "powerset"
    assert auto.score(new.X, new.labels) == pytest.approx(together)


@pytest.mark.parametrize("coupling", ["chain", "stacked"])
def test_a_task_gains_from_an_easier_one_with_more_labels(coupling: Coupling) -> None:
    """Few labels for the emotion, which follows from the level; many for the level."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 2, 400)
    direction = rng.normal(size=40) * 0.15
    X = (rng.normal(size=(400, 40)) + np.outer(2 * level - 1, direction)).astype(np.float32)
    labels = pd.DataFrame(
        {"emotion": np.array(["calm", "angry"])[level], "level": np.array(["low", "high"])[level]},
        dtype=object,
    )
    scarce = labels.copy()
    scarce.loc[np.arange(400) % 10 > 0, "emotion"] = None
    tasks = dependent().tasks
    sample = Sample(X[:300], scarce[:300], np.arange(300) // 15, tasks)
    scores = {
        name: quick(sample, name).score(X[300:], labels[300:]) for name in ("independent", coupling)
    }
    assert scores[coupling] > scores["independent"] + 0.03


def quick(sample: Sample, coupling: Coupling) -> CoupledEstimator:
    estimators = {
        task.name: prepared(LogisticRegression(C=0.1) if task.categorical else Ridge())
        for task in sample.tasks
    }
    model = CoupledEstimator(sample.tasks, estimators, coupling)
    return model.fit(sample.X, sample.labels, speaker=sample.speaker)


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_labels_may_be_missing_and_probabilities_sum_to_one(
    sample: Sample, coupling: Coupling
) -> None:
    sample.labels.loc[:20, "emotion"] = None
    model = quick(sample, coupling)
    predicted = model.predict(sample.X)
    assert list(predicted) == ["emotion", "arousal", "level"]
    assert predicted.notna().all(axis=None)
    for name, table in model.predict_proba(sample.X).items():
        np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-6)
        assert (table.idxmax(axis=1) == predicted[name]).all()


def test_combinations_that_training_lacks_have_probability_zero(sample: Sample) -> None:
    labels = sample.labels.assign(level=sample.labels["level"].fillna("low"))
    labels.loc[labels["emotion"] == "sad", "level"] = "low"
    labels.loc[labels.index[labels["emotion"] == "sad"][0], "level"] = "high"
    model = coupled(sample, "powerset").fit(sample.X, labels, speaker=sample.speaker)
    coupler = model.coupler_
    assert coupler is not None
    assert len(coupler.cells_) == 5  # type: ignore[attr-defined]
    assert "5 combinations" in model.notes_[0]
    assert (
        "fewer than 2 utterances have it: sad with high; on their own: arousal" in (model.notes_[0])
    )
    for table in model.predict_proba(sample.X).values():
        np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("utterances", "combinations"), [(1, 5), (2, 6)])
def test_a_combination_is_fitted_from_two_utterances_on(
    sample: Sample, utterances: int, combinations: int
) -> None:
    labels = sample.labels.assign(level=sample.labels["level"].fillna("low"))
    labels.loc[labels["emotion"] == "sad", "level"] = "low"
    labels.loc[labels.index[labels["emotion"] == "sad"][:utterances], "level"] = "high"
    coupler = coupled(sample, "powerset").fit(sample.X, labels, speaker=sample.speaker).coupler_
    assert len(coupler.cells_) == combinations  # type: ignore[union-attr]


def test_without_a_partner_all_tasks_stay_independent_and_this_is_noted(sample: Sample) -> None:
    model = fitted(sample, "powerset")
    assert model.chosen_ == "independent"
    assert "no auxiliary task with classes has labels for the same utterances" in model.notes_[0]
    alone = MultiTaskEstimator(sample.tasks, model.estimators)
    alone.fit(sample.X, sample.labels, speaker=sample.speaker)
    assert model.predict(sample.X).equals(alone.predict(sample.X))


def test_auto_takes_nothing_that_is_not_above_independent_on_inner_folds(sample: Sample) -> None:
    sample.labels["level"] = sample.labels["level"].fillna("low")
    plain = Sample(sample.X, sample.labels, sample.speaker, sample.tasks[::2])
    for data in (plain, dependent(rows=120)):
        model = quick(data, "auto")
        gain = model.inner_[model.chosen_] - model.inner_["independent"]
        assert gain > 0 or model.chosen_ == "independent"
        assert f"auto chose {model.chosen_} by UAR of 'emotion'" in model.notes_[0]


def test_equal_figures_leave_tasks_independent() -> None:
    sample = dependent(rows=120)
    rng = np.random.default_rng(0)
    sample.labels["emotion"] = rng.choice(["angry", "calm"], len(sample.X))
    sample.X[:, 2] += 20 * (sample.labels["emotion"] == "angry")
    model = quick(sample, "auto")
    assert set(model.inner_.values()) == {1.0}
    assert model.chosen_ == "independent"


def test_a_gain_within_noise_is_a_tie() -> None:
    task = dependent().tasks[0]
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(20), 20)
    true = rng.choice(["angry", "calm"], 400)

    def right(share: float) -> np.ndarray:
        return np.where(rng.random(400) < share, true, np.where(true == "calm", "angry", "calm"))

    chosen = {
        share: judged(task, true, {"independent": right(0.6), "chain": right(share)}, speaker)
        for share in (0.3, 0.62, 0.9)
    }
    assert [choice.best for choice in chosen.values()] == ["independent", "independent", "chain"]
    judgement = chosen[0.9]
    assert judgement.value["chain"] == pytest.approx(uar(true, right(0.9), task.classes), abs=0.1)
    assert 0.01 < judgement.error["chain"] < 0.06
    even = judged(task, true, {"independent": true, "chain": true}, None)
    assert (even.best, even.error["chain"]) == ("independent", 0)


class Remembers(ClassifierMixin, BaseEstimator):
    """Record the rows of each fit, which the first feature numbers."""

    fits: ClassVar[list[set[int]]] = []

    def fit(self, X: np.ndarray, y: np.ndarray) -> Remembers:
        self.rows_ = set(X[:, 0].astype(int).tolist())
        self.classes_ = np.unique(y)
        Remembers.fits.append(self.rows_)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        is_fitted = np.isin(X[:, 0], list(self.rows_))
        return np.stack([is_fitted, ~is_fitted], axis=1).astype(float)


class Unweighted(LogisticRegression):
    """Request sample weights and ignore them."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: object = None) -> Unweighted:
        return super().fit(X, y)


def test_the_last_models_of_the_stacked_coupling_are_weighted() -> None:
    """If the first ones ignore weights, only the last ones can use them."""
    sample = dependent(rows=120)
    weight = np.where(sample.labels["emotion"] == "angry", 5.0, 0.2) * (1 + np.arange(120) % 3)
    with config_context(enable_metadata_routing=True):
        member = Unweighted().set_fit_request(sample_weight=True)
    probabilities = []
    for weights in (None, weight):
        model = CoupledEstimator(
            sample.tasks, dict.fromkeys(["emotion", "level"], member), "stacked"
        )
        model.fit(sample.X, sample.labels, sample_weight=weights, speaker=sample.speaker)
        probabilities.append(model.predict_proba(sample.X)["emotion"].to_numpy())
    assert abs(probabilities[0] - probabilities[1]).max() > 0.01


def test_predictions_are_of_estimators_fitted_on_neither_the_row_nor_its_copies() -> None:
    rows = 40
    labels = pd.DataFrame({"emotion": np.where(np.arange(rows) % 2, "angry", "calm")})
    task = Task("emotion", classes=("angry", "calm"), role="primary")
    X = np.arange(rows, dtype=float)[:, None]
    made_of = np.stack([np.arange(rows), (np.arange(rows) + 1) % rows], axis=1)
    training = Training(
        np.concatenate([X, X + 1000]),
        pd.concat([labels, labels], ignore_index=True),
        speaker=np.tile(np.arange(rows) // 5, 2),
        provenance=trace_provenance(np.arange(rows), made_of),
    )
    Remembers.fits = []
    model = MultiTaskEstimator([task], {"emotion": Remembers()})
    predictions = out_of_fold(model, training, training.folds([task], 4, 0))["emotion"]
    assert (predictions[:, 0] == 0).all()
    assert len(Remembers.fits) == 4
    for own in Remembers.fits:
        copies = {row - 1000 for row in own if row >= 1000}
        assert copies
        assert all({row, (row + 1) % rows} <= own for row in copies)


def test_nothing_is_fitted_twice() -> None:
    sample = dependent(rows=120)
    expected = {"chain": 4 + 1 + 1, "stacked": 8 + 2, "auto": 8 + 8}
    sample.labels["level"] = sample.labels["level"].where(np.arange(120) > 0)  # no powerset
    expected["auto"] -= 4
    for coupling, fits in expected.items():
        Remembers.fits = []
        estimators = {task.name: Remembers() for task in sample.tasks}
        model = CoupledEstimator(sample.tasks, estimators, coupling)  # type: ignore[arg-type]
        model.fit(sample.X, sample.labels, speaker=sample.speaker)
        last = {"independent": 2, "chain": 2, "stacked": 2}[model.chosen_]
        assert len(Remembers.fits) == (fits + last if coupling == "auto" else fits)


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_test_rows_change_nothing_that_is_fitted(coupling: Coupling) -> None:
    sample = dependent(rows=120)
    unit = sample.speaker.astype(str)
    fold = (sample.speaker % 2).astype(np.intp)

    def first_fold(X: np.ndarray, labels: pd.DataFrame) -> pd.DataFrame:
        estimators = {task.name: prepared(LogisticRegression()) for task in sample.tasks}
        model = CoupledEstimator(sample.tasks, estimators, coupling)
        result = cross_fit(model, X, labels, fold, unit, sample.tasks, 1)
        table = result.predictions[result.predictions["fold"] == 0]
        return table[[name for name in table if ".p[" in name]]

    strange, labels = sample.X.copy(), sample.labels.copy()
    other = np.flatnonzero(fold == 0)
    strange[other[1:]] = 9.0
    labels.loc[other] = ["angry", "high"]
    labels.loc[other[:10]] = ["calm", "low"]
    expected, altered = first_fold(sample.X, sample.labels), first_fold(strange, labels)
    np.testing.assert_array_equal(altered.iloc[0], expected.iloc[0])


def test_each_fold_says_what_auto_chose() -> None:
    sample = dependent()
    fold = (sample.speaker % 2).astype(np.intp)
    unit = sample.speaker.astype(str)
    estimators = {task.name: prepared(LogisticRegression(C=0.1)) for task in sample.tasks}
    model = CoupledEstimator(sample.tasks, estimators, "auto")
    notes = cross_fit(model, sample.X, sample.labels, fold, unit, sample.tasks, 1).notes
    for where in ("fold 0", "fold 1", "the model of all data"):
        assert len([n for n in notes if n.startswith(f"{where}: coupling auto chose powers")]) == 1
    model = clone(model).set_params(coupling="powerset")
    notes = cross_fit(model, sample.X, sample.labels, fold, unit, sample.tasks, 1).notes
    assert notes == ["coupling powerset: emotion × level, 4 combinations of classes"]


@pytest.mark.parametrize("coupling", list(COUPLERS))
def test_a_loaded_model_predicts_the_same(tmp_path: Path, coupling: Coupling) -> None:
    sample = dependent(rows=120)
    model = fitted(sample, coupling, "svm")
    path = save_bundle(
        tmp_path / "model.featser", Bundle(model, [], "none", {}, library_versions())
    )
    assert json.loads(zipfile.ZipFile(path).read("model.json"))["coupling"] == coupling
    loaded = load_bundle(path).model
    assert loaded.predict(sample.X).equals(model.predict(sample.X))
    for name, table in model.predict_proba(sample.X).items():
        assert np.array_equal(loaded.predict_proba(sample.X)[name], table)


def test_a_loaded_model_whose_tasks_stay_independent_predicts_the_same(tmp_path: Path) -> None:
    sample = dependent(rows=120)
    model = fitted(sample, "independent")
    path = save_bundle(
        tmp_path / "model.featser", Bundle(model, [], "none", {}, library_versions())
    )
    assert json.loads(zipfile.ZipFile(path).read("model.json"))["coupling"] == "independent"
    assert load_bundle(path).model.predict(sample.X).equals(model.predict(sample.X))


def test_what_cannot_be_coupled_is_refused_with_the_fix(sample: Sample) -> None:
    single = CoupledEstimator(sample.tasks[:1], {"emotion": LogisticRegression()}, "chain")
    with pytest.raises(TaskError, match="needs an auxiliary task beside 'emotion'"):
        single.fit(sample.X, sample.labels)
    with pytest.raises(TaskError, match="did you mean 'stacked'"):
        coupled(sample, "stack").fit(sample.X, sample.labels)  # type: ignore[arg-type]
    with pytest.raises(TaskError, match="--coupling chain needs all features in memory"):
        coupled(sample, "chain").fit_batches(InMemory(sample.X), sample.labels)
    copy = clone(coupled(sample, "chain"))
    assert copy.coupling == "chain"


def test_shared_folds_leave_every_task_training_rows() -> None:
    speaker = np.repeat(np.arange(6), 10)
    emotion = np.tile([0, 1], 30)
    # Two speakers have class 1: with both in the test set, it would be missing in training.
    gender = (speaker < 2).astype(np.intp)
    gender[::3] = -1
    splits = shared_folds([emotion, gender], speaker, 2)
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(60))
    for train, test in splits:
        assert not set(speaker[train]) & set(speaker[test])
        assert {0, 1} <= set(gender[train])
    with pytest.raises(ProtocolError, match="too few for inner folds"):
        shared_folds([np.array([0, 1, 0, 1]), np.array([0, 0, 0, 1])], None, 2)


def with_elsewhere(sample: Sample) -> tuple[np.ndarray, pd.DataFrame, np.ndarray, np.ndarray]:
    """Return rows with those of an auxiliary corpus, every second of which has no emotion."""
    X = np.concatenate([sample.X, sample.X])
    others = sample.labels.copy()
    others.loc[::2, "emotion"] = None
    labels = pd.concat([sample.labels, others], ignore_index=True)
    speaker = np.concatenate([sample.speaker, sample.speaker + 1000])
    provenance = np.concatenate([np.arange(len(sample.X)), np.full(len(sample.X), AUXILIARY)])
    return X, labels, speaker, np.stack([provenance, np.full(len(X), -1)], axis=1)


@pytest.mark.parametrize("coupling", ["chain", "powerset"])
def test_rows_of_auxiliary_corpora_may_lack_one_of_two_joined_labels(coupling: Coupling) -> None:
    """What the target's utterances have decides, and the coupler states its choice of a weight."""
    sample = dependent()
    with config_context(enable_metadata_routing=True):
        estimators = {t.name: make_estimator("logistic", t, auxiliary=True) for t in sample.tasks}
        X, labels, speaker, provenance = with_elsewhere(sample)
        model = CoupledEstimator(sample.tasks, estimators, coupling).fit(
            X, labels, speaker=speaker, provenance=provenance
        )
    assert model.chosen_ == coupling
    whose = {"chain": ["emotion", "level"], "powerset": ["emotion × level"]}[coupling]
    assert list(model.tuned_) == whose
    assert all("weight" in choice["auxiliary corpora"] for choice in model.tuned_.values())
