"""A missing name is missing in every type of value, and never becomes a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.audit.checks.label_checks import label_findings
from featser.errors import ProtocolError, TaskError
from featser.evaluation.missing import as_text, is_missing
from featser.evaluation.protocols.enrolment_split import draw_enrolment, refuse_training_speakers
from featser.evaluation.protocols.folding import assign_folds, make_folds
from featser.evaluation.protocols.folds import Folds, strata_of
from featser.evaluation.protocols.groups import (
    independent_units,
    speaker_groups,
    speaker_ids,
    speaker_names,
)
from featser.evaluation.protocols.inner_folds import inner_folds, shared_folds
from featser.evaluation.protocols.splitters import SpeakerIndependent
from featser.evaluation.statistics.gaps import group_gap
from featser.models.selection.selectors import SpeakerTaskSelector, StabilitySelector
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.speakers.normalization import SpeakerNormalizer
from featser.tasks import Task

MISSING = {
    "None": None,
    "nan": float("nan"),
    "numpy nan": np.float32("nan"),
    "pandas NA": pd.NA,
    "pandas NaT": pd.NaT,
    "empty": "",
}
EMOTION = Task("emotion", classes=("angry", "sad"))


@pytest.fixture(params=MISSING.values(), ids=MISSING.keys())
def missing(request: pytest.FixtureRequest) -> Any:
    return request.param


def names_with(missing: Any, row: int = 3, speakers: int = 6, each: int = 8) -> list[Any]:
    names: list[Any] = np.repeat([f"s{number}" for number in range(speakers)], each).tolist()
    names[row] = missing
    return names


def labels(rows: int) -> np.ndarray:
    return np.resize(np.array(["angry", "sad"], dtype=object), rows)


def test_as_text_makes_missing_names_empty_and_keeps_all_others(missing: Any) -> None:
    assert as_text(["anna", missing, "nan", 3]).tolist() == ["anna", "", "nan", "3"]
    assert as_text(pd.Series(["anna", missing])).tolist() == ["anna", ""]
    assert is_missing(missing) or missing == ""


def test_as_text_of_pandas_types_has_no_word_for_missing() -> None:
    for column in (
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", None], dtype="str"),
        pd.Series(["a", None], dtype="category"),
    ):
        assert as_text(column).tolist() == ["a", ""]
    assert as_text(pd.Series([1, None], dtype="Int64")).tolist() == ["1", ""]


def test_speaker_ids_of_two_corpora_leave_missing_speakers_empty(missing: Any) -> None:
    table = pd.DataFrame({"speaker": ["a", missing, "a"], "corpus": ["one", "one", missing]})
    assert speaker_ids(table).tolist() == ["one/a", "", "/a"]


def test_speaker_groups_number_missing_speakers_one_by_one(missing: Any) -> None:
    assert speaker_groups(["b", missing, "a", missing, "b"], 5).tolist() == [1, 2, 0, 3, 1]
    assert speaker_groups(None, 3).tolist() == [0, 1, 2]


def test_independent_units_without_speaker_are_recordings(missing: Any) -> None:
    """Missing recordings belong to no speaker: they join no speakers."""
    units = independent_units(["a", missing, "b", missing, "a"], ["x", "y", missing, "y", missing])
    assert units[1] == units[3]
    assert len(set(units)) == 3


def test_a_split_by_speaker_refuses_missing_speakers_and_counts_them(missing: Any) -> None:
    names = names_with(missing)
    with pytest.raises(ProtocolError, match="1 of 48 utterances has no speaker"):
        assign_folds("speaker-independent", labels(48), names, np.arange(48))
    with pytest.raises(ProtocolError, match="1 of 48 utterances has no speaker"):
        next(SpeakerIndependent().split(np.zeros((48, 1)), labels(48), names))


def test_recordings_of_unknown_content_join_no_speakers(missing: Any) -> None:
    table = pd.DataFrame({"speaker": np.repeat(["a", "b", "c"], 4)})
    folds = make_folds("speaker-independent", table, labels(12), [missing] * 12)
    assert folds.count == 3


@pytest.mark.parametrize("make", [inner_folds, lambda y, s: shared_folds([y], s)])
def test_inner_folds_deal_rows_without_a_speaker_out_one_by_one(
    missing: Any, make: Callable[..., Any]
) -> None:
    """With all of them as one speaker, one test fold would hold 24 of the 32 rows."""
    names = names_with(missing, speakers=4)
    names[8:] = [missing] * 24
    code = np.resize([0, 1], 32).astype(np.intp)
    assert max(len(test) for _, test in make(code, names)) < 16


def test_strata_have_one_place_for_all_that_is_missing(missing: Any) -> None:
    strata = strata_of(["sad", missing, "angry", None, float("nan"), "sad"]).tolist()
    assert strata == [0, 1, 2, 1, 1, 0]


def test_strata_of_numbers_leave_missing_ones_out_of_the_quintiles(missing: Any) -> None:
    values = [*np.linspace(0, 1, 50).tolist(), missing]
    strata = strata_of(np.array(values, dtype=object))
    assert len(set(strata[:-1])) == 5
    assert strata[-1] not in set(strata[:-1])


@pytest.mark.parametrize("kind", [np.int64, "Int64", "Int16", object])
def test_strata_of_many_whole_numbers_are_quintiles(kind: Any) -> None:
    ratings = pd.Series(np.arange(1, 100), dtype=kind)
    assert np.bincount(strata_of(ratings)).tolist() == pytest.approx([20, 20, 19, 20, 20], abs=1)


def test_strata_of_few_whole_numbers_are_classes() -> None:
    assert strata_of([3, 1, 7, 3]).tolist() == [0, 1, 2, 0]
    assert len(set(strata_of(np.arange(20)))) == 20


def test_a_missing_group_is_left_out_and_a_missing_speaker_is_no_speaker(missing: Any) -> None:
    random = np.random.default_rng(0)
    true = labels(96)
    pred = np.where(random.random(96) < 0.7, true, true[::-1]).astype(object)
    group: list[Any] = ["f"] * 48 + ["m"] * 48
    speaker = names_with(missing, speakers=12)
    plain = group_gap(EMOTION, true, pred, group, np.repeat(np.arange(12), 8))
    group[-1] = missing
    result = group_gap(EMOTION, true, pred, group, speaker)
    assert set(result.groups) == {"f", "m"}
    assert result.groups["m"]["n"] == 47
    notes = [result.groups[name].get("note", "") for name in ("f", "m")]
    assert sum("has no speaker" in note for note in notes) == 1
    assert result.gap.high - result.gap.low == pytest.approx(
        plain.gap.high - plain.gap.low, rel=0.15
    )


def test_a_group_of_too_few_speakers_has_no_gap_although_other_speakers_are_missing(
    missing: Any,
) -> None:
    speaker = ["a"] * 20 + ["b"] * 20 + [missing] + np.repeat(["c", "d", "e", "f"], 10).tolist()
    group = ["f"] * 41 + ["m"] * 40
    result = group_gap(EMOTION, labels(81), labels(81), group, speaker)
    assert np.isnan(result.gap.low)
    assert "'f' has fewer than 4 speakers" in result.gap.note


def test_the_audit_and_the_report_name_no_speaker_nan(missing: Any) -> None:
    table = pd.DataFrame({"file": [f"{row}.wav" for row in range(48)], "emotion": labels(48)})
    table["speaker"] = names_with(missing)
    table["split"] = np.resize(["train", "test"], 48)
    table["gender"] = "female"
    findings = label_findings(table, [EMOTION], {}, "emotion")
    listed = [row["speaker"] for finding in findings for row in finding.table if "speaker" in row]
    assert listed
    assert set(listed) <= {f"s{number}" for number in range(6)}
    (counted,) = [finding for finding in findings if finding.kind == "missing speakers"]
    assert counted.message.startswith("1 of 48")


def test_an_enrolment_refuses_missing_speakers_that_are_tested(missing: Any) -> None:
    names = np.array(names_with(missing), dtype=object)
    folds = Folds(np.resize([0, 1], 48).astype(np.intp))
    with pytest.raises(ProtocolError, match="1 of 48 have none"):
        draw_enrolment(names, np.arange(48).astype(str), folds)
    untested = Folds(np.where(np.arange(48) == 3, -1, np.resize([0, 1], 48)).astype(np.intp))
    assert draw_enrolment(names, np.arange(48).astype(str), untested).draw[3] == -1


def test_missing_speakers_on_both_sides_are_no_shared_speaker(missing: Any) -> None:
    names = np.array(["a", "b", missing, missing], dtype=object)
    refuse_training_speakers("fixed-split", names, Folds(np.array([0, 1, 0, 1])))


def test_normalising_by_speaker_refuses_what_is_partly_named(missing: Any) -> None:
    names = names_with(missing)
    X = np.random.default_rng(0).normal(size=(48, 2)).astype(np.float32)
    with pytest.raises(TaskError, match="1 of 48 has none"):
        SpeakerNormalizer().fit(X).transform(X, speaker=names)
    with pytest.raises(TaskError, match="1 of 48 has none"):
        normalised_by_speaker(X, names)
    with pytest.raises(TaskError, match="1 of 48 has none"):
        EnrolmentNormalizer().fit(X, speaker=names)
    assert speaker_names([missing] * 3, "this").tolist() == ["", "", ""]


def test_a_row_without_a_speaker_is_taken_for_the_average_one(missing: Any) -> None:
    X = np.random.default_rng(0).normal(size=(48, 2))
    normalizer = EnrolmentNormalizer().fit(X, speaker=names_with("s0")).enrol(X, names_with("s0"))
    among = normalizer.transform(X, speaker=names_with(missing))
    assert among[3] == pytest.approx(EnrolmentNormalizer().fit(X, speaker=names_with("s0"))
                                     .transform(X[3:4])[0])  # fmt: skip
    assert among[4] == pytest.approx(normalizer.transform(X, speaker=names_with("s0"))[4])


@pytest.mark.parametrize(
    "selector",
    [SpeakerTaskSelector(), StabilitySelector(), StabilitySelector(SpeakerTaskSelector())],
)
def test_selectors_take_rows_without_a_speaker(selector: Any, missing: Any) -> None:
    random = np.random.default_rng(0)
    y = labels(48)
    X = random.normal(size=(48, 4))
    X[:, 0] += 3.0 * (y == "sad")
    assert selector.fit(X, y, speaker=names_with(missing)).get_support()[0]
