"""The command under "to reproduce" runs in a shell, from any folder, and gives the same figures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from featser import corpora
from featser.experiment.loading.last_extraction import recall
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.recipe import load_recipe
from featser.io.location import absolute
from tests.flow import featser_here


@pytest.fixture
def work(voices: Path, tmp_path: Path) -> Path:
    """A folder whose names need quotes in a shell."""
    folder = tmp_path / "it's my work"
    shutil.copytree(voices, folder / "my $voices", ignore=shutil.ignore_patterns("*-2.flac"))
    return folder


def featser_in(folder: Path, *arguments: object) -> None:
    shown = featser_here(*arguments, cwd=folder)
    assert shown.returncode == 0, shown.stderr


def command_of(run: Path) -> str:
    described = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (command,) = described["reproduce"]
    return str(command)


def reproduce(run: Path, cwd: Path) -> Path:
    """Run the printed command in a shell; return the folder of the reproduction."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-c", command_of(run)],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
    )
    return run.with_name(f"{run.name}-reproduced")


def assert_same_figures(run: Path, again: Path) -> None:
    for name in ("metrics.json", "folds.csv"):
        assert (again / name).read_bytes() == (run / name).read_bytes()
    one, two = (pd.read_parquet(folder / "predictions.parquet") for folder in (run, again))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert load_recipe(again / "recipe.yaml") == load_recipe(run / "recipe.yaml")
    assert command_of(again).replace(f"{run.name}-reproduced", run.name) == command_of(run)


@pytest.mark.slow
def test_printed_command_of_a_corpus_gives_the_same_figures_in_a_shell(
    work: Path, tmp_path: Path
) -> None:
    store = ["--store", "my store"]
    featser_in(
        work, "extract", "my $voices", "--corpus", "demo", "-f", "mfcc:basic", "-f", "rms", *store
    )
    featser_in(
        work, "fit", "--model", "lda,knn", "--weights", "1,0.3", "--task", "emotion", "--no-audit",
        "--seed", "7", "-f", "mfcc:basic", *store, "-o", "my run",
    )  # fmt: skip
    run = work / "my run"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "my $voices" in page
    recipe = load_recipe(run / "recipe.yaml")
    assert (recipe.name, recipe.corpora, recipe.weights) == ("my run", ("demo",), (1.0, 0.3))
    shutil.rmtree(work / "my store")  # so that all is computed again
    assert_same_figures(run, reproduce(run, tmp_path))


@pytest.mark.slow
def test_printed_command_of_a_manifest_gives_the_same_figures_in_a_shell(
    work: Path, tmp_path: Path
) -> None:
    """The manifest names a channel, a corpus without a card, and comes with augmented copies."""
    featser_in(work, "scan", "demo", "my $voices", "-o", "scanned.csv")
    table = pd.read_csv(work / "scanned.csv").sample(frac=1, random_state=0)
    table.assign(corpus="a = b").to_csv(work / "a manifest.csv", index=False)
    featser_in(
        work, "extract", "a manifest.csv", "-f", "mfcc:basic", "--channel", "left",
        "--augment", "gain", "--trim",
    )  # fmt: skip
    featser_in(
        work, "fit", "a manifest.csv", "--trim", "-f", "mfcc:basic", "--model", "lda",
        "-t", "gender", "--kind", "intensity=ordinal", "--primary", "gender", "-o", "r",
    )  # fmt: skip
    run = work / "r"
    recipe = load_recipe(run / "recipe.yaml")
    assert (recipe.corpora, recipe.channel, recipe.augmentation) == (("manifest",), "1", ("gain",))
    assert recipe.features == ("trim:mfcc:basic",)
    shutil.rmtree(work / "featser-store")
    assert_same_figures(run, reproduce(run, tmp_path))


@pytest.mark.slow
def test_printed_command_of_a_recipe_with_a_card_of_ones_own_gives_the_same_figures(
    work: Path, tmp_path: Path
) -> None:
    card = (Path(corpora.__file__).parent / "cards" / "demo.yaml").read_text(encoding="utf-8")
    (work / "mine.yaml").write_text(card.replace("name: demo", "name: mine"), encoding="utf-8")
    (work / "recipe.yaml").write_text(
        "name: small\ncorpora: [mine.yaml]\nfeatures: [mfcc:basic]\nmodel: lda\n"
        "labels: {emotion: {happy: joy, sad: null}}\nmasked: {intensity: {emotion: [neutral]}}\n",
        encoding="utf-8",
    )
    data = ["--data", "mine=my $voices"]
    featser_in(work, "extract", "recipe.yaml", *data)
    featser_in(work, "fit", "recipe.yaml", *data, "-o", "r")
    shutil.rmtree(work / "featser-store")
    assert_same_figures(work / "r", reproduce(work / "r", tmp_path))
    assert '"joy"' in (work / "r-reproduced" / "run.json").read_text(encoding="utf-8")


def test_source_has_absolute_locations_of_its_corpora_without_credentials(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    (work / "demo").mkdir()  # a folder with the name of a card
    folder = read_source("my $voices", "demo")
    assert (folder.corpora, folder.locations) == (("demo",), {"demo": str(work / "my $voices")})
    assert absolute("https://me:secret@example.org/x") == "https://example.org/x"


def test_store_of_an_older_version_is_reproduced_from_its_manifest(
    extracted: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(extracted / "featser-store", store)
    described = json.loads((store / "source.json").read_text(encoding="utf-8"))
    del described["corpora"], described["locations"]
    (store / "source.json").write_text(json.dumps(described), encoding="utf-8")
    source, _ = recall(store)
    assert source.corpora == ("manifest",)
    assert source.locations == {"manifest": str(store / "manifest.parquet")}
