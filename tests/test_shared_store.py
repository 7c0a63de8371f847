"""Runs of several recipes that share a store: each uses what its own recipe names."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from featser.api import extract as extracting
from featser.api.extract import extract
from featser.experiment.loading.data import load_data
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.resolved import experiment_of
from featser.store.feature_store import Store
from tests.test_audio import tone, wav

RECIPE = "name: {name}\ncorpora: [demo]\nfeatures: [rms:basic]\naugmentation: {copies}\n"
MINE, OTHER, NONE = "[gain, 'babble:talkers=2']", "['noise:copies=2']", "[]"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with eight recordings of two speakers, and recipes that augment them differently."""
    (tmp_path / "voices").mkdir()
    for number, name in enumerate(product(("f1", "m1"), ("angry", "sad"), ("1", "2"))):
        speaker, emotion, take = name
        file = tmp_path / "voices" / f"{speaker}-{emotion}-normal-{take}.wav"
        wav(file, tone(0.3, hz=200 + 20 * number))
    for name, copies in (("mine", MINE), ("other", OTHER), ("none", NONE)):
        recipe = RECIPE.format(name=name, copies=copies)
        (tmp_path / f"{name}.yaml").write_text(recipe, encoding="utf-8")
    return tmp_path


def copies_used(work: Path, name: str | None) -> list[str]:
    """Return the number of copies and the notes on them, of a recipe or of the last extraction."""
    source = None if name is None else work / f"{name}.yaml"
    data = None if name is None else {"demo": work / "voices"}
    rows, unusable = read_rows(source, work / "store", None, data)
    material = load_data(rows, unusable, Store(work / "store"), experiment_of(rows))
    count = 0 if material.copies is None else len(material.copies.X)
    return [str(count), *(note for note in material.notes if "copies" in note)]


@pytest.mark.slow
def test_a_fit_of_a_recipe_uses_the_copies_that_it_names_whatever_was_extracted_since(
    work: Path,
) -> None:
    for name in ("mine", "other"):
        result = extract(
            work / f"{name}.yaml", store=work / "store", data={"demo": work / "voices"}
        )
        assert result.altered is not None
        assert result.altered.done == 16
    count, note = copies_used(work, "mine")
    assert count == "16"
    assert "8 of gain" in note
    assert "8 of babble" in note
    assert "noise" not in note
    assert copies_used(work, "none") == ["0"]
    assert "16 of noise" in copies_used(work, None)[1], "what was extracted last"


def test_copies_that_a_recipe_does_not_name_are_reported_as_unused(work: Path) -> None:
    asked = {"data": {"demo": work / "voices"}, "augment": ["gain"]}
    result = extract(work / "none.yaml", store=work / "store", **asked)
    assert "these augmented copies are not those that the recipe names" in "\n".join(result.notes)
    assert copies_used(work, "none") == ["0"]
    assert "8 of gain" in copies_used(work, None)[1]


@pytest.mark.slow
def test_copies_that_a_recipe_names_in_other_words_are_those_of_the_recipe(work: Path) -> None:
    asked = {"data": {"demo": work / "voices"}, "augment": ["babble:talkers=2,copies=1", "gain"]}
    result = extract(work / "mine.yaml", store=work / "store", **asked)
    assert "not those that the recipe names" not in "\n".join(result.notes)
    assert copies_used(work, "mine")[0] == "16"


def test_features_that_are_named_twice_in_other_words_are_used_once(work: Path) -> None:
    twice = ["rms", "rms:standard"]
    extract(work / "voices", store=work / "store", features=twice, corpus="demo")
    rows, unusable = read_rows(None, work / "store", None, None)
    material = load_data(rows, unusable, Store(work / "store"), experiment_of(rows, features=twice))
    assert [extractor.spec for extractor in material.extractors] == ["rms:standard"]
    assert material.X.shape == (8, material.extractors[0].dimension)


@pytest.mark.slow
def test_an_extraction_alters_its_own_recordings_though_another_ends_meanwhile(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(work / "voices", store=work / "store", features=["rms:basic"], corpus="demo")
    other = pd.DataFrame({"file": sorted(map(str, work.glob("voices/f1-*")))})
    other.to_csv(work / "other.csv", index=False)
    remember = extracting.remember

    def and_another(*arguments: object) -> None:
        remember(*arguments)
        monkeypatch.setattr(extracting, "remember", remember)
        extract(work / "other.csv", store=work / "store", features=["rms:basic"])

    monkeypatch.setattr(extracting, "remember", and_another)
    result = extract(work / "mine.yaml", store=work / "store", data={"demo": work / "voices"})
    assert result.altered is not None
    assert result.altered.done == 16
    assert copies_used(work, "mine")[0] == "16"
