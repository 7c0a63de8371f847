"""Every format of a timeline is opened by a parser that is not featser's."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from featser.tasks import Task
from featser.timelines.recording_timeline import RecordingTimeline
from featser.timelines.timeline_files import OUTPUT_ENDINGS, write_outputs

CLASSES = ("angry & hot", "sad")
LABELS = ["sad", "sad", "angry & hot", None, "angry & hot", "sad"]
EXPECTED = [
    (0.0, 1.0, "sad"),
    (1.0, 1.5, "angry & hot"),
    (2.0, 2.5, "angry & hot"),
    (2.5, 3.1, "sad"),
]


@pytest.fixture
def timeline() -> RecordingTimeline:
    starts = np.arange(6) * 0.5
    speech = np.array([label is not None for label in LABELS])
    p = np.where(speech, [0.2, 0.3, 0.7, 0.5, 0.9, 0.1], np.nan)
    table = pd.DataFrame(
        {
            "start": starts,
            "end": [*starts[1:], 3.1],
            "speech": speech,
            "emotion.pred": pd.Series(LABELS, dtype=object),
            "emotion.p[angry & hot]": p,
            "emotion.p[sad]": 1 - p,
            "gender.pred": np.where(speech, "female", None),
            "gender.p[female]": np.where(speech, 0.8, np.nan),
            "gender.p[male]": np.where(speech, 0.2, np.nan),
            "arousal.pred": np.where(speech, starts, np.nan),
            "reason": ["" if one else "no speech: a pause" for one in speech],
        }
    )
    tasks = [
        Task("emotion", classes=CLASSES, role="primary"),
        Task("gender", classes=("female", "male")),
        Task("arousal", "regression"),
    ]
    wave = np.sin(np.arange(310) / 10).astype(np.float32)
    return RecordingTimeline(table, tasks, 3.1, np.stack([-np.abs(wave), np.abs(wave)]), [])


def written(timeline: RecordingTimeline, path: Path) -> list[str]:
    table = timeline.table.assign(file="talk.wav")
    files, notes = write_outputs([path], {"talk.wav": timeline}, table)
    assert files == [str(path)]
    return notes


def test_every_ending_is_written(timeline: RecordingTimeline, tmp_path: Path) -> None:
    for ending in OUTPUT_ENDINGS:
        if ending != ".xlsx":  # which needs an extra
            written(timeline, tmp_path / f"talk{ending}")
            assert (tmp_path / f"talk{ending}").stat().st_size > 100


def test_an_elan_file_is_xml_with_the_stretches(
    timeline: RecordingTimeline, tmp_path: Path
) -> None:
    written(timeline, tmp_path / "t.eaf")
    root = ET.parse(tmp_path / "t.eaf").getroot()
    slots = {
        slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", "-1")) / 1000
        for slot in root.iter("TIME_SLOT")
    }
    tiers = {tier.get("TIER_ID"): tier for tier in root.iter("TIER")}
    assert list(tiers) == ["emotion", "gender"]
    rows = [
        (slots[one.get("TIME_SLOT_REF1")], slots[one.get("TIME_SLOT_REF2")], one[0].text)
        for one in tiers["emotion"].iter("ALIGNABLE_ANNOTATION")
    ]
    assert rows == EXPECTED


def test_rttm_and_audacity_have_one_tier_with_a_note(
    timeline: RecordingTimeline, tmp_path: Path
) -> None:
    (note,) = written(timeline, tmp_path / "t.rttm")
    assert "RTTM holds one tier: 'emotion' is written, not 'gender'" in note
    fields = [line.split() for line in (tmp_path / "t.rttm").read_text().splitlines()]
    assert [(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in fields] == [
        (start, pytest.approx(end), label.replace(" ", "_")) for start, end, label in EXPECTED
    ]
    assert float(fields[0][8]) == pytest.approx(0.75)
    written(timeline, tmp_path / "t.txt")
    lines = (tmp_path / "t.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    assert [(float(a), float(b), label) for a, b, label in rows] == EXPECTED


def test_tables_of_frames_and_of_stretches(timeline: RecordingTimeline, tmp_path: Path) -> None:
    written(timeline, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        frames = list(csv.DictReader(stream))
    assert [row["emotion.pred"] or None for row in frames] == LABELS
    assert frames[3]["reason"] == "no speech: a pause"
    written(timeline, tmp_path / "t.json")
    rows = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert rows[3]["emotion.pred"] is None
    assert rows[4]["arousal.pred"] == 2.0
    written(timeline, tmp_path / "t.segments.csv")
    with (tmp_path / "t.segments.csv").open(encoding="utf-8", newline="") as stream:
        stretches = [row for row in csv.DictReader(stream) if row["tier"] == "emotion"]
    assert [(float(r["start"]), float(r["end"]), r["label"]) for r in stretches] == EXPECTED
    assert float(stretches[0]["confidence"]) == pytest.approx(0.75)


def test_pictures_open_and_are_the_same_again(timeline: RecordingTimeline, tmp_path: Path) -> None:
    for ending in (".svg", ".png", ".pdf"):
        for name in ("one", "two"):
            written(timeline, tmp_path / f"{name}{ending}")
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
    text = "".join(ET.parse(tmp_path / "one.svg").getroot().itertext())
    for shown in ("talk.wav", "angry & hot", "female", "arousal", "time in seconds"):
        assert shown in text
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size[0] == 1500
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} <= colours
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")


def test_names_with_mathematics_or_markup_are_drawn_as_they_are(
    timeline: RecordingTimeline, tmp_path: Path
) -> None:
    table = timeline.table.assign(file="$x_1$ <b>.wav")
    write_outputs([tmp_path / "t.svg"], {"$x_1$ <b>.wav": timeline}, table)
    text = "".join(ET.parse(tmp_path / "t.svg").getroot().itertext())
    assert "$x_1$ <b>.wav" in text


def test_an_hour_of_frames_makes_a_small_picture(tmp_path: Path) -> None:
    n = 7200
    table = pd.DataFrame({"start": np.arange(n) / 2, "end": np.arange(1, n + 1) / 2})
    p = np.random.default_rng(0).random(n)
    table = table.assign(
        **{"speech": True, "e.pred": "a", "e.p[a]": p, "e.p[b]": 1 - p, "reason": ""}
    )
    envelope = np.random.default_rng(0).random((2, 360_000)).astype(np.float32)
    long = RecordingTimeline(table, [Task("e", classes=("a", "b"))], 3600.0, envelope, [])
    write_outputs([tmp_path / "t.svg"], {"a.wav": long}, table.assign(file="a.wav"))
    assert (tmp_path / "t.svg").stat().st_size < 600_000
    assert "time in minutes and seconds" in (tmp_path / "t.svg").read_text(encoding="utf-8")


@pytest.mark.extras
def test_praat_and_excel_open_what_is_written(timeline: RecordingTimeline, tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    openpyxl = pytest.importorskip("openpyxl")
    written(timeline, tmp_path / "t.TextGrid")
    grid, call = parselmouth.read(str(tmp_path / "t.TextGrid")), parselmouth.praat.call
    rows = [
        (*(call(grid, f"Get {at} time of interval", 1, n) for at in ("start", "end")), label)
        for n in range(1, call(grid, "Get number of intervals", 1) + 1)
        if (label := call(grid, "Get label of interval", 1, n))
    ]
    assert rows == EXPECTED
    written(timeline, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet.max_row == 7
