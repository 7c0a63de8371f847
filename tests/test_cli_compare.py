"""``featser compare``: joined by file, refused where it would mislead, all of it in JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.flow import featser_here


@pytest.fixture(scope="module")
def other(fitted: Path) -> Path:
    """A run of another model, normalised by speaker, under two protocols."""
    shown = featser_here(
        "fit", "--model", "lda", "-t", "emotion", "-t", "gender", "--speaker-norm", "transductive",
        "--protocol", "random", "--protocol", "speaker-independent", "--no-audit",
        "-o", "other", "--jobs", "1", cwd=fitted.parent,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    return fitted.parent / "other"


def altered(run: Path, folder: Path, change: object) -> Path:
    """A copy of a run with other predictions."""
    copy = shutil.copytree(run, folder / run.name, ignore=shutil.ignore_patterns("*.featser"))
    table = pd.read_parquet(copy / "predictions.parquet")
    change(table).to_parquet(copy / "predictions.parquet", index=False)  # type: ignore[operator]
    return copy


def test_a_comparison_is_a_table_with_what_else_differs(fitted: Path, other: Path) -> None:
    shown = featser_here("compare", fitted, other, "-o", "found.json", cwd=fitted.parent)
    assert shown.returncode == 0, shown.stderr
    assert "64 utterances are in all runs" in shown.stdout
    assert "speaker norm differs" in shown.stdout
    assert "(exact)" in shown.stdout, "four speakers can be swapped in 16 ways"
    assert "A → B" in shown.stdout
    assert "too few speakers differ for any p below 0.125" in shown.stdout
    found = json.loads((fitted.parent / "found.json").read_text(encoding="utf-8"))
    assert [run["protocol"] for run in found["runs"]] == ["speaker-independent"] * 2
    assert {pair["task"] for pair in found["pairs"]} == {"emotion", "gender"}
    pair = found["pairs"][0]
    metrics = [
        json.loads((run / "metrics.json").read_text(encoding="utf-8"))["speaker-independent"]
        for run in (fitted, other)
    ]
    values = [told["emotion"]["uar"]["value"] for told in metrics]
    assert [pair["found"]["a"], pair["found"]["b"]] == pytest.approx(values)
    assert pair["found"]["difference"]["value"] == pytest.approx(values[1] - values[0])
    assert pair["p_holm"] >= pair["found"]["permutation"]["p"]


def test_rows_are_joined_by_file_and_never_by_position(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    mixed = altered(other, tmp_path, lambda table: table.sample(frac=1, random_state=0))
    for run, name in ((other, "one"), (mixed, "two")):
        featser_here("compare", fitted, run, "-o", tmp_path / f"{name}.json")
    one, two = (json.loads((tmp_path / f"{n}.json").read_text("utf-8")) for n in ("one", "two"))
    assert [pair["found"] for pair in one["pairs"]] == [pair["found"] for pair in two["pairs"]]


def test_only_common_utterances_are_compared_and_the_others_counted(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    fewer = altered(other, tmp_path, lambda table: table.groupby("protocol").head(60))
    shown = featser_here("compare", fitted, fewer)
    assert "60 utterances are in all runs" in shown.stdout
    assert "has 4 more utterances" in shown.stdout


def test_three_runs_make_three_pairs_and_a_protocol_may_be_chosen(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    third = altered(other, tmp_path, lambda table: table)
    found = featser_here("compare", fitted, other, third, "-o", tmp_path / "found.json")
    assert found.returncode == 0, found.stderr
    told = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert len(told["pairs"]) == 2 * 3
    chosen = featser_here("compare", other, third, "--protocol", "random")
    assert "'random' is optimistic" in chosen.stdout


def test_runs_under_different_protocols_or_folds_are_compared_with_a_note(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    alone = altered(other, tmp_path, lambda table: table[table["protocol"] == "random"])
    shown = featser_here("compare", fitted, alone)
    assert "the protocols differ" in shown.stdout
    dealt = altered(other, tmp_path / "x", lambda table: table.assign(fold=table.index % 3))
    assert "the folds of" in featser_here("compare", other, dealt).stdout
    (dealt / "run.json").unlink()
    assert "has no run.json" in featser_here("compare", other, dealt).stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(**{"emotion.true": "sad"}), "have different truths for 48 utterances"),
        (lambda t: t.assign(file="elsewhere/" + t["file"]), "no utterance in common"),
        (lambda t: t[[n for n in t if "." not in n]], "have no task in common"),
        (lambda t: t[:0], "holds no prediction"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(
    fitted: Path, other: Path, tmp_path: Path, change: object, message: str
) -> None:
    shown = featser_here("compare", fitted, altered(other, tmp_path, change))
    assert shown.returncode == 2
    assert message in shown.stderr


def test_folders_that_are_no_runs_are_refused_with_the_mend(fitted: Path) -> None:
    assert "`featser fit -o absent` makes one" in featser_here("compare", fitted, "absent").stderr
    assert "compare two runs or more" in featser_here("compare", fitted).stderr
    unknown = featser_here("compare", fitted, fitted.parent, "--protocol", "random").stderr
    assert "unknown protocol 'random'" in unknown
