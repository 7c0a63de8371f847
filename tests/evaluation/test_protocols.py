"""No speaker on both sides, no copy on both sides, no empty fold; and the seed decides the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import ProtocolError
from featser.evaluation.protocols.folding import (
    MAX_LEFT_OUT,
    SPEAKER_GROUPS,
    assign_folds,
    fold_table,
    inner_folds,
    speaker_ids,
)


def data(speakers: int, each: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    speaker = np.repeat([f"s{number:02d}" for number in range(speakers)], each)
    label = rng.choice([f"c{number}" for number in range(classes)], len(speaker))
    audio = np.array([f"a{number}" for number in range(len(speaker))])
    return label, speaker, audio


def straddles(fold: np.ndarray, units: np.ndarray) -> bool:
    return bool((pd.Series(fold).groupby(units).nunique() > 1).any())


@pytest.mark.parametrize("speakers", [2, 3, MAX_LEFT_OUT])
def test_up_to_twelve_speakers_one_is_left_out_at_a_time(speakers: int) -> None:
    label, speaker, audio = data(speakers, 5)
    fold = assign_folds("speaker-independent", label, speaker, audio)
    assert len(set(fold)) == speakers
    assert not straddles(fold, speaker)


def test_more_than_twelve_speakers_make_six_groups_with_even_classes() -> None:
    label, speaker, audio = data(24, 40)
    fold = assign_folds("speaker-independent", label, speaker, audio)
    assert len(set(fold)) == SPEAKER_GROUPS
    assert not straddles(fold, speaker)
    shares = pd.crosstab(fold, label, normalize="index")
    assert (shares.max() - shares.min()).max() < 0.15


@settings(max_examples=60)
@given(st.integers(2, 30), st.integers(1, 6), st.integers(1, 5), st.integers(0, 3))
def test_whatever_the_data_no_speaker_straddles_and_no_fold_is_empty(
    speakers: int, each: int, classes: int, seed: int
) -> None:
    label, speaker, audio = data(speakers, each, classes, seed)
    fold = assign_folds("speaker-independent", label, speaker, audio, seed)
    assert not straddles(fold, speaker)
    assert set(fold) == set(range(fold.max() + 1))
    assert fold.max() >= 1


@pytest.mark.parametrize("protocol", ["speaker-independent", "random"])
@pytest.mark.parametrize("speakers", [6, 20])
def test_copies_of_a_recording_never_straddle_a_fold(protocol: str, speakers: int) -> None:
    label, speaker, audio = data(speakers, 10)
    audio[[0, 15, 33]] = "copy"  # of three speakers
    fold = assign_folds(protocol, label, speaker, audio)
    assert not straddles(fold, audio)
    if protocol == "speaker-independent":
        assert not straddles(fold, speaker)


@pytest.mark.parametrize("names", [("first", "second"), ("second", "first")])
def test_copies_join_speakers_through_each_other(names: tuple[str, str]) -> None:
    """In whichever order the recordings come, three speakers joined by two of them are one."""
    label, speaker, audio = data(5, 4)
    audio[0] = audio[4] = names[0]
    audio[5] = audio[8] = names[1]
    fold = assign_folds("speaker-independent", label, speaker, audio)
    assert len(set(fold[:12])) == 1
    assert len(set(fold)) == 3


def test_random_has_five_folds_with_speakers_on_both_sides() -> None:
    label, speaker, audio = data(6, 50)
    fold = assign_folds("random", label, speaker, audio)
    assert len(set(fold)) == 5
    assert straddles(fold, speaker)


def test_the_same_seed_gives_the_same_folds_and_another_seed_others() -> None:
    label, speaker, audio = data(24, 10)
    first, again, other = (assign_folds("random", label, speaker, audio, s) for s in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_numbers_are_balanced_by_quintiles_and_missing_labels_stay() -> None:
    _, speaker, audio = data(24, 10)
    label = np.linspace(0, 1, len(speaker))
    label[::7] = np.nan
    fold = assign_folds("speaker-independent", label, speaker, audio)
    assert len(set(fold)) == SPEAKER_GROUPS


def test_missing_speakers_are_refused_with_the_fix() -> None:
    label, speaker, audio = data(3, 4)
    speaker[2] = ""
    with pytest.raises(ProtocolError, match=r"1 of 12 .*column `speaker`.*--protocol random"):
        assign_folds("speaker-independent", label, speaker, audio)


def test_one_speaker_is_too_few() -> None:
    label, speaker, audio = data(1, 4)
    with pytest.raises(ProtocolError, match="two or more speakers"):
        assign_folds("speaker-independent", label, speaker, audio)


def test_an_unknown_protocol_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ProtocolError, match=r"valid: speaker-independent, .*random"):
        assign_folds("loso", ["a"], ["s"], ["x"])


def test_inner_folds_keep_speakers_whole_and_every_class_in_training() -> None:
    label, speaker, _ = data(8, 12)
    folds = inner_folds(label, speaker)
    assert len(folds) == 4
    for train, test in folds:
        assert not set(speaker[train]) & set(speaker[test])
        assert set(label[train]) == set(label)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(label)))


def test_a_class_of_one_speaker_makes_inner_folds_by_utterance() -> None:
    label, speaker, _ = data(4, 12, classes=2)
    label[:6] = "only the first speaker"
    for train, _ in inner_folds(label, speaker):
        assert set(label[train]) == set(label)


def test_too_few_utterances_for_inner_folds_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="too few for inner folds"):
        inner_folds(["a", "b"], ["s", "t"])


def test_equal_speaker_ids_of_different_corpora_are_different_speakers() -> None:
    table = pd.DataFrame({"corpus": ["x", "y", "y"], "speaker": ["03", "03", None]})
    assert speaker_ids(table).tolist() == ["x/03", "y/03", ""]
    assert speaker_ids(table.iloc[:1]).tolist() == ["03"]


def test_the_folds_are_a_table_a_person_can_open() -> None:
    manifest = pd.DataFrame({"file": ["a", "b"], "speaker": ["s", "t"], "emotion": ["x", "y"]})
    assert list(fold_table([0, 1], manifest)) == ["fold", "file", "speaker"]
