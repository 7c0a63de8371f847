"""A table that names its recordings by wrong paths is told where they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.scans.absent_recordings import found_elsewhere
from tests.flow import featser_here


@pytest.fixture
def folder(voices: Path, tmp_path: Path) -> Path:
    """Two recordings in a folder `clips`."""
    (tmp_path / "clips").mkdir()
    for name, file in zip(("a1.wav", "Ä 2.flac"), sorted(voices.iterdir()), strict=False):
        shutil.copy(file, tmp_path / "clips" / name)
    return tmp_path


CASES = {
    "in a folder below": (["a1.wav", "Ä 2.flac"], "write clips/a1.wav in place of a1.wav"),
    "on another machine": (["D:\\sounds\\a1.wav"], "write clips/a1.wav in place of"),
    "without the ending": (["clips/a1", "clips/Ä 2"], "write a1.wav in place of a1"),
    "with another ending": (["clips/a1.mp3"], "write a1.wav in place of a1.mp3"),
    "in other letters": (
        ["clips/A1.WAV", "clips/A\u0308 2.FLAC"],
        "write a1.wav in place of A1.WAV",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_commands_say_where_the_recordings_of_a_table_are(case: str, folder: Path) -> None:
    files, expected = CASES[case]
    table = pd.DataFrame({"file": files, "emotion": ["happy", "sad"][: len(files)]})
    table.to_csv(folder / "labels.csv", index=False)
    for command in (
        ["extract", "labels.csv", "-f", "rms"],
        ["extract", "labels.csv", "-f", "rms", "--dry-run"],
        ["scan", "table", "labels.csv"],
        ["audit", "labels.csv"],
    ):
        shown = featser_here(*command, cwd=folder)
        assert expected in shown.stdout, command


def test_a_forecast_counts_no_seconds_of_recordings_that_are_absent(folder: Path) -> None:
    table = pd.DataFrame({"file": ["b1.wav", "b2.wav"], "emotion": ["happy", "sad"]})
    table.to_csv(folder / "labels.csv", index=False)
    shown = featser_here("extract", "labels.csv", "-f", "rms", "--dry-run", cwd=folder)
    assert f"2 of 2 utterances cannot be read, such as {folder / 'b1.wav'}" in shown.stdout
    assert "2 utterances, 0 s of sound; extraction: 0 s" in shown.stdout


def test_an_audit_calls_absent_recordings_not_found(folder: Path) -> None:
    table = pd.DataFrame({"file": ["clips/a1.wav", "b2.wav"], "emotion": ["happy", "sad"]})
    table.to_csv(folder / "labels.csv", index=False)
    shown = featser_here("audit", "labels.csv", cwd=folder)
    assert "1 of 2 recordings was not found: correct the paths, or remove the rows" in shown.stdout


def test_recordings_that_are_not_found_or_found_twice_are_not_guessed_at(tmp_path: Path) -> None:
    assert found_elsewhere([]) == ""
    assert found_elsewhere(["https://example.org/a.wav"]) == ""
    assert found_elsewhere([str(tmp_path / "a.wav")]) == ""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.wav").touch()
    (tmp_path / "one" / "b.wav").touch()
    assert found_elsewhere([str(tmp_path / "a.wav")]) == ""
    assert "write one/b.wav in place of b.wav" in found_elsewhere([str(tmp_path / "b.wav")])
