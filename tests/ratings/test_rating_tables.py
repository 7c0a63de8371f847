"""Tables of ratings, long and wide, become manifests with one row for each recording."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.labelling.label_map import with_classes
from featser.corpora.manifest import notes_of, read_manifest, write_manifest
from featser.corpora.manifest_stream import streams
from featser.errors import ManifestError, RecipeError
from featser.ratings.rating_columns import rated_labels, read_ratings

LONG = """file,rater,speaker,emotion,valence
a.wav,x,f1,sad,1
a.wav,y,f1,sad,2
a.wav,z,f1,angry,4
b.wav,x,m1,angry,5
b.wav,y,m1,sad,3
c.wav,z,m1,,
"""
WIDE = """path;spk;emotion.r1;emotion.r2;emotion.r3;valence_r1;valence_r2
a.wav;f1;sad;sad;angry;1,5;2
b.wav;m1;angry;sad;;5;3
"""


def read(folder: Path, text: str, **options: object) -> tuple[pd.DataFrame, list[str]]:
    path = folder / "m.csv"
    path.write_text(text, encoding="utf-8")
    table = read_manifest(path, **options)  # type: ignore[arg-type]
    return table, notes_of(table)


def test_a_long_table_has_one_row_each_and_what_most_raters_gave(tmp_path: Path) -> None:
    table, notes = read(tmp_path, LONG)
    assert table["file"].tolist() == ["a.wav", "b.wav", "c.wav"]
    assert table["speaker"].tolist() == ["f1", "m1", "m1"]
    assert table["emotion"].fillna("").tolist() == ["sad", "", ""], "a tie is no label"
    assert table["valence"].tolist()[:2] == [7 / 3, 4.0]
    assert json.loads(table["emotion.ratings"][0]) == {"x": "sad", "y": "sad", "z": "angry"}
    assert pd.isna(table["emotion.ratings"][2])
    assert notes == ["`emotion`, `valence`: ratings of 3 recordings by 3 raters"]


@pytest.mark.parametrize(
    "ending", [".csv", ".parquet", pytest.param(".xlsx", marks=pytest.mark.extras)]
)
def test_columns_of_raters_without_a_label_have_a_note_with_their_names(
    tmp_path: Path, ending: str
) -> None:
    """The options of the note make ratings of the columns."""
    table = pd.DataFrame({"file": ["a.wav"], "rater 1": ["sad"], "rater 2": ["angry"]})
    path = tmp_path / f"m{ending}"
    writers = {".csv": table.to_csv, ".parquet": table.to_parquet, ".xlsx": table.to_excel}
    writers[ending](path, index=False)
    notes = notes_of(read_manifest(path))
    (note,) = [note for note in notes if "labels of their own" in note]
    maps = shlex.split(note.split("`")[-2])[1::2]
    read = read_manifest(path, columns=dict(text.split("=") for text in maps))
    assert rated_labels(read) == ["emotion"]
    assert not any("labels of their own" in note for note in notes_of(read))


def test_a_wide_table_says_the_same(tmp_path: Path) -> None:
    table, notes = read(tmp_path, WIDE)
    assert rated_labels(table) == ["emotion", "valence"]
    assert table["emotion"].fillna("").tolist() == ["sad", ""]
    assert table["valence"].tolist() == [1.75, 4.0]
    assert "ratings of `valence` by 2 raters: `valence_r1`, `valence_r2`" in notes


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_ratings_survive_writing_and_reading(tmp_path: Path, ending: str) -> None:
    table, _ = read(tmp_path, LONG)
    again = read_manifest(write_manifest(table, tmp_path / f"again{ending}"))
    pd.testing.assert_frame_equal(again, table, check_column_type=False)


def test_numbers_of_a_typed_table_are_ratings_too(tmp_path: Path) -> None:
    wide = pd.DataFrame({"file": ["a.wav"], "arousal.r1": [2], "arousal.r2": [5]})
    wide.to_parquet(tmp_path / "m.parquet")
    table = read_manifest(tmp_path / "m.parquet")
    assert table["arousal"].tolist() == [3.5]


def test_a_label_of_the_tables_own_stays(tmp_path: Path) -> None:
    text = "file,emotion,emotion.r1,emotion.r2\na.wav,angry,sad,sad\nb.wav,sad,sad,angry\n"
    table, notes = read(tmp_path, text)
    assert table["emotion"].tolist() == ["angry", "sad"]
    assert read_ratings(table, "emotion").raters == ("r1", "r2")
    assert any("--aggregate emotion=majority" in note for note in notes)


def test_properties_of_raters_and_free_text_are_left_out_with_a_note(tmp_path: Path) -> None:
    rows = [
        f"{n}.wav,{rater},{30 + index},remark {n}{rater},{'sad' if n % 3 else 'angry'}{index % 2}"
        for n in range(9)
        for index, rater in enumerate("xyz")
    ]
    table, notes = read(tmp_path, "\n".join(["file,annotator,rater_age,comment,emotion", *rows]))
    assert "rater_age" not in table
    assert "comment" not in table
    assert any("rater_age" in note and "same in all rows of a rater" in note for note in notes)
    assert any("comment" in note and "27 different texts" in note for note in notes)


def test_one_rating_each_is_an_ordinary_table(tmp_path: Path) -> None:
    table, _ = read(tmp_path, "file,rater,emotion\na.wav,x,sad\nb.wav,y,angry\n")
    assert rated_labels(table) == []
    assert table["emotion"].tolist() == ["sad", "angry"]


def test_raters_who_agree_on_everything_give_ratings(tmp_path: Path) -> None:
    text = "file,gender,rater,emotion\na,f,x,sad\na,f,y,sad\nb,m,x,angry\nb,m,y,angry\n"
    table, notes = read(tmp_path, text)
    assert rated_labels(table) == ["emotion"], "gender is a property of the recording"
    assert "all raters agree on every recording that several of them rated" in notes
    other, _ = read(tmp_path, text.replace("emotion", "stress").replace("gender", "speaker"))
    assert rated_labels(other) == ["stress"]
    disputed = "file,rater,emotion,seen\na,x,sad,1\na,y,sad,2\nb,x,angry,1\nb,y,angry,1\n"
    assert rated_labels(read(tmp_path, disputed)[0]) == ["seen"], "emotion is what was acted"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "file,valence.r1,valence.r2\na.wav,1,2\nb.wav,good,3\n",
            "m.csv: the rating 'good' of 'b.wav' by 'r1' is text, and other ratings of `valence` "
            "are numbers: correct it",
        ),
        (
            "file,rater,valence\na.wav,x,1\na.wav,y,good\n",
            "the rating 'good' of 'a.wav' by 'y' is text",
        ),
        (
            "file,emotion\na.wav,sad\na.wav,angry\n",
            r"line 3: 'a.wav' is in line 2 already.*several raters rated it, add a column `rater`",
        ),
        (
            "file,rater,emotion\na.wav,x,sad\na.wav,x,angry\n",
            r"line 3: 'a.wav' is in line 2 already.*rater 'x': remove one",
        ),
        ("file,rater,emotion\na.wav,x,sad\na.wav,,angry\n", "`rater` is empty in 1 row"),
        (
            "file,rater,speaker,emotion\na.wav,x,f1,sad\na.wav,y,f2,sad\n",
            "rows of 'a.wav' differ in `speaker`: 'f1' and 'f2'",
        ),
        ("file,rater,emotion.r1,emotion.r2\na.wav,x,sad,sad\n", "use one of the two forms"),
        ("file,rater,emotion\na.wav,x,Sad\na.wav,y,sad\n", "differ only in case"),
        (
            'file,emotion.ratings\na.wav,"{""x"": [1]}"\n',
            "row of 'a.wav' is .*write ratings as JSON",
        ),
        ("file,emotion.ratings\na.wav,sad\n", "write ratings as JSON"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    def both() -> None:
        read_ratings(read(tmp_path, text)[0], "emotion")

    with pytest.raises(ManifestError, match=message):
        both()


def test_columns_of_raters_follow_another_name_of_their_label(tmp_path: Path) -> None:
    table, _ = read(tmp_path, WIDE, columns={"emotion": "label"})
    assert table["label"].fillna("").tolist() == ["sad", ""]


def test_columns_of_raters_never_take_the_name_of_another_column(tmp_path: Path) -> None:
    text = "file,emotion.r1,emotion.r2,valence.r1\na.wav,sad,sad,1\nb.wav,angry,sad,2\n"
    with pytest.raises(ManifestError, match=r"emotion=valence: there is a column `valence.r1`"):
        read(tmp_path, text, columns={"emotion": "valence"})


def test_merged_classes_are_counted_together(tmp_path: Path) -> None:
    text = "file,e.r1,e.r2,e.r3,e.r4\na.wav,sad,sad,angry,furious\nb.wav,sad,sad,sad,x\n"
    table, _ = read(tmp_path, text)
    merged = with_classes(table, {"e": {"furious": "angry", "x": None}}, "--map")
    assert merged["e"].fillna("tie").tolist() == ["tie", "sad"]
    assert read_ratings(merged, "e").classes == ("angry", "sad")
    with pytest.raises(RecipeError, match="unknown e 'happy'"):
        with_classes(table, {"e": {"happy": "glad"}}, "--map")


@pytest.mark.parametrize(
    ("header", "is_streamed"),
    [("file,emotion", True), ("file,annotator,emotion", False), ("file,e.r1,e.r2", False)],
)
def test_tables_of_ratings_are_read_as_a_whole(
    tmp_path: Path, header: str, is_streamed: bool
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"{header}\n{','.join('a' for _ in header.split(','))}\n", encoding="utf-8")
    assert streams(path) is is_streamed
