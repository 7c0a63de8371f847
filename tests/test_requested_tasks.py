"""Default choice of the primary label, and columns that are no task."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser.errors import TaskError
from featser.experiment.loading.requested_tasks import requested_tasks
from featser.experiment.loading.sources.source import Source
from featser.experiment.recipe import load_recipe, write_recipe
from featser.experiment.resolved import experiment_of
from featser.experiment.schema import Experiment


def source_of_labels(**labels: list[object]) -> Source:
    table = pd.DataFrame({"file": list("abcd"), "speaker": list("ssrr"), "age": list("1234")})
    languages = pd.Series(["de", "de", "en", "en"], dtype="str")
    return Source(table.assign(language=languages, corpus=pd.NA, **labels), "manifest.csv")


RATINGS: list[object] = [1.5, 2.0, 3.5, 2.5]
CLASSES: list[object] = ["m", "f", "m", "f"]


@pytest.mark.parametrize(
    ("labels", "fields", "primary"),
    [
        ({"arousal": RATINGS}, {}, "arousal"),
        ({"arousal": RATINGS, "gender": CLASSES}, {"tasks": ["gender", "arousal"]}, "gender"),
        (
            {"gender": CLASSES, "arousal": RATINGS, "emotion": list("abab")},
            {"tasks": ["gender", "arousal"]},
            "gender",
        ),
        ({"gender": CLASSES, "emotion": list("abab")}, {"tasks": ["gender", "emotion"]}, "emotion"),
        ({"gender": CLASSES, "emotion": list("aaaa")}, {}, "emotion"),
        ({"gender": CLASSES, "arousal": RATINGS}, {"primary": "arousal"}, "arousal"),
        ({}, {}, "language"),
    ],
)
def test_experiment_of_without_primary_takes_a_usable_label(
    labels: dict[str, list[object]], fields: dict[str, object], primary: str
) -> None:
    source = source_of_labels(**labels)
    assert experiment_of(source, **fields).primary == primary
    is_usual = primary == "emotion" or "primary" in fields
    assert [f"the primary task is `{primary}`" in note for note in source.notes] == (
        [] if is_usual else [True]
    )


@pytest.mark.parametrize("emotion", ["abab", "aaaa"])
def test_one_requested_task_is_the_only_one_fitted(emotion: str) -> None:
    """``fit -t gender`` fits gender alone, without a note, whether or not there is an emotion."""
    source = source_of_labels(gender=CLASSES, arousal=RATINGS, emotion=list(emotion))
    experiment = experiment_of(source, tasks="gender", kinds=["arousal=regression"])
    assert (experiment.primary, experiment.tasks) == ("gender", ("gender",))
    tasks, _ = requested_tasks(source.table, (), experiment)
    assert [task.name for task in tasks] == ["gender"]
    assert source.notes == []


def test_one_requested_task_of_a_recipe_is_the_only_one_fitted() -> None:
    source = source_of_labels(gender=CLASSES, emotion=list("abab"))
    source.recipe = Experiment(tasks=["emotion", "gender"], primary="emotion")
    assert experiment_of(source).primary == "emotion"
    experiment = experiment_of(source, tasks="gender")
    assert (experiment.primary, experiment.tasks) == ("gender", ("gender",))
    experiment = experiment_of(source, tasks="gender", primary="emotion")
    assert experiment.tasks == ("emotion", "gender")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("age", r"task 'age': this column .* add `--kind age=regression`"),
        ("speaker", r"add `--kind speaker=classification`"),
        ("arousl", r"unknown task 'arousl'; did you mean 'arousal'\? valid: language, arousal"),
    ],
)
def test_requested_tasks_column_that_is_no_task_names_the_fix(task: str, message: str) -> None:
    source = source_of_labels(arousal=RATINGS)
    experiment = experiment_of(source, tasks=task)
    with pytest.raises(TaskError, match=message):
        requested_tasks(source.table, (), experiment)


def test_requested_tasks_without_any_label_lists_no_empty_set() -> None:
    table = pd.DataFrame({"file": ["a", "b"]})
    with pytest.raises(TaskError, match="no column of these data can be predicted: add a column"):
        requested_tasks(table, (), Experiment())


def test_requested_tasks_without_a_usable_label_says_why_each_is_refused() -> None:
    source = source_of_labels(arousal=[1.5, 2.5, float("inf"), 3.0])
    source.table["language"] = pd.NA
    experiment = experiment_of(source)
    with pytest.raises(TaskError, match=r"no label .*: `arousal` is inf in the row of 'c'"):
        requested_tasks(source.table, (), experiment)


def test_requested_tasks_as_many_classes_as_utterances_is_refused() -> None:
    source = source_of_labels(emotion=list("abcd"), gender=CLASSES)
    with pytest.raises(TaskError, match="task 'emotion' is refused: each of its classes has one"):
        requested_tasks(source.table, (), experiment_of(source))
    tasks, refused = requested_tasks(source.table, (), experiment_of(source, primary="gender"))
    assert tasks[0].name == "gender"
    assert "emotion" not in {task.name for task in tasks}
    assert set(refused) >= {"emotion"}


def test_recipe_of_a_fit_without_the_primary_task_can_be_read(tmp_path: Path) -> None:
    """``fit -t gender --primary emotion`` predicts both, and its recipe has to name both."""
    source = source_of_labels(emotion=["a", "b", "a", "b"], gender=CLASSES)
    source.corpora = ("manifest",)
    experiment = experiment_of(source, tasks=["gender"], primary="emotion", model="svm")
    write_recipe(tmp_path, experiment)
    assert load_recipe(tmp_path / "recipe.yaml").tasks == ("emotion", "gender")


def test_a_refused_task_beside_others_comes_with_the_command_without_it() -> None:
    source = source_of_labels(emotion=list("abab"), intensity=["normal"] * 4)
    experiment = Experiment(tasks=("emotion", "intensity"), primary="emotion")
    with pytest.raises(TaskError, match=r"only one value.*`featser fit --task emotion`"):
        requested_tasks(source.table, (), experiment)
