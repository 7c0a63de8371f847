"""Commands of a finished run whose recordings were moved: where they were, and how to go on."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from featser.experiment.runs.reopened_run import reopen_run
from tests.flow import featser_here

QUICK = ("-f", "mfcc:basic", "--jobs", "1")


@pytest.fixture
def moved(voices: Path, tmp_path: Path) -> Path:
    """A folder with a run of recordings that are now in the folder ``moved``."""
    shutil.copytree(voices, tmp_path / "recordings")
    shown = featser_here("extract", "recordings", "--corpus", "demo", *QUICK, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    fit = ("fit", "--model", "lda", "-t", "emotion", "--no-audit", "-o", "run", "--jobs", "1")
    assert featser_here(*fit, cwd=tmp_path).returncode == 0
    (tmp_path / "recordings").rename(tmp_path / "moved")
    return tmp_path


@pytest.mark.slow
def test_commands_name_the_path_and_the_fit_that_says_where_recordings_are(moved: Path) -> None:
    """After the fit that the message names, with the new path, the run can be opened again."""
    for command in ("calibrate", "explain", "stress"):
        shown = featser_here(command, "run", cwd=moved)
        assert shown.returncode == 1
        place = moved / "recordings"
        assert f"run: its recordings were not found at {place}: move them" in shown.stderr
        assert "features mfcc" not in shown.stderr
    match = re.search("`featser (.*)`", shown.stderr)
    assert match is not None
    arguments = [word.replace("PATH", "moved") for word in shlex.split(match[1])]
    fitted = featser_here(*arguments, cwd=moved)
    assert fitted.returncode == 0, fitted.stderr
    assert "5 of 5 fits reused from the cache" in fitted.stdout
    assert len(reopen_run(moved / "run", n_jobs=1).data.table) == 64


def test_some_recordings_that_are_missing_are_counted_and_one_is_named(moved: Path) -> None:
    (moved / "recordings").mkdir()
    for file in sorted((moved / "moved").iterdir())[1:]:
        file.rename(moved / "recordings" / file.name)
    shown = featser_here("calibrate", "run", cwd=moved)
    assert "run: 1 of its 64 recordings was not found, such as " in shown.stderr
    assert "--data demo=PATH" in shown.stderr


def test_folds_that_were_not_kept_are_not_promised(moved: Path) -> None:
    """A run does not say whether it was fitted with --no-cache: the message is true for both."""
    (moved / "moved").rename(moved / "recordings")
    fit = ("fit", "--model", "lda", "-t", "emotion", "--no-audit", "--no-cache", "-o", "other")
    shutil.rmtree(moved / "featser-store" / "fits")
    assert featser_here(*fit, "--jobs", "1", cwd=moved).returncode == 0
    assert not (moved / "featser-store" / "fits").exists()
    (moved / "recordings").rename(moved / "moved")
    shown = featser_here("calibrate", "other", cwd=moved)
    assert "reuses the features and folds that the store holds: `featser fit " in shown.stderr


@pytest.mark.slow
def test_a_manifest_whose_recordings_moved_is_not_said_to_lack_features(moved: Path) -> None:
    (moved / "moved").rename(moved / "recordings")
    assert featser_here("scan", "recordings", "--corpus", "demo", "-o", "m.csv", cwd=moved)
    fit = ("fit", "m.csv", "--model", "lda", "-t", "emotion", "--no-audit", "-o", "run")
    assert featser_here(*fit, *QUICK, cwd=moved).returncode == 0
    (moved / "recordings").rename(moved / "moved")
    shown = featser_here("calibrate", "run", cwd=moved)
    assert "run: 64 of its 64 recordings were not found" in shown.stderr
    assert "--data manifest=PATH" in shown.stderr
