"""``featser run``: a recipe step by step, nothing twice; its plan; other values for its fields."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featser
from featser.augmentation.copy_plan import no_copies
from featser.errors import RecipeError
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.forecast import Forecast, forecast
from featser.experiment.loading.sources.named_sources import source_of
from featser.experiment.recipe import load_recipe
from featser.experiment.runs.run_state import RunState, fit_identity
from featser.experiment.schema import Experiment
from featser.progress import shown_by
from tests.flow import featser_here

RECIPE = """
name: mine
corpora: [demo]
features: [mfcc:basic]
tasks: [emotion]
model: lda
"""
COPIES = "augmentation=['noise:snr=20..20,copies=2', gain]"


@pytest.fixture
def work(extracted: Path, voices: Path, tmp_path: Path) -> Path:
    """A folder with a recipe, its corpus, and a store that has all but the fits."""
    shutil.copytree(voices, tmp_path / "voices")
    without_fits = shutil.ignore_patterns("fits")
    shutil.copytree(extracted / "featser-store", tmp_path / "featser-store", ignore=without_fits)
    (tmp_path / "mine.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def run_here(work: Path, *options: object) -> list[str]:
    shown = featser_here(
        "run", "mine.yaml", "--data", "demo=voices", "-o", "run", "-j", "1", *options, cwd=work
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.splitlines()


def steps_done_before(lines: list[str]) -> list[str]:
    return [line.split(":")[0] for line in lines if ": done before: " in line]


def test_a_recipe_is_carried_out_step_by_step_and_no_step_twice(work: Path) -> None:
    first = run_here(work)
    assert first[0] == "scan: demo: 64 utterances, 4 speakers"
    assert first[1].startswith("audit: 0 errors, ")
    assert steps_done_before(first) == ["extract"], "these features were in the store"
    assert first[3].startswith("fit: emotion UAR 0.")
    assert first[4] == "report: run/report.html"
    assert "0 of 5 fits reused from the cache, 5 computed" in first
    record = json.loads((work / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["command"].startswith("featser run mine.yaml --data demo=voices")
    with_channel = load_recipe(work / "mine.yaml").model_copy(update={"channel": "mix"})
    assert load_recipe(work / "run" / "recipe.yaml") == with_channel

    written = {file: file.stat().st_mtime_ns for file in (work / "run").glob("*.*")}
    again = run_here(work, "--set", "title=Only its title is another")
    assert steps_done_before(again) == ["audit", "extract", "fit", "report"]
    assert again[3] == first[3].replace("fit: ", "fit: done before: ")
    changed = [file.name for file, at in written.items() if file.stat().st_mtime_ns != at]
    assert changed == ["recipe.yaml"]

    report = work / "run" / "report.html"
    report.write_text(report.read_text(encoding="utf-8").replace("0.", "1.", 1), encoding="utf-8")
    repaired = run_here(work)
    assert steps_done_before(repaired) == ["audit", "extract"], "a file is not what it was"
    assert "5 of 5 fits reused from the cache, 0 computed" in repaired
    recomputed = run_here(work, "--again")
    assert [line for line in recomputed if line.startswith("replaces the run of ")]
    assert steps_done_before(recomputed) == ["extract"]
    assert not [line for line in recomputed if "kept from before" in line], "no fit is read"
    assert recomputed[3] == first[3]


def test_a_run_of_another_recipe_is_not_written_over(work: Path) -> None:
    options = ("run", "mine.yaml", "--data", "demo=voices", "-o", "run", "-j", "1")
    (work / "run").mkdir()
    (work / "run" / "run.json").write_text("{}", encoding="utf-8")
    shown = featser_here(*options, cwd=work)
    assert shown.returncode == 2
    assert "holds a run that `featser run` did not make" in shown.stderr
    recipe = load_recipe(work / "mine.yaml").to_dict() | {"channel": "mix"}
    RunState(work / "run", recipe).write()
    shown = featser_here(*options, "--set", "model=knn", cwd=work)
    assert "holds a run of another recipe (model: 'lda' there, 'knn' now)" in shown.stderr
    assert not (work / "run" / "recipe.yaml").exists()


def test_a_fit_is_another_where_recordings_labels_features_or_settings_are(work: Path) -> None:
    recipe = load_recipe(work / "mine.yaml")
    table = pd.DataFrame({"file": ["a", "b"], "key": ["1", "2"], "emotion": ["sad", "happy"]})
    store, valid_rows = work / "featser-store", np.array([True, True])

    def identity(
        recipe: Experiment = recipe,
        table: pd.DataFrame = table,
        valid_rows: np.ndarray = valid_rows,
    ) -> str:
        return fit_identity(recipe, table, valid_rows, no_copies(), store)

    identities = [
        identity(),
        identity(table=table.iloc[:1], valid_rows=valid_rows[:1]),
        identity(table=table.assign(key=["1", "3"])),
        identity(table=table.assign(emotion="sad")),
        identity(valid_rows=~valid_rows),
        identity(recipe.model_copy(update={"features": ["mfcc"]})),
        identity(recipe.model_copy(update={"seed": 1})),
        fit_identity(recipe, table, valid_rows, pd.DataFrame({"key": ["1+gain"]}), store),
    ]
    assert len(set(identities)) == len(identities)
    assert identity(recipe.model_copy(update={"title": "Another"})) == identities[0] == identity()


def test_an_interrupted_run_goes_on_where_it_was(work: Path) -> None:
    def interrupting(step: str) -> Callable[[int, int], None]:
        def progress(done: int, total: int) -> None:
            if step.startswith("Fitting") and done == 2:
                raise KeyboardInterrupt

        return progress

    def carry_out() -> featser.api.run.Outcome:
        return featser.run(
            work / "mine.yaml",
            data={"demo": work / "voices"},
            output=work / "run",
            store=work / "featser-store",
            n_jobs=1,
        )

    class Display:
        def __call__(self, step: str) -> Callable[[int, int], None]:
            return interrupting(step)

        def say(self, line: str) -> None:
            del line

    with pytest.raises(KeyboardInterrupt), shown_by(Display()):
        carry_out()
    assert not (work / "run" / "run.json").exists()
    outcome = carry_out()
    assert [step.name for step in outcome.steps if step.done] == ["audit", "extract"]
    assert outcome.run is not None
    assert outcome.run.fits == ["2 of 5 fits reused from the cache, 3 computed"]
    assert carry_out().metrics == outcome.metrics == to_json(outcome.run.metrics)


def test_the_plan_counts_what_exists_and_writes_nothing(work: Path, voices: Path) -> None:
    before = sorted(work.rglob("*"))
    lines = run_here(work, "--dry-run", "--set", "protocols=[random, speaker-independent]")
    assert "protocols: random (5 folds), speaker-independent (4 folds)" in "\n".join(lines)
    assert "tasks: emotion; models: lda; 11 × 1 × 1 = 11 fits" in lines
    assert sorted(work.rglob("*")) == before

    def plan(*changes: str) -> Forecast:
        recipe = load_recipe(work / "mine.yaml", changes)
        return forecast(source_of(recipe, {"demo": voices}, "mine"), recipe, work / "featser-store")

    default = plan()
    assert [(one.name, one.utterances, one.speakers) for one in default.corpora] == [
        ("demo", 64, 4)
    ]
    assert (default.extractors[0].missing, default.bytes, default.extract_seconds) == (0, 0, 0.0)
    more = plan("features=[mfcc:basic, mfcc]", COPIES, "coupling=chain")
    assert more.copies == 3 * 64
    assert [one.missing for one in more.extractors] == [3 * 64, 4 * 64]
    values = [one.values for one in more.extractors]
    assert more.bytes == 4 * (3 * 64 * values[0] + 4 * 64 * values[1])
    assert more.slower == ("coupling chain",)
    networks = ("model=cnn", "features=[frames]", "tasks=[emotion, gender]")
    each, shared = plan(*networks), plan(*networks, "joint=equal")
    assert each.fits == 2 * shared.fits == 2 * shared.rounds
    assert each.fit_seconds == pytest.approx(2 * shared.fit_seconds)
    shown = featser_here(
        "run", "mine.yaml", "--data", "demo=voices", "--dry-run", "--set", "tasks=[age]", cwd=work
    )
    assert "unknown task 'age'" in shown.stderr


def test_another_value_of_a_field_is_read_as_yaml_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ncorpora: [ravdess]\n", encoding="utf-8")
    changes = ("features=[mfcc, rhythm]", "labels.emotion.calm=neutral", "tune=true", "seed=3")
    assert load_recipe(file, changes) == Experiment(
        name="mine", corpora=["ravdess"], features=["mfcc", "rhythm"],
        labels={"emotion": {"calm": "neutral"}}, tune=True, seed=3,
    )  # fmt: skip
    for change, message in (
        ("modl=svm", "--set modl=svm: unknown field 'modl'; did you mean 'model'"),
        ("model=svmm", "--set model=svmm: field 'model': unknown model 'svmm'"),
        ("seed", "write FIELD=VALUE"),
        ("seed.x=1", "--set seed.x=1: 'seed' is 3"),
        ("features=[a", "not YAML"),
    ):
        with pytest.raises(RecipeError, match=message.replace("[", r"\[")):
            load_recipe(file, ("seed=3", change))


def test_masked_labels_are_neither_fitted_nor_scored(voices: Path, tmp_path: Path) -> None:
    def table(masked: str) -> pd.DataFrame:
        (tmp_path / "mine.yaml").write_text(f"{RECIPE}masked: {masked}\n", encoding="utf-8")
        return source_of(load_recipe(tmp_path / "mine.yaml"), {"demo": voices}, "mine").table

    labels = table("{intensity: {emotion: [neutral, sad]}}")
    assert set(labels.loc[labels["intensity"].isna(), "emotion"]) == {"neutral", "sad"}
    assert set(labels.loc[labels["intensity"].notna(), "emotion"]) == {"angry", "happy"}
    assert labels["emotion"].notna().all()
    for masked, message in (
        ("{intensty: {emotion: [sad]}}", "unknown label 'intensty'; did you mean 'intensity'"),
        ("{intensity: {emotion: [sed]}}", "unknown emotion 'sed'; did you mean 'sad'"),
        (
            "{intensity: {emotion: [calm]}}",
            "valid: angry, happy, neutral, sad: correct or remove the class "
            "in the recipe; `featser run … --set 'masked={}'` runs without the field",
        ),
    ):
        with pytest.raises(RecipeError, match=message):
            table(masked)


def test_a_memory_that_cannot_be_read_counts_as_nothing_done(tmp_path: Path) -> None:
    (tmp_path / "steps.json").write_text("{ torn", encoding="utf-8")
    state = RunState.read(tmp_path)
    assert (state.recipe, state.audit, state.fit) == ({}, {}, {})
    assert not state.audited("a")
    assert not state.fitted("a")
