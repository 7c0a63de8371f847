"""`featser audit`: its output, files and exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from featser.audit.measure.examination import FACTS
from featser.corpora.manifest import write_manifest
from tests.flow import featser, featser_here


def test_a_clean_corpus_exits_with_0(clean: pd.DataFrame, tmp_path: Path) -> None:
    write_manifest(clean, tmp_path / "m.csv")
    shown = featser_here("audit", "m.csv", "-j", 1, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "48 recordings: 0 errors, 0 warnings, 1 note" in shown.stdout


def test_errors_exit_with_1_and_all_findings_are_written(
    twin: pd.DataFrame, tmp_path: Path
) -> None:
    shutil.copy(twin["file"][0], twin["file"][47])
    write_manifest(twin, tmp_path / "m.csv")
    shown = featser_here("audit", "m.csv", "-j", 1, "-o", "audit.json", cwd=tmp_path)
    assert shown.returncode == 1, shown.stderr
    assert (
        "error: identical recordings: 1 pair of identical files among 48 recordings" in shown.stdout
    )
    report = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert report["counts"]["error"] == 1
    (row,) = report["findings"][0]["table"]
    assert Path(report["folder"], row["first"]) == Path(twin["file"][0])


def test_the_facts_of_recordings_are_a_table_by_the_ending_of_the_output(
    clean: pd.DataFrame, tmp_path: Path
) -> None:
    few = clean.head(3).copy()
    few["file"] = [*few["file"][:2], str(tmp_path / "absent.wav")]
    write_manifest(few, tmp_path / "m.csv")
    shown = featser_here("audit", "m.csv", "-j", 1, "-o", "facts.csv", cwd=tmp_path)
    assert "facts of each recording: facts.csv" in shown.stdout, shown.stderr
    facts = pd.read_csv(tmp_path / "facts.csv")
    assert list(facts.columns) == ["recording", *FACTS]
    assert list(facts["codec"][:2]) == ["PCM_16", "PCM_16"]
    assert facts["announced_s"][0] == facts["decoded_s"][0] > 0
    assert facts["reason"][2] == "no such file"
    assert facts["rate"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("primary", "message"),
    [
        ("emotions", "--primary emotions: unknown label 'emotions'; did you mean 'emotion'?"),
        ("file", "unknown label 'file'"),
        ("constant", "--primary constant: no label that can be predicted: only one value: 'x'"),
    ],
)
def test_a_primary_label_that_cannot_be_probed_is_refused_before_anything_is_examined(
    clean: pd.DataFrame, tmp_path: Path, primary: str, message: str
) -> None:
    write_manifest(clean.assign(constant="x"), tmp_path / "m.csv")
    shown = featser_here("audit", "m.csv", "--primary", primary, "-j", 1, cwd=tmp_path)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert "Examining" not in shown.stderr
    assert not shown.stdout


def test_without_the_default_primary_label_a_note_says_which_label_leads(
    clean: pd.DataFrame, tmp_path: Path
) -> None:
    table = clean.drop(columns="corpus", errors="ignore").rename(columns={"emotion": "feeling"})
    write_manifest(table, tmp_path / "m.csv")
    shown = featser_here("audit", "m.csv", "-j", 1, cwd=tmp_path)
    assert "note: the primary task is `feeling`, because `emotion` is no label" in shown.stdout
    assert "shortcuts not tested" not in shown.stdout


@pytest.mark.slow
def test_banglasers_documented_faults_are_reported(corpora: Path, tmp_path: Path) -> None:
    shown = featser(
        "audit", corpora / "banglaser", "--corpus", "banglaser", "-o", tmp_path / "a.json"
    )
    assert shown.returncode == 1, shown.stderr
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    by_kind = {(f["kind"], f["severity"]): f for f in report["findings"]}
    identical = by_kind["identical recordings", "warning"]["table"]
    assert [row["second"] for row in identical] == [
        "03-01-01-01-01-03-17.flac",
        "03-01-01-01-03-03-15.flac",
    ]
    (fixed,) = by_kind["label fixed by another", "warning"]["table"]
    assert (fixed["label"], fixed["fixed by"]) == ("intensity", "emotion")
    lacking = by_kind["speakers lacking classes", "warning"]["table"]
    assert [row["speaker"] for row in lacking] == ["11", "12", "13", "16", "18", "20", "29"]
    assert all(row["neutral"] == 0 for row in lacking)
    # One recording is under the names of a woman and a man, and eight under those of two men.
    (samples,) = by_kind["identical samples", "error"]["table"]
    assert samples["differ in"] == "speaker: 16 | 19; gender: female | male"
    takes = by_kind["near-identical recordings", "error"]["table"]
    assert {row["differ in"] for row in takes} == {"speaker: 13 | 19"}
    assert len(takes) == 8


def test_a_source_that_cannot_be_read_is_one_line_with_the_fix(tmp_path: Path) -> None:
    shown = featser_here("audit", tmp_path)
    assert shown.returncode == 2
    assert "needs --corpus CARD" in shown.stderr
