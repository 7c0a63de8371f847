"""What ``featser predict --timeline`` prints: every task, in stretches of the primary one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.cli.display.prediction_results import show_timeline
from featser.timelines.label_intervals import task_stretches

SPEECH = np.array([True, True, True, False, True])


@pytest.fixture
def table() -> pd.DataFrame:
    """Two frames of anger, one of sadness, a pause, and one of sadness."""
    angry = np.where(SPEECH, [0.75, 0.5, 0.25, 0.0, 0.125], np.nan)
    female = np.where(SPEECH, [0.75, 0.25, 1.0, 0.0, 1.0], np.nan)
    table = pd.DataFrame(
        {
            "file": "talk.wav",
            "start": np.arange(5) * 0.5,
            "end": [0.5, 1.0, 1.5, 2.0, 2.25],
            "speech": SPEECH,
            "emotion.pred": pd.Series(["angry", "angry", "sad", None, "sad"], dtype=object),
            "emotion.p[angry]": angry,
            "emotion.p[sad]": 1 - angry,
            "gender.pred": pd.Series(["female", "male", "female", None, "female"], dtype=object),
            "gender.p[female]": female,
            "gender.p[male]": 1 - female,
            "arousal.pred": np.where(SPEECH, [0.5, 1.0, 0.25, 0.0, 0.125], np.nan),
            "reason": np.where(SPEECH, "", "no speech: a pause"),
        }
    )
    table.attrs["notes"] = []
    return table


def test_each_stretch_has_what_all_tasks_say(table: pd.DataFrame) -> None:
    """Of gender, one frame each is female and male: the first, with its mean of 0.75 and 0.25."""
    assert task_stretches(table)[0].to_numpy().tolist() == [
        [0.0, 1.0, "angry (0.62)", "female (0.50)", "0.75"],
        [1.0, 1.5, "sad (0.75)", "female (1.00)", "0.25"],
        [2.0, 2.25, "sad (0.88)", "female (1.00)", "0.125"],
    ]


def test_numbers_alone_have_stretches_without_a_pause(table: pd.DataFrame) -> None:
    numbers = table[["file", "start", "end", "speech", "arousal.pred", "reason"]]
    expected = [[0.0, 1.5, "0.583"], [2.0, 2.25, "0.125"]]
    assert task_stretches(numbers)[0].to_numpy().tolist() == expected


def test_a_recording_without_speech_has_no_stretch(table: pd.DataFrame) -> None:
    assert task_stretches(table[~table["speech"]])[0].empty


def test_the_terminal_shows_all_tasks(
    table: pd.DataFrame, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    table["file"] = "talk\x1b[2J.wav"
    show_timeline(table)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == r"talk\x1b[2J.wav"
    assert lines[2].replace("┃", " ").split() == ["time", "emotion", "gender", "arousal"]
    cells = [cell.strip() for cell in lines[4].split("│")]
    assert cells[1:-1] == ["0–1 s", "angry (0.62)", "female (0.50)", "0.75"]
