"""A new run's folder is named after the corpora whose names are valid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.experiment.runs.run_files import as_file_name, run_folder


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
def test_run_folder_without_a_corpus_is_named_after_the_model(
    missing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_folder(None, pd.DataFrame({"corpus": [missing] * 2}), "vote") == Path("runs/vote-1")
    assert run_folder(None, pd.DataFrame({"file": ["a"]}), "vote") == Path("runs/vote-1")
    partly = pd.DataFrame({"corpus": [missing, "emodb", missing, "ravdess"]})
    assert run_folder(None, partly, "svm,lda") == Path("runs/emodb-ravdess-svm+lda-1")


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("../../etc", "etc-vote-1"),
        ("a/b c", "a-b-c-vote-1"),
        ("..", "vote-1"),
        ("কণ্ঠ", None),
        ("x" * 300, "x" * 60 + "-vote-1"),
    ],
)
def test_run_folder_of_any_name_stays_below_runs(
    corpus: str, name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = run_folder(None, pd.DataFrame({"corpus": [corpus]}), "vote")
    assert folder.parent == Path("runs")
    assert name is None or folder.name == name
    folder.mkdir(parents=True)
    assert run_folder(None, pd.DataFrame({"corpus": [corpus]}), "vote").name.endswith("-2")


@pytest.mark.parametrize("name", ["../../outside", "/outside", "..", "a/b"])
def test_name_of_a_recipe_leads_out_of_no_folder(name: str) -> None:
    assert as_file_name(name) in ("outside", "", "a-b")
