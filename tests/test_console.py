"""Lines and bars of the terminal: predictions of segments, counts, and times with their meaning."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from featser.cli import console
from featser.cli.display import corpus_results, prediction_results, run_results
from featser.progress_bars import Bars, time_text
from tests.flow import featser_here


def predictions(start: float, end: float, error: str = "") -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "file": ["a.wav"], "start": [start], "end": [end], "error": [error],
            "arousal.pred": [3.14],
        }
    )  # fmt: skip
    table.attrs["notes"] = []
    return table


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (np.nan, np.nan, "a.wav\tarousal=3.14\n"),
        (0.5, 2.0, "a.wav\t0.5–2 s\tarousal=3.14\n"),
        (1.0, np.nan, "a.wav\t1–end s\tarousal=3.14\n"),
    ],
)
def test_predictions_of_segments_have_their_span(
    start: float, end: float, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction_results.show_predictions(predictions(start, end))
    assert capsys.readouterr().out == shown


def test_a_segment_that_cannot_be_used_has_its_span(capsys: pytest.CaptureFixture[str]) -> None:
    prediction_results.show_predictions(predictions(0.5, 0.6, "too short"))
    assert capsys.readouterr().out == "a.wav\t0.5–0.6 s\tunusable: too short\n"


@pytest.mark.parametrize(
    ("elapsed_s", "remaining_s", "is_finished", "text"),
    [
        (0.0, None, False, "0:00 elapsed"),
        (59.9, 3600.2, False, "0:59 elapsed, 1:00:01 left"),
        (3661.0, 0.0, True, "1:01:01 in all"),
    ],
)
def test_times_of_a_step_say_what_they_are(
    elapsed_s: float, remaining_s: float | None, is_finished: bool, text: str
) -> None:
    assert time_text(elapsed_s, remaining_s, is_finished) == text


@pytest.mark.parametrize("width", [80, 120])
def test_a_bar_has_one_line_with_labelled_times(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 4 units in 8 s one is left after 3: 2 s; finished, the rate is that of the whole step."""
    clock = [100.0]
    bars = Bars()
    monkeypatch.setattr(bars._shown, "get_time", lambda: clock[0])
    update = bars("Comparing with the training recordings")
    task = bars._shown.tasks[0]
    monkeypatch.setattr(task, "_get_time", lambda: clock[0])

    def line() -> str:
        screen = Console(width=width)
        with screen.capture() as captured:
            screen.print(bars._shown.get_renderable())
        return captured.get()

    with bars:
        for done in range(4):
            update(done, 4)
            clock[0] += 2.0
        clock[0] -= 2.0
        assert re.search(r"3/4 +0\.5/s +0:06 elapsed, 0:02 left *\n$", line()), line()
        clock[0] += 2.0
        update(4, 4)
        assert re.search(r"4/4 +0\.5/s +0:08 in all *\n$", line()), line()
        assert line().count("\n") == 1


def test_scan_names_absent_speakers_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a few speakers of a large corpus, those without recordings have no rows of zeros."""
    speakers = [f"{number:02}" for number in range(1, 13)]
    counts = pd.DataFrame({"found": [5, 5, *[0] * 10], "expected": 5}, index=speakers)
    corpus_results._show_counts("By speaker", counts)
    shown = capsys.readouterr().out
    assert "By speaker: 10 of 12 have no recordings: 03, 04, 05" in shown
    rows = [line for line in shown.splitlines() if line.startswith("│")]
    assert [row.split()[1] for row in rows] == ["01", "02"]


def test_a_table_of_counts_has_no_empty_column(capsys: pytest.CaptureFixture[str]) -> None:
    counts = pd.DataFrame({"found": [5, 6], "expected": [pd.NA, pd.NA]}, index=["sad", "angry"])
    corpus_results._show_counts("By class", counts)
    assert "expected" not in capsys.readouterr().out


def test_recordings_that_do_not_exist_are_shown_in_part_with_the_reason(tmp_path: Path) -> None:
    """The first ones, where all of them are, and where paths of a table begin."""
    files = [f"{number}.wav,sad" for number in range(50)]
    (tmp_path / "m.csv").write_text("\n".join(["file,emotion", *files]), encoding="utf-8")
    shown = featser_here("extract", "m.csv", "-f", "rms:basic", "-j", "1", cwd=tmp_path)
    assert shown.returncode == 1
    assert shown.stdout.count(".wav") == console.SHOWN
    assert "… and 30 more; all: featser-store/unusable.csv" in shown.stdout
    assert "paths in a table begin at the folder of the table" in shown.stdout
    assert len(pd.read_csv(tmp_path / "featser-store" / "unusable.csv")) == 50


def test_a_command_in_a_wrapped_note_stays_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    command = "`featser extract 'my voices' --corpus folders-by-speaker`"
    console.say_text(f"note: another way to read this folder: {command} reads the speakers")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "note: another way to read this folder:", f"  {command}", "  reads the speakers"
    ]  # fmt: skip


def test_a_note_that_a_longer_one_begins_with_is_not_printed_again() -> None:
    few, rare = "4 speakers: the interval is uncertain", "fewer than 4 speakers have the class joy"
    figures = {"uar": {"note": f"{few}; {rare}"}, "accuracy": {"note": few}, "ece": {"note": few}}
    assert run_results._notes_on({"mood": figures}) == {f"{few}; {rare}": ["mood"]}
    assert run_results._notes_on({"mood": {"uar": {"note": few}}}) == {few: ["mood"]}
