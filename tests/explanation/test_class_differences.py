"""Planted differences of classes are stated in their units; noise gives no discovery."""

from __future__ import annotations

import numpy as np
import pytest

from featser.explanation.class_differences import (
    ClassDifference,
    class_differences,
    difference_frame,
    difference_sentences,
    difference_table,
    named_differences,
)
from featser.features.interpretable_features import interpretable_features
from featser.features.registry import make_extractor

FEATURES = interpretable_features(make_extractor("gemaps"))
CLASSES = ("angry", "neutral", "sad")
PITCH = next(n for n, one in enumerate(FEATURES) if one.words == "F0")
RANGE = next(n for n, one in enumerate(FEATURES) if one.words == "F0 range")
LEVEL = next(n for n, one in enumerate(FEATURES) if one.words == "sound level")


def planted(seed: int = 0, semitones: float = 3.0) -> list[ClassDifference]:
    """12 speakers, who differ a lot, with 10 utterances of each class; angry is high and loud."""
    random = np.random.default_rng(seed)
    speaker = np.repeat([f"s{n:02}" for n in range(12)], 30)
    labels = np.tile(np.array(CLASSES, dtype=object), 120)
    values = random.normal(size=(360, len(FEATURES)))
    values += random.normal(0, 10, (12, len(FEATURES))).repeat(30, axis=0)
    values[labels == "angry", PITCH] += semitones
    values[labels == "angry", RANGE] += 0.8 * semitones
    values[labels == "angry", LEVEL] += semitones / 2
    values[3, PITCH] = np.nan
    return class_differences(values, FEATURES, labels, speaker, CLASSES)


def test_a_planted_difference_is_stated_in_its_unit_whatever_the_speakers() -> None:
    differences = planted()
    first = differences[0]
    assert (first.label, first.feature.words, first.n_speakers) == ("angry", "F0", 12)
    assert first.low < 3.0 < first.high
    assert first.high - first.low < 1.0, "speakers differ by 10 semitones, which does not count"
    assert first.p_adjusted < 0.001


def test_sentences_name_one_feature_for_each_descriptor() -> None:
    angry = difference_sentences(planted(), CLASSES)[0]
    assert angry.startswith("angry: F0 +")
    assert " SD [" in angry
    assert "semitones)" in angry
    assert "sound level +" in angry
    assert "F0 range" not in angry, "F0 itself differs more"


def test_discoveries_of_noise_are_as_rare_as_the_rate_promises() -> None:
    """Over 40 draws without any difference, few have a single discovery (5 % are expected)."""
    with_discovery = sum(any(one.is_discovery for one in planted(n, 0.0)) for n in range(40))
    assert with_discovery <= 6


def test_variations_relative_to_a_mean_near_zero_are_not_named() -> None:
    readable = {one.words for one in FEATURES if one.is_readable}
    assert "F0 relative variation" in readable
    assert "H1–H2 relative variation" not in readable
    assert len(FEATURES) - len(readable) == 18


def test_differences_that_are_no_discoveries_are_not_named() -> None:
    chance = [one for one in planted() if not one.is_discovery]
    assert len(chance) > 100
    assert difference_sentences(chance, CLASSES)[0] == "angry: no difference beyond chance."


def test_intervals_hold_the_planted_difference_as_often_as_they_say() -> None:
    differences = [
        next(one for one in planted(n) if one.label == "angry" and one.feature is FEATURES[PITCH])
        for n in range(60)
    ]
    assert 53 <= sum(one.low <= 3.0 <= one.high for one in differences) <= 60


def test_too_few_speakers_and_constant_features_are_left_out() -> None:
    random = np.random.default_rng(0)
    speaker = np.repeat(["a", "b", "c"], 20)
    labels = np.tile(np.array(["angry", "sad"], dtype=object), 30)
    values = random.normal(size=(60, 88))
    assert class_differences(values, FEATURES, labels, speaker, ("angry", "sad")) == []
    speaker = np.repeat(["a", "b", "c", "d"], 15)
    values[:, 0] = 1.0
    differences = class_differences(values, FEATURES, labels, speaker, ("angry", "sad"))
    assert len(differences) == 2 * 87


def test_table_and_frame_hold_what_the_sentences_say() -> None:
    differences = planted()
    table = difference_table(differences, CLASSES)
    named = named_differences(differences, "angry")
    assert [row[1] for row in table.rows if row[0] == "angry"] == [
        one.feature.words for one in named
    ]
    frame = difference_frame(differences)
    assert len(frame) == 3 * 88
    assert frame.loc[0, "sd"] == pytest.approx(differences[0].standardised[0])
