"""Columns and classes are renamed with --map, and the run that results says so."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.api.scan import scan
from featser.corpora.labelling.label_map import composed, parse_map
from featser.errors import CardError, InputError, RecipeError
from tests.flow import featser_here

MAP = ("--map", "label=emotion", "--map", "emotion.ang=angry", "--map", "emotion.other=")


@pytest.fixture(scope="module")
def work(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest whose classes are codes, extracted with their names."""
    folder = tmp_path_factory.mktemp("named")
    codes = {"angry": "ang", "sad": "sad", "happy": "hap", "neutral": "other"}
    files = sorted(voices.glob("*-normal-*.flac"))
    for file in files:
        shutil.copy(file, folder)
    rows = [(file.name, file.stem.split("-")[0], codes[file.stem.split("-")[1]]) for file in files]
    pd.DataFrame(rows, columns=["path", "spk", "label"]).to_csv(folder / "list.csv", index=False)
    shown = featser_here("extract", "list.csv", *MAP, "-f", "zcr:basic", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


def run_of(folder: Path) -> dict[str, Any]:
    described: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return described


def test_a_run_of_renamed_labels_is_reproduced_by_its_command(work: Path) -> None:
    quick = ("-m", "logistic", "--no-audit", "-j", "1")
    shown = featser_here("fit", *quick, "-o", "run", cwd=work)
    assert shown.returncode == 0, shown.stderr
    recipe = run_of(work / "run")
    assert recipe["columns"] == {"label": "emotion"}
    assert recipe["labels"] == {"emotion": {"ang": "angry", "other": None}}
    predictions = pd.read_parquet(work / "run/predictions.parquet")
    assert set(predictions["emotion.true"].dropna()) == {"angry", "hap", "sad"}
    (command,) = recipe["reproduce"]
    again = featser_here(*shlex.split(command)[1:], cwd=work)
    assert again.returncode == 0, again.stderr
    reproduced = pd.read_parquet(work / "run-reproduced/predictions.parquet")
    pd.testing.assert_frame_equal(reproduced, predictions)


@pytest.mark.slow
def test_fit_of_the_manifest_and_of_the_store_rename_alike(work: Path) -> None:
    quick = ("-m", "logistic", "--no-audit", "-j", "1")
    more = ("--map", "emotion.hap=happy")
    one = featser_here("fit", *more, *quick, "-o", "store-run", cwd=work)
    assert one.returncode == 0, one.stderr
    two = featser_here("fit", "list.csv", *MAP, *more, *quick, "-o", "list-run", cwd=work)
    assert two.returncode == 0, two.stderr
    first, second = run_of(work / "store-run"), run_of(work / "list-run")
    assert first["labels"] == second["labels"]
    assert first["labels"] == {"emotion": {"ang": "angry", "hap": "happy", "other": None}}
    refused = featser_here("fit", "--map", "emotion=mood", *quick, cwd=work)
    assert refused.returncode == 2
    assert "--map: emotion=mood renames a column" in refused.stderr


def test_a_cards_columns_and_classes_are_renamed(voices: Path) -> None:
    classes: dict[str, str | None] = {"neutral": "calm", "happy": "angry"}
    result = scan("demo", voices, columns={"emotion": "mood"}, labels={"mood": classes})
    assert result.tasks[0].name == "mood"
    assert result.by_class["found"].to_dict() == {"angry": 32, "calm": 16, "sad": 16}
    assert result.by_class["expected"].to_dict() == {"angry": 192, "calm": 96, "sad": 96}
    assert "emotion" not in result.manifest
    with pytest.raises(CardError, match="--map feeling=x: unknown column 'feeling'"):
        scan("demo", voices, columns={"feeling": "x"})
    with pytest.raises(CardError, match="a card cannot define the column `file`"):
        scan("demo", voices, columns={"emotion": "file"})
    with pytest.raises(CardError, match="has a column `gender` already"):
        scan("demo", voices, columns={"emotion": "gender"})
    with pytest.raises(RecipeError, match=r"--map: unknown emotion 'sed'.*sad"):
        scan("demo", voices, labels={"emotion": {"sed": "x"}})


def test_audit_and_recipes_take_other_names_of_classes(voices: Path, tmp_path: Path) -> None:
    shown = featser_here(
        "audit", voices, "--corpus", "demo", "--map", "emotion=mood", "-j", 1, cwd=tmp_path
    )
    assert "`emotion`" not in shown.stdout
    recipe = "name: r\ncorpora: [demo]\nprimary: mood\ncolumns: {emotion: mood}\n"
    (tmp_path / "r.yaml").write_text(recipe)
    data = ("--data", f"demo={voices}", "-f", "zcr:basic", "-j", 1)
    for extra, code in (((), 0), (("--map", "mood.sad=low"), 0), (("--map", "mood=x"), 2)):
        shown = featser_here("extract", "r.yaml", *data, *extra, cwd=tmp_path)
        assert shown.returncode == code, shown.stderr
    assert "a recipe names its columns itself: write `columns: {mood: x}`" in shown.stderr
    table = pd.read_parquet(tmp_path / "featser-store/manifest.parquet")
    assert set(table["mood"]) == {"angry", "happy", "neutral", "low"}


@pytest.mark.parametrize("pair", ["emotion", "=x", "emotion.=x", ".a=b", "label="])
def test_a_pair_that_renames_nothing_is_refused(pair: str) -> None:
    with pytest.raises(InputError, match="write COLUMN=NAME"):
        parse_map([pair])


@pytest.mark.parametrize("pairs", [["a=b", "a=c"], ["e.a=b", "e.a=c"], ["a=x", "b=x"]])
def test_contradicting_pairs_are_refused(pairs: list[str]) -> None:
    with pytest.raises(InputError, match=r"renamed twice|same name"):
        parse_map(pairs)


def test_names_that_are_given_in_two_steps_are_the_names_given_at_once() -> None:
    first = {"emotion": {"a": "b", "b": "a", "c": None}}
    assert composed(first, {"emotion": {"d": "x"}, "style": {"q": "r"}}) == {
        "emotion": {"a": "b", "b": "a", "c": None, "d": "x"},
        "style": {"q": "r"},
    }
    with pytest.raises(InputError, match=r"emotion.a is a name that emotion.b was given before"):
        composed(first, {"emotion": {"a": "x"}})
