"""Tasks with the same rows share what is computed from them, and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.models.building import make_estimator
from featser.models.multitask import MultiTaskEstimator
from featser.models.shared_work import shared, sharing
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "sad"))
GENDER = Task("gender", classes=("female", "male"))


CALLS: list[float] = []


def counted(rows: np.ndarray, factor: float) -> float:
    """Return the sum of rows times a factor; list the call."""
    CALLS.append(factor)
    return float(rows.sum() * factor)


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    CALLS.clear()


def test_equal_arguments_are_computed_once_inside_the_block_alone() -> None:
    rows = np.arange(6.0)
    with sharing(2):
        assert shared(counted, rows, 2) == shared(counted, rows.copy(), 2) == 30
        assert len(CALLS) == 1
    shared(counted, rows, 2)
    assert len(CALLS) == 2
    with sharing(2):
        shared(counted, rows, 2)
    assert len(CALLS) == 3


@pytest.mark.parametrize(
    ("rows", "factor"),
    [
        (np.array([0.0, 1, 2, 3, 4, 5 + 1e-12]), 2),
        (np.arange(6.0).reshape(2, 3), 2),
        (np.arange(6.0, dtype=np.float32), 2),
        (np.arange(6.0), 2.0),
    ],
    ids=["value", "shape", "type", "parameter"],
)
def test_what_differs_at_all_is_computed_for_itself(rows: np.ndarray, factor: float) -> None:
    with sharing(2):
        shared(counted, np.arange(6.0), 2)
        shared(counted, rows, factor)
    assert len(CALLS) == 2


def test_nothing_is_kept_for_one_task() -> None:
    with sharing(1):
        for _ in range(2):
            shared(counted, np.arange(6.0), 2)
    assert len(CALLS) == 2


def test_more_than_the_limit_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featser.models.shared_work.MOST_BYTES", 40)
    with sharing(2):
        for _ in range(2):
            assert shared(np.ones, 5) is not shared(np.ones, 6)
        assert shared(np.ones, 5) is shared(np.ones, 5)
        assert shared(np.ones, 6) is not shared(np.ones, 6)


@pytest.mark.parametrize("model", ["kernel", "logistic", "vote"])
def test_two_tasks_together_predict_what_each_predicts_alone(model: str) -> None:
    X, labels, speaker = data()
    both = fitted([EMOTION, GENDER], model, X, labels, speaker)
    for task in (EMOTION, GENDER):
        alone = fitted([task], model, X, labels, speaker)
        np.testing.assert_array_equal(
            both.predict_proba(X)[task.name], alone.predict_proba(X)[task.name]
        )


def test_a_task_whose_rows_differ_has_its_own_landmarks() -> None:
    X, labels, speaker = data()
    labels.loc[:9, "gender"] = None
    model = fitted([EMOTION, GENDER], "kernel", X, labels, speaker)
    emotion, gender = (kernel_of(model, task) for task in (EMOTION, GENDER))
    assert (len(emotion.landmarks_), len(gender.landmarks_)) == (len(X), len(X) - 10)


def test_landmarks_of_tasks_with_the_same_rows_are_one_array_in_memory() -> None:
    model = fitted([EMOTION, GENDER], "kernel", *data())
    assert kernel_of(model, EMOTION).landmarks_ is kernel_of(model, GENDER).landmarks_


@pytest.mark.parametrize("is_loaded", [False, True])
def test_landmarks_cannot_be_changed_in_place(is_loaded: bool) -> None:
    """Other tasks have them, and their squared lengths are computed once."""
    X, labels, speaker = data()
    model = fitted([EMOTION, GENDER], "kernel", X, labels, speaker)
    if is_loaded:
        model = pickle.loads(pickle.dumps(model))
        model.predict(X)
    with pytest.raises(ValueError, match="read-only"):
        kernel_of(model, EMOTION).landmarks_ *= 2


def data() -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Return features, labels and speakers of 48 rows."""
    random = np.random.default_rng(0)
    speaker = np.repeat([f"s{number}" for number in range(6)], 8)
    emotion, gender = np.tile([0, 1], 24), (np.arange(48) // 8) % 2
    X = random.standard_normal((48, 12)).astype(np.float32)
    X[:, 0] += 2 * emotion
    X[:, 1] += 2 * gender
    labels = pd.DataFrame(
        {
            "emotion": np.array(EMOTION.classes)[emotion],
            "gender": np.array(GENDER.classes)[gender],
        }
    )
    return X, labels, speaker


def fitted(
    tasks: Sequence[Task], model: str, X: np.ndarray, labels: pd.DataFrame, speaker: np.ndarray
) -> MultiTaskEstimator:
    """Return a fitted model of tasks."""
    estimators = {task.name: make_estimator(model, task, blocks=[4, (4, 4)]) for task in tasks}
    names = [task.name for task in tasks]
    return MultiTaskEstimator(tasks, estimators).fit(X, labels[names], speaker=speaker)


def kernel_of(model: MultiTaskEstimator, task: Task) -> Any:
    """Return the fitted kernel of a task."""
    return model.estimators_[task.name][-1]
