"""One table of intervals goes into every format and comes back; what a format lacks is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from featser import read_annotation, write_annotation
from featser.annotation.annotation_formats import FORMATS, format_of
from featser.errors import AnnotationError

ENDINGS = [one.endings[0] if one.endings else "" for one in FORMATS]


def intervals(folder: Path) -> pd.DataFrame:
    recording = folder / "talk.wav"
    soundfile.write(recording, np.zeros(48_000, np.float32), 16_000)
    return pd.DataFrame(
        {
            "file": str(recording),
            "start": [0.25, 1.0, 1.5],
            "end": [1.0, 1.5, 2.75],
            "tier": "emotion",
            "label": ["calm", "wütend", "calm"],
        }
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_intervals_come_back_from_each_format(tmp_path: Path, ending: str) -> None:
    table = intervals(tmp_path)
    assert write_annotation(table, tmp_path / f"talk{ending}") == []
    read = read_annotation(tmp_path / f"talk{ending}")
    columns = ["file", "start", "end", "label"]
    pd.testing.assert_frame_equal(read[columns], table[columns], check_dtype=False)
    chosen = format_of(f"talk{ending}")
    own = {"Audacity labels": "label", "RTTM": "speaker"}.get(chosen.name, "emotion")
    assert read["tier"].unique().tolist() == [own]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_format_cannot_hold_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    chosen, target = format_of(f"x{ending}"), tmp_path / f"talk{ending}"
    table = intervals(tmp_path)
    several = pd.concat([table, table.assign(file=str(tmp_path / "other.wav"))])
    cases = {
        "has_recordings": (several, "holds one recording"),
        "has_tiers": (pd.concat([table, table.assign(tier="speaker")]), "holds one tier"),
        "has_overlaps": (table.assign(end=2.75), "of the tier 'emotion' overlap"),
        "has_points": (table.assign(end=table["start"]), "is a point"),
    }
    for attribute, (rows, problem) in cases.items():
        if not getattr(chosen, attribute):
            with pytest.raises(AnnotationError, match=problem):
                write_annotation(rows, target)
    if chosen.needs_labels:
        with pytest.raises(AnnotationError, match="has no label"):
            write_annotation(table.assign(label=None), target)
    if chosen.needs_words:
        with pytest.raises(AnnotationError, match="has blanks"):
            write_annotation(table.assign(label="very angry"), target)
    assert not target.exists()


def test_further_columns_are_held_by_csv_and_noted_elsewhere(tmp_path: Path) -> None:
    table = intervals(tmp_path).assign(**{"p[calm]": [0.5, math.nan, 0.25], "reason": "x"})
    assert write_annotation(table, tmp_path / "talk.csv") == []
    read = read_annotation(tmp_path / "talk.csv", tier="emotion")
    np.testing.assert_array_equal(read["p[calm]"], table["p[calm]"])
    notes = write_annotation(table, tmp_path / "talk.TextGrid")
    assert "`p[calm]`, `reason` left out" in notes[0]


def test_two_tiers_of_a_csv_are_two_columns(tmp_path: Path) -> None:
    table = intervals(tmp_path)
    both = pd.concat([table, table.assign(tier="speaker", label="f1")], ignore_index=True)
    write_annotation(both, tmp_path / "talk.csv")
    read = read_annotation(tmp_path / "talk.csv")
    assert read.groupby("tier", sort=False).size().to_dict() == {"emotion": 3, "speaker": 3}
    write_annotation(read, tmp_path / "database")
    again = read_annotation(tmp_path / "database")
    assert set(again["tier"]) == {"emotion"}
    assert again["speaker"].unique().tolist() == ["f1"]


def test_a_textgrid_lasts_as_long_as_its_recording(tmp_path: Path) -> None:
    write_annotation(intervals(tmp_path), tmp_path / "talk.TextGrid")
    assert "xmax = 3\n" in (tmp_path / "talk.TextGrid").read_text(encoding="utf-8")


def test_a_csv_without_files_belongs_to_the_recording_beside_it(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").touch()
    (tmp_path / "talk.csv").write_text("begin;stop;label\n0,5;1;sad\n", encoding="utf-8")
    table = read_annotation(tmp_path / "talk.csv")
    assert table.to_numpy().tolist() == [[str(tmp_path / "talk.mp4"), 0.5, 1.0, "label", "sad"]]
    (tmp_path / "talk.flac").touch()
    assert read_annotation(tmp_path / "talk.csv")["file"].tolist() == [str(tmp_path / "talk.flac")]


def test_lines_of_audacity_are_read_as_it_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("0,500000\t1,250000\tsad\n\\\t100.0\t900.0\n2.0\t2.0\n", encoding="utf-8")
    table = read_annotation(file)
    assert table[["start", "end"]].to_numpy().tolist() == [[0.5, 1.25], [2.0, 2.0]]
    assert table["label"].isna().tolist() == [False, True]


def test_lines_of_rttm_are_read_with_channel_and_confidence(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "x.rttm").write_text(
        ";; comment\nSPKR-INFO a 1 <NA> <NA> <NA> unknown anna <NA>\n"
        "SPEAKER a 1 0.1 0.2 <NA> <NA> anna .75 <NA>\nSPEAKER b 2 1 2 <NA> <NA> bert <NA>\n",
        encoding="utf-8",
    )
    table = read_annotation(tmp_path / "x.rttm")
    assert table["file"].tolist() == [str(tmp_path / "a.wav"), "b"]
    assert table["end"].tolist() == [0.3, 3.0]
    assert table["confidence"].tolist()[0] == 0.75
    assert table["channel"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "0\t1\ta\none\t2\tb\n", "line 2: start is 'one', not a number"),
        ("a.txt", "Dear diary\n", "line 1: 'Dear diary' is no label of Audacity"),
        ("a.rttm", "SPEAKER a 1 0.1 x <NA> <NA> b <NA>\n", "line 1: duration is 'x'"),
        ("a.rttm", "SPEAKER a 1 0.1\n", "line 1: 4 fields, RTTM has 9 or 10"),
        ("a.rttm", "SPEAKER a 1 1 -2 <NA> <NA> b <NA>\n", "line 1: end is -1"),
        ("a.csv", "start,end\n1,2\n,3\n", "line 3: `start` is '', not a number"),
        ("a.csv", "start,label\n1,2\n", "no column `end`; columns: start, label"),
        ("a.csv", "start,end\n1,2,3\n", "line 2: 3 fields, the header has 2"),
        ("a.docx", "", "no format of labelled intervals ends with '.docx'; choose one of Praat"),
        ("none", None, "contains no db.yaml"),
        ("none.eaf", None, "cannot be read: No such file"),
    ],
)
def test_an_unreadable_file_is_refused_with_line_and_field(
    tmp_path: Path, name: str, text: str | None, expected: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=expected.replace("(", r"\(")):
        read_annotation(tmp_path / name)


def test_recordings_that_rttm_cannot_distinguish_are_refused(tmp_path: Path) -> None:
    table = intervals(tmp_path)
    both = pd.concat([table, table.assign(file=str(tmp_path / "b" / "talk.wav"))])
    with pytest.raises(AnnotationError, match=r"cannot distinguish .*b/talk\.wav from"):
        write_annotation(both, tmp_path / "all.rttm")


def test_a_tier_that_does_not_exist_is_named_beside_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="unknown tier 'emotions'; did you mean 'emotion'"):
        write_annotation(intervals(tmp_path), tmp_path / "a.csv", tier="emotions")


WORD = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1)
LABEL = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@settings(max_examples=25)
@given(
    lengths=st.lists(
        st.tuples(st.integers(0, 5_000), st.integers(1, 5_000), LABEL), min_size=1, max_size=6
    ),
    tier=LABEL,
    ending=st.sampled_from([".TextGrid", ".eaf"]),
)
def test_any_label_and_millisecond_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    lengths: list[tuple[int, int, str]],
    tier: str,
    ending: str,
) -> None:
    rows, last = [], 0
    for gap, length, label in lengths:
        rows.append(((last + gap) / 1000, (last + gap + length) / 1000, tier, label))
        last += gap + length
    table = pd.DataFrame(rows, columns=["start", "end", "tier", "label"])
    file = tmp_path_factory.getbasetemp() / f"any{ending}"
    write_annotation(table, file)
    read = read_annotation(file, recording="x.wav")[table.columns.tolist()]
    pd.testing.assert_frame_equal(read, table, check_dtype=False, rtol=0, atol=1e-9)
