"""``default`` among names of extractors is replaced by what it stands for, wherever it is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import featser
from featser.errors import FeatserError, InputError, RecipeError
from featser.experiment.loading.last_extraction import recall
from featser.experiment.recipe import load_recipe
from featser.experiment.schema import Experiment
from featser.features import spec_names
from featser.features.spec_names import DEFAULT_FEATURES
from tests.flow import featser_here

QUICK = ("mfcc:basic", "rms:basic")
"""Stands in for the default extractors, which take longer."""


@pytest.fixture
def quick_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec_names, "DEFAULT_FEATURES", QUICK)


def write_recipe(folder: Path, features: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(f"name: mine\ncorpora: [demo]\nfeatures: {features}\n", encoding="utf-8")
    return path


def test_recipe_has_the_names_that_default_stands_for(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path, "[default, frames]"))
    assert recipe.features == (*DEFAULT_FEATURES, "frames")
    changed = load_recipe(write_recipe(tmp_path, "rhythm"), ["features=[mfcc, default, mfcc]"])
    assert changed.features == ("mfcc", *DEFAULT_FEATURES)
    assert Experiment(features="default") == Experiment()


def test_default_with_a_preset_is_refused_with_the_field(voices: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="field 'features': 'default:full': default stands for"):
        load_recipe(write_recipe(tmp_path, "[default:full]"))
    with pytest.raises(InputError, match="'default:full': default stands for several"):
        Experiment(features="default:full")
    with pytest.raises(FeatserError, match="has no presets; write 'default'"):
        featser.extract(voices, corpus="demo", store=tmp_path / "store", features="default:full")
    shown = featser_here("extract", voices, "--corpus", "demo", "-f", "default:full", cwd=tmp_path)
    assert shown.returncode == 2
    assert "'default:full': default stands for several extractors" in shown.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("quick_default")
def test_run_is_the_same_after_the_default_has_changed(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ("--data", f"demo={voices}", "--store", "store", "-j", "1")
    recipe = write_recipe(tmp_path, "[default, zcr:basic]")
    options = ("--set", "model=lda", "--set", "tasks=[emotion]", "--set", "audit=false")
    shown = featser_here("run", recipe, *source, *options, "-o", "one", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    described = json.loads((tmp_path / "one" / "run.json").read_text(encoding="utf-8"))
    assert list(described["features"]) == [*QUICK, "zcr:basic"]
    assert recall(tmp_path / "store")[0].features == (*QUICK, "zcr:basic")

    monkeypatch.setattr(spec_names, "DEFAULT_FEATURES", ("rhythm",))
    written = load_recipe(tmp_path / "one" / "recipe.yaml")
    assert written.features == (*QUICK, "zcr:basic")
    shown = featser_here("run", "one/recipe.yaml", *source, "--dry-run", "-o", "two", cwd=tmp_path)
    assert "rhythm" not in shown.stdout
    assert shown.returncode == 0, shown.stderr


@pytest.mark.usefixtures("quick_default")
def test_fit_and_export_read_default(
    extracted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = extracted / "featser-store"
    with pytest.raises(FeatserError, match="-f mfcc:basic -f rms:basic` first"):
        featser.fit(store=store, features="default", model="lda", output=tmp_path / "run")
    monkeypatch.setattr(spec_names, "DEFAULT_FEATURES", ("mfcc:basic",))
    shown = featser_here("export", "one.csv", "--store", store, "-f", "default", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    featser.export(tmp_path / "two.csv", store=store, features=["mfcc:basic"])
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_list_of_extractors_says_what_default_stands_for() -> None:
    assert f"default stands for {', '.join(DEFAULT_FEATURES)}" in featser_here("features").stdout


@pytest.fixture(scope="module")
def with_rocket(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rocket")
    for file in voices.glob("*-1.flac"):
        shutil.copy(file, folder)
    features = ("-f", "mfcc:basic", "-f", "rocket", "-f", "frames")
    shown = featser_here("extract", folder, "--corpus", "demo", *features, "-j", "1", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


@pytest.mark.parametrize(
    ("model", "features", "read"),
    [
        ("svm", ("mfcc:basic", "rocket"), ["mfcc:basic"]),
        pytest.param("svm", ("rocket",), ["rocket"], marks=pytest.mark.slow),
        ("kernel", ("mfcc:basic", "rocket"), ["mfcc:basic", "rocket"]),
        pytest.param(
            "xgboost --batches", ("mfcc:basic", "rocket"), ["mfcc:basic"], marks=pytest.mark.slow
        ),
        pytest.param(
            "svm --select anova:0.1",
            ("mfcc:basic", "rocket"),
            ["mfcc:basic", "rocket"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_models_that_weigh_no_blocks_do_not_read_random_convolutions_beside_other_features(
    with_rocket: Path, tmp_path: Path, model: str, features: tuple[str, ...], read: list[str]
) -> None:
    named = [part for name in features for part in ("-f", name)]
    fit = ("fit", *named, "-t", "emotion", "--no-audit", "-j", "1", "-o", tmp_path / "run")
    shown = featser_here(*fit, "--model", *model.split(), cwd=with_rocket)
    assert shown.returncode == 0, shown.stderr
    described = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert list(described["features"]) == [f"{one}" for one in read]
    note = "does not read rocket beside other features; kernel does"
    assert (note in shown.stdout + shown.stderr) == (read != list(features))
