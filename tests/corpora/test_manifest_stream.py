"""A manifest read a block at a time is the manifest read as a whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser.api.extract import extract
from featser.corpora import manifest_stream
from featser.corpora.file_paths import resolve
from featser.corpora.manifest import read_manifest
from featser.corpora.manifest_stream import ManifestFile, streams, write_blocks
from featser.errors import ManifestError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_stream, "BLOCK", 7)


def rows(count: int) -> pd.DataFrame:
    """Labels whose type only the whole column determines."""
    numbers = range(count)
    return pd.DataFrame(
        {
            "file": [f"ক/{n:03d}.wav" for n in numbers],
            "start": [None if n < 9 else n / 4 for n in numbers],
            "speaker": [str(n % 5) for n in numbers],
            "emotion": ["angry" if n % 2 else None for n in numbers],
            "arousal": [str(n) for n in numbers],  # numbers: more than 20 differ
            "valence": ["1" if n < count - 1 else "0.5" for n in numbers],  # one has a point
            "level": [str(n % 3) for n in numbers],  # codes
            "late": [f"0{n}" if n == count - 1 else str(n) for n in numbers],  # one is a code
        }
    )


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize("count", [1, 7, 30])
def test_blocks_are_the_manifest_as_a_whole(tmp_path: Path, ending: str, count: int) -> None:
    path = tmp_path / f"m{ending}"
    if ending == ".parquet":
        rows(count).astype({"start": float}).to_parquet(path, index=False)
    else:
        rows(count).to_csv(path, index=False, sep="," if ending == ".csv" else "\t")
    assert streams(path)
    whole = read_manifest(path)
    whole["file"] = resolve(whole, tmp_path)
    file = ManifestFile(path)
    assert file.rows == count
    pd.testing.assert_frame_equal(pd.concat(file.blocks(), ignore_index=True), whole)
    again = tmp_path / "again.parquet"
    write_blocks(file.blocks(), again)
    pd.testing.assert_frame_equal(read_manifest(again), read_manifest(path))


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(20, "file", ""), (20, "start", "soon"), (20, "start", "-1"), (12, "file", "ক/010.wav")],
)
def test_faults_are_named_as_in_the_manifest_as_a_whole(
    tmp_path: Path, row: int, column: str, value: str
) -> None:
    table = rows(25).drop(columns="start").assign(start="").astype("str")
    table.loc[row, column] = value
    table.to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(ManifestError) as expected:
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(ManifestError) as raised:
        ManifestFile(tmp_path / "m.csv")
    assert str(raised.value) == str(expected.value)


def test_a_file_that_is_no_manifest_is_refused_in_the_same_words(tmp_path: Path) -> None:
    for content in (
        b"",
        b"speaker\na\n",
        b"file\n\xff\x00\n",
        b"file\n\xe0\xa6\xff\xe0\xa6\x95\n",
        b"file,a\nx\n",
    ):
        path = tmp_path / "m.csv"
        path.write_bytes(content)
        with pytest.raises(ManifestError) as expected:
            read_manifest(path)
        with pytest.raises(ManifestError) as raised:
            ManifestFile(path)
        assert str(raised.value) == str(expected.value)


def test_parquet_whose_types_only_the_whole_says_is_not_read_in_blocks(tmp_path: Path) -> None:
    rows(3).assign(level=[1, 2, 3]).to_parquet(tmp_path / "m.parquet")
    assert not streams(tmp_path / "m.parquet")


def test_a_manifest_that_is_changed_while_it_is_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    rows(20).to_csv(path, index=False)
    blocks = ManifestFile(path).blocks()
    next(blocks)
    rows(21).to_csv(path, index=False)
    with pytest.raises(ManifestError, match="changed while it was in use"):
        list(blocks)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_manifest_without_rows_has_nothing_done(tmp_path: Path, ending: str) -> None:
    """Its columns are stored all the same, of whatever type they are."""
    kinds = {"file": "str", "age": "int8", "day": "datetime64[ns]"}
    table = pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})
    path = tmp_path / f"m.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    result = extract(path, store=tmp_path / "store", features=["zcr:basic"])
    assert (result.done, result.reused, len(result.unusable)) == (0, 0, 0)
    assert len(pd.read_parquet(tmp_path / "store" / "manifest.parquet")) == 0
