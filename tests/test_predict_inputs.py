"""What ``featser predict`` accepts as recordings, and the formats of its tables."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from featser.api.predict import predict
from featser.errors import FeatserError, InputError, ResourceError
from featser.io import result_tables
from tests.flow import PYTHON, featser_here


@pytest.fixture
def model(fitted: Path) -> Path:
    return fitted / "model.featser"


@pytest.fixture
def folder(voices: Path, tmp_path: Path) -> Path:
    """Two recordings, one of them in a subfolder, beside a text."""
    folder = tmp_path / "new"
    (folder / "inside").mkdir(parents=True)
    one, two = sorted(voices.glob("*.flac"))[:2]
    shutil.copy(one, folder / "a.flac")
    shutil.copy(two, folder / "inside" / "b.flac")
    (folder / "notes.txt").write_text("no recording", encoding="utf-8")
    return folder


def test_a_folder_stands_for_all_its_recordings(model: Path, folder: Path) -> None:
    named = [folder / "a.flac", folder / "inside" / "b.flac"]
    pd.testing.assert_frame_equal(predict(model, [folder]), predict(model, named))
    assert len(predict(model, [folder, folder / "a.flac"])) == 3


def test_a_folder_without_a_recording_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatserError, match="there is no recording in this folder or below it"):
        predict(model, [tmp_path])


def test_a_recording_is_read_from_the_standard_input(model: Path, folder: Path) -> None:
    expected = predict(model, [folder / "a.flac"])
    shown = subprocess.run(
        [*PYTHON, "predict", str(model), "-", "-o", "p.csv"],
        input=(folder / "a.flac").read_bytes(), capture_output=True, check=False, cwd=folder,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(folder / "p.csv")
    assert table["file"].tolist() == ["stdin"]
    assert table["emotion.pred"].tolist() == expected["emotion.pred"].tolist()


@pytest.mark.parametrize(
    ("files", "data", "problem"),
    [
        (["-"], b"", "is empty: pipe a recording into it"),
        (["-", "-"], b"RIFF", "is named twice"),
    ],
)
def test_an_unusable_standard_input_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], data: bytes, problem: str
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    with pytest.raises(InputError, match=problem):
        predict(model, files)


def test_what_is_no_audio_on_the_standard_input_is_called_stdin(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"no audio at all")))
    row = predict(model, ["-"]).iloc[0]
    assert row["file"] == "stdin"
    assert "featser-" not in row["error"]


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_tables_are_read_by_other_programs(model: Path, folder: Path, ending: str) -> None:
    output = folder / f"p{ending}"
    expected = predict(model, [folder], output=output)
    if ending == ".json":
        rows = json.loads(output.read_text(encoding="utf-8"))
    elif ending == ".csv":
        with output.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    else:
        import pyarrow.parquet as pq

        rows = pq.read_table(output).to_pylist()
    assert [row["emotion.pred"] for row in rows] == expected["emotion.pred"].tolist()
    assert float(rows[0]["emotion.p[angry]"]) == pytest.approx(expected["emotion.p[angry]"][0])


@pytest.mark.extras
def test_an_excel_table_is_read_by_openpyxl_without_formulas(tmp_path: Path) -> None:
    import openpyxl

    table = pd.DataFrame({"file": ["=1+1", "a.wav"], "p": [0.5, float("nan")]})
    result_tables.write_table(table, tmp_path / "p.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").active
    assert [list(row) for row in sheet.iter_rows(values_only=True)] == [
        ["file", "p"],
        ["'=1+1", 0.5],
        ["a.wav", None],
    ]


def test_a_missing_package_is_named_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(result_tables, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"pip install 'featser\[excel\]', or write \.csv"):
        predict(tmp_path / "absent.featser", ["a.wav"], output=tmp_path / "p.xlsx")


def test_another_ending_is_refused_with_the_valid_ones(tmp_path: Path) -> None:
    shown = featser_here("predict", "m.featser", "a.wav", "-o", "p.doc", cwd=tmp_path)
    assert shown.returncode == 2
    assert "valid are .csv, .json, .parquet, .xlsx" in shown.stderr
