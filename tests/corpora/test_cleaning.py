"""Labels that mean the same are one class, and words such as 'none' are missing, with a note."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.label_columns import tasks_from
from featser.corpora.manifest import notes_of, read_manifest
from featser.corpora.manifest_stream import ManifestFile
from featser.errors import ManifestError


def manifest(folder: Path, **columns: list[str]) -> Path:
    path = folder / "m.csv"
    n_rows = len(next(iter(columns.values())))
    table = pd.DataFrame({"file": [f"{i}.wav" for i in range(n_rows)], **columns})
    table.to_csv(path, index=False)
    return path


def both(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The manifest and the notes, as the two ways of reading it agree on them."""
    table, file = read_manifest(path), ManifestFile(path)
    notes = notes_of(table)
    blocks = pd.concat(file.blocks(), ignore_index=True)
    pd.testing.assert_frame_equal(blocks.drop(columns="file"), table.drop(columns="file"))
    assert file.notes == notes
    return table, notes


def test_read_manifest_white_space_and_unicode_forms_are_one_class(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "fâché") for form in ("NFC", "NFD"))
    emotion = ["angry", " angry", "angry\t", composed, apart, "very  sad", "very sad"]
    table, notes = both(manifest(tmp_path, emotion=emotion))
    assert table["emotion"].tolist() == ["angry"] * 3 + [composed] * 2 + ["very sad"] * 2
    assert notes == []


def test_read_manifest_values_that_differ_by_case_are_refused_with_the_list(tmp_path: Path) -> None:
    path = manifest(tmp_path, emotion=["angry", "Angry", "ANGRY", "sad", "angry", "Sad"])
    message = (
        r"m\.csv: values of `emotion` differ only in case: 'ANGRY' \(1 row\) and 'Angry' "
        r"\(1 row\) and 'angry' \(2 rows\); 'Sad' \(1 row\) and 'sad' \(1 row\)\. Write each"
    )
    for read in (read_manifest, ManifestFile):
        with pytest.raises(ManifestError, match=message):
            read(path)


def test_read_manifest_codes_and_texts_may_differ_by_case(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(21)] + ["Text 1"]
    table, _ = both(manifest(tmp_path, take_id=["a", "A"] * 11, text=texts))
    assert table["take_id"].nunique() == 2
    assert table["text"].nunique() == 22


def test_read_manifest_words_for_nothing_are_missing_and_counted(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        speaker=["NA", "a", "a", "b", "b", "#N/A", "a", "b"],
        emotion=["x", "NaN", "NULL", "N/A", "None", " NA ", "y", ""],
        arousal=["1", "NA", "3", "4", "5", "6", "7", "1"],
    )
    table, notes = both(path)
    assert table["speaker"].isna().tolist() == [True, *[False] * 4, True, False, False]
    assert table["emotion"].dropna().tolist() == ["x", "y"]
    assert table["arousal"].tolist()[2:4] == [3.0, 4.0]
    assert notes == [
        "`speaker`: 2 rows taken as missing, written '#N/A' (1), 'NA' (1)",
        "`emotion`: 5 rows taken as missing, written 'N/A' (1), 'NA' (1), 'NULL' (1), 'NaN' (1), "
        "'None' (1)",
        "`arousal`: 1 row taken as missing, written 'NA' (1)",
    ]


@pytest.mark.parametrize(
    ("name", "values", "kind", "classes"),
    [
        ("arousal", ["1", "2", "3", "4", "5", "6", "7"], "regression", ()),
        ("valence", ["1.0", "2.0", "3.0"], "regression", ()),
        ("Dominance", ["1", "2"], "regression", ()),
        ("stress", ["1.5", "2", "2.5"], "regression", ()),
        ("stress", ["1.0", "2.0", "1"], "classification", ("1", "2")),
        ("stress", ["1", "2", "3"], "classification", ("1", "2", "3")),
        ("stress", ["01", "02"], "classification", ("01", "02")),
    ],
)
def test_tasks_from_numbers_are_ratings_or_codes(
    tmp_path: Path, name: str, values: list[str], kind: str, classes: tuple[str, ...]
) -> None:
    table, _ = both(manifest(tmp_path, **{name: values * 3}))
    tasks, _ = tasks_from(table, primary=name)
    assert [(task.name, task.kind, task.classes) for task in tasks] == [(name, kind, classes)]


def test_read_manifest_letters_that_are_invisible_make_no_class(tmp_path: Path) -> None:
    """The mark of byte order stays in the middle where files with it are joined."""
    emotion = ["angry", "angry\u200b", "\ufeffangry", "an\u00adgry", "sad\u200e", "sad"]
    table, notes = both(manifest(tmp_path, emotion=emotion))
    assert table["emotion"].tolist() == ["angry"] * 4 + ["sad"] * 2
    assert notes == []
    joiner = "\u0645\u06cc\u200c\u062e\u0648"  # written apart and read as one word in Persian
    table, _ = both(manifest(tmp_path, emotion=[joiner, "sad"]))
    assert table["emotion"].tolist() == [joiner, "sad"]


def test_read_manifest_speakers_of_one_number_are_not_two(tmp_path: Path) -> None:
    """A speaker in two spellings would be in the training and in the test set."""
    path = manifest(tmp_path, speaker=["1", "1.0", "2", "02"], take=["1", "1.0", "2", "02"])
    message = (
        r"values of `speaker` differ only in a decimal point: '1' \(1 row\) and '1\.0' \(1 row\)\. "
        r"Write each in one way"
    )
    for read in (read_manifest, ManifestFile):
        with pytest.raises(ManifestError, match=message):
            read(path)
    table, notes = both(manifest(tmp_path, speaker=["1", "01", "2", "10", "0", "00"]))
    assert table["speaker"].nunique() == 6
    assert notes == [
        "`speaker`: '0' (1 row) and '00' (1 row); '01' (1 row) and '1' (1 row) are taken as "
        "different: write them in one way if they are not"
    ]
