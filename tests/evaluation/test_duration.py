"""The duration-only baseline, and the labels that corpora share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.evaluation.duration_baseline import duration_only
from featser.evaluation.metrics.metrics import uar
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.protocols.shared_labels import scored_labels
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "sad"), role="primary")
AROUSAL = Task("arousal", "regression")
FOLD = np.arange(80) % 4


def slow_sadness(seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    random = np.random.default_rng(seed)
    label = random.choice(["angry", "sad"], 80)
    seconds = np.where(label == "sad", 4.0, 2.0) + random.normal(0, 0.3, 80)
    return seconds, pd.DataFrame({"emotion": label, "arousal": -seconds})


def test_a_duration_that_predicts_the_label_is_reported_and_one_that_does_not_is_chance() -> None:
    seconds, labels = slow_sadness()
    predictions = duration_only(seconds, labels, Folds(FOLD), [EMOTION, AROUSAL])
    assert (predictions["emotion.duration"] == labels["emotion"]).mean() > 0.95
    assert np.corrcoef(predictions["arousal.duration"], labels["arousal"])[0, 1] > 0.9
    dull = duration_only(np.random.default_rng(1).random(80), labels, Folds(FOLD), [EMOTION])
    assert 0.3 < (dull["emotion.duration"] == labels["emotion"]).mean() < 0.7


def test_the_tree_is_fitted_on_the_training_fold_only() -> None:
    seconds, labels = slow_sadness()
    labels.loc[FOLD != 0, "emotion"] = "angry"  # whatever fold 0 has, the others never say sad
    predictions = duration_only(seconds, labels, Folds(FOLD), [EMOTION])
    assert (predictions.loc[FOLD == 0, "emotion.duration"] == "angry").all()


def test_unknown_durations_and_labels_and_untested_rows_are_no_obstacle() -> None:
    seconds, labels = slow_sadness()
    seconds[::7] = np.nan
    labels.loc[::5, "emotion"] = None
    predictions = duration_only(seconds, labels, Folds(np.where(FOLD > 1, -1, FOLD)), [EMOTION])
    assert predictions.index.tolist() == np.flatnonzero(FOLD < 2).tolist()
    assert predictions["emotion.duration"].isin(["angry", "sad"]).all()
    seconds[FOLD != 0] = np.nan
    duration_only(seconds, labels, Folds(FOLD), [EMOTION])  # no duration in a training set


def test_its_figures_come_last_and_have_intervals() -> None:
    seconds, labels = slow_sadness()
    predictions = duration_only(seconds, labels, Folds(FOLD), [EMOTION])["emotion.duration"]
    speaker = np.repeat([f"s{number}" for number in range(8)], 10)
    true = labels["emotion"]
    predictions = predictions.iloc[::-1].to_numpy()
    figures = evaluate_with_intervals(EMOTION, true, true, speaker, duration_pred=predictions)
    assert list(figures)[-2:] == ["duration.uar", "duration.accuracy"]
    assert figures["uar"]["value"] == 1
    alone = figures["duration.uar"]
    assert alone["value"] == uar(true, predictions, EMOTION.classes)
    assert alone["low"] < alone["value"] < alone["high"]


def three_corpora() -> pd.DataFrame:
    table = pd.DataFrame({"corpus": np.repeat(["x", "y", "z"], 12), "speaker": "s"})
    table["emotion"] = np.resize(["angry", "sad", "calm"], 36)
    table.loc[table["corpus"] == "z", "emotion"] = np.resize(["angry", "sad", "bored"], 12)
    table["arousal"] = np.where(table["corpus"] == "y", np.nan, 1.5)
    table["gender"] = np.where(table["corpus"] == "x", "female", "male")
    return table


TASKS = [
    Task("emotion", classes=("angry", "bored", "calm", "sad"), role="primary"),
    Task("gender", classes=("female", "male")),
    AROUSAL,
]


@pytest.mark.parametrize("protocol", ["leave-one-corpus-out", "cross-corpus"])
def test_what_not_all_corpora_have_is_neither_fitted_nor_scored_and_is_named(protocol: str) -> None:
    table = three_corpora()
    folds = make_folds(protocol, table, table["emotion"], np.arange(36))
    scored = scored_labels(protocol, table, folds, TASKS)
    assert [task.name for task in scored.tasks] == ["emotion"]
    assert set(scored.labels["emotion"].dropna()) == {"angry", "sad"}
    assert scored.notes[0].endswith("bored (z: 4), calm (x: 4), calm (y: 4)")
    assert "share 0 of its classes" in scored.refused["gender"]
    assert "x: female; y: male; z: male" in scored.refused["gender"]
    assert "not all corpora have this label" in scored.refused["arousal"]


def test_within_corpora_every_class_is_scored() -> None:
    table = three_corpora()
    folds = make_folds("random", table, table["emotion"], np.arange(36))
    scored = scored_labels("random", table, folds, TASKS)
    pd.testing.assert_frame_equal(scored.labels, table[["emotion", "gender", "arousal"]])
    assert (scored.refused, scored.notes) == ({}, [])


def test_a_label_that_no_tested_utterance_has_is_no_task() -> None:
    table = three_corpora().assign(split=np.repeat(["train", "test", "train"], 12))
    folds = make_folds("fixed-split", table, table["emotion"], np.arange(36))
    scored = scored_labels("fixed-split", table, folds, TASKS)
    assert scored.refused == {"arousal": "no utterance that 'fixed-split' tests has this label"}


def test_a_label_that_a_fold_cannot_be_fitted_on_is_no_task() -> None:
    table = pd.DataFrame({"speaker": ["f", "m"] * 6, "gender": ["female", "male"] * 6})
    folds = make_folds("leave-one-speaker-out", table, table["gender"], np.arange(12))
    scored = scored_labels("leave-one-speaker-out", table, folds, [TASKS[1]])
    assert (
        "fold 0 of 'leave-one-speaker-out' has fewer than two classes" in scored.refused["gender"]
    )
