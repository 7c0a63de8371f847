"""The recipes that come with featser: each can be carried out on real recordings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import featser
from featser.recipe import list_recipes, load_recipe
from featser.verbs.run import Outcome

SUBSETS = {
    # corpus: its speakers, and every how many of their recordings
    "banglaser": ({"01", "02", "03", "04"}, 3),
    "ravdess": ({"01", "02", "07", "08"}, 4),
    "emodb": ({"03", "08", "10", "13"}, 1),
}


@pytest.fixture(scope="module")
def subsets(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of some recordings of each corpus."""
    found = {}
    for corpus, (speakers, step) in SUBSETS.items():
        found[corpus] = folder = tmp_path_factory.mktemp(corpus)
        place = slice(2) if corpus == "emodb" else slice(-2, None)
        files = sorted((corpora / corpus).rglob("*.flac"))
        for file in [file for file in files if file.stem[place] in speakers][::step]:
            (folder / file.name).symlink_to(file)
    shutil.copy(corpora / "emodb" / "erkennung.txt", found["emodb"])
    return found


def carried_out(name: str, subsets: dict[str, Path], folder: Path, dry: bool) -> Outcome:
    recipe = load_recipe(name)
    data = {corpus: subsets[corpus] for corpus in recipe.corpora}
    return featser.run(name, data, folder / "run", folder / "store", dry_run=dry, jobs=1)


@pytest.mark.parametrize("name", list_recipes())
def test_the_plan_of_every_recipe_is_possible_with_real_labels(
    name: str, subsets: dict[str, Path], tmp_path: Path
) -> None:
    plan = carried_out(name, subsets, tmp_path, dry=True).forecast
    assert plan is not None
    assert all(corpus.utterances >= 40 and corpus.speakers == 4 for corpus in plan.corpora)
    assert set(load_recipe(name).tasks) <= set(plan.tasks)


@pytest.mark.extras
@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_ends_with_figures_and_a_model(
    name: str, subsets: dict[str, Path], tmp_path: Path
) -> None:
    outcome = carried_out(name, subsets, tmp_path, dry=False)
    recipe = load_recipe(name)
    assert list(outcome.metrics) == recipe.protocols
    for by_task in outcome.metrics.values():
        assert (
            by_task[recipe.primary]["uar"]["value"] > by_task[recipe.primary]["chance.uar"]["value"]
        )
    file = next(subsets[recipe.corpora[0]].glob("*.flac"))
    predictions = featser.predict(outcome.bundle, [str(file)])
    assert set(recipe.tasks) <= {name.removesuffix(".pred") for name in predictions}
