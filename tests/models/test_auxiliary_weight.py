"""Auxiliary rows count as far as they help left-out speakers of the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import check_estimator

from featser.evaluation.training_copies import trace_provenance
from featser.models.building import make_estimator
from featser.models.chosen import chosen_by, describe_choices
from featser.models.routing import fit_routed
from featser.models.transfer.auxiliary_weight import AuxiliaryWeighted
from featser.tasks import Task

CLASSES = 4
EMOTION = Task("emotion", classes=("a", "b", "c", "d"))


class Rows:
    """A small target of six speakers, and an auxiliary corpus of forty."""

    def __init__(self, auxiliary: str, seed: int = 0, offset: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.directions = rng.normal(size=(CLASSES, 40)) * 0.5
        X, y, who = self._speakers(rng, 6, 8)
        Z, z, others = self._speakers(rng, 40, 12)
        if auxiliary == "shuffled":
            z = rng.permutation(z)
        if auxiliary == "swapped":
            z = (z + 1) % CLASSES
        Z = Z * (1 + abs(offset)) + offset
        self.test_X, self.test_y, _ = self._speakers(rng, 40, 8)
        self.X = np.vstack([X, Z]).astype(np.float32)
        self.y = np.concatenate([y, z])
        self.speaker = np.concatenate([who, np.char.add("other ", others)])
        self.n_own = len(X)
        self.provenance = trace_provenance(np.arange(len(X)), np.empty((0, 1), dtype=np.intp))
        added = np.full((len(Z), 2), -1, dtype=np.intp)
        added[:, 0] = -2
        self.provenance = np.concatenate([self.provenance, added])

    def _speakers(self, rng: Any, speakers: int, each: int) -> tuple[Any, Any, Any]:
        y = np.tile(np.arange(CLASSES), speakers * each // CLASSES)
        who = np.repeat(np.arange(speakers), each)
        own = rng.normal(size=(speakers, 40))
        X = self.directions[y] + own[who] * 0.7 + rng.normal(size=(len(y), 40))
        return X, y, who.astype(str)

    def fitted(self, estimator: Any, **parameters: Any) -> Any:
        model = AuxiliaryWeighted(estimator, **parameters)
        return fit_routed(model, self.X, self.y, speaker=self.speaker, provenance=self.provenance)

    def gain(self, fitted: Any, estimator: Any) -> float:
        alone = estimator.fit(self.X[: self.n_own], self.y[: self.n_own])
        with_others = (fitted.predict(self.test_X) == self.test_y).mean()
        return float(with_others - (alone.predict(self.test_X) == self.test_y).mean())


def _logistic(max_iter: int = 300) -> Any:
    return LogisticRegression(C=0.01, max_iter=max_iter).set_fit_request(sample_weight=True)


@pytest.fixture(autouse=True)
def _routing() -> Any:
    from sklearn import config_context

    with config_context(enable_metadata_routing=True):
        yield


def test_a_corpus_of_the_same_emotions_has_weight_and_helps_new_speakers() -> None:
    rows = Rows("same")
    fitted = rows.fitted(_logistic())
    assert fitted.weight_ > 0
    assert rows.gain(fitted, LogisticRegression(C=0.01)) > 0.02
    assert next(iter(fitted.inner_)) == "0"
    chosen = f"{fitted.weight_:g} {fitted.scaling_}"
    assert fitted.inner_[chosen] == min(fitted.inner_.values())


@pytest.mark.parametrize("auxiliary", ["shuffled", "swapped"])
def test_a_hostile_corpus_has_no_weight(auxiliary: str) -> None:
    changes = []
    for seed in range(6):
        rows = Rows(auxiliary, seed)
        fitted = rows.fitted(_logistic())
        assert fitted.weight_ <= 0.1, fitted.inner_
        changes.append(rows.gain(fitted, LogisticRegression(C=0.01)))
    assert np.mean(changes) > -0.01


class SpeakersApart(Rows):
    """Speakers of the target differ by more than classes do, in directions they have in common."""

    def _speakers(self, rng: Any, speakers: int, each: int) -> tuple[Any, Any, Any]:
        each = 40 if speakers == 6 else each
        y = np.tile(np.arange(CLASSES), speakers * each // CLASSES)
        who = np.repeat(np.arange(speakers), each)
        own = rng.normal(size=(speakers, 8)) @ np.random.default_rng(9).normal(size=(8, 40))
        X = self.directions[y] / 2 + own[who] * 1.5 + rng.normal(size=(len(y), 40))
        return X, y, who.astype(str)


@pytest.mark.parametrize("auxiliary", ["shuffled", "swapped"])
def test_wrong_labels_do_not_hurt_where_further_rows_help_by_their_number(auxiliary: str) -> None:
    """Rows of other speakers lower the error of left-out speakers even with wrong labels."""
    changes, weights = [], []
    for seed in range(6):
        rows = SpeakersApart(auxiliary, seed)
        fitted = rows.fitted(_logistic(1000))
        weights.append(fitted.weight_)
        changes.append(rows.gain(fitted, LogisticRegression(C=0.01, max_iter=1000)))
    assert np.mean(changes) > -0.01, (weights, changes)


def test_without_weight_the_estimator_is_the_one_of_the_target_alone() -> None:
    rows = Rows("swapped")
    fitted = rows.fitted(_logistic())
    assert fitted.weight_ == 0
    assert fitted.scaling_ is None
    alone = LogisticRegression(C=0.01, max_iter=300).fit(rows.X[: rows.n_own], rows.y[: rows.n_own])
    np.testing.assert_array_equal(
        fitted.predict_proba(rows.test_X), alone.predict_proba(rows.test_X)
    )


def test_a_corpus_recorded_otherwise_is_standardised_by_its_own_rows() -> None:
    rows = Rows("same", offset=6.0)
    fitted = rows.fitted(_logistic())
    assert fitted.weight_ > 0
    assert fitted.scaling_ == "own"
    assert rows.gain(fitted, LogisticRegression(C=0.01)) > 0


def test_the_total_weight_is_that_of_the_choice_however_many_rows_there_are() -> None:
    class Recorded(LogisticRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            self.received_ = sample_weight
            return super().fit(X, y, sample_weight)

    rows = Rows("same")
    fitted = rows.fitted(Recorded(C=0.01).set_fit_request(sample_weight=True), weights=(0.3,))
    assert fitted.weight_ == 0.3
    received = fitted.estimator_.received_
    assert received[rows.n_own :].sum() == pytest.approx(0.3 * received[: rows.n_own].sum())


def test_numbers_are_chosen_for_as_classes_are() -> None:
    rows = Rows("same")
    rows.y = rows.y.astype(float)
    fitted = rows.fitted(Ridge(100.0).set_fit_request(sample_weight=True))
    assert fitted.weight_ > 0
    rows = Rows("shuffled")
    rows.y = rows.y.astype(float)
    assert rows.fitted(Ridge(100.0).set_fit_request(sample_weight=True)).weight_ <= 0.1


def test_few_auxiliary_rows_weigh_no_more_than_rows_of_the_target() -> None:
    rows = Rows("same")
    few = slice(0, rows.n_own + 3)
    received = []

    class Recorded(LogisticRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            received.append(sample_weight)
            return super().fit(X, y, sample_weight)

    for seed in range(8):
        rows = Rows("same", seed)
        model = AuxiliaryWeighted(Recorded(C=0.01).set_fit_request(sample_weight=True))
        fit_routed(
            model, rows.X[few], rows.y[few], speaker=rows.speaker[few],
            provenance=rows.provenance[few],
        )  # fmt: skip
    weights = [one for one in received if one is not None and len(one) == rows.n_own + 3]
    assert all(one[-3:].max() <= one[:-3].mean() + 1e-12 for one in weights)


def test_random_numbers_have_no_weight() -> None:
    """A larger spread of predictions is no advantage."""
    chosen = []
    for seed in range(6):
        rows = Rows("shuffled", seed)
        rows.y = np.where(rows.provenance[:, 0] < 0, 10.0 * rows.y, rows.y).astype(float)
        ridge = Ridge(100.0).set_fit_request(sample_weight=True)
        chosen.append(rows.fitted(ridge).weight_)
    assert np.mean(np.array(chosen) > 0) <= 1 / 3, chosen


def test_rows_without_provenance_are_all_of_the_target() -> None:
    rows = Rows("swapped")
    fitted = AuxiliaryWeighted(_logistic()).fit(rows.X, rows.y)
    assert fitted.inner_ == {}
    alone = LogisticRegression(C=0.01, max_iter=300).fit(rows.X, rows.y)
    np.testing.assert_array_equal(fitted.predict_proba(rows.X), alone.predict_proba(rows.X))


def test_a_weight_that_is_not_above_0_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weights must be above 0; got \[0.0, 1.0\]"):
        Rows("same").fitted(_logistic(), weights=(0.0, 1.0))


def test_features_are_standardised_by_the_rows_of_the_target() -> None:
    rows = Rows("same", offset=50.0)
    model = make_estimator("vote", EMOTION, auxiliary=True, blocks=[40])
    fit_routed(model, rows.X, rows.y, speaker=rows.speaker, provenance=rows.provenance)
    np.testing.assert_allclose(model[0].mean_, rows.X[: rows.n_own].mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("select", ["anova:0.5", "speakers:0.3", "stability:0.6"])
def test_features_are_selected_by_the_rows_of_the_target(select: str) -> None:
    rows = Rows("shuffled")
    rows.X[rows.n_own :, :5] += 3 * rows.y[rows.n_own :, None]
    model = make_estimator("logistic", EMOTION, select=select, auxiliary=True)
    fit_routed(model, rows.X, rows.y, speaker=rows.speaker, provenance=rows.provenance)
    alone = make_estimator("logistic", EMOTION, select=select)
    own = slice(rows.n_own)
    fit_routed(alone, rows.X[own], rows.y[own], speaker=rows.speaker[own])
    selected = model.named_steps["select"].get_support().tolist()
    assert selected == alone.named_steps["select"].get_support().tolist()


def test_the_choice_is_described() -> None:
    rows = Rows("same")
    model = make_estimator("logistic", EMOTION, auxiliary=True)
    fit_routed(model, rows.X, rows.y, speaker=rows.speaker, provenance=rows.provenance)
    lines = describe_choices({"all": {"emotion": chosen_by(model)}})
    assert len(lines) == 1
    assert lines[0].startswith("emotion: auxiliary corpora: weight ")


@pytest.mark.slow
def test_it_keeps_scikit_learns_contract() -> None:
    from sklearn import config_context

    with config_context(enable_metadata_routing=False):
        check_estimator(AuxiliaryWeighted(LogisticRegression()))
