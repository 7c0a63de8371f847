"""Importance of planted groups: a shortcut comes first, noise and permuted labels give nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from featser.explanation.feature_groups import FeatureGroup, feature_groups
from featser.explanation.importance import (
    HeldOutFold,
    Importance,
    group_importance,
    permuted_predictions,
    within_speakers,
)
from featser.explanation.importance_table import importance_sentences, importance_table
from featser.features.registry import make_extractors
from featser.models.building import make_estimator
from featser.models.routing import fit_routed
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "happy", "sad"))
AROUSAL = Task("arousal", "regression")
EXTRACTORS = make_extractors(["gemaps", "rhythm"])
GROUPS = feature_groups(EXTRACTORS)
NAMES = [name for one in EXTRACTORS for name in one.names]
SPEAKERS = np.repeat([f"s{n:02}" for n in range(16)], 18)


@cache
def planted(
    model: str = "vote", label_order: str = "true", shortcut: float = 3.0, kind: str = "classes"
) -> Importance:
    """Explain models of features with a planted level and a weaker planted pitch."""
    random = np.random.default_rng(1)
    task = EMOTION if kind == "classes" else AROUSAL
    y = np.tile(np.arange(3), len(SPEAKERS) // 3)
    X = random.normal(size=(len(y), len(NAMES))).astype(np.float32)
    X += random.normal(size=(16, len(NAMES))).astype(np.float32).repeat(18, axis=0)
    X[:, NAMES.index("gemaps.equivalentSoundLevel_dBp")] += shortcut * (y == 0)
    X[:, NAMES.index("gemaps.F0semitoneFrom27.5Hz_sma3nz_amean")] += 1.5 * (y == 2)
    if label_order == "permuted":
        y = random.permutation(y)
    target = y if task.categorical else y + 0.2 * random.normal(size=len(y))
    folds = []
    for number in range(4):
        tested = np.arange(len(y)) // 18 % 4 == number
        estimator = make_estimator(model, task, blocks=[one.dimension for one in EXTRACTORS])
        fitted = fit_routed(
            estimator, X[~tested], target[~tested],
            speaker=SPEAKERS[~tested], sample_weight=None, provenance=None,
        )  # fmt: skip
        folds.append(HeldOutFold(fitted, X[tested], np.flatnonzero(tested)))
    labels = np.array(task.classes, dtype=object)[y] if task.categorical else target
    return group_importance(task, labels, SPEAKERS, folds, GROUPS)


@pytest.mark.parametrize("model", ["vote", "lda"])
def test_a_planted_shortcut_comes_first_and_is_named(model: str) -> None:
    importance = planted(model)
    first = importance.groups[0]
    assert first.group == "loudness"
    assert first.is_above_zero
    assert first.recalls["angry"]["low"] > 0
    assert first.recalls["angry"]["value"] > first.recalls["sad"]["value"] + 0.1
    sentences = importance_sentences(importance)
    assert sentences[0].startswith("UAR of emotion (0.")
    assert "falls most without loudness" in sentences[0]
    assert any("Loudness is also a property of the recording: gain" in one for one in sentences)


def test_groups_of_noise_are_zero_within_their_intervals() -> None:
    importance = planted("vote")
    noise = [one for one in importance.groups if one.group not in ("loudness", "pitch")]
    assert len(noise) == 7
    assert all(one.drop["low"] <= 0.01 for one in noise)
    assert all(abs(one.drop["value"]) < 0.03 for one in noise)
    assert importance.groups[1].group == "pitch"


def test_permuted_labels_give_nothing() -> None:
    importance = planted("vote", "permuted")
    assert abs(importance.value - 1 / 3) < 0.1
    assert sum(one.is_above_zero for one in importance.groups) <= 1, "one of 9 may be by chance"
    assert all(abs(one.drop["value"]) < 0.05 for one in importance.groups)


def test_dimensions_have_a_fall_of_ccc_and_no_recalls() -> None:
    importance = planted("vote", kind="numbers")
    assert importance.metric == "ccc"
    assert [one.group for one in importance.groups[:2]] == ["loudness", "pitch"]
    assert importance.groups[0].drop["low"] > 0
    assert not importance.groups[0].recalls
    columns = ["group", "features", "fall of CCC", "CCC alone"]
    assert importance_table(importance).columns == columns


def test_a_group_alone_keeps_what_it_knows() -> None:
    """With all other groups permuted, the planted level alone divides angry from the others."""
    importance = planted("lda")
    alone = {one.group: one.alone["value"] for one in importance.groups}
    assert alone["loudness"] > 0.5
    noise = [value for group, value in alone.items() if group not in ("loudness", "pitch")]
    assert max(abs(value - 1 / 3) for value in noise) < 0.06
    text = " ".join(importance_sentences(importance))
    assert "With all other groups permuted, loudness keeps the most: UAR 0." in text


def test_alone_is_what_the_model_predicts_with_the_other_groups_permuted() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(24, 6)).astype(np.float32)
    y = (X[:, 0] + X[:, 4] > 0).astype(int)
    task = Task("emotion", classes=("angry", "sad"))
    model = make_estimator("lda", task).fit(X, y)
    labels = np.array(task.classes, dtype=object)[y]
    groups = [FeatureGroup("a", "", np.arange(4)), FeatureGroup("b", "", np.arange(4, 6))]
    fold = HeldOutFold(model, X, np.arange(24))
    part = permuted_predictions(task, labels, np.repeat(["a", "b"], 12), fold, groups, 3, 0)
    for repetition, order in enumerate(part.orders):
        source = np.argsort(order)
        table = X[source].copy()
        table[:, :4] = X[:, :4]
        expected = np.array(task.classes)[model.predict(table)]
        assert (part.alone[0, repetition] == expected).all()
    assert (part.alone != part.plain).any()


def test_the_same_seed_gives_the_same_figures() -> None:
    planted.cache_clear()
    first = planted("lda")
    planted.cache_clear()
    assert planted("lda") == first


def test_speakers_of_one_class_are_noted() -> None:
    random = np.random.default_rng(0)
    speaker = np.repeat(["a", "b", "c", "d"], 6)
    y = np.repeat([0, 1, 0, 1], 6)
    X = random.normal(size=(24, 4)).astype(np.float32) + y[:, None]
    task = Task("emotion", classes=("angry", "sad"))
    model = fit_routed(
        make_estimator("lda", task), X, y, speaker=speaker, sample_weight=None, provenance=None
    )
    labels = np.array(task.classes, dtype=object)[y]
    groups = [FeatureGroup("all", "everything", np.arange(4))]
    fold = HeldOutFold(model, X, np.arange(24))
    importance = group_importance(task, labels, speaker, [fold], groups)
    assert any(note.startswith("4 of 4 speakers have one class alone") for note in importance.notes)


def test_rows_are_replaced_by_rows_of_the_same_speaker() -> None:
    orders = within_speakers(SPEAKERS, 5, np.random.default_rng(0))
    assert (SPEAKERS[orders] == SPEAKERS).all()
    assert (np.sort(orders, axis=1) == np.arange(len(SPEAKERS))).all()
    assert (orders != np.arange(len(SPEAKERS))).mean() > 0.8
