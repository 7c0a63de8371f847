"""Models that are fitted on the shares of raters' votes instead of the class with most votes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.errors import InputError, TaskError
from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.fit_identity import identities
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.soft_labels import share_columns, with_soft_labels
from featser.evaluation.statistics.soft_truth import cross_entropies, vote_shares
from featser.evaluation.training_copies import Copies
from featser.experiment.schema import Experiment
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.heads.class_targets import balanced_targets, class_targets
from featser.models.multitask import MultiTaskEstimator
from featser.models.registry import FITTED_ON_VOTES, MODELS
from featser.models.routing import consumes, fit_routed
from featser.ratings.aggregation import majority
from featser.ratings.ratings import Ratings, from_counts
from featser.tasks import Task

CLASSES = ("angry", "calm", "sad")
EMOTION = Task("emotion", classes=CLASSES)
MODEL_NAMES = ("kernel", "logistic", "vote")


class Voted:
    """Recordings by eight speakers, each rated by five raters who often disagree."""

    def __init__(self, n: int = 320, n_raters: int = 5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.X = rng.normal(size=(n, 6)).astype(np.float32)
        score = 1.2 * self.X[:, :3].astype(float)
        self.shares = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        counts = np.array([rng.multinomial(n_raters, share) for share in self.shares])
        self.votes: Ratings = from_counts(counts, CLASSES)
        self.speaker = np.array([f"s{row % 8}" for row in range(n)])
        codes = majority(self.votes)
        names = [None if np.isnan(code) else CLASSES[int(code)] for code in codes]
        self.hard = pd.DataFrame({"emotion": pd.Series(names, dtype="str")})
        self.soft = with_soft_labels(self.hard, EMOTION, self.votes, self.hard["emotion"])
        self.fold = np.arange(n) % 8 // 2


@pytest.fixture(scope="module")
def voted() -> Voted:
    return Voted()


def model_of(name: str = "vote", **how: Any) -> MultiTaskEstimator:
    return MultiTaskEstimator((EMOTION,), {"emotion": make_estimator(name, EMOTION, **how)})


def probabilities(voted: Voted, labels: pd.DataFrame, name: str, **how: Any) -> np.ndarray:
    table = cross_fit(
        model_of(name), voted.X, labels, voted.fold, voted.speaker, [EMOTION], 1, final=False, **how
    ).predictions
    return table[[f"emotion.p[{one}]" for one in CLASSES]].to_numpy(float)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_soft_fit_is_nearer_to_the_votes_than_a_hard_fit(voted: Voted, name: str) -> None:
    """Out of fold, by cross-entropy with the votes, and by distance from their expectation."""
    truth = vote_shares(voted.votes, CLASSES)
    hard = probabilities(voted, voted.hard, name)
    soft = probabilities(voted, voted.soft, name)
    assert cross_entropies(truth, soft).mean() < cross_entropies(truth, hard).mean() - 0.02
    assert np.abs(soft - voted.shares).mean() < 0.6 * np.abs(hard - voted.shares).mean()


@pytest.mark.parametrize("name", MODEL_NAMES)
@pytest.mark.parametrize("weights", ["auto", "inner", "stacked"])
def test_one_vote_for_each_class_gives_the_bits_of_a_hard_fit(
    voted: Voted, name: str, weights: str
) -> None:
    y = voted.shares.argmax(axis=1)
    weight = np.random.default_rng(1).random(len(y)) * (np.arange(len(y)) > 5)
    made = [
        fit_routed(
            make_estimator(name, EMOTION, weights=weights if name == "vote" else "auto"),
            voted.X, y, speaker=voted.speaker, sample_weight=weight, soft_labels=soft,
        )
        for soft in (None, np.eye(3)[y])
    ]  # fmt: skip
    hard, soft = (one.predict_proba(voted.X) for one in made)
    np.testing.assert_array_equal(soft, hard)


@pytest.mark.parametrize("name", ["kernel", "logistic"])
def test_shares_count_like_copies_of_a_row_with_these_weights(voted: Voted, name: str) -> None:
    """The definition: a row for each class, weighted by its share. Only fits on all rows compare.

    Copies of a row would be left out together, so that the kernel's penalty is fixed.
    """
    estimator = MODELS[name]
    shares = vote_shares(voted.votes, CLASSES)
    y = shares.argmax(axis=1)
    model = fit_routed(_bare(name), voted.X, y, speaker=voted.speaker, soft_labels=shares)
    row, column = np.nonzero(shares)
    copies = fit_routed(
        _bare(name), voted.X[row], column, speaker=voted.speaker[row],
        sample_weight=shares[row, column],
    )  # fmt: skip
    assert estimator.takes_soft_labels
    if name == "logistic":
        expected, scores = copies.decision_function(voted.X), model.decision_function(voted.X)
        np.testing.assert_allclose(scores, expected, atol=2e-3)
    else:
        assert np.abs(model.predict_proba(voted.X) - copies.predict_proba(voted.X)).mean() < 0.02


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_two_classes_are_fitted_on_shares_too(name: str) -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 4)).astype(np.float32)
    shares = np.column_stack([1 / (1 + np.exp(-2 * X[:, 0])), 1 / (1 + np.exp(2 * X[:, 0]))])
    y, speaker = shares.argmax(axis=1), np.array([f"s{row % 8}" for row in range(400)])
    task = Task("calm", classes=("yes", "no"))
    soft, hard = (
        fit_routed(make_estimator(name, task), X, y, speaker=speaker, soft_labels=labels)
        for labels in (shares, None)
    )
    errors = [np.abs(one.predict_proba(X) - shares).mean() for one in (soft, hard)]
    assert errors[0] < 0.06 < errors[1]


def _bare(name: str) -> Any:
    model = make_estimator(name, EMOTION, calibrated=False)[-1]
    return model.set_params(penalties=(1e-2,)) if name == "kernel" else model.set_params(C=0.1)


def test_balanced_targets_give_all_classes_the_same_sum() -> None:
    rng = np.random.default_rng(0)
    shares, weight = rng.dirichlet([3, 1, 0.3], 50), rng.random(50)
    rows, balanced = balanced_targets(shares, weight)
    np.testing.assert_allclose((rows[:, None] * balanced).sum(axis=0), weight.sum() / 3)
    np.testing.assert_allclose(balanced.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("soft", "why"),
    [
        ([[1.0, 0.0]], "have shape"),
        ([[1.0, 0.0], [np.nan, 1.0]], "finite"),
        ([[1.0, 0.0], [-1.0, 2.0]], "none negative"),
        ([[1.0, 0.0], [1.0, 0.0]], "no share"),
    ],
)
def test_wrong_soft_labels_are_refused(soft: list[list[float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        class_targets(np.array([0, 1]), 2, soft)


def test_tied_recordings_are_fitted_on_and_not_in_prediction_sets(voted: Voted) -> None:
    tied = voted.hard["emotion"].isna().to_numpy()
    assert 20 < tied.sum() < 200
    model = model_of().fit(voted.X, voted.soft, speaker=voted.speaker)
    without = model_of().fit(voted.X[~tied], voted.soft[~tied], speaker=voted.speaker[~tied])
    one, other = (each.predict_proba(voted.X)["emotion"].to_numpy() for each in (model, without))
    assert np.abs(one - other).max() > 1e-3
    for each in (model, without):
        scores = each.calibrations_["emotion"].scores
        n_scores = sum(len(own) for speakers in scores.values() for own in speakers)
        assert n_scores == (~tied).sum()


def test_votes_for_classes_that_a_training_set_lacks_are_left_out(voted: Voted) -> None:
    y = voted.shares[:, :2].argmax(axis=1)
    labels = pd.DataFrame({"emotion": np.array(CLASSES)[y]})
    shares = pd.DataFrame(voted.shares, columns=share_columns(EMOTION))
    predicted = model_of().fit(voted.X, labels.join(shares), speaker=voted.speaker)
    table = predicted.predict_proba(voted.X)["emotion"]
    assert (table["sad"] == 0).all()
    np.testing.assert_allclose(table.sum(axis=1), 1)


def test_labels_that_a_protocol_does_not_use_lose_their_votes() -> None:
    votes = from_counts([[3, 0, 1], [0, 2, 1], [1, 0, 1], [0, 0, 2]], CLASSES)
    given = pd.Series(["angry", "calm", None, "sad"], dtype="str")
    labels = pd.DataFrame({"emotion": given.mask(given == "calm")})
    shares = with_soft_labels(labels, EMOTION, votes, given)[share_columns(EMOTION)].to_numpy()
    np.testing.assert_array_equal(
        shares, [[0.75, 0, 0.25], [np.nan] * 3, [0.5, 0, 0.5], [0, 0, 1.0]]
    )


@pytest.mark.parametrize("name", [name for name in MODELS if name not in FITTED_ON_VOTES])
def test_a_model_that_cannot_is_refused_with_those_that_can(name: str) -> None:
    with pytest.raises(InputError) as error:
        Experiment(model=name, aggregate={"emotion": "soft"})
    for text in (f"--model {name}", "--aggregate emotion=soft", *FITTED_ON_VOTES, "majority"):
        assert text in str(error.value)


@pytest.mark.parametrize(
    "fields",
    [{"coupling": "chain"}, {"two_pass": "hard"}, {"tune": True}, {"fusion": "pooled"}],
    ids=str,
)
def test_options_that_need_one_class_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--aggregate emotion=soft cannot be combined with --"):
        Experiment(aggregate={"emotion": "soft"}, **fields)


@pytest.mark.parametrize("name", [row.name for row in MODELS.values() if not row.extra])
def test_registry_says_which_estimators_take_soft_labels(name: str) -> None:
    """The row and the estimator agree, and an estimator that cannot take them says so."""
    row = MODELS[name]
    model = make_estimator(name, EMOTION, calibrated=False)
    own = row.classifier.startswith("featser")
    assert not own or consumes(model, "soft_labels") == row.takes_soft_labels
    if own and not row.takes_soft_labels:
        X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
        with pytest.raises(ValueError, match="would ignore the soft labels"):
            fit_routed(model, X, y, soft_labels=np.eye(3)[y])


def test_coupled_tasks_refuse_soft_labels(voted: Voted) -> None:
    calm = Task("calm", classes=("no", "yes"))
    tasks = (EMOTION, calm)
    labels = voted.soft.assign(calm=np.where(voted.X[:, 1] > 0, "yes", "no"))
    estimators = {task.name: make_estimator("logistic", task) for task in tasks}
    model = CoupledEstimator(tasks, estimators, "chain")
    with pytest.raises(TaskError, match="soft labels"):
        model.fit(voted.X, labels, speaker=voted.speaker)


def test_copies_and_auxiliary_rows_train_beside_soft_labels(voted: Voted) -> None:
    """Copies have the votes of their source, rows of other corpora one vote for their label."""
    rng = np.random.default_rng(5)
    copies = Copies(voted.X + rng.normal(0, 0.1, voted.X.shape).astype(np.float32),
                    np.arange(len(voted.X))[:, None])  # fmt: skip
    other = Voted(seed=7)
    labels = pd.DataFrame({"emotion": np.array(CLASSES)[other.shares.argmax(axis=1)]})
    auxiliary = AuxiliaryRows(
        other.X, labels, np.char.add("a-", other.speaker), np.full(len(other.X), "a")
    )
    estimator = make_estimator("vote", EMOTION, auxiliary=True)
    model = MultiTaskEstimator((EMOTION,), {"emotion": estimator})
    truth = vote_shares(voted.votes, CLASSES)
    entropy = {}
    for name, table in (("hard", voted.hard), ("soft", voted.soft)):
        predicted = cross_fit(
            model, voted.X, table, voted.fold, voted.speaker, [EMOTION], 1, copies=copies,
            auxiliary=auxiliary, final=False,
        ).predictions  # fmt: skip
        columns = [f"emotion.p[{one}]" for one in CLASSES]
        entropy[name] = cross_entropies(truth, predicted[columns].to_numpy(float)).mean()
    assert entropy["soft"] < entropy["hard"]


def test_fits_on_other_votes_have_other_identities(voted: Voted) -> None:
    plan = Folds.of(voted.fold)
    other = voted.soft.copy()
    columns = share_columns(EMOTION)
    row = int(np.flatnonzero(other[columns[0]] != other[columns[2]])[0])
    other.loc[row, columns] = other.loc[row, columns[::-1]].to_numpy()
    per_labels = [
        identities(model_of(), voted.X, labels, plan, voted.speaker, [EMOTION], [0, 1], None)
        for labels in (voted.hard, voted.soft, voted.soft.copy(), other)
    ]
    assert per_labels[1] == per_labels[2]
    assert len({one[0] for one in per_labels}) == 3


def test_a_bundle_of_a_soft_fit_predicts_the_same(voted: Voted, tmp_path: Path) -> None:
    model = model_of().fit(voted.X, voted.soft, speaker=voted.speaker)
    saved = save_bundle(tmp_path / "m.featser", Bundle(model, [], "none", {}, library_versions()))
    again = load_bundle(saved).model
    np.testing.assert_array_equal(
        again.predict_proba(voted.X)["emotion"], model.predict_proba(voted.X)["emotion"]
    )
