"""Commands without a source say which data they use, and how others of the store are chosen."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.corpora.manifest import write_manifest
from featser.errors import StoreError
from featser.experiment.loading.last_extraction import recall
from featser.experiment.loading.sources.extracted_source import ExtractedSource
from tests.flow import featser_here


def announced(shown: str) -> list[str]:
    """The lines on data; a slow machine shows progress between them."""
    return [line for line in shown.splitlines() if line.startswith(("data:", "other data"))]


QUICK = ("--model", "lda", "-t", "emotion", "--no-audit", "--jobs", "1")


@pytest.fixture
def two_corpora(voices: Path, tmp_path: Path) -> Path:
    """A folder whose store has all voices, then those of a folder of their own."""
    shutil.copytree(voices, tmp_path / "first")
    shutil.copytree(voices, tmp_path / "second", ignore=shutil.ignore_patterns("*-2.flac"))
    for name in ("first", "second"):
        shown = featser_here(
            "extract", name, "--corpus", "demo", "-f", "mfcc:basic", "--jobs", "1", cwd=tmp_path
        )
        assert shown.returncode == 0, shown.stderr
    return tmp_path


def test_fit_without_a_source_names_its_data_and_the_command_for_others(two_corpora: Path) -> None:
    """The command it names fits the other corpus, and says nothing of a choice."""
    shown = featser_here("fit", *QUICK, "-o", "run", cwd=two_corpora)
    assert shown.returncode == 0, shown.stderr
    data, others = announced(shown.stdout)
    folder = two_corpora / "second"
    assert data == f"data: demo in {folder}, extracted last: 32 recordings, 4 speakers"
    command = f"featser fit {two_corpora / 'first'} --corpus demo {' '.join(QUICK)} -o run"
    assert others == (
        f"other data in featser-store: demo in {two_corpora / 'first'}; to choose it: `{command}`"
    )
    chosen = featser_here(*command.split()[1:], cwd=two_corpora)
    assert chosen.returncode == 0, chosen.stderr
    assert not chosen.stdout.startswith(("data:", "other data"))
    assert "│ 16 │" in chosen.stdout


@pytest.mark.slow
def test_the_same_data_extracted_again_are_not_others(two_corpora: Path) -> None:
    extraction = ("extract", "first", "--corpus", "demo", "-f", "mfcc:basic", "--jobs", "1")
    assert featser_here(*extraction, cwd=two_corpora).returncode == 0
    shown = featser_here("curve", "--model", "lda", "--jobs", "1", "-o", "curve", cwd=two_corpora)
    assert shown.returncode == 0, shown.stderr
    lines = announced(shown.stdout)
    assert lines[0].startswith(f"data: demo in {two_corpora / 'first'}, extracted last: 64 ")
    assert f"featser curve {two_corpora / 'second'} --corpus demo --model lda" in lines[1]
    assert len(lines) == 2


@pytest.mark.slow
def test_the_command_for_other_data_names_their_features(two_corpora: Path) -> None:
    """A fit of a named source uses the features of the last extraction, which others may lack."""
    extraction = ("extract", "second", "--corpus", "demo", "-f", "rms", "--jobs", "1")
    assert featser_here(*extraction, cwd=two_corpora).returncode == 0
    shown = featser_here("fit", *QUICK, "-o", "run", cwd=two_corpora)
    command = shown.stdout.split("`")[1]  # a long one has a line of its own
    assert "--corpus demo --features mfcc:basic --model lda" in command
    chosen = featser_here(*command.split()[1:], cwd=two_corpora)
    assert chosen.returncode == 0, chosen.stderr
    assert "not extracted yet" not in chosen.stdout + chosen.stderr
    asked = featser_here("fit", *QUICK, "-f", "rms", "-o", "run", cwd=two_corpora)
    assert "--features" not in asked.stdout.split("`")[1]


def test_a_recipe_is_found_from_any_folder(two_corpora: Path) -> None:
    """The command for data that were extracted by a recipe names it by its absolute path."""
    (two_corpora / "my").mkdir()
    recipe = "name: mine\ncorpora: [demo]\nfeatures: ['mfcc:basic']\nmodel: lda\n"
    (two_corpora / "my" / "recipe.yaml").write_text(recipe, encoding="utf-8")
    shutil.copytree(two_corpora / "second", two_corpora / "third")
    for source in (("my/recipe.yaml", "--data", "demo=third"), ("first", "--corpus", "demo")):
        shown = featser_here("extract", *source, "-f", "mfcc:basic", "-j", "1", cwd=two_corpora)
        assert shown.returncode == 0, shown.stderr
    elsewhere = two_corpora / "my"
    store = ("--store", "../featser-store")
    shown = featser_here("fit", *QUICK, *store, "-o", "run", cwd=elsewhere)
    commands = re.findall(r"to choose it:\s*`featser ([^`]+)`", shown.stdout)
    assert commands[0].startswith(f"fit {elsewhere / 'recipe.yaml'} --data demo={two_corpora}")
    chosen = featser_here(*shlex.split(commands[0]), cwd=elsewhere)
    assert chosen.returncode == 0, chosen.stderr


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"earlier": None}, "'earlier' is no list of extractions"),
        ({"earlier": ["voices"]}, "an extraction has no 'origin' that is text"),
        ({"earlier": [{"origin": "a", "locations": {"demo": 3}}]}, "'locations' is no object of"),
        ({"earlier": [{"origin": "a", "corpora": "demo"}]}, "'corpora' is no list of text"),
        ({"locations": {"demo": None}}, "'locations' is no object of text"),
        ({"columns": {"label": 5}}, "'columns' is no object of text"),
        ({"labels": {"emotion": ["calm"]}}, "'labels' is no object of names of classes"),
        ({"recipe_file": 5}, "'recipe_file' is no text"),
    ],
)
def test_recall_of_a_description_with_other_types_names_the_field(
    tmp_path: Path, change: Mapping[str, Any], expected: str
) -> None:
    described = {"origin": "a", "features": [], "recipe": None, "unmatched": [], "notes": []}
    (tmp_path / "source.json").write_text(json.dumps({**described, **change}), encoding="utf-8")
    write_manifest(pd.DataFrame({"file": ["a.wav"], "key": ["k"]}), tmp_path / "manifest.parquet")
    with pytest.raises(StoreError, match=expected):
        recall(tmp_path)


@pytest.mark.slow
def test_a_damaged_description_is_replaced_by_the_next_extraction(two_corpora: Path) -> None:
    (two_corpora / "featser-store" / "source.json").write_text("{", encoding="utf-8")
    extraction = ("extract", "first", "--corpus", "demo", "-f", "mfcc:basic", "--jobs", "1")
    shown = featser_here(*extraction, cwd=two_corpora)
    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ({"corpora": ["manifest"], "locations": {"manifest": "/a.csv"}}, "/a.csv"),
        (
            {"corpora": ["{speaker}/{emotion}.wav"], "locations": {"recordings": "/a"}},
            "/a --pattern {speaker}/{emotion}.wav",
        ),
        (
            {"corpora": ["emodb", "demo"], "locations": {"emodb": "/e", "demo": "/d"}},
            "--data emodb=/e --data demo=/d",
        ),
        (
            {"corpora": ["/own/c.yaml", "demo"], "locations": {"clinic": "/c", "demo": "/d"}},
            "--data /own/c.yaml=/c --data demo=/d",
        ),
        (
            {"corpora": ["demo"], "locations": {"demo": "/d"}, "recipe": {"name": "mine"}},
            "mine.yaml --data demo=/d",
        ),
        (
            {"corpora": ["c.yaml"], "locations": {"clinic": "/c"}, "recipe": {"name": "mine"}},
            "mine.yaml --data clinic=/c",
        ),
        (
            {
                "corpora": ["demo"],
                "locations": {"demo": "/d"},
                "columns": {"label": "emotion"},
                "labels": {"emotion": {"calm": "neutral", "other": None}},
            },
            "/d --corpus demo --map label=emotion --map emotion.calm=neutral --map emotion.other=",
        ),
    ],
)
def test_arguments_name_the_data_of_each_kind_of_source(
    described: Mapping[str, Any], expected: str
) -> None:
    source = ExtractedSource.of({"origin": "mine.yaml", **described})
    assert " ".join(source.arguments()) == expected
    assert ExtractedSource.of(source.to_dict()) == source
