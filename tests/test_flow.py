"""Guarantees from the recordings to the report, whatever commands are used."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from tests.flow import featser_here

CARD = (
    "name: mine\ntitle: Mine\nlicence: CC0\ncitation: none\nsource: here\n"
    "grammar:\n  pattern: (?P<who>[fm][1-4])-(?P<what>[a-z]+)-(?P<rest>.+)\n"
    "  example: f1-sad-strong-1\n"
    'labels:\n  speaker: "{who}"\n  mood: "{what}"\n'
    "primary: mood\ntasks:\n  mood: {kind: classification}\n"
)
EXTRACT = ("voices", "--corpus", "my.yaml", "-f", "mfcc:basic", "-j", "1")
FIT = ("fit", "--model", "lda", "-j", "1", "-o", "run")


@pytest.fixture(scope="module")
def mine(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings of 3 speakers, a card, and extracted features."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "voices").mkdir()
    for file in sorted(voices.glob("*-normal-*.flac")):
        if file.stem[:2] in ("f1", "f2", "m1"):
            shutil.copy(file, folder / "voices")
    (folder / "my.yaml").write_text(CARD)
    shown = featser_here("extract", *EXTRACT, cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


def test_an_extraction_names_the_next_command_which_runs(mine: Path, tmp_path: Path) -> None:
    shutil.copytree(mine / "featser-store", tmp_path / "my store")
    shown = featser_here("extract", *EXTRACT, "--store", tmp_path / "my store", cwd=mine)
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("next: ")]
    command = shlex.split(line.removeprefix("next: ").partition(" (")[0])
    assert command[:3] == ["featser", "fit", "--store"]
    fitted = featser_here(*command[1:], *FIT[1:], "--no-audit", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    assert "next: featser fit (a model" in featser_here("extract", *EXTRACT, cwd=mine).stdout


@pytest.mark.slow
def test_a_card_of_ones_own_says_what_a_fit_predicts(mine: Path) -> None:
    (mine / "my.yaml").unlink()
    shown = featser_here(*FIT, "--no-audit", cwd=mine)
    assert shown.returncode == 0, shown.stderr
    assert list(json.loads((mine / "run/metrics.json").read_text())["speaker-independent"]) == [
        "mood"
    ]


@pytest.mark.slow
def test_an_altered_copy_joins_two_speakers_in_one_fold_and_the_report_names_it(
    mine: Path, tmp_path: Path
) -> None:
    """A take of f1, trimmed and quieter, is also among those of m1."""
    shutil.copytree(mine / "voices", tmp_path / "voices")
    (tmp_path / "my.yaml").write_text(CARD)
    samples, rate = soundfile.read(tmp_path / "voices/f1-sad-normal-1.flac")
    soundfile.write(tmp_path / "voices/m1-sad-normal-9.flac", samples[rate // 20 :] * 0.5, rate)
    featser_here("extract", *EXTRACT, cwd=tmp_path)
    shown = featser_here(*FIT, cwd=tmp_path)
    assert "audit: error:" in shown.stdout
    assert "with them whole speakers: f1 with m1" in shown.stdout
    folds = pd.read_csv(tmp_path / "run/folds.csv")
    assert folds.groupby("speaker")["fold"].first().nunique() == 2
    audit = json.loads((tmp_path / "run/audit.json").read_text())
    assert "f1-sad-normal-1" in json.dumps(audit)
    page = (tmp_path / "run/report.html").read_text()
    assert "Audit of the data" in page
    assert "f1-sad-normal-1.flac" in page

    shown = featser_here(*FIT, "--no-audit", cwd=tmp_path)
    assert "altered copies of recordings were not looked for" in shown.stdout
    folds = pd.read_csv(tmp_path / "run/folds.csv")
    assert folds.groupby("speaker")["fold"].first().nunique() == 3


@pytest.mark.slow
def test_a_fit_needs_no_recordings_and_says_what_it_could_not_look_for(mine: Path) -> None:
    (mine / "voices").rename(mine / "elsewhere")
    shown = featser_here(*FIT, cwd=mine)
    assert shown.returncode == 0, shown.stderr
    assert "none of the recordings is where it was when features were extracted" in shown.stdout
    (mine / "elsewhere/f1-sad-normal-1.flac").rename(mine / "f1-sad-normal-1.flac")
    (mine / "elsewhere").rename(mine / "voices")
    shown = featser_here(*FIT, cwd=mine)
    assert "1 of 24 recordings are no longer where they were" in shown.stdout
    (mine / "f1-sad-normal-1.flac").rename(mine / "voices/f1-sad-normal-1.flac")


def test_augmented_copies_are_fitted_on_and_never_tested(mine: Path) -> None:
    noise, babble = "noise:snr=10,copies=2", "babble:talkers=2"
    (mine / "my.yaml").write_text(CARD)
    shown = featser_here(
        "extract", *EXTRACT, "--store", "aug", "--augment", noise, "--augment", babble, cwd=mine
    )
    assert "augmented copies: 72 done, 0 reused, 0 could not be made" in shown.stdout

    fit = (*FIT, "--no-audit", "--store", "aug")
    shown = featser_here(*fit, cwd=mine)
    assert shown.returncode == 0, shown.stderr
    assert "48 of noise:colour=white,snr=10, 24 of babble:snr=10..20,talkers=2" in shown.stdout
    predictions = pd.read_parquet(mine / "run/predictions.parquet")
    assert len(predictions) == 24
    page = (mine / "run/report.html").read_text()
    assert "training sets contain augmented copies" in page
    assert noise in (mine / "run/recipe.yaml").read_text()
    with_copies = predictions.filter(like=".p[")

    shown = featser_here(*fit, "--no-augmented", cwd=mine)
    assert "augmented copies" not in shown.stdout
    without = pd.read_parquet(mine / "run/predictions.parquet").filter(like=".p[")
    assert not with_copies.equals(without)
