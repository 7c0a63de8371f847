"""Several corpora without a recipe: ``--data CARD=FOLDER`` for each."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.corpora.synthetic.demo_corpus import SPEAKERS, STYLES, vary
from featser.corpora.synthetic.synthesizer import RATE, synthesise
from tests.flow import featser_here

CLINIC = """\
name: clinic
title: Clinic
language: de
grammar: {pattern: "(?P<speaker>[a-z0-9]+)_(?P<emotion>[A-Z])_(?P<take>[0-9]+)", example: f1_A_1}
labels:
  speaker: "{speaker}"
  emotion: {value: "{emotion}", codes: {A: angry, S: sad}}
tasks:
  emotion: {kind: classification, classes: [angry, sad]}
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings of the card demo, and others of a card of one's own."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "demo").mkdir()
    (folder / "mine").mkdir()
    (folder / "clinic.yaml").write_text(CLINIC)
    for speaker in ("f1", "m1", "f2", "m2"):
        for emotion in ("angry", "sad"):
            for take in (1, 2, 3):
                rng = np.random.default_rng([take, len(emotion), *map(ord, speaker)])
                spoken = synthesise(SPEAKERS[speaker], vary(STYLES[emotion], rng), rng, seconds=0.6)
                file = folder / "demo" / f"{speaker}-{emotion}-normal-{take}.wav"
                soundfile.write(file, spoken.samples, RATE)
                other = folder / "mine" / f"{speaker}_{emotion[0].upper()}_{take}.wav"
                soundfile.write(other, spoken.samples[::-1] * 0.5, RATE)
    return folder


DATA = ("--data", "demo=demo", "--data", "clinic.yaml=mine")


@pytest.fixture(scope="module")
def extracted(work: Path) -> Path:
    shown = featser_here("extract", *DATA, "-f", "mfcc:basic", cwd=work)
    assert shown.returncode == 0, shown.stderr
    return work


@pytest.mark.parametrize("again", [(), DATA], ids=["from the store", "named again"])
def test_a_fit_leaves_one_corpus_out(
    extracted: Path, tmp_path: Path, again: tuple[str, ...]
) -> None:
    how = ("-m", "logistic", "-t", "emotion", "--protocol", "leave-one-corpus-out", "--no-audit")
    shown = featser_here("fit", *again, *how, "-o", tmp_path / "run", cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    predictions = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert predictions["corpus"].value_counts().to_dict() == {"demo": 24, "clinic": 24}
    facts = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert facts["corpora"] == ["demo", str(extracted / "clinic.yaml")]
    assert f"--data clinic={extracted / 'mine'}" in facts["reproduce"][0]


def test_extraction_that_a_fit_asks_for_names_the_card_of_ones_own(extracted: Path) -> None:
    refused = featser_here("fit", *DATA, "-f", "rms:basic", "--jobs", "1", cwd=extracted)
    match = re.search("`featser (extract [^`]+)`", refused.stderr)
    assert match is not None, refused.stderr
    shown = featser_here(*shlex.split(match[1]), "--dry-run", cwd=extracted)
    assert shown.returncode == 0, shown.stderr


def test_classes_are_renamed_in_all_corpora_together(extracted: Path, tmp_path: Path) -> None:
    shutil.copytree(extracted, tmp_path / "work")
    renamed = ("--map", "emotion.sad=low")
    shown = featser_here("extract", *DATA, *renamed, "-f", "mfcc:basic", cwd=tmp_path / "work")
    assert shown.returncode == 0, shown.stderr
    table = pd.read_parquet(tmp_path / "work" / "featser-store" / "manifest.parquet")
    assert table["emotion"].value_counts().to_dict() == {"angry": 24, "low": 24}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "SOURCE: missing: name a recipe, a manifest or a folder, or corpora by --data"),
        ((*DATA, "--corpus", "demo"), "--corpus: cannot be combined with --data"),
        (("--data", "dem=demo"), "unknown corpus card 'dem'"),
        (("--data", "demo=nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    work: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("extract", *arguments, cwd=work)
    assert shown.returncode == 2
    assert message in shown.stderr


def test_a_corpus_with_two_folders_is_refused(tmp_path: Path) -> None:
    shown = featser_here("fit", "--data", "demo=A", "--data", "demo=B", cwd=tmp_path)
    assert shown.returncode == 2
    assert "--data: 'demo' is given twice (A and B): remove one" in shown.stderr
