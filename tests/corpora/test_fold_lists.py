"""Published folds: the formats of their sources, what is refused, and whose folds they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.corpora.fold_lists.fold_list import fold_list_of, is_manifest_of_folds, read_fold_list
from featser.corpora.fold_lists.list_entry import ListEntry
from featser.corpora.fold_lists.name_matching import match_names, parts_of
from featser.corpora.manifest import read_manifest, tasks_from
from featser.errors import FeatserError, ManifestError, ProtocolError
from featser.experiment.loading.published_folds import matched_folds

NAMES = ["03a01Fa", "03a01Nc", "03a01Wa", "03a02Fc"]
FOLD_OF = dict(zip(NAMES, ["1", "2", "1", "2"], strict=True))


def emobox_line(name: str) -> str:
    line = {"key": f"emodb-{name}", "dataset": "emodb", "wav": f"downloads/emodb/wav/{name}.wav"}
    return json.dumps(line | {"emo": "anger", "channel": 1})


def write_emobox(folder: Path) -> Path:
    """Write training and test lists of two folds, and the list of all recordings, as EmoBox has."""
    (folder / "emodb.jsonl").write_text("\n".join(map(emobox_line, NAMES)))
    for fold in "12":
        (folder / f"fold_{fold}").mkdir()
        for split in ("train", "test"):
            chosen = [name for name in NAMES if (FOLD_OF[name] == fold) == (split == "test")]
            file = folder / f"fold_{fold}" / f"emodb_{split}_fold_{fold}.jsonl"
            file.write_text("\n".join(map(emobox_line, chosen)) + "\n")
    return folder


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl", "semicolons.csv"])
@pytest.mark.parametrize("column", ["name", "file"])
def test_read_fold_list_of_each_format_gives_the_same_folds(
    tmp_path: Path, ending: str, column: str
) -> None:
    file = tmp_path / f"folds.{ending}"
    table = pd.DataFrame({column: NAMES, "emotion": "happy", "fold": [1, 2, 1, 2]})
    if ending == "parquet":
        table.to_parquet(file)
    elif ending == "jsonl":
        file.write_text(table.to_json(orient="records", lines=True))
    else:
        mark = {"csv": ",", "tsv": "\t"}.get(ending, ";")
        table.to_csv(file, index=False, sep=mark)
    assert read_fold_list(file).fold_of == FOLD_OF


def test_read_fold_list_of_emobox_folder_takes_the_test_lists(tmp_path: Path) -> None:
    listed = read_fold_list(write_emobox(tmp_path))
    assert {Path(name).stem: fold for name, fold in listed.fold_of.items()} == FOLD_OF
    assert listed.notes == ()


def test_read_fold_list_of_one_file_for_each_fold_takes_all_lines(tmp_path: Path) -> None:
    for fold in "12":
        chosen = [json.dumps({"key": name}) for name in NAMES if FOLD_OF[name] == fold]
        (tmp_path / f"fold_{fold}.jsonl").write_text("\n".join(chosen))
    assert read_fold_list(tmp_path).fold_of == FOLD_OF


def test_read_fold_list_of_table_with_sets_takes_the_test_sets(tmp_path: Path) -> None:
    rows = [
        (name, fold, "test" if FOLD_OF[name] == fold else "valid")
        for name in NAMES
        for fold in "12"
    ]
    pd.DataFrame(rows, columns=["name", "fold", "split"]).to_csv(tmp_path / "f.csv", index=False)
    assert read_fold_list(tmp_path / "f.csv").fold_of == FOLD_OF


def test_read_fold_list_of_manifest_ignores_its_split(tmp_path: Path) -> None:
    table = pd.DataFrame({"file": NAMES, "fold": [1, 2, 1, 2], "split": "train"})
    table.to_csv(tmp_path / "manifest.csv", index=False)
    assert read_fold_list(tmp_path / "manifest.csv").fold_of == FOLD_OF
    assert is_manifest_of_folds(tmp_path / "manifest.csv")


def test_read_fold_list_leaves_out_rows_without_a_fold(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("name,fold\na,1\nb,\nc,NA\nd,2\n")
    assert read_fold_list(tmp_path / "f.csv").fold_of == {"a": "1", "d": "2"}
    assert not is_manifest_of_folds(tmp_path / "f.csv")


def test_fold_list_with_fewer_training_recordings_is_noted() -> None:
    tested = [ListEntry(name, fold, "test") for name, fold in FOLD_OF.items()]
    listed = fold_list_of("f", [*tested, ListEntry("03a01Nc", "1", "train")])
    assert listed.notes == (
        "fold '1': its lists name 1 recordings for training; featser trains on all 2 of the other "
        "folds",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,fold\na,1\na,2\nb,2\n", "test lists overlap: 1 recording has several folds"),
        ("name,fold,split\na,1,test\nb,1,train\n", "leave out 1 recording of the training lists"),
        ("name,fold\na,1\n,2\n", "data row 2: names no recording"),
        ("name,folds\na,1\n", "no column `fold`; columns: name, folds"),
        ("stem,fold\na,1\n", "no column `name` or `file`; columns: stem, fold"),
        ("name,fold,split\na,1,tset\na,2,train\n", "unknown split 'tset'; did you mean 'test'?"),
        (f"name,fold\na,{'1' * 200}\n", "`fold` has 200 characters"),
        ("name,fold\na,\n", "names no recording with a fold that tests it"),
        ("name,fold\na,1,2\n", "line 2: 3 fields, the header has 2"),
        ("", "is empty"),
    ],
)
def test_read_fold_list_of_wrong_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(FeatserError, match=message) as error:
        read_fold_list(tmp_path / "f.csv")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.jsonl", b"{\n", "line 1: not JSON"),
        ("f.jsonl", b"[1]\n", "line 1: not an object"),
        ("f.jsonl", b"[" * 100_000, "line 1: not JSON"),
        ("f.jsonl", b'{"fold": 1}\n', "line 1: names no recording"),
        ("f.jsonl", b'{"key": "a"}\n', "no line has a field `fold`"),
        ("f.jsonl", b'{"name": "\\ud800", "fold": 1}\n', "holds half of a character"),
        ("f.jsonl", b'{"name": "a", "fold": "\\ud800"}\n', "holds half of a character"),
        ("f.jsonl", b'{"name": "a", "fold": {"b": 1}}\n', "give a text or a number"),
        ("f.jsonl", b'{"name": "a", "fold": true}\n', "give a text or a number"),
        ("f.csv", b"name,fold,fold\na,1,2\n", "the column `fold` occurs twice"),
        ("f.csv", b"name,name,fold\na,b,2\n", "the column `name` occurs twice"),
        ("f.csv", b"name,fold\n\xff,1\n", "not UTF-8"),
        ("f.parquet", b"no parquet", "not a Parquet file"),
        ("f.xlsx", b"", r"folds are a table \(.csv, .tsv, .txt, .parquet\)"),
        ("folder", None, "no file of this folder is called after a fold"),
        ("absent.csv", None, "cannot be read"),
    ],
)
def test_read_fold_list_of_damaged_file_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ManifestError, match=message):
        read_fold_list(tmp_path / name)


def test_match_names_compares_ends_of_paths() -> None:
    files = ["/x/a/001.flac", "/x/b/001.flac", "/x/b/002.flac"]
    matches = match_names(["downloads/b/001.wav", "a\\001.WAV", "elsewhere/002"], files)
    assert matches.file_of == {
        "downloads/b/001.wav": files[1],
        "a\\001.WAV": files[0],
        "elsewhere/002": files[2],
    }


@pytest.mark.parametrize("fold", [[[1], [2]], [{"a": 1}, {"a": 2}]])
def test_read_fold_list_of_a_table_with_nested_folds_is_refused(
    fold: list[Any], tmp_path: Path
) -> None:
    file = tmp_path / "f.parquet"
    pd.DataFrame({"name": ["a", "b"], "fold": fold}).to_parquet(file)
    with pytest.raises(ManifestError, match=r"f\.parquet: `fold` holds lists or objects"):
        read_fold_list(file)


@pytest.mark.parametrize(
    ("names", "files", "expected"),
    [
        (["c/001", "a/001"], ["/x/a/001.wav"], {"a/001": "/x/a/001.wav"}),
        (["001", "c/001"], ["/x/a/001.wav"], {"001": "/x/a/001.wav"}),
        (["c/001"], ["/x/a/001.wav", "/x/b/001.wav"], {}),
        (["e\u0301"], ["/x/\u00e9.wav"], {"e\u0301": "/x/\u00e9.wav"}),
    ],
)
def test_match_names_with_repeated_stems_needs_the_folders(
    names: list[str], files: list[str], expected: dict[str, str]
) -> None:
    matches = match_names(names, files)
    assert matches.file_of == expected
    assert not matches.ambiguous


@pytest.mark.parametrize("files", [["/a/1.wav", "/b/1.wav"], ["/a/1.wav", "/a/1.flac"]])
def test_match_names_of_several_files_is_ambiguous(files: list[str]) -> None:
    assert match_names(["1"], files).ambiguous == {"1": files}
    listed = fold_list_of("f.csv", [ListEntry("1", "1", "test")])
    with pytest.raises(ProtocolError, match="the name '1' fits 2 recordings"):
        matched_folds(listed, files)


PATHS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), max_size=8, unique=True
)


@given(files=PATHS, ends=st.lists(st.integers(1, 4), min_size=8, max_size=8))
def test_match_names_of_unique_ends_finds_their_files(files: list[str], ends: list[int]) -> None:
    """A name that is the end of one file alone, and of no other name, means that file."""
    names = ["/".join(file.split("/")[-end:]) for file, end in zip(files, ends, strict=False)]
    located = [f"/data/{file}.wav" for file in files]
    matches = match_names(names, located)
    assert not set(matches.file_of) & set(matches.ambiguous)
    for name in names:
        ending_so = [file for file in located if file.removesuffix(".wav").endswith(f"/{name}")]
        if len(ending_so) > 1:
            assert matches.file_of.get(name) is None
        elif name in matches.file_of:
            assert matches.file_of[name] == ending_so[0]
    for file, whole in zip(located, files, strict=True):
        if names.count(whole) and not [
            one for one in located if one != file and one.removesuffix(".wav").endswith(f"/{whole}")
        ]:
            assert matches.file_of[whole] == file


@given(path=st.text(max_size=20))
def test_parts_of_any_text_has_a_stem(path: str) -> None:
    assert len(parts_of(path)) >= 1


def test_matched_folds_lists_names_without_a_recording() -> None:
    listed = fold_list_of("f.csv", [ListEntry(name, "1", "test") for name in NAMES])
    matched = matched_folds(listed, ["/wav/03a01Fa.flac"])
    assert matched.unmatched == NAMES[1:]
    assert matched.notes == [
        "folds: 3 names of the published folds have no recording here: 03a01Nc, 03a01Wa, 03a02Fc"
    ]


def test_matched_folds_without_any_match_shows_one_of_each() -> None:
    listed = fold_list_of("f.csv", [ListEntry("03a01Fa", "1", "test")])
    expected = (
        "f.csv: none of 1 name fits any of 1 recording: names are compared with the ends of the "
        "files' paths, or by their stems, without the ending of the file; a name is '03a01Fa', a "
        "recording is '/x/03-01.wav'"
    )
    with pytest.raises(ProtocolError) as error:
        matched_folds(listed, ["/x/03-01.wav"])
    assert str(error.value) == expected


def test_matched_folds_of_two_names_for_one_file_is_refused() -> None:
    entries = [ListEntry("1.wav", "1", "test"), ListEntry("1", "2", "test")]
    with pytest.raises(ProtocolError, match=r"'1.wav' \(fold 1\) and '1' \(fold 2\) mean the same"):
        matched_folds(fold_list_of("f.csv", entries), ["/a/1.flac"])


def test_manifest_with_a_column_fold_has_no_task_of_it(tmp_path: Path) -> None:
    table = pd.DataFrame({"file": list("abcdef"), "emotion": ["x", "y"] * 3, "fold": [1, 2] * 3})
    table.to_csv(tmp_path / "manifest.csv", index=False)
    read = read_manifest(tmp_path / "manifest.csv")
    assert read["fold"].tolist() == ["1", "2"] * 3
    tasks, _ = tasks_from(read, [], "emotion")
    assert [task.name for task in tasks] == ["emotion"]
