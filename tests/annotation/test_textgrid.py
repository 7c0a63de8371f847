"""TextGrids are read in each form that Praat writes; an error names the line and the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from featser import read_annotation, write_annotation
from featser.errors import AnnotationError
from tests.annotation.praat_files import LONG, ROWS, SHORT

FIELDS = ["start", "end", "tier", "label"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("text", [LONG, SHORT], ids=["long", "short"])
def test_each_form_and_encoding_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    file = tmp_path / "talk.TextGrid"
    file.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert read_annotation(file)[FIELDS].to_numpy().tolist() == ROWS


def test_older_headers_and_comments_are_read(tmp_path: Path) -> None:
    file = tmp_path / "old.textgrid"
    text = SHORT.replace('"ooTextFile"', '"ooTextFile short"').replace(
        '"TextGrid"', '"TextGrid" ! x'
    )
    file.write_text(text, encoding="utf-8")
    assert read_annotation(file)[FIELDS].to_numpy().tolist() == ROWS


def test_a_written_textgrid_is_read_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "talk.TextGrid"
    file.write_text(LONG, encoding="utf-8")
    table = read_annotation(file)
    assert write_annotation(table, tmp_path / "copy.TextGrid") == []
    copy = read_annotation(tmp_path / "copy.TextGrid")
    assert copy[FIELDS].to_numpy().tolist() == ROWS


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("xmin = 0.5", "xmin = half", "line 20: the time of interval 2 of 3 of tier 'emotion' is"),
        ("xmax = 1.25", "xmax = 0.25", r"line 20: end \(0.25\) is before start \(0.5\)"),
        ('"wütend\nlaut"', '"wütend', "line 36: the mark|line"),
        ('"IntervalTier"', '"PitchTier"', "line 10: the class of tier 1 is 'PitchTier'"),
        ("intervals: size = 3", "intervals: size = 2.5", "line 14: the size of tier 1 is 2.5"),
        ("size = 2", "size = 9", "ends before the class of tier 3: the file is cut off"),
        ('"TextGrid"', '"Pitch"', "not a TextGrid in Praat's text form"),
        ("number = 2.5", "number = -2.5", "line 35: start is -2.5"),
    ],
)
def test_a_damaged_textgrid_is_refused_with_line_and_field(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    file = tmp_path / "talk.TextGrid"
    file.write_text(LONG.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AnnotationError, match=expected) as caught:
        read_annotation(file)
    assert str(caught.value).startswith(str(file))


def test_a_binary_textgrid_is_refused_with_the_menu_of_praat(tmp_path: Path) -> None:
    file = tmp_path / "talk.TextGrid"
    file.write_bytes(b"ooBinaryFile\x08TextGrid\x00\x00")
    with pytest.raises(AnnotationError, match="binary TextGrid: open it in Praat"):
        read_annotation(file)


@pytest.mark.parametrize(
    "value",
    ["1" * 400, "1" * 300_000 + "x", '"' + '""' * 100_000, "inf", "1e999"],
    ids=["infinite", "long", "quotes", "word", "exponent"],
)
@pytest.mark.parametrize("old", ["size = 3", "xmin = 0.5"])
def test_hostile_values_are_refused_at_once(tmp_path: Path, old: str, value: str) -> None:
    file = tmp_path / "talk.TextGrid"
    name = old.partition(" ")[0]
    file.write_text(LONG.replace(old, f"{name} = {value}", 1), encoding="utf-8")
    with pytest.raises(AnnotationError, match="line"):
        read_annotation(file)
