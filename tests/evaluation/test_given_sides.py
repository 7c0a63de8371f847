"""Sentences, corpora and splits: what each protocol tests, and what it refuses with the fix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.errors import ProtocolError
from featser.evaluation.protocols.folding import CorpusSplit, make_folds
from featser.evaluation.protocols.folds import Folds


def corpus(speakers: int = 4, sentences: int = 3, corpora: int = 2) -> pd.DataFrame:
    """Each speaker speaks each sentence twice; every corpus has the same names."""
    rows = [
        {"file": f"{c}/{s}-{t}-{take}.wav", "corpus": f"c{c}", "speaker": f"s{s}",
         "sentence": f"t{t}", "emotion": "angry" if (s + t + take) % 2 else "sad"}
        for c in range(corpora) for s in range(speakers) for t in range(sentences)
        for take in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def folds_of(protocol: str, table: pd.DataFrame, split: CorpusSplit | None = None) -> Folds:
    audio = table["sound"] if "sound" in table else table["file"]
    return make_folds(protocol, table, table["emotion"], audio, 0, split)


def parts(table: pd.DataFrame, folds: Folds, name: str) -> list[tuple[set[str], set[str]]]:
    return [
        (set(table[name].iloc[train]), set(table[name].iloc[test]))
        for train, test in folds.splits()
    ]


def test_each_speaker_is_left_out_whatever_their_number() -> None:
    table = corpus(speakers=15, corpora=1)
    folds = folds_of("leave-one-speaker-out", table)
    assert folds.count == 15
    assert all(
        len(test) == 1 and not train & test for train, test in parts(table, folds, "speaker")
    )


@pytest.mark.parametrize(("sentences", "count"), [(12, 12), (13, 6)])
def test_up_to_twelve_sentences_are_left_out_one_by_one(sentences: int, count: int) -> None:
    table = corpus(sentences=sentences, corpora=1)
    folds = folds_of("sentence-independent", table)
    assert folds.count == count
    assert not any(train & test for train, test in parts(table, folds, "sentence"))


def test_each_speaker_and_sentence_is_tested_by_others_who_speak_others() -> None:
    table = corpus(speakers=4, sentences=3, corpora=1)
    folds = folds_of("speaker-and-sentence-independent", table)
    assert folds.count == 4 * 3
    assert (folds.test >= 0).all()
    for train, test in folds.splits():
        assert (len(train), len(test)) == (3 * 2 * 2, 2)
    assert len(folds.train(-1)) == len(table), "the model of all data"


def test_utterances_whose_sentence_no_other_speaker_says_are_not_tested_and_named() -> None:
    table = corpus(speakers=2, sentences=2, corpora=1)
    table = table[(table["speaker"] != "s0") | (table["sentence"] == "t0")].reset_index(drop=True)
    folds = folds_of("speaker-and-sentence-independent", table)
    untested = table[folds.test < 0]
    assert set(untested["speaker"] + untested["sentence"]) == {"s1t0"}
    assert "2 of 6 utterances are not tested" in folds.notes[0]


def test_each_corpus_is_tested_by_the_others() -> None:
    table = corpus(corpora=3)
    folds = folds_of("leave-one-corpus-out", table)
    assert folds.names == ("c0", "c1", "c2")
    assert parts(table, folds, "corpus")[1] == ({"c0", "c2"}, {"c1"})
    pd.testing.assert_series_equal(
        pd.Series(folds.test), pd.Series(folds_of("cross-corpus", table).test)
    )


def test_speakers_who_share_a_recording_across_corpora_are_not_in_the_training_set() -> None:
    table = corpus(corpora=2)
    table["sound"] = table["file"]
    table.loc[[0, 24], "sound"] = "shared"  # c0's s0 and c1's s0
    folds = folds_of("leave-one-corpus-out", table)
    training_rows = table.iloc[folds.train(0)]
    assert set(training_rows["speaker"]) == {"s1", "s2", "s3"}
    assert "c0: 6 utterances of other corpora not used for training" in folds.notes[0]


@pytest.mark.parametrize(
    ("split", "trained", "tested"),
    [
        (CorpusSplit(train=("c0",), test=("c2",)), {"c0"}, {"c2"}),
        (CorpusSplit(test=("c2",)), {"c0", "c1"}, {"c2"}),
        (CorpusSplit(train=("c2",)), {"c2"}, {"c0", "c1"}),
    ],
)
def test_corpora_are_on_the_sides_that_are_named(
    split: CorpusSplit, trained: set[str], tested: set[str]
) -> None:
    table = corpus(corpora=3)
    assert parts(table, folds_of("cross-corpus", table, split), "corpus") == [(trained, tested)]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (CorpusSplit(test=("c9",)), "--test c9: unknown corpus 'c9'.*valid: c0, c1"),
        (CorpusSplit(("c0",), ("c0", "c1")), "--train and --test both name c0"),
        (CorpusSplit(train=("c0", "c1")), "--test: no corpus is left for it, the data have c0, c1"),
    ],
)
def test_sides_that_cannot_be_are_refused(split: CorpusSplit, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        folds_of("cross-corpus", corpus(), split)


def split_corpus() -> pd.DataFrame:
    table = corpus(speakers=4, corpora=1)
    part = {"s0": "train", "s1": "dev", "s2": "test", "s3": None}
    return table.assign(split=table["speaker"].map(part))


@pytest.mark.parametrize(("dev", "trained"), [("train", {"s0", "s1"}), ("unused", {"s0"})])
def test_a_fixed_split_tests_test_and_fits_on_dev_by_default(dev: str, trained: set[str]) -> None:
    table = split_corpus()
    folds = folds_of("fixed-split", table, CorpusSplit(dev=dev))
    assert parts(table, folds, "speaker") == [(trained, {"s2"})]
    assert "6 train, 6 dev, 6 test utterances; only test is predicted" in folds.notes[0]


def test_the_same_sound_on_both_sides_of_a_fixed_split_is_refused_with_the_files() -> None:
    table = split_corpus()
    table["sound"] = table["file"]
    table.loc[[0, 12], "sound"] = "shared"
    files = "0/0-0-0.wav and 0/2-0-0.wav"
    with pytest.raises(ProtocolError, match=rf"{files}\. Drop one .*`featser audit` lists all"):
        folds_of("fixed-split", table)


def test_speakers_on_both_sides_of_a_fixed_split_are_named() -> None:
    table = corpus(corpora=1)
    table["split"] = np.where(table["sentence"] == "t0", "test", "train")
    notes = folds_of("fixed-split", table).notes
    assert "4 speakers in both training and test (s0, s1, s2, …)" in notes[-1]


@pytest.mark.parametrize(
    ("protocol", "changed", "message"),
    [
        ("sentence-independent", {"sentence": None}, r"24 of 24 .* no sentence.*column `sentence`"),
        ("sentence-independent", {"sentence": "t"}, r"two or more sentences .* have 1 \(t\)"),
        ("leave-one-corpus-out", {"corpus": "c"}, r"two or more corpora .*`corpus`.* 1 \(c\)"),
        ("leave-one-speaker-out", {"speaker": "s"}, "two or more speakers .*`--protocol random`"),
        ("fixed-split", {"split": "Test"}, "column `split` is 'test', the values are 'Test'"),
        ("fixed-split", {"split": "test"}, "column `split` is 'train', the values are 'test'"),
        ("fixed-split", {}, "needs a column `split`, which the data do not have: fill in"),
    ],
)
def test_data_that_do_not_allow_a_protocol_are_refused_with_column_value_and_fix(
    protocol: str, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(ProtocolError, match=message):
        folds_of(protocol, corpus(corpora=1).assign(**changed))


def test_one_empty_sentence_is_refused_and_not_guessed() -> None:
    table = corpus(corpora=1)
    table.loc[3, "sentence"] = np.nan
    with pytest.raises(ProtocolError, match="1 of 24 utterances has no sentence"):
        folds_of("speaker-and-sentence-independent", table)


def test_a_fold_with_an_empty_training_set_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"fold 0 \('a'\) has nothing to train with"):
        Folds(np.array([0, -1]), np.array([[False, True]]), names=("a",))
    with pytest.raises(ProtocolError, match="none of 2 utterances would be tested"):
        Folds(np.array([-1, -1]))
