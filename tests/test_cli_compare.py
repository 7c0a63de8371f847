"""``featser compare``: joined by file, refused where it would mislead, complete in JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from featser.experiment.compared.compared_runs import COMPARED
from featser.experiment.schema import Experiment
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


def test_a_comparison_has_each_difference_on_one_line(fitted: Path, other: Path) -> None:
    shown = featser_here("compare", fitted, other, cwd=fitted.parent, columns=80)
    lines = [line for line in shown.stdout.splitlines() if "A→B" in line]
    assert len(lines) == 2
    assert all("]" in line for line in lines)
    assert "protocol of all runs: speaker-independent" in shown.stdout


def test_a_comparison_is_a_table_with_what_else_differs(fitted: Path, other: Path) -> None:
    shown = featser_here("compare", fitted, other, "-o", "comparison.json", cwd=fitted.parent)
    assert shown.returncode == 0, shown.stderr
    assert "64 utterances are in all runs" in shown.stdout
    assert "`speaker_norm` differs" in shown.stdout
    assert "A→B" in shown.stdout
    assert "4 speakers: the interval is uncertain with fewer than 10 speakers" in shown.stdout
    comparison = json.loads((fitted.parent / "comparison.json").read_text(encoding="utf-8"))
    assert [run["protocol"] for run in comparison["runs"]] == ["speaker-independent"] * 2
    assert {pair["task"] for pair in comparison["pairs"]} == {"emotion", "gender"}
    pair = comparison["pairs"][0]
    metrics = [
        json.loads((run / "metrics.json").read_text(encoding="utf-8"))["speaker-independent"]
        for run in (fitted, other)
    ]
    values = [tasks["emotion"]["uar"]["value"] for tasks in metrics]
    assert [pair["result"]["a"], pair["result"]["b"]] == pytest.approx(values)
    assert pair["result"]["difference"]["value"] == pytest.approx(values[1] - values[0])
    assert pair["p_holm"] >= pair["result"]["p"]


def test_comparison_ends_with_a_conclusion_for_each_task(fitted: Path, other: Path) -> None:
    shown = featser_here("compare", fitted, other, "-o", "concluded.json", cwd=fitted.parent)
    pairs = json.loads((fitted.parent / "concluded.json").read_text(encoding="utf-8"))["pairs"]
    sentences = [pair["conclusion"] for pair in pairs]
    for task, sentence in zip(("emotion", "gender"), sentences, strict=True):
        assert sentence.startswith(
            (
                f"{task}: no significant difference between {fitted} and {other}.",
                f"{task}: {fitted} is better than {other} by ",
            )
        )
    _, _, end = shown.stdout.partition("\nConclusions\n")
    assert end.split() == " ".join(sentences).split()


def rewritten(run: Path, folder: Path, **changes: object) -> Path:
    """A copy of a run with changes in run.json; None removes a field."""
    copy = altered(run, folder, lambda table: table)
    record = json.loads((copy / "run.json").read_text(encoding="utf-8")) | changes
    remaining = {name: record[name] for name in record if changes.get(name, ...) is not None}
    (copy / "run.json").write_text(json.dumps(remaining), encoding="utf-8")
    return copy


def notes_on(tmp_path: Path, *runs: Path) -> list[str]:
    shown = featser_here("compare", *runs, "-o", tmp_path / "notes.json")
    assert shown.returncode == 0, shown.stderr
    notes: list[str] = json.loads((tmp_path / "notes.json").read_text(encoding="utf-8"))["notes"]
    return notes


def test_run_json_records_every_setting(fitted: Path) -> None:
    """A setting that a run does not record cannot be compared."""
    record = json.loads((fitted / "run.json").read_text(encoding="utf-8"))
    assert set(Experiment.model_fields) <= set(record)
    assert (record["weights"], record["tune"], record["augmented"]) == ("auto", False, True)


def test_every_setting_is_compared_or_shown_in_the_table_of_runs() -> None:
    settings = set(Experiment.model_fields)
    shown = {"model", "features"}
    without_effect = {"protocols", "folds", "enrolment_curve", "draws"}
    without_effect |= {"name", "title", "paper", "corpora"}
    assert settings - shown - without_effect < set(COMPARED)
    assert not (shown | without_effect) & set(COMPARED)


OTHER_VALUES: dict[str, tuple[object, str]] = {
    "weights": ([1.0, 2.0], "1.0, 2.0"),
    "tune": (True, "yes"),
    "seed": (1, "1"),
    "augmented": (False, "no"),
    "batches": (True, "yes"),
    "primary": ("gender", "gender"),
    "featser": ("0.0.1", "0.0.1"),
    "train": (["one"], "one"),
    "tasks": ([{"name": "emotion"}], "emotion"),
}


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_a_setting_that_differs_is_named_with_both_values(
    fitted: Path, tmp_path: Path, name: str
) -> None:
    value, words = OTHER_VALUES[name]
    notes = notes_on(tmp_path, fitted, rewritten(fitted, tmp_path, **{name: value}))
    (note,) = [note for note in notes if "` differs (" in note]
    assert note.startswith(f"`{name}` differs (")
    assert note.endswith(f": {words})")


def test_settings_that_an_older_run_does_not_record_are_named(fitted: Path, tmp_path: Path) -> None:
    older = rewritten(fitted, tmp_path, weights=None, tune=None)
    notes = notes_on(tmp_path, fitted, older)
    assert not [note for note in notes if "` differs (" in note]
    assert any("run.json does not record `weights`, `tune`, so" in note for note in notes)


def test_features_of_another_version_are_named(fitted: Path, tmp_path: Path) -> None:
    older = rewritten(fitted, tmp_path, features={"mfcc:basic": "0" * 16})
    assert "the features 'mfcc:basic' were computed by different versions of their code" in (
        notes_on(tmp_path, fitted, older)
    )


def test_auxiliary_corpora_with_other_rows_are_named(fitted: Path, tmp_path: Path) -> None:
    """A table that was made anew between two runs has another checksum."""
    one, other = (
        rewritten(fitted, tmp_path / name, auxiliary=[{"name": "emodb", "checksum": name}])
        for name in ("first", "second")
    )
    assert "the auxiliary corpus 'emodb' had different rows or features" in (
        notes_on(tmp_path, one, other)
    )


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_a_missing_speaker_is_noted_and_taken_from_the_run_that_names_it(
    fitted: Path, tmp_path: Path, missing: object
) -> None:
    def without(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(speaker=table["speaker"].where(table.index > 1, missing))

    one = altered(fitted, tmp_path / "a", without)
    two = altered(fitted, tmp_path / "b", without)
    assert any(
        "2 of 64 utterances have no speaker" in note for note in notes_on(tmp_path, one, two)
    )
    assert not [note for note in notes_on(tmp_path, one, fitted) if "no speaker" in note]


def test_without_speakers_no_text_says_that_speakers_were_left_out(
    fitted: Path, tmp_path: Path
) -> None:
    one, two = (
        altered(fitted, tmp_path / name, lambda table: table.assign(speaker=None)) for name in "ab"
    )
    shown = featser_here("compare", one, two)
    assert "p: t-test by leaving out one utterance at a time" in shown.stdout
    assert "one speaker at a time" not in shown.stdout


def test_rows_are_joined_by_file_and_never_by_position(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    mixed = altered(other, tmp_path, lambda table: table.sample(frac=1, random_state=0))
    for run, name in ((other, "one"), (mixed, "two")):
        featser_here("compare", fitted, run, "-o", tmp_path / f"{name}.json")
    one, two = (json.loads((tmp_path / f"{n}.json").read_text("utf-8")) for n in ("one", "two"))
    assert [pair["result"] for pair in one["pairs"]] == [pair["result"] for pair in two["pairs"]]


def test_only_common_utterances_are_compared_and_the_others_counted(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    fewer = altered(other, tmp_path, lambda table: table.groupby("protocol").head(60))
    shown = featser_here("compare", fitted, fewer)
    assert "60 utterances are in all runs" in shown.stdout
    assert "has 4 more utterances" in shown.stdout


def test_a_task_without_predictions_in_one_run_is_named(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    empty = altered(other, tmp_path, lambda table: table.assign(**{"emotion.pred": None}))
    note = (
        f"task 'emotion' is not compared: no prediction of it for the common utterances in {empty}"
    )
    assert note in notes_on(tmp_path, fitted, empty)
    assert note in notes_on(tmp_path, empty, fitted)
    names = [name for name in pd.read_parquet(other / "predictions.parquet") if "gender" in name]
    neither = altered(empty, tmp_path / "x", lambda table: table.drop(columns=names))
    shown = featser_here("compare", fitted, neither)
    assert shown.returncode == 2
    for task in ("emotion", "gender"):
        assert f"; task '{task}' is not compared: no prediction of it" in shown.stderr


def test_utterances_without_a_prediction_in_one_run_are_counted(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    def without(table: pd.DataFrame) -> pd.DataFrame:
        rank = table.groupby("protocol").cumcount()
        return table.assign(**{"emotion.pred": table["emotion.pred"].where(rank > 2)})

    fewer = altered(other, tmp_path, without)
    assert (
        "task 'emotion': 3 common utterances without a label or a prediction in at least one run, "
        "not compared"
    ) in notes_on(tmp_path, fitted, fewer)
    assert not [note for note in notes_on(tmp_path, fitted, other) if "emotion':" in note]


def test_three_runs_make_three_pairs_and_a_protocol_may_be_chosen(
    fitted: Path, other: Path, tmp_path: Path
) -> None:
    third = altered(other, tmp_path, lambda table: table)
    shown = featser_here("compare", fitted, other, third, "-o", tmp_path / "comparison.json")
    assert shown.returncode == 0, shown.stderr
    comparison = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert len(comparison["pairs"]) == 2 * 3
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


def _with_one_other_truth(table: pd.DataFrame) -> pd.DataFrame:
    truth = table["emotion.true"].copy()
    truth[table["file"] == table["file"].iloc[0]] = "sad" if truth.iloc[0] != "sad" else "angry"
    return table.assign(**{"emotion.true": truth})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(**{"emotion.true": "sad"}), "have different truths for 48 utterances"),
        (_with_one_other_truth, "have different truths for 1 utterance: "),
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


def test_folders_that_are_no_runs_are_refused_with_the_fix(fitted: Path) -> None:
    assert "`featser fit -o absent` makes one" in featser_here("compare", fitted, "absent").stderr
    assert "compare two runs or more" in featser_here("compare", fitted).stderr
    unknown = featser_here("compare", fitted, fitted.parent, "--protocol", "random").stderr
    assert "unknown protocol 'random'" in unknown
