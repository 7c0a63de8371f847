"""``featser relabel`` as a user runs it: the table to edit, and the manifest with new labels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.manifest import read_manifest, tasks_from
from tests.flow import featser_here


@pytest.fixture
def table(fitted: Path, tmp_path: Path) -> pd.DataFrame:
    """The table to edit, which the test saves as ``edited.csv``."""
    shown = featser_here("relabel", fitted, "-o", "relabel.csv", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"featser relabel {fitted} --apply relabel.csv" in shown.stdout
    return pd.read_csv(tmp_path / "relabel.csv", dtype=str, keep_default_na=False)


def test_the_command_that_applies_the_table_can_be_copied(fitted: Path, tmp_path: Path) -> None:
    shown = featser_here("relabel", fitted, "-o", "my labels.csv", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.rstrip().endswith(f"{fitted} --apply 'my labels.csv'")


def apply(fitted: Path, table: pd.DataFrame, folder: Path, output: str = "new.csv") -> object:
    table.to_csv(folder / "edited.csv", index=False)
    return featser_here("relabel", fitted, "--apply", "edited.csv", "-o", output, cwd=folder)


def test_the_table_has_each_recording_once_with_its_reason(table: pd.DataFrame) -> None:
    assert list(table) == [
        "file", "start", "end", "speaker", "label", "proposed", "reason", "new_label",
    ]  # fmt: skip
    assert len(table) > 0
    assert not table["file"].duplicated().any()
    assert (table["label"] != table["proposed"]).all()
    assert (table["new_label"] == "").all()
    assert table["reason"].str.match(r"(likely label error|confident mistake): p\(").all()


def test_new_labels_are_in_the_manifest_and_the_old_ones_beside_them(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[0, "new_label"] = table.loc[0, "proposed"]
    shown = apply(fitted, table, tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "1 label of emotion changed, 64 utterances" in shown.stdout
    manifest = read_manifest(tmp_path / "new.csv")
    assert len(manifest) == 64
    changed = manifest[manifest["emotion_before_relabel"].notna()]
    assert len(changed) == 1
    own = changed.iloc[0]
    assert Path(own["file"]).name == Path(table.loc[0, "file"]).name
    assert own["emotion"] == table.loc[0, "proposed"]
    assert own["emotion_before_relabel"] == table.loc[0, "label"]
    tasks, _ = tasks_from(manifest.assign(corpus=None))
    assert "emotion_before_relabel" not in [task.name for task in tasks]


@pytest.mark.slow
def test_a_manifest_with_new_labels_can_be_fitted(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[0, "new_label"] = table.loc[0, "proposed"]
    assert apply(fitted, table, tmp_path).returncode == 0
    store = fitted.parent / "featser-store"
    options = ("--store", store, "--model", "lda", "--no-audit", "--no-cache", "-j", "1")
    task = ("--task", "emotion", "-o", "run")
    shown = featser_here("fit", "new.csv", *options, *task, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr


def test_words_that_count_as_empty_are_named(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[0, "new_label"], table.loc[1, "new_label"] = "#N/A", "nan"
    shown = apply(fitted, table, tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "0 labels of emotion changed" in shown.stdout
    note = "note: `new_label`: 2 rows taken as missing, written '#N/A' (1), 'nan' (1)"
    assert note in shown.stdout


def test_the_manifest_of_the_run_is_not_replaced(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("file,emotion\n")
    (tmp_path / "link.csv").symlink_to(own)
    run = shutil.copytree(fitted, tmp_path / "run")
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    record["reproduce"][-1] += f" --data manifest={own}"
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    for name in ("own.csv", "link.csv"):
        shown = apply(run, table, tmp_path, name)
        assert shown.returncode == 2
        assert f"'{name}' is read by this command: name another file" in shown.stderr
    assert own.read_text() == "file,emotion\n"


def test_a_label_that_is_the_old_one_changes_nothing(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table["new_label"] = table["label"]
    shown = apply(fitted, table, tmp_path, "new.parquet")
    assert "0 labels of emotion changed, 64 utterances" in shown.stdout
    assert pd.read_parquet(tmp_path / "new.parquet")["emotion_before_relabel"].isna().all()


def test_an_unknown_class_is_refused_with_a_suggestion(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[0, "new_label"] = "angri"
    shown = apply(fitted, table, tmp_path)
    assert shown.returncode == 2
    assert "edited.csv" in shown.stderr
    assert "column 'new_label'" in shown.stderr
    assert "did you mean 'angry'?" in shown.stderr
    assert not (tmp_path / "new.csv").exists()


def test_rows_that_are_no_recording_of_the_run_are_refused(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[0, ["file", "new_label"]] = ["other.wav", "angry"]
    shown = apply(fitted, table, tmp_path)
    assert "other.wav: no recording of" in shown.stderr


def test_a_label_that_has_changed_since_is_refused(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[0, ["label", "new_label"]] = [table.loc[0, "proposed"], "angry"]
    shown = apply(fitted, table, tmp_path)
    assert f"its label was '{table.loc[0, 'proposed']}', and is '" in shown.stderr


@pytest.mark.parametrize("column", ["new_label", "label"])
def test_a_table_without_a_column_is_refused(
    column: str, fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    shown = apply(fitted, table.drop(columns=column), tmp_path)
    assert f"column '{column}' is missing" in shown.stderr


def test_by_default_the_table_is_written_into_the_folder_of_the_run(
    fitted: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(fitted, tmp_path / "run")
    shown = featser_here("relabel", "run", "-n", "3", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "run" / "relabel.csv").is_file()


@pytest.mark.parametrize(("output", "more"), [("x.tsv", []), ("x.xlsx", ["--apply", "r.csv"])])
def test_a_format_that_cannot_be_written_is_refused(
    output: str, more: list[str], fitted: Path, tmp_path: Path
) -> None:
    shown = featser_here("relabel", fitted, "-o", output, *more, cwd=tmp_path)
    assert shown.returncode == 2
    assert output in shown.stderr


def test_a_table_with_new_labels_is_not_replaced(
    fitted: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    """Neither by the table to edit, nor by the manifest that is made of it."""
    again = featser_here("relabel", fitted, "-o", "relabel.csv", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    table.loc[0, "new_label"] = table.loc[0, "proposed"]
    table.to_csv(tmp_path / "relabel.csv", index=False)
    before = (tmp_path / "relabel.csv").read_bytes()
    shown = featser_here("relabel", fitted, "-o", "relabel.csv", cwd=tmp_path)
    assert shown.returncode == 2
    assert "'relabel.csv' holds 1 new label: apply them with --apply relabel.csv" in shown.stderr
    shown = apply(fitted, table, tmp_path, "edited.csv")
    assert "'edited.csv' is the edited table itself: name another file" in shown.stderr
    assert (tmp_path / "relabel.csv").read_bytes() == before
    (tmp_path / "edited.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    shown = featser_here("relabel", fitted, "-o", "edited.csv", cwd=tmp_path)
    assert "'edited.csv' exists, and whether it holds new labels cannot be read" in shown.stderr
