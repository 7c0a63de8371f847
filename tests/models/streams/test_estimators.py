"""Networks as estimators: they learn, repeat themselves, stop, share, and predict without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from sklearn.base import clone

from featser.errors import TaskError
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.heads.ordinal import nominal
from featser.models.multitask import MultiTaskEstimator
from featser.models.streams.estimators import (
    StreamClassifier,
    StreamEstimator,
    StreamRegressor,
)
from featser.tasks import Task
from tests.models.conftest import make_sample
from tests.models.streams.conftest import TASKS, WIDTH, Bursts, make_bursts

pytestmark = pytest.mark.streams

QUICK = {"width": WIDTH, "epochs": 20, "batch_size": 16, "learning_rate": 5e-3}


@pytest.fixture(scope="session")
def shared(bursts: Bursts) -> StreamEstimator:
    """One network of all three tasks, a third of whose auxiliary labels are missing."""
    labels = bursts.labels.copy()
    labels.loc[::3, "arousal"] = np.nan
    labels.loc[1::3, "level"] = None
    model = StreamEstimator(TASKS, weighting="ming", **QUICK)
    return model.fit(bursts.X, labels, speaker=bursts.speaker)


def test_one_network_learns_tasks_of_every_kind_with_missing_labels(
    shared: StreamEstimator,
) -> None:
    new = make_bursts(seed=1)
    predicted = shared.predict(new.X)
    assert (predicted["emotion"] == new.labels["emotion"]).mean() > 0.8
    assert (predicted["level"] == new.labels["level"]).mean() > 0.6
    assert np.corrcoef(predicted["arousal"], new.labels["arousal"])[0, 1] > 0.7
    tables = shared.predict_proba(new.X)
    assert list(tables) == ["emotion", "level"]
    np.testing.assert_allclose(tables["level"].sum(axis=1), 1)
    weights = np.array([record["task_weights"] for record in shared.history_])
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_losses_and_weights_are_recorded_in_the_order_of_the_tasks(bursts: Bursts) -> None:
    given = [0.1, 0.7, 0.2]
    model = StreamEstimator(TASKS, weighting="fixed", weights=given, **QUICK | {"epochs": 1})
    model.fit(bursts.X, bursts.labels, speaker=bursts.speaker)
    np.testing.assert_allclose(model.history_[0]["task_weights"], given, rtol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(bursts: Bursts) -> None:
    emotion = bursts.labels["emotion"].to_numpy()
    fitted = [
        StreamClassifier("attention", **QUICK | {"epochs": 2}, random_state=seed).fit(
            bursts.X, emotion, speaker=bursts.speaker
        )
        for seed in (3, 3, 4)
    ]
    probabilities = [model.predict_proba(bursts.X) for model in fitted]
    assert np.array_equal(probabilities[0], probabilities[1])
    assert not np.array_equal(probabilities[0], probabilities[2])


def test_training_stops_where_left_out_speakers_gain_nothing_and_keeps_the_best(
    bursts: Bursts,
) -> None:
    noise = np.random.default_rng(0).permutation(bursts.labels["emotion"].to_numpy())
    steps: list[tuple[int, int]] = []
    settings = QUICK | {"patience": 2, "epochs": 30}
    model = StreamClassifier(
        "attention", **settings, progress=lambda done, total: steps.append((done, total))
    )
    model.fit(bursts.X, noise, speaker=bursts.speaker)
    losses = [record["valid_loss"] for record in model.history_]
    assert len(losses) < 30
    assert int(np.argmin(losses)) == len(losses) - 3
    assert steps == [(epoch, 30) for epoch in range(1, len(losses) + 1)]


def test_without_patience_every_speaker_is_in_the_training_set(bursts: Bursts) -> None:
    emotion = bursts.labels["emotion"].to_numpy()
    model = StreamClassifier("cnn", **QUICK | {"epochs": 2})
    probabilities = [
        clone(model).fit(bursts.X, emotion, speaker=who).predict_proba(bursts.X)
        for who in (bursts.speaker, None)
    ]
    assert np.array_equal(*probabilities)


@pytest.mark.parametrize("patience", [None, 20])
def test_an_interrupt_is_passed_on_and_leaves_the_weights_so_far(
    bursts: Bursts, patience: int | None
) -> None:
    def weary(done: int, total: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    emotion = bursts.labels["emotion"].to_numpy()
    model = StreamClassifier("attention", **QUICK, patience=patience, progress=weary)
    with pytest.raises(KeyboardInterrupt):
        model.fit(bursts.X, emotion, speaker=bursts.speaker)
    assert len(model.history_) == 8
    assert np.mean(model.predict(bursts.X) == emotion) > 0.6


def test_one_task_networks_predict_values_and_ordered_classes(bursts: Bursts) -> None:
    new = make_bursts(seed=1)
    values = StreamRegressor("multiscale", **QUICK | {"epochs": 10}).fit(
        bursts.X, 100 + 10 * bursts.labels["arousal"], speaker=bursts.speaker
    )
    predictions = values.predict(new.X)
    assert np.corrcoef(predictions, new.labels["arousal"])[0, 1] > 0.7
    assert 95 < predictions.mean() < 105
    rank = bursts.labels["level"].map({"low": 0, "middle": 1, "high": 2})
    steps = StreamClassifier("attention", **QUICK, ordinal=True)
    steps.fit(bursts.X, rank, speaker=bursts.speaker)
    assert steps.network_.heads[0].kind == "ordinal"
    expected = new.labels["level"].map({"low": 0, "middle": 1, "high": 2})
    assert np.corrcoef(steps.predict(new.X), expected)[0, 1] > 0.6


def make_pair(rows: int, seed: int) -> tuple[np.ndarray, pd.DataFrame, np.ndarray, np.ndarray]:
    """Two weak bursts, early and late in either order: a mark in band 4 or 5 names the task."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 30, 6)).astype(np.float32)
    labels, begin = rng.integers(0, 3, (rows, 2)), np.zeros((rows, 2), dtype=int)
    for row in range(rows):
        begin[row] = rng.permutation([rng.integers(0, 10), rng.integers(16, 25)])
        for task in range(2):
            moment = slice(begin[row, task], begin[row, task] + 5)
            X[row, moment, labels[row, task]] += 1
            X[row, moment, 4 + task] += 3
    table = pd.DataFrame(labels.astype(str), columns=["a", "b"])
    return X.reshape(rows, -1), table, np.arange(rows) // 10, begin


def test_attention_finds_each_tasks_moment_and_a_shared_attention_scores_lower() -> None:
    tasks = [Task(name, classes=("0", "1", "2")) for name in "ab"]
    X, labels, speaker, _ = make_pair(120, 0)
    new, truth, _, begin = make_pair(300, 1)
    right = {}
    for network in ("attention", "attention-together"):
        model = StreamEstimator(tasks, network, **QUICK | {"epochs": 15})
        predicted = model.fit(X, labels, speaker=speaker).predict(new)
        right[network] = (predicted == truth).to_numpy().mean()
        attention = model.attention(new)
        if network == "attention":
            on = np.array(
                [[_share(attention[a], begin[:, place]) for place in range(2)] for a in "ab"]
            )
            assert (on.diagonal() > 0.75).all()
            assert on[0, 1] + on[1, 0] < 0.2
        else:
            assert np.array_equal(attention["a"], attention["b"])
    assert right["attention"] > right["attention-together"] + 0.03


def _share(attention: np.ndarray, begin: np.ndarray) -> float:
    """The mean attention paid to 5 frames, of which a step takes 4."""
    np.testing.assert_allclose(attention.sum(axis=1), 1, atol=1e-5)
    step = np.arange(attention.shape[1])
    is_burst = (step >= begin[:, None] // 4) & (step <= (begin[:, None] + 4) // 4)
    return float((attention * is_burst).sum(axis=1).mean())


def test_a_row_of_weight_nothing_is_as_good_as_absent(bursts: Bursts) -> None:
    weight = np.ones(len(bursts.X))
    weight[::4] = 0
    emotion = bursts.labels["emotion"].to_numpy()
    settings = QUICK | {"epochs": 2}
    has_weight = weight > 0
    fitted = [
        StreamClassifier("attention", **settings).fit(X, y, sample_weight=w, speaker=s)
        for X, y, w, s in (
            (bursts.X, emotion, weight, bursts.speaker),
            (bursts.X[has_weight], emotion[has_weight], None, bursts.speaker[has_weight]),
        )
    ]
    assert np.array_equal(*(model.predict_proba(bursts.X) for model in fitted))


def test_a_stream_votes_beside_others_behind_the_usual_preparation() -> None:
    sample = make_sample(100, 12)
    tasks = [sample.tasks[0]]
    estimator = make_estimator("cnn,kernel", tasks[0])
    estimator.set_params(model__cnn__epochs=8)
    model = MultiTaskEstimator(tasks, {"emotion": estimator})
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    assert (model.predict(sample.X)["emotion"] == sample.labels["emotion"]).mean() > 0.7


def test_a_named_network_takes_the_kind_of_task_and_ignores_the_order_of_joined_classes() -> None:
    steps = make_estimator("cnn", Task("a", "ordinal", ("low", "middle", "high")))
    assert steps[-1].ordinal
    assert not nominal(steps)[-1].ordinal
    assert not make_estimator("cnn", Task("a", classes=("x", "y", "z")))[-1].ordinal
    assert isinstance(make_estimator("cnn", Task("a", "regression"))[-1], StreamRegressor)


WITHOUT = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("torch", "skorch", "onnx"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def test_a_saved_network_predicts_the_same_where_torch_is_absent(
    shared: StreamEstimator, bursts: Bursts, tmp_path: Path
) -> None:
    alone = StreamClassifier("cnn", **QUICK | {"epochs": 1}, progress=lambda done, total: None)
    alone.fit(bursts.X, bursts.labels["emotion"].eq("sad").astype(int), speaker=bursts.speaker)
    shared.estimators_["alone"] = alone
    path = save_bundle(tmp_path / "m.featser", Bundle(shared, [], "none", {}, library_versions()))
    del shared.estimators_["alone"]
    np.save(tmp_path / "X.npy", bursts.X)
    code = WITHOUT + (
        "import numpy as np\n"
        "from featser.models.bundle import load_bundle\n"
        f"model = load_bundle({str(path)!r}).model\n"
        f"X = np.load({str(tmp_path / 'X.npy')!r})\n"
        f"tables = [t.to_numpy() for t in model.predict_proba(X).values()]\n"
        f"tables.append(model.estimators_['alone'].predict_proba(X))\n"
        f"np.save({str(tmp_path / 'predictions.npy')!r}, np.hstack(tables))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    probabilities = [table.to_numpy() for table in shared.predict_proba(bursts.X).values()]
    probabilities.append(alone.predict_proba(bursts.X))
    assert np.array_equal(np.load(tmp_path / "predictions.npy"), np.hstack(probabilities))
    network = load_bundle(path).model.estimators_
    assert network["emotion"].network is network["level"].network


def test_streams_clone_and_refuse_unsuitable_input(bursts: Bursts) -> None:
    model = StreamEstimator(TASKS, **QUICK)
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(TaskError, match="no labels for task 'level'"):
        model.fit(bursts.X, bursts.labels.drop(columns="level"))
    with pytest.raises(TaskError, match="unknown weighting 'mingo'"):
        model.set_params(weighting="mingo").fit(bursts.X, bursts.labels)
    with pytest.raises(TaskError, match="needs all features in memory"):
        model.fit_batches(bursts.X, pd.DataFrame())
    with pytest.raises(TaskError, match="unknown network 'dnn'"):
        StreamClassifier("dnn", width=WIDTH).fit(bursts.X, bursts.labels["emotion"])
    with pytest.raises(ValueError, match="two classes are needed"):
        StreamClassifier(width=WIDTH).fit(bursts.X, np.zeros(len(bursts.X)))
