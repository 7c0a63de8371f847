"""``featser compare`` refuses damaged and hostile folders of runs in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.flow import featser_here

DEEP = "[" * 5000 + "]" * 5000


def copied(fitted: Path, folder: Path) -> Path:
    return shutil.copytree(fitted, folder / "copy", ignore=shutil.ignore_patterns("*.featser"))


def refused(fitted: Path, run: Path, file: str) -> str:
    """Compare with a run that cannot be used; return the line, which names the file and a fix."""
    shown = featser_here("compare", fitted, run)
    assert shown.returncode == 1, shown.stderr
    assert shown.stderr.count("\n") == 1
    assert f"{run / file}: " in shown.stderr
    assert f"Run `featser fit` with `-o {run}` again" in shown.stderr
    return shown.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("null", "holds null, not an object"),
        ("[1]", "holds a list, not an object"),
        ("1", "holds a number, not an object"),
        (DEEP, "nested too deeply"),
        (f'{{"weights": {DEEP[4900:5100]}}}', "nested too deeply"),
        ('{"model": "\\ud800"}', "surrogates not allowed"),
    ],
)
def test_run_json_that_is_no_object_is_refused(
    fitted: Path, tmp_path: Path, text: str, problem: str
) -> None:
    run = copied(fitted, tmp_path)
    (run / "run.json").write_text(text, encoding="utf-8")
    assert problem in refused(fitted, run, "run.json")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("features", [1], "'features' is a list"),
        ("features", None, "'features' is null"),
        ("features", "mfcc", "'features' is text"),
        ("features", {"a": [1]}, "version of 'a' is a list"),
        ("features", {"a": {"b": 1}}, "version of 'a' is an object"),
        ("model", ["svm"], "'model' is a list"),
        ("speaker_norm", None, "'speaker_norm' is null"),
        ("tasks", [{"kind": "classification"}], "'tasks': an object in the list lacks 'name'"),
    ],
)
def test_run_json_with_a_wrong_field_is_refused(
    fitted: Path, tmp_path: Path, field: str, value: object, problem: str
) -> None:
    run = copied(fitted, tmp_path)
    described = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps(described | {field: value}), encoding="utf-8")
    assert problem in refused(fitted, run, "run.json")


@pytest.mark.parametrize("content", [b"", b"text", b"PAR1" + bytes(100) + b"PAR1"])
def test_predictions_that_are_no_parquet_file_are_refused(
    fitted: Path, tmp_path: Path, content: bytes
) -> None:
    run = copied(fitted, tmp_path)
    (run / "predictions.parquet").write_bytes(content)
    assert "not a Parquet file that can be read" in refused(fitted, run, "predictions.parquet")


def lists(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{"emotion.pred": [["sad"]] * len(table)})


def without_probabilities(table: pd.DataFrame) -> pd.DataFrame:
    return table[[name for name in table if not str(name).startswith("emotion.p[")]]


CHANGES: list[tuple[Callable[[pd.DataFrame], Any], str]] = [
    (lambda table: table.drop(columns="file"), "lacks the column 'file'"),
    (lambda table: table.drop(columns="protocol"), "lacks the column 'protocol'"),
    (lambda table: table.drop(columns="fold"), "lacks the column 'fold'"),
    (lambda table: table.drop(columns="start"), "lacks the column 'start'"),
    (lambda table: table.drop(columns="end"), "lacks the column 'end'"),
    (lambda table: table.drop(columns="emotion.true"), "lacks the column 'emotion.true'"),
    (lambda table: table.assign(protocol=None), "column 'protocol' has no text in 64 rows"),
    (lambda table: table.assign(protocol=1), "column 'protocol' has no text in 64 rows"),
    (lambda table: table.assign(fold=None), "column 'fold' has no value in 64 rows"),
    (
        lambda table: table.assign(start="begin"),
        "column 'start' has the value 'begin' in row 1, which is no",
    ),
    (lists, "column 'emotion.pred' has values that are neither text nor numbers"),
    (without_probabilities, "lacks the columns 'emotion.p[CLASS]' with the probab"),
    (lambda table: pd.concat([table, table[:1]]), "of 1 row are those of an earlier row"),
]


@pytest.mark.parametrize(("change", "problem"), CHANGES)
def test_predictions_with_wrong_columns_or_rows_are_refused(
    fitted: Path, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], problem: str
) -> None:
    run = copied(fitted, tmp_path)
    table = pd.read_parquet(run / "predictions.parquet")
    change(table).to_parquet(run / "predictions.parquet", index=False)
    assert problem in refused(fitted, run, "predictions.parquet")
