"""The recipes that come with featser: each can be carried out on real recordings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import featser
from featser.api.run import Outcome
from featser.experiment.recipe import list_recipes, load_recipe
from featser.models.registry import reading_frames

SUBSETS = {
    # corpus: its speakers, and every how many of their recordings
    "banglaser": ({"01", "02", "03", "04"}, 3),
    "ravdess": ({"01", "02", "07", "08"}, 4),
    "emodb": ({"08", "11", "13", "14"}, 1),
}
ELSEWHERE = {
    # IEMOCAP is under a licence: clips with arousal and valence, and no speakers, stand for it
    "arousal-valence-attention": (
        "corpora=[table]", "tasks=[arousal, valence]", "protocols=[random]",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def subsets(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of some recordings of each corpus, and a table of clips."""
    inputs = {}
    for corpus, (speakers, step) in SUBSETS.items():
        inputs[corpus] = folder = tmp_path_factory.mktemp(corpus)
        place = slice(2) if corpus == "emodb" else slice(-2, None)
        files = sorted((corpora / corpus).rglob("*.flac"))
        for file in [file for file in files if file.stem[place] in speakers][::step]:
            (folder / file.name).symlink_to(file)
    shutil.copy(corpora / "emodb" / "erkennung.txt", inputs["emodb"])
    inputs["table"] = tmp_path_factory.mktemp("clips") / "clips.csv"
    clips_of(corpora / "pyaa_speech_emotion").to_csv(inputs["table"], index=False)
    return inputs


def clips_of(folder: Path) -> pd.DataFrame:
    """The clips with arousal and valence; their tables name .wav where the files are .flac."""
    columns = [
        pd.read_csv(folder / f"{name}.csv", header=None, names=["file", name], index_col="file")
        for name in ("arousal", "valence")
    ]
    table = pd.concat(columns, axis=1).reset_index()
    return table.assign(file=[str(folder / f"{Path(name).stem}.flac") for name in table["file"]])


def folds_of(recordings: Path, folder: Path) -> Path:
    """Write a table of four folds that share speakers."""
    names = sorted(file.stem for file in recordings.glob("*.flac"))
    folds = [number % 4 + 1 for number in range(len(names))]
    table = pd.DataFrame({"name": names, "fold": folds})
    table.to_csv(folder / "folds.csv", index=False)
    return folder / "folds.csv"


def carried_out(name: str, subsets: dict[str, Path], folder: Path, dry: bool) -> Outcome:
    changes = [*ELSEWHERE.get(name, ())]
    if "folds" in load_recipe(name).protocols:  # which the user has to give
        changes.append(f"folds={folds_of(subsets[load_recipe(name).corpora[0]], folder)}")
    recipe = load_recipe(name, changes)
    data = {corpus: subsets[corpus] for corpus in recipe.corpora}
    store = folder / "store"
    mode = "dry-run" if dry else "continue"
    return featser.run(recipe, data=data, output=folder / "run", store=store, mode=mode, n_jobs=1)


@pytest.mark.parametrize("name", list_recipes())
def test_the_plan_of_every_recipe_is_possible_with_real_labels(
    name: str, subsets: dict[str, Path], tmp_path: Path
) -> None:
    plan = carried_out(name, subsets, tmp_path, dry=True).forecast
    assert plan is not None
    assert all(corpus.utterances >= 40 for corpus in plan.corpora)
    assert set(load_recipe(name, ELSEWHERE.get(name, ())).tasks) <= set(plan.tasks)


def marked(name: str) -> Any:
    """A recipe with networks runs where there is torch too."""
    networks = bool(reading_frames(load_recipe(name).model))
    return pytest.param(name, marks=pytest.mark.streams) if networks else name


@pytest.mark.slow
@pytest.mark.parametrize("name", [marked(name) for name in list_recipes()])
def test_every_recipe_ends_with_figures_and_a_model(
    name: str, subsets: dict[str, Path], tmp_path: Path
) -> None:
    recipe = load_recipe(name, ELSEWHERE.get(name, ()))
    networks = bool(reading_frames(recipe.model))
    if networks:
        for library in ("torch", "skorch", "onnxruntime"):
            pytest.importorskip(library, reason="networks need the extra `streams`")
    outcome = carried_out(name, subsets, tmp_path, dry=False)
    assert list(outcome.metrics) == list(recipe.protocols)
    for by_task in outcome.metrics.values():
        figures = by_task[recipe.primary]
        if "uar" in figures and not networks:
            assert figures["uar"]["value"] > figures["chance.uar"]["value"]
    assert outcome.run is not None
    predictions = featser.predict(outcome.bundle, [outcome.run.data.table["file"].iloc[0]])
    assert set(recipe.tasks) <= {column.removesuffix(".pred") for column in predictions}
