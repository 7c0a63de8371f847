"""Labels of other corpora become labels of a task, or stay missing with a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.auxiliary.auxiliary_labels import auxiliary_labels, label_notes
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.class_names import SAME_MEANING, ClassNames
from featser.corpora.card import list_cards, load_card
from featser.tasks import Kind, Task


def labelled(task: Task, values: list[object]) -> AuxiliaryTable:
    """A table with one label."""
    kind = "float64" if task.kind == "regression" else "str"
    rows = pd.DataFrame(
        {
            "file": [f"{row}.wav" for row in range(len(values))],
            "speaker": "1",
            "language": "de",
            "corpus": "other",
            "key": "0",
            task.name: pd.Series(values, dtype=kind),
        }
    )
    return AuxiliaryTable("other", rows, {}, {}, tasks=(task,))


def classes(*names: str, name: str = "emotion", kind: Kind = "classification") -> Task:
    return Task(name, kind, names)


OTHER = labelled(
    classes("angry", "bored", "happy", "sad"), ["angry", "bored", "happy", None, "bored", "sad"]
)


def test_classes_that_the_task_lacks_are_missing() -> None:
    labels = auxiliary_labels(OTHER, [classes("angry", "happy", "surprised")])
    assert labels["emotion"].isna().tolist() == [False, True, False, True, True, True]
    assert labels["emotion"].dropna().tolist() == ["angry", "happy"]
    assert labels["emotion"].dtype == "str"


def test_classes_match_by_meaning_and_get_the_names_of_the_task() -> None:
    labels = auxiliary_labels(OTHER, [classes("ANGER", "Joy", "Sadness")])
    assert labels["emotion"].dropna().tolist() == ["ANGER", "Joy", "Sadness"]


def test_exact_name_stands_before_meaning() -> None:
    """A task with `happy` and `joy` has both; the corpus's `happy` is the first."""
    labels = auxiliary_labels(OTHER, [classes("Happy", "joy")])
    assert labels["emotion"].dropna().tolist() == ["Happy"]


def test_meaning_of_two_classes_stands_for_neither() -> None:
    (note,) = label_notes(OTHER, [classes("happiness", "joy")])
    assert auxiliary_labels(OTHER, [classes("happiness", "joy")])["emotion"].isna().all()
    assert note == (
        "auxiliary corpus 'other': no labels for `emotion`: this corpus has none of the classes "
        "happiness, joy (it has angry, bored, happy, sad)"
    )


def test_note_counts_rows_and_names_classes() -> None:
    (note,) = label_notes(OTHER, [classes("happy", "angry", "calm")])
    assert note == (
        "auxiliary corpus 'other': 2 of 6 utterances with labels for `emotion` (happy, angry); "
        "left out, since the task has no such class: bored (2), sad (1)"
    )


def test_label_that_the_corpus_lacks_or_forbids_is_missing() -> None:
    """BanglaSER has a column `intensity`, which its card forbids as a task."""
    rows = OTHER.rows.assign(intensity="strong")
    tasks = [classes("normal", "strong", name="intensity"), Task("valence", "regression")]
    labels = auxiliary_labels(replace(OTHER, rows=rows), tasks)
    assert labels.isna().all(axis=None)
    assert labels.dtypes.astype(str).tolist() == ["str", "float64"]
    assert list(labels) == ["intensity", "valence"]
    assert all("no label of this corpus" in note for note in label_notes(OTHER, tasks))


@pytest.mark.parametrize(
    ("levels", "ours", "count"),
    [
        (("low", "medium", "high"), ("low", "medium", "high"), 3),
        (("low", "medium", "high"), ("Low", "High"), 2),
        (("low", "high"), ("low", "medium", "high"), 2),
        (("mild", "strong"), ("normal", "strong"), 0),
        (("high", "medium", "low"), ("low", "medium", "high"), 0),
        (("low", "b", "a", "high"), ("low", "a", "b", "high"), 0),
    ],
)
def test_levels_used_only_on_the_same_scale(
    levels: tuple[str, ...], ours: tuple[str, ...], count: int
) -> None:
    table = labelled(classes(*levels, name="level", kind="ordinal"), list(levels))
    task = classes(*ours, name="level", kind="ordinal")
    assert auxiliary_labels(table, [task])["level"].notna().sum() == count
    if count == 0:
        assert f"its levels are {' < '.join(levels)}" in label_notes(table, [task])[0]


def test_unordered_classes_give_no_levels_but_levels_give_classes() -> None:
    ordered = classes("low", "high", name="level", kind="ordinal")
    unordered = classes("low", "high", name="level")
    assert auxiliary_labels(labelled(unordered, ["low"]), [ordered])["level"].isna().all()
    assert auxiliary_labels(labelled(ordered, ["low"]), [unordered])["level"].tolist() == ["low"]


@pytest.mark.parametrize(
    ("ours", "is_used"),
    [([1, 5], True), ([1.2, 4.6], True), ([1, 7], False), ([0, 100], False), ([-1, 1], False)],
)
def test_numbers_used_only_where_ranges_agree(ours: list[float], is_used: bool) -> None:
    table = labelled(Task("arousal", "regression"), [1.0, 2.5, None, 5.0])
    task = Task("arousal", "regression")
    target = pd.DataFrame({"arousal": np.array(ours, float)})
    labels = auxiliary_labels(table, [task], target)["arousal"]
    assert labels.dtype == "float64"
    assert labels.notna().tolist() == ([True, True, False, True] if is_used else [False] * 4)
    (note,) = label_notes(table, [task], target)
    assert ("3 of 4 utterances" in note) == is_used
    assert ("it spans 1 to 5 in this corpus" in note) != is_used


def test_numbers_without_target_and_of_other_kind_are_missing() -> None:
    task = Task("arousal", "regression")
    table = labelled(task, [1.0, 5.0])
    assert auxiliary_labels(table, [task])["arousal"].isna().all()
    assert "range of its scale is unknown" in label_notes(table, [task])[0]
    constant = pd.DataFrame({"arousal": [1.0, 1.0]})
    same = labelled(task, [1.0, 1.0])
    assert auxiliary_labels(same, [task], constant)["arousal"].isna().all()
    levels = classes("1", "5", name="arousal")
    assert "no classes" in label_notes(table, [levels])[0]
    assert "no numbers" in label_notes(labelled(levels, ["1"]), [task], constant)[0]


def test_meanings_are_those_of_cards_and_contradict_none() -> None:
    """Each synonym stands for one class of the cards and is itself no class of a card."""
    for label, meanings in SAME_MEANING.items():
        cards = [load_card(name) for name in list_cards()]
        used = {c for card in cards if label in card.tasks for c in card.tasks[label].classes}
        others = [other for names in meanings.values() for other in names]
        assert set(meanings) <= used
        assert len(others) == len(set(others))
        assert not set(others) & used


@given(st.lists(st.text(min_size=1, max_size=4), unique=True, min_size=1), st.text(max_size=4))
def test_any_names_of_classes_are_looked_up(names: list[str], other: str) -> None:
    class_names = ClassNames("emotion", names)
    assert class_names.find(other) in (*names, None)
    for name in names:
        assert class_names.find(name) == name
