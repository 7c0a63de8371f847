"""A folder that a pattern reads, from extraction to a run that is made again by its recipe."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import featser
from featser.errors import InputError
from featser.experiment.declaration.value_checks import corpus_name
from featser.experiment.schema import Experiment
from tests.flow import featser_here

PATTERN = "{speaker}/day */{emotion}_{intensity}_{take:d}.flac"
QUICK = ("-f", "mfcc:basic", "-j", "1")


@pytest.fixture(scope="module")
def patterned(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic voices in folders whose names a pattern reads; features are extracted."""
    folder = tmp_path_factory.mktemp("patterned")
    for file in sorted(voices.iterdir()):
        speaker, emotion, intensity, take = file.stem.split("-")
        place = folder / "clinic" / speaker / f"day {take}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place / f"{emotion}_{intensity}_{take}.flac")
    shown = featser_here("extract", "clinic", "--pattern", PATTERN, *QUICK, cwd=folder)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return folder


def fitted(folder: Path, run: str, *arguments: str) -> dict:
    shown = featser_here("fit", *arguments, "-m", "logistic", "-o", run, "-j", "1", "--no-audit",
                         cwd=folder)  # fmt: skip
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return metrics(folder / run)


def metrics(run: Path) -> dict:
    figures: dict = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return figures["speaker-independent"]


def test_a_fit_is_that_of_the_manifest_that_scan_writes(patterned: Path) -> None:
    """Bare, with the folder as source, and by the manifest: the same tasks and figures."""
    bare = fitted(patterned, "bare")
    named = fitted(patterned, "named", "clinic", "--pattern", PATTERN)
    shown = featser_here("scan", "clinic", "--pattern", PATTERN, "-o", "m.csv", cwd=patterned)
    assert "next: featser extract m.csv" in shown.stdout
    assert shown.returncode == 0, shown.stderr
    table = fitted(patterned, "table", "m.csv")
    assert set(bare) == set(named) == set(table) == {"emotion", "intensity"}
    assert bare["emotion"]["uar"] == named["emotion"]["uar"] == table["emotion"]["uar"]


def test_a_run_is_made_again_by_its_recipe_and_explained(patterned: Path) -> None:
    first = fitted(patterned, "first", "clinic", "--pattern", PATTERN, "-t", "emotion")
    recipe = (patterned / "first/recipe.yaml").read_text(encoding="utf-8")
    assert PATTERN in recipe
    shown = featser_here("run", "first/recipe.yaml", "--data", "recordings=clinic", "-o", "again",
                         "--jobs", "1", cwd=patterned)  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert metrics(patterned / "again")["emotion"]["uar"] == first["emotion"]["uar"]
    shown = featser_here("explain", "first", "--repetitions", "1", "-j", "1", cwd=patterned)
    assert shown.returncode == 0, shown.stderr


def test_a_run_of_a_folder_above_the_current_one_is_explained(patterned: Path) -> None:
    """Features and predictions have one path for a recording, however its folder is named."""
    below = patterned / "below"
    below.mkdir()
    for command in (
        ("extract", "../clinic", "--pattern", PATTERN, *QUICK),
        ("fit", "-t", "emotion", "-m", "logistic", "--no-audit", "-o", "run", "-j", "1"),
        ("explain", "run", "--repetitions", "1", "-j", "1"),
        ("predict", "run", "../clinic"),
    ):
        shown = featser_here(*command, cwd=below)
        assert shown.returncode == 0, shown.stdout + shown.stderr


def test_classes_and_columns_are_renamed_beside_a_pattern(patterned: Path) -> None:
    renamed = PATTERN.replace("{emotion}", "{label}")
    maps = ("--map", "label=emotion", "--map", "emotion.angry=cross")
    shown = featser_here("extract", "clinic", "--pattern", renamed, *maps, "--store", "other",
                         *QUICK, cwd=patterned)  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    manifest = pd.read_parquet(patterned / "other/manifest.parquet")
    assert "cross" in set(manifest["emotion"])
    fitted(patterned, "renamed", "--store", "other", "-t", "emotion")
    recipe = (patterned / "renamed/recipe.yaml").read_text(encoding="utf-8")
    assert "cross" in recipe
    shown = featser_here("run", "renamed/recipe.yaml", "--data", "recordings=clinic", "--store",
                         "other", "-o", "renamed-again", "--jobs", "1", cwd=patterned)  # fmt: skip
    assert shown.returncode == 0, shown.stderr


def test_audit_leakage_and_curve_read_a_pattern(patterned: Path) -> None:
    shown = featser_here("audit", "clinic", "--pattern", PATTERN, "-j", "1", cwd=patterned)
    assert "64 recordings" in shown.stdout, shown.stdout + shown.stderr
    for study in ("leakage", "curve"):
        more = ("--draws", "1") if study == "curve" else ()
        shown = featser_here(study, "clinic", "--pattern", PATTERN, "-m", "logistic", "--no-audit",
                             "-j", "1", "-o", study, *more, cwd=patterned)  # fmt: skip
        assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("clinic", "--pattern", "*.flac"), "field"),
        (("clinic", "--pattern", PATTERN, "--corpus", "demo"), "cannot be used with --corpus"),
        (("m.csv", "--pattern", PATTERN), "reads a folder or an archive: name it as SOURCE, not m"),
        (("emodb", "--pattern", PATTERN), "reads a folder or an archive: name it as SOURCE, not e"),
        (("--pattern", PATTERN), "reads a folder or an archive: name it as SOURCE"),
        (("gone", "--pattern", PATTERN), "gone: no such file or folder"),
        (("clinic", "--pattern", "{speaker}/{emotion}.flac"), "lies 2 folders deep"),
        (("s3://b/clinic", "--pattern", PATTERN), "reads a folder of this machine: copy it first"),
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["extract", "fit", "audit"])
def test_a_pattern_that_cannot_be_used_is_refused(
    patterned: Path, command: str, arguments: tuple[str, ...], message: str
) -> None:
    if command == "audit" and arguments[0] == "--pattern":
        pytest.skip("an audit always has a source")
    (patterned / "m.csv").touch()
    shown = featser_here(command, *arguments, cwd=patterned)
    assert shown.returncode != 0
    assert message in shown.stderr


def test_checked_folds_and_auxiliary_corpora_read_a_pattern(
    patterned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of an auxiliary corpus is named as source, or by --data."""
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    files = sorted((patterned / "clinic").rglob("*.flac"))
    rows = [f"{file.relative_to(patterned / 'clinic')},{file.parts[-3]}" for file in files]
    (tmp_path / "folds.csv").write_text("\n".join(["file,fold", *rows]), encoding="utf-8")
    shown = featser_here(
        "folds", "check", tmp_path / "folds.csv", "clinic", "--pattern", PATTERN, cwd=patterned
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for source in (("clinic",), ("--data", "mine=clinic")):
        shown = featser_here("aux", "add", "mine", *source, "--pattern", PATTERN, *QUICK,
                             cwd=patterned)  # fmt: skip
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "added 'mine': 64 utterances, 4 speakers" in shown.stdout


def test_a_recipe_names_a_pattern_among_its_corpora() -> None:
    assert Experiment(corpora=PATTERN).corpora == (PATTERN,)
    assert corpus_name(PATTERN) == "recordings"
    with pytest.raises(InputError, match="is named twice"):
        Experiment(corpora=[PATTERN, "{emotion}/*.wav"])
    with pytest.raises(InputError, match="pattern"):
        Experiment(corpora="{speaker")


def test_python_functions_take_the_pattern(patterned: Path, tmp_path: Path) -> None:
    place = patterned / "clinic"
    result = featser.extract(
        place, pattern=PATTERN, store=tmp_path / "s", features=["rms:basic"], n_jobs=1
    )
    assert result.done == 64
    for function in (featser.fit, featser.extract, featser.leakage):
        with pytest.raises(InputError, match="pattern"):
            function(place, pattern=3)
    with pytest.raises(InputError, match="pattern"):
        featser.audit(place, pattern=PATTERN, corpus="demo")
