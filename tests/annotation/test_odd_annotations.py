"""Damaged and hostile files of labelled intervals end in one line that says what to correct."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import featser
from featser.errors import AnnotationError

HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n"
EAF = """<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="500"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="900"/></TIME_ORDER><TIER TIER_ID="emotion">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>sad</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>angry</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>"""


def eaf(folder: Path, text: str) -> Path:
    path = folder / "talk.eaf"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_without_faults_is_read(tmp_path: Path) -> None:
    assert featser.read_annotation(eaf(tmp_path, HEAD + EAF))["label"].tolist() == ["sad", "angry"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('ANNOTATION_ID="a2"', 'ANNOTATION_ID="a1"', r"line 7: ANNOTATION_ID is 'a1' a second"),
        ('TIME_SLOT_ID="ts3"', 'TIME_SLOT_ID="ts2"', r"line 4: TIME_SLOT_ID is 'ts2' a second"),
    ],
)
def test_a_repeated_identifier_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(AnnotationError, match=problem):
        featser.read_annotation(eaf(tmp_path, HEAD + EAF.replace(old, new)))


@pytest.mark.parametrize("encoding", ["x-no-such", "utf-7", "shift_jis", "idna", "rot13", "hex"])
def test_an_encoding_that_cannot_be_read_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(AnnotationError, match=r"talk\.eaf, line 1: .*encoding"):
        featser.read_annotation(eaf(tmp_path, HEAD.replace("UTF-8", encoding) + EAF))


@pytest.mark.parametrize("name", ["a" * 300 + ".wav", "b/" * 3_000 + "a.wav", "a" * 300])
def test_a_name_that_is_too_long_names_no_file(tmp_path: Path, name: str) -> None:
    medium = f'<HEADER TIME_UNITS="milliseconds" MEDIA_FILE="{name}"/>'
    text = EAF.replace('<HEADER TIME_UNITS="milliseconds"/>', medium)
    table = featser.read_annotation(eaf(tmp_path, HEAD + text))
    assert table["file"].str.endswith(name[-100:]).all()
    featser.write_annotation(table, tmp_path / "again.rttm")
    assert (tmp_path / "again.rttm").read_text(encoding="utf-8").count("SPEAKER") == 2


@pytest.mark.parametrize("ending", [".TextGrid", ".eaf", ".txt", ".rttm", ".csv"])
def test_a_time_that_no_recording_has_is_refused(tmp_path: Path, ending: str) -> None:
    table = pd.DataFrame({"start": [0.0], "end": [1e308], "label": ["sad"]})
    with pytest.raises(AnnotationError, match=r"row 1: end is 1e\+308 s, and no recording is that"):
        featser.write_annotation(table, tmp_path / f"talk{ending}")


def test_a_time_that_no_recording_has_is_refused_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "talk.rttm").write_text(
        "SPEAKER talk 1 1e308 1e308 <NA> <NA> anna <NA> <NA>\n", encoding="utf-8"
    )
    with pytest.raises(AnnotationError, match=r"talk\.rttm, line 1: start is 1e\+308"):
        featser.read_annotation(tmp_path / "talk.rttm")


@pytest.mark.parametrize("name", ["start", "label", "note"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"start": [0.0], "end": [1.0], "label": ["sad"], "note": ["x"]})
    twice = pd.concat([table, table[[name]]], axis="columns")
    with pytest.raises(AnnotationError, match=f"two columns are called `{name}`"):
        featser.write_annotation(twice, tmp_path / "talk.csv")
    twice.to_csv(tmp_path / "read.csv", index=False)
    with pytest.raises(AnnotationError, match=rf"read\.csv.*{name}"):
        featser.read_annotation(tmp_path / "read.csv")


@pytest.mark.parametrize("quoted", [False, True])
def test_media_urls_with_odd_letters_are_found(tmp_path: Path, quoted: bool) -> None:
    recording = tmp_path / "take #1?" / "my talk.wav"
    recording.parent.mkdir()
    recording.touch()
    url = recording.as_uri() if quoted else f"file://{recording}"
    medium = f'<HEADER TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="{url}"/></HEADER>'
    text = EAF.replace('<HEADER TIME_UNITS="milliseconds"/>', medium)
    assert set(featser.read_annotation(eaf(tmp_path, HEAD + text))["file"]) == {str(recording)}
