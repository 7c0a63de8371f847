"""ELAN's files: times of slots without a time, of annotations that refer to others, and errors."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser import read_annotation, write_annotation
from featser.errors import AnnotationError

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T10:00:00+01:00" FORMAT="2.8" VERSION="2.8">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/Users/a/interview one.wav" MIME_TYPE="audio/x-wav"/>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
    <TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1500"/>
  </TIME_ORDER>
  <TIER TIER_ID="emotion" LINGUISTIC_TYPE_REF="default-lt">
    <ANNOTATION>
      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
        <ANNOTATION_VALUE>angry &amp; loud</ANNOTATION_VALUE>
      </ALIGNABLE_ANNOTATION>
    </ANNOTATION>
    <ANNOTATION>
      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
        <ANNOTATION_VALUE/>
      </ALIGNABLE_ANNOTATION>
    </ANNOTATION>
  </TIER>
  <TIER TIER_ID="words" LINGUISTIC_TYPE_REF="sub" PARENT_REF="emotion">
    <ANNOTATION>
      <REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
        <ANNOTATION_VALUE>go</ANNOTATION_VALUE>
      </REF_ANNOTATION>
    </ANNOTATION>
    <ANNOTATION>
      <REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a3">
        <ANNOTATION_VALUE>away</ANNOTATION_VALUE>
      </REF_ANNOTATION>
    </ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


@pytest.fixture
def eaf(tmp_path: Path) -> Path:
    file = tmp_path / "talk.eaf"
    file.write_text(EAF, encoding="utf-8")
    return file


def test_times_are_those_that_elan_shows(eaf: Path) -> None:
    table = read_annotation(eaf)
    rows = table[["start", "end", "tier", "label"]].astype(object).where(table.notna(), None)
    assert rows.to_numpy().tolist() == [
        [0.5, 1.0, "emotion", "angry & loud"],
        [1.0, 1.5, "emotion", None],
        [0.5, 0.75, "words", "go"],
        [0.75, 1.0, "words", "away"],
    ]


def test_the_recording_is_looked_for_beside_the_file(eaf: Path) -> None:
    """The path in the file is that of another machine."""
    assert read_annotation(eaf)["file"].str.endswith("interview one.wav").all()
    recording = eaf.with_name("interview one.wav")
    recording.touch()
    assert read_annotation(eaf)["file"].unique().tolist() == [str(recording)]
    table = read_annotation(eaf, recording=eaf.with_suffix(".flac"), tier="words")
    assert table["label"].tolist() == ["go", "away"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('TIME_VALUE="1500"', 'TIME_VALUE="1.5"', "line 9: TIME_VALUE is '1.5', not whole"),
        ('TIME_SLOT_REF2="ts3"', 'TIME_SLOT_REF2="ts4"', "line 18: the time slot 'ts4' does not"),
        (' TIME_VALUE="500"', "", "line 13: the time slot 'ts1' has no time"),
        ('ANNOTATION_REF="a1">', 'ANNOTATION_REF="a9">', "line 25: ANNOTATION_REF is 'a9'"),
        ('TIME_UNITS="milliseconds"', 'TIME_UNITS="NTSC-frames"', "line 3: TIME_UNITS is 'NTSC"),
        ('TIER_ID="words"', "", "line 23: an element without TIER_ID"),
        ("</TIME_ORDER>", "", "line 35: not valid XML .mismatched tag."),
        ("ANNOTATION_DOCUMENT", "html", "line 2: <html> is not ELAN's ANNOTATION_DOCUMENT"),
        ("?>\n", '?>\n<!DOCTYPE x [<!ENTITY a "b">]>\n', "a document type definition"),
    ],
)
def test_a_damaged_file_is_refused_with_line_and_field(
    eaf: Path, old: str, new: str, expected: str
) -> None:
    eaf.write_text(EAF.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AnnotationError, match=expected):
        read_annotation(eaf)


def test_a_written_file_is_read_to_the_millisecond(tmp_path: Path) -> None:
    (tmp_path / "talk.wav").touch()
    table = pd.DataFrame(
        {
            "file": str(tmp_path / "talk.wav"),
            "start": [0.1234, 1.0],
            "end": [1.0, 2.0],
            "tier": "emotion",
            "label": ["<angry>", None],
        }
    )
    write_annotation(table, tmp_path / "out.eaf")
    read = read_annotation(tmp_path / "out.eaf")
    assert read["start"].tolist() == [0.123, 1.0]
    assert read["label"].tolist()[0] == "<angry>"
    assert read["file"].unique().tolist() == [str(tmp_path / "talk.wav")]


def test_what_xml_cannot_hold_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"start": [0.0], "end": [1.0], "label": ["a\x07b"]})
    with pytest.raises(AnnotationError, match=r"control character U\+0007"):
        write_annotation(table, tmp_path / "out.eaf")
    assert not list(tmp_path.iterdir())
    with pytest.raises(AnnotationError, match="shorter than a millisecond"):
        write_annotation(table.assign(end=0.0001, label="a"), tmp_path / "out.eaf")


def test_a_long_chain_of_references_is_read(eaf: Path) -> None:
    """Each of 3000 annotations refers to the one before it."""
    links = "".join(
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b{n}" ANNOTATION_REF="b{n - 1}">'
        f"<ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
        for n in range(3000, 1, -1)
    )
    links += (
        '<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b1" ANNOTATION_REF="a1">'
        "<ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )
    tier = f'<TIER TIER_ID="chain" LINGUISTIC_TYPE_REF="sub">{links}</TIER></ANNOTATION_DOCUMENT>'
    eaf.write_text(EAF.replace("</ANNOTATION_DOCUMENT>", tier), encoding="utf-8")
    table = read_annotation(eaf, tier="chain")
    assert len(table) == 3000
    assert table[["start", "end"]].drop_duplicates().to_numpy().tolist() == [[0.5, 1.0]]
