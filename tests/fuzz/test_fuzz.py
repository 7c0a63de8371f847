"""Each target of ``make fuzz`` runs and finds nothing on a few seeds; what is wrong is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from featser.corpora.card import load_card
from featser.experiment.recipe import load_recipe
from tests.features.corpus import ROOT
from tests.fuzz.__main__ import TARGETS, main
from tests.fuzz.case import Case
from tests.fuzz.command import Outcome
from tests.fuzz.damage import damaged
from tests.fuzz.documents import CARD, RECIPE

QUICK = ("recordings",)
"""The other targets run several commands in each case, as tests of what they aim at do."""


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in TARGETS],
)
def test_no_target_finds_anything_on_two_seeds(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz", name, "--count", "2"]
    shown = subprocess.run(
        [*command, "--folder", str(tmp_path / "f")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert f"{name}: 2 cases" in shown.stdout


def test_damage_is_the_same_for_the_same_seed() -> None:
    content = bytes(range(256)) * 20
    one, other = (damaged(content, np.random.default_rng(3)) for _ in range(2))
    assert one == other
    assert sum(damaged(content, np.random.default_rng(n)) != content for n in range(50)) >= 48


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (Outcome(None, "", 20), "not ended after 20 s"),
        (Outcome(70, "x", 1), "unexpected error"),
        (Outcome(-11, "x", 1), "exit code -11"),
        (Outcome(1, "Traceback (most recent call last)", 1), "traceback"),
        (Outcome(1, "", 1), "without a word"),
    ],
)
def test_every_broken_promise_is_a_finding(tmp_path: Path, outcome: Outcome, problem: str) -> None:
    case = Case("manifests", [0], tmp_path / "case")
    case.check(outcome, 20)
    assert problem in case.problems[0]
    assert Case("manifests", [0], tmp_path / "other").problems == []


def test_a_file_that_a_command_changes_outside_its_folders_is_a_finding(tmp_path: Path) -> None:
    case = Case("manifests", [0], tmp_path / "case")
    manifest = case.inputs / "m.csv"
    manifest.write_text("file,emotion\na.wav,sad\n")
    case.run("audit", manifest, "-o", "../inputs/audit.json")
    assert "files outside the folders named" in case.problems[0]


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["recording"])


@pytest.mark.parametrize("text", [CARD, RECIPE])
def test_what_documents_are_made_from_is_valid(tmp_path: Path, text: str) -> None:
    """A seed that is refused as it stands would hide every fault behind its own."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    assert (load_card(path) if text == CARD else load_recipe(path)).name == "mine"
