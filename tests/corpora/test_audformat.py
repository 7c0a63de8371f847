"""audformat databases read as manifests, and manifests come back from them as they were."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

import audformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from featser.corpora.audformat_io import read_audformat, write_audformat
from featser.corpora.card import load_card
from featser.corpora.manifest import check_manifest
from featser.corpora.scans.scanning import scan
from featser.errors import ManifestError
from tests.corpora.scans.test_scan import touch

TIMES = [(None, None), (0.0, 1.5), (0.1, None), (1.234567891, 2.5)]
words = st.one_of(st.none(), st.sampled_from(["sad", "রাগ", "NA", "nan", "01", "a,b", "x/y", " z"]))
numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))
rows = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(TIMES), words, words, words, numbers),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row[0], row[1]),
)


@pytest.mark.slow
@settings(max_examples=40)
@given(rows)
@example([("a", (None, None), None, None, None, None), ("a", (0.0, 1.5), None, "x", None, 1.0)])
def test_a_round_trip_keeps_segments_splits_and_every_label(
    drawn: list[tuple[str, tuple[float | None, float | None], str, str, str, float]],
) -> None:
    files, times, speakers, splits, emotions, ratings = zip(*drawn, strict=True)
    with tempfile.TemporaryDirectory() as place:
        true = Path(place).resolve()
        table = pd.DataFrame(
            {
                "file": [str(true / "audio" / f"{name}.wav") for name in files],
                "start": [start for start, _ in times],
                "end": [end for _, end in times],
                "speaker": speakers,
                "language": "bn",
                "corpus": "mine",
                "split": splits,
                "emotion": emotions,
                "valence": pd.Series(ratings, dtype="float64"),
                "never": pd.Series(np.nan, range(len(files)), dtype="float64"),
            }
        )
        table = check_manifest(table, "the table", {}, guess=False)
        table = table.sort_values(["file", "start", "end"], ignore_index=True, na_position="first")
        write_audformat(table, true / "db")
        got = scan(load_card("audformat"), true / "db").manifest
        if table["split"].isna().all():
            table = table.drop(columns="split")
        assert_frame_equal(got, table)


def test_a_scanned_corpus_comes_back_with_its_tasks(tmp_path: Path) -> None:
    names = [f"{s}_0{c}_00{t}_00" for s in ("Ohm", "Mont") for c in range(1, 4) for t in range(4)]
    touch(tmp_path / "aibo", [f"{name}.wav" for name in names])
    labels = "".join(f"{name} {'AENPR'[n % 5]} 0.{n}\n" for n, name in enumerate(names))
    (tmp_path / "aibo" / "chunk_labels_5cl_corpus.txt").write_text(labels)
    before = scan(load_card("fau-aibo"), tmp_path / "aibo")
    folder = write_audformat(before.manifest, tmp_path / "db")
    after = scan(load_card("audformat"), folder)
    assert_frame_equal(after.manifest, before.manifest)
    assert after.tasks == before.tasks
    assert after.missing == after.unmatched == []


def test_an_export_is_a_database_that_audformat_reads_without_audio(tmp_path: Path) -> None:
    touch(tmp_path, ["corpus/03-01-05-01-02-01-12.wav", "corpus/03-01-04-01-02-01-13.wav"])
    table = scan(load_card("ravdess"), tmp_path / "corpus").manifest
    db = audformat.Database.load(str(write_audformat(table, tmp_path / "db")))
    assert list(db.files) == [
        "../corpus/03-01-04-01-02-01-13.wav",
        "../corpus/03-01-05-01-02-01-12.wav",
    ]
    assert list(db.schemes["emotion"].labels) == ["angry", "sad"]
    assert db.languages == ["eng"]
    assert db.license == "CC BY-NC-SA 4.0"
    assert {path.suffix for path in (tmp_path / "db").iterdir()} == {".yaml", ".parquet"}


def database(folder: Path) -> Path:
    """A database as others make them: filewise and segmented tables, a scheme of speakers."""
    db = audformat.Database("faces", languages=["de"])
    db.splits["train"] = audformat.Split("train")
    db.splits["test"] = audformat.Split("test")
    db.schemes["speaker"] = audformat.Scheme(
        labels={3: {"gender": "male", "age": 31}, 8: {"gender": "female", "age": 34}}
    )
    db.schemes["emotion"] = audformat.Scheme(labels=["anger", "joy"])
    db.schemes["arousal"] = audformat.Scheme("int", minimum=1, maximum=5)
    db.schemes["duration"] = audformat.Scheme("time")
    db.schemes["loud"] = audformat.Scheme("bool")
    files = db["files"] = audformat.Table(audformat.filewise_index(["a.wav", "b.wav", "c.wav"]))
    files["speaker"] = audformat.Column(scheme_id="speaker")
    files["speaker"].set([3, 8, 3])
    files["duration"] = audformat.Column(scheme_id="duration")
    files["duration"].set(pd.to_timedelta([1, 2, 3], unit="s"))
    for split, names, labels in (
        ("train", ["a.wav"] * 2, ["anger", "joy"]),
        ("test", ["b.wav"], [None]),
    ):
        count = len(names)
        index = audformat.segmented_index(names, range(count), [n + 0.5 for n in range(count)])
        table = db[f"emotion.{split}"] = audformat.Table(index, split_id=split)
        table["emotion"] = audformat.Column(scheme_id="emotion")
        table["emotion"].set(labels)
        table["arousal"] = audformat.Column(scheme_id="arousal")
        table["arousal"].set([1, 5][:count])
        table["loud"] = audformat.Column(scheme_id="loud")
        table["loud"].set([True] * count)
    second = db["votes"] = audformat.Table(audformat.segmented_index(["a.wav"], [0], [0.5]))
    second["emotion"] = audformat.Column(scheme_id="emotion")
    second["emotion"].set(["joy"])
    db.save(str(folder))
    return folder


def test_a_database_of_others_gives_segments_splits_and_the_values_of_schemes(
    tmp_path: Path,
) -> None:
    result = scan(load_card("audformat"), database(tmp_path / "db"))
    table = result.manifest.astype("object").where(result.manifest.notna(), None)
    columns = [
        "start",
        "end",
        "speaker",
        "gender",
        "age",
        "language",
        "split",
        "emotion",
        "arousal",
    ]
    assert table[columns].to_numpy().tolist() == [
        [0.0, 0.5, "3", "male", "31", "de", "train", "anger", 1.0],
        [1.0, 1.5, "3", "male", "31", "de", "train", "joy", 5.0],
        [0.0, 0.5, "8", "female", "34", "de", "test", None, 1.0],
        [None, None, "3", "male", "31", "de", None, None, None],
    ]
    assert table["votes.emotion"].to_list() == ["joy", None, None, None]
    assert set(table["corpus"]) == {"faces"}
    assert table["loud"].to_list() == ["True", "True", "True", None]
    assert "duration" not in table
    notes = " ".join(result.notes)
    assert "column `duration` of table `files` contains times instead of labels: left out" in notes
    assert (
        "two tables have different values; those of the second table are in `votes.emotion`"
        in notes
    )
    assert result.missing == [str(tmp_path.resolve() / f"db/{name}.wav") for name in "abc"]


def test_a_file_in_two_splits_keeps_both_and_neither_becomes_a_label(tmp_path: Path) -> None:
    db = audformat.Database("two")
    for split in ("train", "test"):
        db.splits[split] = audformat.Split(split)
        table = db[split] = audformat.Table(audformat.filewise_index(["a.wav"]), split_id=split)
        table["emotion"] = audformat.Column()
        table["emotion"].set(["sad"])
    db.save(str(tmp_path / "db"))
    result = scan(load_card("audformat"), tmp_path / "db")
    row = result.manifest.iloc[0]
    assert (row["split"], row["train.split_id"], row["emotion"]) == ("test", "train", "sad")
    assert any("those of the second table are in `train.split_id`" in note for note in result.notes)
    assert "train.split_id" not in result.refused


def test_what_is_no_database_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"contains no db.yaml: give the folder of a database"):
        read_audformat(tmp_path)
    (tmp_path / "db.yaml").write_text("- no database")
    with pytest.raises(ManifestError, match=r"db.yaml: audformat cannot read it"):
        read_audformat(tmp_path)
    audformat.Database("empty").save(str(tmp_path / "empty"))
    with pytest.raises(ManifestError, match=r"its tables have no rows"):
        read_audformat(tmp_path / "empty")


def test_a_folder_that_holds_something_is_never_written_over(tmp_path: Path) -> None:
    table = pd.DataFrame({"file": ["a.wav"], "emotion": ["sad"]})
    (tmp_path / "db").mkdir()
    write_audformat(table, tmp_path / "db")
    before = (tmp_path / "db" / "db.yaml").read_bytes()
    with pytest.raises(ManifestError, match=r"is not empty: name a new or an empty"):
        write_audformat(table.assign(emotion="angry"), tmp_path / "db")
    assert (tmp_path / "db" / "db.yaml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_a_manifest_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"has no rows"):
        write_audformat(pd.DataFrame({"file": []}), tmp_path / "db")
    assert not (tmp_path / "db").exists()


def small_database(folder: Path, fields: str = "") -> Path:
    """A database of two files, as CSV."""
    folder.mkdir()
    folder.joinpath("db.yaml").write_text(
        f"name: x\nsource: s\nusage: unrestricted\n{fields}tables:\n  files: {{type: filewise, "
        "columns: {emotion: {}}}\n",
        encoding="utf-8",
    )
    folder.joinpath("db.files.csv").write_text("file,emotion\na.wav,sad\nb.wav,calm\n")
    return folder


class Touches:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_header_that_names_a_python_object_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    folder = small_database(
        tmp_path / "db", f"description: !!python/object/apply:os.mkdir ['{trace.as_posix()}']\n"
    )
    with pytest.raises(ManifestError, match=r"db\.yaml: line 4: not YAML"):
        read_audformat(folder)
    assert not trace.exists()


def test_a_pickled_table_is_passed_over_for_its_csv_and_refused_alone(tmp_path: Path) -> None:
    trace, folder = tmp_path / "trace", small_database(tmp_path / "db")
    folder.joinpath("db.files.pkl").write_bytes(pickle.dumps(Touches(trace)))
    table, _ = read_audformat(folder)
    assert list(table["emotion"]) == ["sad", "calm"]
    folder.joinpath("db.files.csv").unlink()
    with pytest.raises(ManifestError, match="'files' exists only as a pickle"):
        read_audformat(folder)
    assert not trace.exists()


def test_a_table_outside_the_folder_is_refused(tmp_path: Path) -> None:
    folder = small_database(tmp_path / "db")
    header = folder / "db.yaml"
    header.write_text(header.read_text().replace("files: {", "x/../../files: {"))
    with pytest.raises(ManifestError, match="lies outside the folder"):
        read_audformat(folder)
