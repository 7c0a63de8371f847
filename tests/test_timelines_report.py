"""The report on timelines: long recordings have the borders that they state."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.audio import decode
from featser.audio.silence import trim_silence
from featser.evaluation.timelines.timeline_metrics import TIMELINE_METRICS

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture(scope="module")
def reports() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield importlib.import_module
    sys.path.remove(str(REPORTS))


def test_a_long_recording_has_each_clip_once_where_its_interval_is(
    reports: Any, voices: Path
) -> None:
    files = sorted(voices.glob("f1-*.flac"))
    labels = [file.stem.split("-")[1] for file in files]
    table = pd.DataFrame({"file": files, "emotion": labels, "row": range(100, 100 + len(files))})
    make = reports("long_recordings").long_recording
    recording = make(table, "emotion", 3)
    assert sorted(recording.rows) == table["row"].tolist()
    assert recording.rows.tolist() != table["row"].tolist()
    ends = [0.0]
    for interval, row in zip(recording.intervals, recording.rows, strict=True):
        clip = trim_silence(decode(files[row - 100])).resampled(16_000).samples
        first = round(interval.start * 16_000)
        np.testing.assert_array_equal(recording.samples[first : first + len(clip)], clip)
        assert interval.end - interval.start == pytest.approx(len(clip) / 16_000)
        assert interval.label == labels[row - 100]
        assert 0.19 < interval.start - ends[-1] < 0.61
        ends.append(interval.end)
    assert recording.seconds > ends[-1]
    np.testing.assert_array_equal(make(table, "emotion", 3).samples, recording.samples)
    assert make(table, "emotion", 4).rows.tolist() != recording.rows.tolist()


def test_the_page_has_a_row_for_each_system_and_dashes_for_what_is_undefined(
    reports: Any,
) -> None:
    module = reports("timelines")
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    infinite = {"value": None, "low": None, "high": None}
    of_system = {row.name: figure for row in TIMELINE_METRICS}
    systems = {name: dict(of_system) for name in module.SYSTEMS}
    systems["whole"]["border_error"] = {name: float("inf") for name in figure}
    gain = {"value": 0.2, "low": 0.1, "high": 0.3}
    gains = {name: dict.fromkeys(of_system, gain) for name in module.SMOOTHED}
    corpus = {"speakers": 9, "clips": 90, "minutes": 1.5, "borders": 70, "classes": ["a", "b"],
              "systems": systems, "gains": gains}  # fmt: skip
    text = "\n".join(module.page({"seed": 0, "corpora": {"emodb": corpus}}))
    assert "`none` against one label for all: frame UAR +0.200 [+0.100, +0.300]" in text
    rows = [line for line in text.splitlines() if line.startswith(("| whole", "| `", "| known"))]
    assert len(rows) == len(module.SYSTEMS)
    assert rows[0].split(" | ")[4] == "–"
    assert module.shown(infinite) == "–"
    for row in TIMELINE_METRICS:
        assert f"- {row.title}: {row.meaning}" in text


def test_frames_know_how_far_the_nearest_other_emotion_is(reports: Any) -> None:
    module = reports("timeline_abstention")
    spans = np.array([[0.0, 2.0], [2.5, 4.0], [4.5, 6.0]])
    labels = np.array(["sad", "sad", "angry"])
    frames = np.array([[0.0, 0.5], [3.0, 3.5], [5.5, 6.0]])
    seconds = module.seconds_to_change(frames, spans, labels, np.array([0, 1, 2]))
    assert seconds.tolist() == [4.0, 1.0, 1.5]


def test_the_figures_of_the_page_are_those_of_its_data(reports: Any) -> None:
    """Each corpus has a row for each calibration and coverage, with the figures of the JSON."""
    module = reports("timeline_abstention")
    results = json.loads((REPORTS / "timelines" / "abstention.json").read_text(encoding="utf-8"))
    shown = (REPORTS.parent / "docs" / "timeline.md").read_text(encoding="utf-8")
    assert list(results["corpora"]) == ["banglaser", "ravdess", "emodb"]
    for line in module.figures(results):
        assert line in shown
    for one in results["corpora"].values():
        for row in one["sets"]["windows"]:
            if row["class"] == module.ALL_CLASSES:
                assert row["covered"] >= row["coverage"]
        assert one["marked"]["windows"]["high"] < 0.05
