"""A recipe is checked before anything runs; an error lists the valid values."""

from __future__ import annotations

from pathlib import Path

import pytest

from featser.errors import RecipeError
from featser.evaluation.protocols.folding import CorpusSplit
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.recipe import list_recipes, load_recipe
from featser.experiment.schema import Experiment
from featser.features.spec_names import DEFAULT_FEATURES


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_recipes_that_come_with_featser_are_valid_and_named_as_their_files() -> None:
    recipes = list_recipes()
    assert {"banglaser", "ravdess", "emodb"} <= set(recipes)
    for name, path in recipes.items():
        assert load_recipe(name) == load_recipe(path)
        assert load_recipe(name).name == name


def test_what_a_recipe_leaves_open_has_the_defaults(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, "name: mine\ncorpora: [ravdess]\n"))
    assert recipe == Experiment(name="mine", corpora=["ravdess"])
    assert recipe.features == DEFAULT_FEATURES
    assert recipe.protocols == ("speaker-independent",)


def test_preset_of_augmentations_is_replaced_by_what_it_stands_for(tmp_path: Path) -> None:
    text = "name: mine\ncorpora: [ravdess]\naugmentation: [speaker, pitch, gain]\n"
    recipe = load_recipe(write(tmp_path, text))
    assert recipe.augmentation == ("pitch", "vtl", "gain")
    assert recipe.to_dict()["augmentation"] == ["pitch", "vtl", "gain"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("protocol: random", r"unknown field 'protocol'; did you mean 'protocols'\? valid: name"),
        ("features: [mfccs]", "field 'features': unknown extractor 'mfccs'; did you mean 'mfcc'"),
        ("corpora: [ravdes]", "field 'corpora': unknown corpus 'ravdes'; did you mean 'ravdess'"),
        ("tasks: [emotion, intensty]", "unknown task 'intensty'; did you mean 'intensity'"),
        ("model: svmm", "field 'model': unknown model 'svmm'; did you mean 'svm'"),
        ("protocols: [lose]", "field 'protocols': unknown protocol 'lose'"),
        ("speaker_norm: all", "field 'speaker_norm'.*'all': valid are none, transductive"),
        ("seed: soon", "field 'seed'.*integer"),
        ("seed: 1:2", "field 'seed': '1:2'.*integer"),
        ("seed: 4294967296", "field 'seed': 4294967296: give 4294967295 or less"),
        ("features: []", "field 'features'.*at least 1"),
        ("test: [emodb]", "unknown corpus 'emodb'.*valid: ravdess"),
        ("dev: test", "field 'dev': unknown value 'test'; valid: train, unused"),
        ("augmentation: [gains]", "field 'augmentation': unknown augmentation 'gains'; did you"),
        ("augmentation: ['speaker:copies=2']", "field 'augmentation': 'speaker:copies=2': speak"),
        ("labels: [calm]", "field 'labels'.*dictionary"),
        ("tasks: [gender]", "primary task 'emotion' is not among the tasks"),
    ],
)
def test_an_error_names_the_field_the_value_and_the_valid_ones(
    tmp_path: Path, text: str, message: str
) -> None:
    base = "" if text.startswith("corpora") else "corpora: [ravdess]\n"
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(tmp_path, f"name: mine\n{base}{text}\n"))


def test_classes_get_the_recipes_names_so_that_corpora_share_them(
    voices: Path, tmp_path: Path
) -> None:
    text = "name: mine\ncorpora: [demo]\nlabels: {emotion: {happy: joy, sad: null}}\n"
    source = read_source(write(tmp_path, text), data={"demo": voices})
    assert set(source.table["emotion"].dropna()) == {"angry", "joy", "neutral"}
    assert source.table["emotion"].isna().sum() == 16
    for labels, message in (
        ("{emotion: {hapy: joy}}", "unknown emotion 'hapy'; .* correct the class, or"),
        ("{emotoin: {happy: joy}}", "unknown label 'emotoin'; did you mean 'emotion'"),
    ):
        wrong = write(tmp_path, f"name: mine\ncorpora: [demo]\nlabels: {labels}\n")
        with pytest.raises(RecipeError, match=message):
            read_source(wrong, data={"demo": voices})


def test_the_sides_of_a_recipe_are_those_of_its_protocols(tmp_path: Path) -> None:
    text = "name: mine\ncorpora: [ravdess, emodb]\ntrain: [ravdess]\ntest: [emodb]\ndev: unused\n"
    text += "protocols: [cross-corpus]\n"
    assert load_recipe(write(tmp_path, text)).corpus_split == CorpusSplit(
        ("ravdess",), ("emodb",), "unused"
    )


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="field 'corpora' is missing"):
        load_recipe(write(tmp_path, "name: mine\n"))


def test_what_is_no_recipe_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="not YAML"):
        load_recipe(write(tmp_path, "name: [unclosed\n"))
    with pytest.raises(RecipeError, match="a table of fields"):
        load_recipe(write(tmp_path, "- a\n- b\n"))
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "absent.yaml")
