"""Published folds: who is tested by whom, what folds share, and the scores of each fold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.audit.checks.fold_checks import overlap_findings
from featser.audit.folds_check import compare_folds
from featser.errors import ProtocolError
from featser.evaluation.fold_scores import fold_scores, score_rows, unshared_scores
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.folds import UNTESTED, Folds
from featser.evaluation.protocols.overlap import overlap_of
from featser.experiment.loading.data import Data
from featser.experiment.plan import inner_units, left_out_inside
from featser.tasks import Task

EMOTION = Task("emotion", "classification", ("angry", "sad"))


@st.composite
def divided(draw: st.DrawFn) -> pd.DataFrame:
    """Rows with folds, some without; two folds at least."""
    rows = draw(st.integers(2, 30))
    names = st.sampled_from(["", "1", "2", "10", "test"])
    fold = [*draw(st.permutations(["1", "2"])), *(draw(names) for _ in range(rows - 2))]
    speaker = [draw(st.sampled_from(["", "f1", "m1", "m2"])) for _ in range(rows)]
    sound = [str(draw(st.integers(0, rows))) for _ in range(rows)]
    return pd.DataFrame({"fold": fold, "speaker": speaker, "sound": sound})


def folds_of(table: pd.DataFrame) -> Folds:
    return make_folds("folds", table, np.zeros(len(table)), table["sound"].to_numpy())


@given(table=divided())
def test_each_row_with_a_fold_is_tested_once_by_rows_of_other_folds(table: pd.DataFrame) -> None:
    folds = folds_of(table)
    has_fold = table["fold"] != ""
    n_tests = np.zeros(len(table), dtype=int)
    for number, (train, test) in enumerate(folds.splits()):
        n_tests[test] += 1
        assert not set(train) & set(test)
        assert set(table["fold"].iloc[test]) == {folds.names[number]}
        others = has_fold & (table["fold"] != folds.names[number])
        assert train.tolist() == np.flatnonzero(others).tolist(), "all rows of the other folds"
    assert n_tests.tolist() == has_fold.astype(int).tolist()
    assert (folds.test[~has_fold] == UNTESTED).all()


@given(table=divided())
def test_overlap_is_what_training_and_test_sets_have_in_common(table: pd.DataFrame) -> None:
    folds = folds_of(table)
    speaker, sound = (table[name].to_numpy(dtype=str) for name in ("speaker", "sound"))
    overlap = overlap_of(folds, speaker, sound)
    own = table[table["fold"] != ""]
    several = own.groupby("speaker")["fold"].nunique() > 1
    assert set(overlap.speakers) == set(several[several].index) - {""}
    repeated = own.groupby("sound")["fold"].nunique() > 1
    assert set(overlap.recordings) == set(repeated[repeated].index)
    assert set(sound[overlap.in_training]) == set(overlap.recordings)
    is_shared = bool(overlap.speakers or overlap.recordings)
    assert bool(overlap.phrases) == (is_shared or not (own["speaker"] != "").any())


def test_folds_are_in_the_order_of_their_numbers() -> None:
    table = pd.DataFrame({"fold": ["10", "9", "2"], "sound": ["1", "2", "3"]})
    assert folds_of(table).names == ("2", "9", "10")


def test_rows_without_a_fold_are_listed_and_unused() -> None:
    table = pd.DataFrame({"file": list("abcdefg"), "fold": ["1", "2", *[None] * 5]})
    table["speaker"] = list("stuvwxy")
    folds = make_folds("folds", table, np.zeros(7), np.arange(7))
    assert folds.notes == (
        "folds: 5 utterances have no fold and are neither used for training nor tested: c, d, e, …",
    )


@pytest.mark.parametrize(
    ("speakers", "note"),
    [
        ([None] * 4, "speakers are not named, so folds may share them: the figures under 'folds'"),
        (["f1", "m1", None, None], "folds: 2 of 4 utterances that are tested have no speaker"),
    ],
)
def test_folds_of_speakers_who_are_not_named_say_so(speakers: list[str | None], note: str) -> None:
    table = pd.DataFrame({"file": list("abcd"), "fold": ["1", "2"] * 2, "speaker": speakers})
    folds = make_folds("folds", table, np.zeros(4), np.arange(4))
    assert [one for one in folds.notes if note in one] == list(folds.notes)
    assert folds.notes


def test_overlap_findings_state_whether_folds_are_disjoint() -> None:
    table = pd.DataFrame({"file": ["/x/a", "/x/b"], "fold": ["1", "2"]})
    folds = Folds(np.array([0, 1]), names=("1", "2"))
    sound = np.array(["1", "2"])

    def kinds_of(*speakers: str) -> list[tuple[str, str]]:
        speaker = np.array(speakers)
        overlap = overlap_of(folds, speaker, sound)
        findings = overlap_findings("folds", table, folds, overlap, speaker, sound)
        return [(finding.kind, finding.severity) for finding in findings]

    assert kinds_of("f1", "m1") == [("disjoint folds", "note")]
    assert kinds_of("f1", "f1") == [("speakers in training and test", "warning")]
    assert kinds_of("f1", "") == [("folds without speakers", "warning")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, r"needs a column `fold`.*--folds FILE.*--set folds=FILE"),
        ({"fold": [None, None]}, "2 of 2 utterances have no fold"),
        ({"fold": ["1", "1"]}, r"needs two or more folds.*the data have 1 \(1\)"),
    ],
)
def test_data_without_two_folds_are_refused(columns: dict[str, Any], message: str) -> None:
    table = pd.DataFrame({"file": ["a", "b"], **columns})
    with pytest.raises(ProtocolError, match=message):
        make_folds("folds", table, [0, 1], ["1", "2"])


def predictions(fold: list[int], true: list[Any], pred: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"fold": fold, "emotion.true": true, "emotion.pred": pred})


def test_fold_scores_are_those_of_each_fold_and_their_mean() -> None:
    folds = Folds(np.array([0, 0, 1, 1, 1]), names=("1", "2"))
    table = predictions(
        [0, 0, 1, 1, 1], ["sad", "angry", "sad", "sad", None], ["sad", "sad", "sad", "angry", "sad"]
    )
    speaker = np.array(["f1", "m1", "f1", "", ""])
    figures = fold_scores(EMOTION, table, folds, speaker)
    assert figures["fold[1].uar"] | {"low": 0, "high": 0} == {
        "value": 0.5, "low": 0, "high": 0, "n": 2, "speakers": 2,
    }  # fmt: skip
    assert score_rows(figures) == [
        {"fold": "1", "utterances": 2, "speakers": 2, "uar": 0.5, "accuracy": 0.5},
        {"fold": "2", "utterances": 2, "speakers": 1, "uar": 0.5, "accuracy": 0.5},
        {"fold": "mean", "utterances": 4, "speakers": None, "uar": 0.5, "accuracy": 0.5},
    ]


def test_unshared_scores_leave_out_rows_whose_recording_is_in_training() -> None:
    folds = Folds(np.array([0, 1, 0, 1]), names=("1", "2"))
    table = predictions(
        [0, 1, 0, 1], ["sad", "sad", "angry", "sad"], ["angry", "sad", "angry", "sad"]
    )
    speaker = np.array(["f1", "f1", "m1", "m1"])
    overlap = overlap_of(folds, speaker, np.array(["a", "a", "b", "c"]))
    figures = unshared_scores(EMOTION, table, overlap, speaker)
    assert (figures["unshared.uar"]["value"], figures["unshared.uar"]["n"]) == (1.0, 2)
    none_shared = overlap_of(folds, speaker, np.array(["a", "d", "b", "c"]))
    assert unshared_scores(EMOTION, table, none_shared, speaker) == {}


def test_inner_folds_of_published_folds_are_by_speaker() -> None:
    """Also where the published folds themselves share speakers, or a recording."""
    speaker, sound = np.array(["f1", "f1", "m1", "m2"]), np.array(["1", "2", "3", "3"])
    data = cast(Data, SimpleNamespace(speaker=speaker))
    units = inner_units("folds", data, sound)
    assert units[0] == units[1]
    assert units[2] == units[3]
    assert units[0] != units[2]
    assert left_out_inside("folds", data) == "speakers"


def test_compare_folds_of_disjoint_folds_says_so() -> None:
    table = pd.DataFrame({"file": ["/x/a", "/x/b"], "speaker": ["f1", "m1"], "fold": ["1", "2"]})
    check = compare_folds(table, np.array(["1", "2"]))
    assert check.is_disjoint
    assert check.display().text == "2 folds share neither speakers nor recordings"


def test_compare_folds_lists_what_is_shared_and_what_is_not_known() -> None:
    table = pd.DataFrame(
        {
            "file": ["/x/a", "/x/b", "/x/c"],
            "speaker": ["f1", "f1", None],
            "fold": ["1", "2", "2"],
            "emotion": ["sad", "sad", "angry"],
        }
    )
    check = compare_folds(table, np.array(["1", "1", ""]))
    assert not check.is_disjoint
    assert check.display().text == "2 folds share 1 speaker and 1 recording"
    assert check.speakers == [{"speaker": "f1", "folds": "1, 2", "utterances": 2}]
    assert [row["file"] for row in check.recordings] == ["a", "b"]
    assert check.not_checked == [
        "1 of 3 utterances with a fold have no speaker",
        "1 recording cannot be read (see `featser audit`)",
    ]
    assert [fold["classes"] for fold in check.folds] == [
        {"angry": 0, "sad": 1}, {"angry": 1, "sad": 1},
    ]  # fmt: skip
