"""Manifests keep every value, and refuse what no step could use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from featser.corpora.card import load_card
from featser.corpora.cleaning import MISSING_WORDS, cleaned
from featser.corpora.file_paths import resolve
from featser.corpora.manifest import (
    notes_of,
    read_manifest,
    task_notes,
    tasks_from,
    write_manifest,
)
from featser.errors import ManifestError

NAMES = ["file", "start", "end", "speaker", "language", "corpus"]


def manifest(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    base: dict[str, list[object]] = {"file": [f"{i}.wav" for i in range(count)]}
    return pd.DataFrame(base | columns)


def read_text(folder: Path, text: str) -> pd.DataFrame:
    path = folder / "manifest.csv"
    path.write_bytes(text.encode())
    return read_manifest(path)


TRAPS = ["রাগ", "মন খারাপ", "NA", "nan", "a,b", 'q"q', "x;y", " z ", "l\r\nl", "a\u2028"]
words = st.one_of(
    st.sampled_from(TRAPS),
    st.text(alphabet="কখগঘাি্ ,;\t\"'\n\rab-", min_size=1, max_size=6),
).filter(lambda text: any(c.isalpha() for c in text))
labels = st.one_of(st.none(), words)
rows = st.lists(
    st.tuples(words, st.floats(0, 1e6), st.floats(1e-3, 1e3), labels, labels,
              st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))),
    min_size=1, max_size=6, unique_by=lambda row: row[0],
)  # fmt: skip


@settings(max_examples=60)
@given(rows, st.sampled_from([".csv", ".tsv", ".parquet"]), st.booleans())
def test_a_round_trip_keeps_every_value_but_for_white_space_and_missing_words(
    drawn: list[tuple[str, float, float, str | None, str | None, float | None]],
    ending: str,
    whole: bool,
) -> None:
    files, starts, lengths, speakers, emotions, ratings = (
        list(column) for column in zip(*drawn, strict=True)
    )
    table = pd.DataFrame(
        {
            "file": pd.Series(files, dtype="str"),
            "start": [np.nan if whole else value for value in starts],
            "end": [np.nan if whole else s + d for s, d in zip(starts, lengths, strict=True)],
            "speaker": pd.Series(speakers, dtype="str"),
            "language": pd.Series([None] * len(files), dtype="str"),
            "corpus": pd.Series(["mine"] * len(files), dtype="str"),
            "emotion": pd.Series(emotions, dtype="str"),
            "rating": pd.Series(ratings, dtype="float64"),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write_manifest(table, Path(folder) / f"m{ending}")
        for name in ("speaker", "emotion"):
            meanings = [value and cleaned(value) for value in table[name].astype(object).fillna("")]
            values = [None if not m or m in MISSING_WORDS else m for m in meanings]
            table[name] = pd.Series(values, dtype="str")
        read = read_manifest(path, {"rating": "regression"})
        notes_of(read)
        assert_frame_equal(read, table)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_detected_and_codes_stay_text(tmp_path: Path, separator: str) -> None:
    lines = [
        "\ufefffile,start,end,speaker,repetition,emotion,valence,take_id,grade",
        "a.wav,0.5,2,03,1.5,sad,-0.25,1.0,3",
    ]
    table = read_text(tmp_path, "\r\n".join(lines).replace(",", separator))
    row = table.iloc[0]
    assert (row["start"], row["end"], row["valence"]) == (0.5, 2.0, -0.25)
    assert (row["speaker"], row["repetition"], row["take_id"]) == ("03", "1.5", "1.0")
    assert row["grade"] == "3", "whole numbers of few values are classes"
    assert list(table.columns[:6]) == NAMES


def test_a_label_that_its_card_or_the_caller_calls_regression_is_read_as_numbers(
    tmp_path: Path,
) -> None:
    text = "file,corpus,naturalness,grade\na.wav,emodb,90,1\nb.wav,emodb,,2\n"
    assert read_text(tmp_path, text)["naturalness"].isna().to_list() == [False, True]
    assert read_text(tmp_path, text)["naturalness"].dtype == "float64"
    asked = read_manifest(
        tmp_path / "manifest.csv", {"grade": "regression", "naturalness": "ordinal"}
    )
    assert asked["grade"].to_list() == [1.0, 2.0]
    assert asked["naturalness"].to_list()[0] == "90"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("place,emotion\na,b\n", r"manifest.csv: no column `file`; columns: place, emotion. Name"),
        ("", r"empty: a manifest has a header"),
        ("file,emotion\na.wav,sad,3\n", r"line 2: 3 fields, the header has 2"),
        ("file,start\na.wav,0\nb.wav,1:30\n", r"line 3: `start` is '1:30', not a number"),
        ("file,start,end\na.wav,2,1.5\n", r"line 2: `end` \(1.5\) is not after `start` \(2\)"),
        ("file,end\na.wav,0\n", r"line 2: `end` \(0\) is not after `start` \(0\)"),
        ("file,start,end\na.wav,-1,2\n", r"line 2: `start` is -1.0: give seconds"),
        ("file,start,end\na.wav,0,inf\n", r"line 2: `end` is inf"),
        ("file,emotion\na.wav,x\n,y\n", r"line 3: `file` is empty"),
        ("file,start\na.wav,\nb.wav,\na.wav,0\n", r"line 4: 'a.wav' is in line 2 already"),
        ("file,emotion,emotion\na.wav,x,y\n", r"`emotion` occurs twice"),
        ("file,\na.wav,x\n", r"column 2 has no name"),
        ('file,emotion\n"a.wav,x\n', r"line 2"),
    ],
)  # fmt: skip
def test_an_unusable_manifest_is_refused_by_row_field_and_value(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ManifestError, match=message):
        read_text(tmp_path, text)


def test_files_that_are_no_manifest_are_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone.csv: cannot be read: No such file"):
        read_manifest(tmp_path / "gone.csv")
    (tmp_path / "m.csv").write_bytes(b"file\n\xe4\x00.wav")
    with pytest.raises(ManifestError, match=r"m.csv: not UTF-8 text .*save it as UTF-8"):
        read_manifest(tmp_path / "m.csv")
    (tmp_path / "m.parquet").write_bytes(b"file")
    with pytest.raises(ManifestError, match=r"m.parquet: not a Parquet file"):
        read_manifest(tmp_path / "m.parquet")
    not_text = pa.array([b"\xff.wav"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"file": not_text}), tmp_path / "n.parquet")
    with pytest.raises(ManifestError, match=r"n.parquet: not a Parquet file .*UTF8"):
        read_manifest(tmp_path / "n.parquet")
    with pytest.raises(ManifestError, match=r"ends with .csv, .tsv or .parquet, not '.xlsx'"):
        write_manifest(manifest(emotion=["a"]), tmp_path / "m.xlsx")


def test_a_column_that_is_neither_text_nor_numbers_is_refused(tmp_path: Path) -> None:
    table = manifest(when=pd.to_datetime(["2020-01-01", "2020-01-02"]).to_list())
    with pytest.raises(
        ManifestError, match=r"column `when` holds Timestamp .*write its values as text"
    ):
        write_manifest(table, tmp_path / "m.csv")


def test_parquet_numbers_and_categories_become_what_csv_would_give(tmp_path: Path) -> None:
    table = manifest(
        speaker=[3, 4], emotion=pd.Categorical(["sad", None]).tolist(), ok=[True, False]
    )
    table["emotion"] = table["emotion"].astype("category")
    table.to_parquet(tmp_path / "m.parquet")
    got = read_manifest(tmp_path / "m.parquet")
    assert got["speaker"].to_list() == ["3", "4"]
    assert got["emotion"].isna().to_list() == [False, True]
    assert got["ok"].to_list() == ["True", "False"]


def test_files_are_written_relative_to_the_manifest_and_resolved_again(tmp_path: Path) -> None:
    files = [str(tmp_path / "corpus/a.wav"), str(tmp_path / "lists/b.wav"), "c.wav"]
    path = write_manifest(pd.DataFrame({"file": files}), tmp_path / "lists/m.csv")
    table = read_manifest(path)
    assert table["file"].to_list() == ["../corpus/a.wav", "b.wav", "c.wav"]
    true = os.path.realpath(tmp_path)
    expected = [f"{true}/corpus/a.wav", f"{true}/lists/b.wav", f"{true}/lists/c.wav"]
    assert resolve(table, path.parent).to_list() == expected


def test_a_manifest_in_a_linked_folder_still_finds_its_recordings(tmp_path: Path) -> None:
    (tmp_path / "far/away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far/away", target_is_directory=True)
    (tmp_path / "a.wav").touch()
    path = write_manifest(
        pd.DataFrame({"file": [str(tmp_path / "a.wav")]}), tmp_path / "link/m.csv"
    )
    assert Path(resolve(read_manifest(path), path.parent).iloc[0]).is_file()


def test_a_failed_writing_leaves_the_old_manifest(tmp_path: Path) -> None:
    path = write_manifest(manifest(emotion=["a", "b"]), tmp_path / "m.csv")
    before = path.read_bytes()
    with pytest.raises(ManifestError):
        write_manifest(pd.DataFrame({"file": ["a.wav", "a.wav"]}), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.csv"]


def test_the_table_given_for_writing_is_left_as_it_was(tmp_path: Path) -> None:
    table = manifest(emotion=["a", None])
    copy = table.copy(deep=True)
    write_manifest(table, tmp_path / "m.csv")
    assert_frame_equal(table, copy)


def test_tasks_of_a_table_without_card_follow_from_what_it_holds() -> None:
    count = 42
    table = manifest(
        emotion=["sad", "happy"] * 21,
        arousal=[i / 10 for i in range(count)],
        stress=[0.5, 1.5, 2.5] * 14,
        speaker=["a", "b", "c"] * 14,
        language=["bn", "bn", "en"] * 14,
        sentence=["1", "2", "3"] * 14,
        take_id=["1", "2", "3"] * 14,
        text=[f"t{i}" for i in range(count)],
        room=["x"] * count,
        mood=["low", "high"] * 21,
        empty=[None] * count,
    )
    tasks, refused = tasks_from(table)
    assert [(t.name, t.kind, t.role) for t in tasks] == [
        ("emotion", "classification", "primary"),
        ("arousal", "regression", "auxiliary"),
        ("stress", "regression", "auxiliary"),
        ("language", "classification", "auxiliary"),
    ]
    assert refused == {
        "text": "42 different texts: a label can have at most 20 classes",
        "room": "only one value: 'x'",
        "mood": "task `mood` is a function of `emotion`: happy → high, sad → low",
        "empty": "missing in every row",
    }


def test_another_primary_label_can_be_named() -> None:
    table = manifest(emotion=["a", "b", "b"], style=["x", "x", "y"])
    tasks, _ = tasks_from(table, primary="style")
    assert [(t.name, t.role) for t in tasks] == [("style", "primary"), ("emotion", "auxiliary")]


def test_a_class_of_one_utterance_stays_a_class_and_is_named() -> None:
    table = manifest(emotion=["a", "b", "b"])
    tasks, refused = tasks_from(table)
    assert tasks[0].classes == ("a", "b")
    assert refused == {}
    assert "the class 'a' has one utterance only" in task_notes(table, tasks)[0]


def mixed(intensity: list[str | None]) -> pd.DataFrame:
    return manifest(
        corpus=["banglaser"] * 2 + ["ravdess"] * 4,
        language=["bn"] * 2 + ["en"] * 4,
        emotion=["happy", "angry", "happy", "happy", "calm", "calm"],
        intensity=intensity,
    )


def test_cards_are_looked_up_by_corpus_and_classes_are_united() -> None:
    tasks, refused = tasks_from(mixed([None, None, "normal", "strong", "normal", "strong"]))
    assert [t.name for t in tasks] == ["emotion", "language", "intensity"]
    assert tasks[0].classes == ("angry", "calm", "happy")
    assert tasks[2].kind == "ordinal"
    assert refused == {}


def test_what_one_card_forbids_is_refused_in_the_mixture_with_the_fix() -> None:
    _, refused = tasks_from(mixed(["normal", "strong", "normal", "strong", "normal", "strong"]))
    assert refused["intensity"].startswith(
        "banglaser: intensity is a function of emotion (angry → strong"
    )
    assert refused["intensity"].endswith("empty it for banglaser to use the other corpora's")


def test_an_ordinal_level_that_the_card_does_not_list_is_refused() -> None:
    table = manifest(
        corpus=["ravdess"] * 3,
        emotion=["sad", "sad", "calm"],
        intensity=["normal", "huge", "normal"],
    )
    _, refused = tasks_from(table)
    assert refused["intensity"] == "the levels are normal, strong; unknown: huge"
    assert tasks_from(table, [load_card("ravdess")])[1] == refused


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.wav,front,", "line 2: stream 'front': write the number of an audio stream"),
        ("a.wav,0,", "line 2: stream '0': write the number"),
        ("a.wav,2,middle", "line 2: channel 'middle': write mix"),
        ("a.wav,2,3/left", "stream '2' and channel '3/left' name different streams"),
        ("a.wav,2,left\na.wav,2,1", "line 3: '.*a.wav' is in line 2 already"),
    ],
)
def test_streams_that_are_not_right_are_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"file,stream,channel\n{row}\n")
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)


def test_a_stream_becomes_a_part_of_the_channel(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("file,stream,channel\na.mkv,1,\na.mkv,2,left\nb.mkv,,right\nc.mkv,,\n")
    table = read_manifest(path)
    assert "stream" not in table
    assert table["channel"].fillna("").to_list() == ["1/", "2/1", "2", ""]
    write_manifest(table, tmp_path / "again.csv")
    assert read_manifest(tmp_path / "again.csv")["channel"].equals(table["channel"])
