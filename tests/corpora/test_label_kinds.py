"""The kind of a label: classes, ordered classes or numbers, by its values, its card or the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.corpora.card import Card, load_card
from featser.corpora.label_columns import function_of, integer_class_notes, tasks_from
from featser.corpora.label_kinds import Numeric, classes_in_order, with_kinds, without_points
from featser.corpora.manifest import read_manifest
from featser.corpora.manifest_stream import ManifestFile
from featser.errors import FeatserError, TaskError
from featser.experiment.explained import check_fields
from featser.experiment.schema import Experiment
from featser.tasks import Task

ONE_TO_SEVEN = [str(value) for value in range(1, 8)]
ONE_TO_21 = [str(value) for value in range(1, 22)]


def manifest_of(folder: Path, values: Sequence[str], name: str = "mood") -> Path:
    """Write a manifest with one label and return its path."""
    rows = "".join(f"a{row}.wav,{value}\n" for row, value in enumerate(values))
    path = folder / "manifest.csv"
    path.write_text(f"file,{name}\n{rows}", encoding="utf-8")
    return path


def task_of(table: pd.DataFrame, name: str = "mood") -> Task:
    """Return the task of a label, as a fit without options predicts it."""
    tasks, refused = tasks_from(table, primary=name)
    assert name not in refused
    return tasks[0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param(ONE_TO_SEVEN, "classification", id="whole-numbers-1-to-7"),
        pytest.param(ONE_TO_SEVEN * 30, "classification", id="many-rows-few-values"),
        pytest.param(ONE_TO_21[:20], "classification", id="20-whole-numbers"),
        pytest.param(ONE_TO_21, "regression", id="21-whole-numbers"),
        pytest.param(["1", "1.5", "2"], "regression", id="half-points"),
        pytest.param(["1.0", "2.0", "3.0"], "classification", id="whole-numbers-with-points"),
        pytest.param(["calm", "angry"], "classification", id="words"),
        pytest.param(["1", "2", "high"], "classification", id="numbers-and-a-word"),
        pytest.param(["01", "02", "3.5"], "classification", id="codes-with-leading-zeros"),
        pytest.param(["1", "", "2.5"], "regression", id="half-points-and-a-missing-value"),
    ],
)
def test_kind_of_values_is_the_same_read_at_once_and_in_blocks(
    values: list[str], kind: str, tmp_path: Path
) -> None:
    path = manifest_of(tmp_path, values)
    blocks = pd.concat(ManifestFile(path).blocks(), ignore_index=True)
    assert task_of(read_manifest(path)).kind == kind
    assert task_of(blocks).kind == kind


@pytest.mark.parametrize("name", ["arousal", "Valence"])
def test_kind_of_a_dimension_is_regression_for_few_whole_numbers(name: str, tmp_path: Path) -> None:
    table = read_manifest(manifest_of(tmp_path, ONE_TO_SEVEN, name))
    assert task_of(table, name).kind == "regression"
    assert table[name].tolist() == list(range(1, 8))


@pytest.mark.parametrize(
    ("values", "is_noted"),
    [
        pytest.param(["1", "2", "3", "4", "5"], True, id="integers"),
        pytest.param(["1.0", "2.0", "3"], True, id="integers-with-points"),
        pytest.param(["-1", "0", "1"], True, id="signs"),
        pytest.param(["0", "1"], False, id="two-classes"),
        pytest.param(["01", "02", "03"], False, id="codes"),
        pytest.param(["1", "2", "high"], False, id="a-word"),
        pytest.param(["1", "1.5", "2"], False, id="regression"),
    ],
)
def test_note_on_integers_that_become_classes(
    values: list[str], is_noted: bool, tmp_path: Path
) -> None:
    table = read_manifest(manifest_of(tmp_path, values))
    notes = integer_class_notes(table, [task_of(table)], [], {})
    assert len(notes) == is_noted


def test_note_on_integer_classes_names_range_and_options_unless_the_kind_is_given(
    tmp_path: Path,
) -> None:
    table = read_manifest(manifest_of(tmp_path, ONE_TO_SEVEN))
    assert integer_class_notes(table, [task_of(table)], [], {}) == [
        "`mood` holds integers 1 to 7 and is treated as classes; if they are ratings, use "
        "--kind mood=regression or --kind mood=ordinal"
    ]
    assert integer_class_notes(table, [task_of(table)], [], {"mood": "classification"}) == []


def test_whole_numbers_with_and_without_points_are_one_class(tmp_path: Path) -> None:
    table = read_manifest(manifest_of(tmp_path, ["1.0", "1", "2.0", "2"]))
    assert task_of(table).classes == ("1", "2")
    assert without_points(pd.Series(["1.0", None, "2"])).fillna("").tolist() == ["1", "", "2"]


def test_numeric_is_false_without_values() -> None:
    assert not Numeric("mood").see(pd.Series([None, None], dtype="str"))


def test_numeric_counts_values_over_all_blocks() -> None:
    numeric = Numeric("mood").see(pd.Series(ONE_TO_21[:11], dtype="str"))
    assert not numeric
    assert numeric.see(pd.Series(ONE_TO_21[11:], dtype="str"))


def test_numeric_with_a_word_in_a_later_block_is_not_numbers() -> None:
    numeric = Numeric("mood").see(pd.Series(["0.5", "1.5"], dtype="str"))
    assert numeric
    assert not numeric.see(pd.Series(["high"], dtype="str"))


CARD = """
name: mine
title: My recordings
licence: CC0
citation: none
source: here
grammar:
  pattern: (?P<who>[fm][1-4])-(?P<what>[a-z]+)
  example: f1-sad
labels:
  speaker: "{who}"
  mood: "{what}"
primary: mood
tasks:
  mood: TASK
"""


def card_of(folder: Path, task: str) -> Card:
    """Write a card that declares the label's task, and read it."""
    path = folder / "mine.yaml"
    path.write_text(CARD.replace("TASK", task), encoding="utf-8")
    return load_card(path)


@pytest.mark.parametrize(
    ("declared", "values", "kind", "classes"),
    [
        ("{kind: regression}", [1.0, 2.0, 3.0], "regression", ()),
        ("{kind: classification}", ["2", "1"], "classification", ("1", "2")),
        ("{kind: ordinal, classes: [low, mid, high]}", ["high", "low"], "ordinal", ("low", "high")),
    ],
)
def test_kind_declared_by_a_card_is_that_of_the_task(
    declared: str, values: list[object], kind: str, classes: tuple[str, ...], tmp_path: Path
) -> None:
    table = pd.DataFrame({"mood": values, "corpus": "mine"})
    tasks, _ = tasks_from(table, [card_of(tmp_path, declared)], "mood")
    assert [(task.kind, task.classes) for task in tasks] == [(kind, classes)]


def test_kind_declared_by_a_card_of_featser_is_used_when_the_manifest_is_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text("file,corpus,naturalness\na,emodb,1\nb,emodb,2\n", encoding="utf-8")
    assert read_manifest(path)["naturalness"].tolist() == [1.0, 2.0]
    path.write_text("file,corpus,naturalness\na,mine,1\nb,mine,2\n", encoding="utf-8")
    assert read_manifest(path)["naturalness"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("declared", "values", "reason"),
    [
        ("{kind: regression}", ["low", "high"], "a regression label must hold numbers, not"),
        ("{kind: ordinal, classes: [low, high]}", ["low", "mid"], "low, high; unknown: mid"),
    ],
)
def test_kind_declared_by_a_card_that_does_not_fit_is_refused_with_the_reason(
    declared: str, values: list[str], reason: str, tmp_path: Path
) -> None:
    table = pd.DataFrame({"mood": values, "corpus": "mine"})
    tasks, refused = tasks_from(table, [card_of(tmp_path, declared)], "mood")
    assert not tasks
    assert reason in refused["mood"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1.0, 2.0, 1.5], "ordinal", ["1", "2", "1.5"]),
        ([1.0, np.nan, 2.0], "classification", ["1", np.nan, "2"]),
        (["1", "2", "2.5"], "regression", [1.0, 2.0, 2.5]),
        (["calm", "angry", "calm"], "classification", ["calm", "angry", "calm"]),
    ],
)
def test_kind_given_as_an_option_converts_the_values(
    values: list[object], kind: str, expected: list[object]
) -> None:
    table = with_kinds(pd.DataFrame({"mood": values}), {"mood": kind})  # type: ignore[dict-item]
    pd.testing.assert_series_equal(
        table["mood"], pd.Series(expected, name="mood"), check_dtype=False
    )


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (ONE_TO_SEVEN, "regression", ()),
        (["10", "9", "2"], "ordinal", ("2", "9", "10")),
        ([1.0, 2.5, 2.0], "classification", ("1", "2", "2.5")),
    ],
)
def test_kind_given_as_an_option_is_that_of_the_task(
    values: list[object], kind: str, expected: tuple[str, ...]
) -> None:
    kinds = Experiment(kinds=[f"mood={kind}"]).kinds
    tasks, _ = tasks_from(with_kinds(pd.DataFrame({"mood": values}), kinds), (), "mood", kinds)
    assert [(task.kind, task.classes) for task in tasks] == [(kind, expected)]


def test_kind_given_as_an_option_goes_before_the_card(tmp_path: Path) -> None:
    card = card_of(tmp_path, "{kind: regression}")
    kinds = Experiment(kinds=["mood=ordinal"]).kinds
    table = with_kinds(pd.DataFrame({"mood": [3.0, 1.0], "corpus": "mine"}), kinds)
    tasks, _ = tasks_from(table, [card], "mood", kinds)
    assert [(task.kind, task.classes) for task in tasks] == [("ordinal", ("1", "3"))]


@pytest.mark.parametrize(
    ("values", "label", "kind", "reason"),
    [
        (
            ["low", "2"],
            "mood",
            "regression",
            r"are not numbers: 'low'\. Correct them, or use --kind",
        ),
        ([f"{v}" for v in range(21)], "mood", "ordinal", r"21 different values, .* at most 20"),
        (["1", "2"], "mod", "ordinal", r"--kind mod=ordinal: unknown label 'mod'.*'mood'"),
    ],
)
def test_kind_given_as_an_option_that_does_not_fit_is_refused_with_the_reason(
    values: list[str], label: str, kind: str, reason: str
) -> None:
    with pytest.raises(TaskError, match=reason):
        with_kinds(pd.DataFrame({"mood": values}), {label: kind})  # type: ignore[dict-item]


def test_numbers_that_are_refused_are_listed_up_to_five() -> None:
    words = pd.DataFrame({"mood": list("abcdefg")})
    with pytest.raises(TaskError, match=r"'a', 'b', 'c', 'd', 'e', …\."):
        with_kinds(words, {"mood": "regression"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mood", "'mood': write LABEL=KIND, such as arousal=ordinal"),
        ("=ordinal", "'=ordinal': write LABEL=KIND"),
        ("mood=order", "unknown kind 'order'"),
    ],
)
def test_option_that_is_not_a_label_and_a_kind_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FeatserError, match=reason):
        check_fields({"kinds": [text]})


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, -1.1e30])
def test_regression_label_infinite_or_huge_is_refused(value: float) -> None:
    table = pd.DataFrame({"file": ["a.wav", "b.wav", "c.wav"], "arousal": [1.5, np.nan, value]})
    message = re.escape(f"`arousal` is {value:g} in the row of 'c.wav': correct it")
    tasks, refused = tasks_from(table, primary="arousal")
    assert tasks == []
    assert re.match(message, refused["arousal"])
    with pytest.raises(TaskError, match=f"--kind arousal=regression: {message}"):
        with_kinds(table.astype({"arousal": "str"}), {"arousal": "regression"})


def test_regression_label_of_large_numbers_is_fitted() -> None:
    table = pd.DataFrame({"file": ["a.wav", "b.wav"], "arousal": [-1e30, 1e30]})
    assert task_of(table, "arousal") == Task("arousal", "regression", role="primary")


def test_classes_in_order_are_sorted_as_numbers_only_where_all_are() -> None:
    assert classes_in_order(pd.Series(["10", "9", None])) == ("9", "10")
    assert classes_in_order(pd.Series(["10", "9", "low"])) == ("10", "9", "low")
    assert classes_in_order(pd.Series([], dtype="str")) == ()


@pytest.mark.parametrize("name", ["e1", "E2", "e+3", ".", "+"])
def test_names_that_look_like_a_power_of_ten_are_classes(name: str) -> None:
    """`1e5` is a number, `e5` is the name of a class."""
    assert not Numeric("emotion").see(pd.Series([name, "e10"]))
    assert not Numeric("emotion").see(pd.Series([name, "0.5"]))
    assert Numeric("emotion").see(pd.Series(["1e5", "0.5", ".5"]))


def test_a_label_that_fixes_another_by_many_values_is_shortened() -> None:
    table = pd.DataFrame({"name": [f"n{row:03}" for row in range(300)], "kind": ["a", "b"] * 150})
    mapping = function_of(table, "kind", "name")
    assert mapping.startswith("n000 → a, n001 → b, ")
    assert mapping.endswith("n005 → b and 294 more")
    assert function_of(table[:6], "kind", "name").endswith("n004 → a, n005 → b")
