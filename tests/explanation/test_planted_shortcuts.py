"""Shortcuts planted into recordings come first in an explanation, and are named as such."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.errors import RunError
from featser.experiment.runs.run_reading import read_findings
from featser.explanation.named_shortcuts import named_shortcuts, were_tested
from tests.flow import featser_here

RATE = 16000


def louder(sound: np.ndarray) -> np.ndarray:
    return sound * 10 ** (14 / 20)


def with_offset(sound: np.ndarray) -> np.ndarray:
    return sound + 0.05


def with_silence(sound: np.ndarray) -> np.ndarray:
    silence = np.random.default_rng(len(sound)).normal(0, 1e-5, RATE // 2)
    return np.concatenate([silence, sound])


def same(sound: np.ndarray) -> np.ndarray:
    return sound


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (louder, "the level of the speech"),
        pytest.param(with_offset, "the DC offset", marks=pytest.mark.slow),
        pytest.param(with_silence, "the silence before the speech", marks=pytest.mark.slow),
        pytest.param(same, "", marks=pytest.mark.slow),
    ],
)
def test_a_planted_shortcut_comes_first_and_is_named(
    change: Callable[[np.ndarray], np.ndarray], name: str, voices: Path, tmp_path: Path
) -> None:
    """Labels are drawn at random within speakers; only the recordings of one class are changed."""
    random = np.random.default_rng(0)
    rows = []
    for speaker in ("f1", "f2", "m1", "m2"):
        files = sorted(voices.glob(f"{speaker}-*.flac"))
        for file, label in zip(files, random.permutation(len(files)) % 2, strict=True):
            sound, rate = soundfile.read(file)
            soundfile.write(
                tmp_path / f"{file.stem}.wav", (same if label else change)(sound / 4), rate
            )
            emotion = "sad" if label else "angry"
            rows.append({"file": f"{file.stem}.wav", "speaker": speaker, "emotion": emotion})
    pd.DataFrame(rows).to_csv(tmp_path / "m.csv", index=False)
    for command in (
        ("extract", "m.csv", "-f", "gemaps", "-f", "rhythm", "-j", "1"),
        ("fit", "--model", "logistic", "-j", "1", "-o", "run"),
        ("explain", "run", "-j", "1"),
    ):
        shown = featser_here(*command, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
    result = json.loads((tmp_path / "run" / "explanation.json").read_text(encoding="utf-8"))
    shortcuts = [text for text in result["sentences"] if text.startswith("Shortcut: ")]
    assert not [note for note in result["notes"] if note.startswith("no shortcuts were tested")]
    if not name:
        assert result["value"] < 0.7
        assert not shortcuts
        assert not [one for one in result["groups"] if one["fall"]["value"] > 0.15]
        return
    assert result["sentences"][: len(shortcuts)] == shortcuts
    assert shortcuts[0] in shown.stdout.replace("\n  ", " ")
    if change is louder:  # which multiplies noise and offset as well
        assert result["groups"][0]["group"] == "loudness"
        assert any(text.startswith("Loudness is also a") for text in result["sentences"])
        shortcuts = [one for one in shortcuts if "noise floor" not in one and "DC" not in one]
    assert shortcuts[0].startswith(f"Shortcut: {name} alone predicts `emotion`")


@pytest.mark.slow
def test_a_run_without_an_audit_says_that_no_shortcuts_were_tested(
    fitted: Path, tmp_path: Path
) -> None:
    assert were_tested(read_findings(fitted))
    shutil.copytree(fitted, tmp_path / "run")
    (tmp_path / "run" / "audit.json").write_text("[]", encoding="utf-8")
    shown = featser_here("explain", "run", "-j", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "note: no shortcuts were tested, such as the DC offset" in shown.stdout


def test_the_strongest_shortcut_is_first_and_silence_before_what_it_changes() -> None:
    def finding(fact: str, uar: float) -> dict[str, object]:
        return {"kind": "shortcut", "message": fact, "table": [{"fact": fact, "UAR": uar}]}

    findings = [finding("floor", 0.9), finding("dc", 0.5), finding("leading_silence_s", 0.8)]
    names = [text.split(": ")[1] for text in named_shortcuts(findings)]
    assert names == ["leading_silence_s.", "dc.", "floor."]
    names = [text.split(": ")[1] for text in named_shortcuts(findings[:2])]
    assert names == ["floor.", "dc."]
    assert named_shortcuts([{"kind": "shortcut", "message": "odd", "table": ["x"]}]) == [
        "Shortcut: odd."
    ]


@pytest.mark.parametrize("text", ["{}", "[1]", "[[", '[{"kind": 1, "message": "x"}]'])
def test_a_damaged_audit_is_refused_with_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "audit.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"audit\.json: not "):
        read_findings(tmp_path)
    (tmp_path / "audit.json").unlink()
    assert read_findings(tmp_path) == []
