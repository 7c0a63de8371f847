"""A golden test reports what changed and how to fix it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.golden import files, remake
from tests.golden.compare import complaint
from tests.golden.files import Golden, about, as_table, read_golden, write_golden
from tests.golden.subjects import Subject, Values
from tests.golden.tolerance import tolerances

ROOT = Path(__file__).resolve().parents[2]


def values_of(value: float = 1.5) -> Values:
    return {
        "a vowel": {"pitch.mean": value, "pitch.std": 0.25, "jitter": float("nan")},
        "noise": {"refused": 1.0},
    }


SUBJECT = Subject(
    "extractors/example",
    lambda: {"version": 1, "parameters": {"step": 10}, "libraries": ["numpy"]},
    values_of,
    "raise `version` of example, then run `make golden`",
)


def pinned(values: Values | None = None, subject: Subject = SUBJECT) -> Golden:
    table = as_table(values_of() if values is None else values)
    numbers = table["value"].to_numpy()[None]
    allowed = tolerances(table["case"].tolist(), table["name"].tolist(), numbers)
    return Golden(table.assign(tolerance=allowed), about(subject, ["here"]))


def version(number: int) -> Subject:
    identity = {"version": number, "parameters": {"step": 10}, "libraries": ["numpy"]}
    return replace(SUBJECT, identity=lambda: identity)


def test_complaint_same_values_is_empty() -> None:
    assert complaint(SUBJECT, pinned(), values_of()) == ""
    assert complaint(SUBJECT, pinned(), values_of(1.5 * (1 + 2e-6))) == ""


def test_complaint_changed_value_names_the_version_and_the_worst_value() -> None:
    message = complaint(SUBJECT, pinned(), values_of(1.5001))
    assert message.startswith(
        "values changed: raise `version` of example, then run `make golden`\n"
        "  out of tolerance: 1 of 4 values; the worst:\n"
        "  a vowel: pitch.mean: pinned 1.5, now 1.5001, changed by +0.0001, tolerance 7.6e-06"
    )


def test_complaint_many_changed_values_shows_the_worst_first() -> None:
    named = {f"value {number}": float(number) for number in range(1, 41)}
    moved = {name: value * (1 + 1e-3 * value) for name, value in named.items()}
    lines = complaint(SUBJECT, pinned({"tone": named}), {"tone": moved}).splitlines()
    assert len(lines) == 2 + 12
    assert "40 of 40 values" in lines[1]
    assert "now 30.9, changed by +0.9, tolerance 0.00012" in lines[2], (
        "larger values have larger tolerances"
    )


def test_complaint_version_raised_asks_for_new_values() -> None:
    message = complaint(version(2), pinned(), values_of(9.0))
    assert message == (
        "the version of extractors/example is 2, but its golden values are of version 1: "
        "run `make golden`"
    )


def test_complaint_other_parameters_asks_for_new_values() -> None:
    other = {"version": 1, "parameters": {"step": 20}, "libraries": ["numpy"]}
    message = complaint(replace(SUBJECT, identity=lambda: other), pinned(), values_of())
    assert "parameters of extractors/example changed" in message
    assert "'step': 20" in message


def test_complaint_nothing_pinned_asks_for_values() -> None:
    assert "run `make golden`" in complaint(SUBJECT, None, values_of())


def test_complaint_value_defined_or_undefined_now_is_a_change() -> None:
    for case, name, value in (
        ("a vowel", "jitter", 0.0),
        ("a vowel", "pitch.std", float("nan")),
    ):
        values = values_of()
        values[case][name] = value
        assert f"{name}: pinned" in complaint(SUBJECT, pinned(), values)


def test_complaint_other_names_lists_them() -> None:
    values = values_of()
    values["a vowel"]["pitch.mean (Hz)"] = values["a vowel"].pop("pitch.mean")
    message = complaint(SUBJECT, pinned(), values)
    assert "1 value is gone: a vowel: pitch.mean" in message
    assert "1 value is new: a vowel: pitch.mean (Hz)" in message
    turned = {case: dict(reversed(named.items())) for case, named in values_of().items()}
    assert "another order, from a vowel: pitch.mean on" in complaint(SUBJECT, pinned(), turned)


def test_complaint_other_libraries_names_them() -> None:
    golden = pinned()
    golden = Golden(golden.table, {**golden.about, "made_with": {"numpy": "1.0"}})
    assert "numpy 1.0, now" in complaint(SUBJECT, golden, values_of(2.0))
    assert complaint(SUBJECT, golden, values_of()) == ""


def test_golden_file_written_and_read_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    golden = pinned()
    write_golden(SUBJECT.name, golden, single=True)
    again = read_golden(SUBJECT.name)
    assert again is not None
    assert again.about == golden.about
    assert complaint(SUBJECT, again, values_of()) == ""


def test_tolerances_cover_machines_and_stay_small() -> None:
    """Eight times what was measured of a value, and what was measured of its like."""
    names = [f"band_{number:02}.std" for number in range(20)]
    here = np.linspace(1, 2, 20)
    other = here + 1e-5
    other[3] += 1e-4
    allowed = tolerances(["tone"] * 20, names, np.array([here, other]))
    assert (allowed >= 4e-5).all()
    assert allowed[3] >= 8.8e-4
    assert np.delete(allowed, 3).max() < 4e-4


def test_tolerances_equal_machines_allow_rounding_alone() -> None:
    allowed = tolerances(["tone"] * 2, ["a.mean", "b.mean"], np.array([[1000.0, 1e-3]] * 2))
    np.testing.assert_array_less(allowed, [9e-3, 9e-9])


def test_tolerances_undefined_on_one_machine_only_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"tone: a\.mean"):
        tolerances(["tone"], ["a.mean"], np.array([[1.0], [np.nan]]))


def test_remake_writes_what_is_out_of_date_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    write_golden("extractors/example", pinned(), single=True)
    written: list[str] = []
    monkeypatch.setattr(remake, "_remake", lambda some: written.extend(one.name for one in some))

    def made(subject: Subject, force: str = "") -> list[str]:
        written.clear()
        monkeypatch.setenv("FORCE", force)
        monkeypatch.setattr(remake, "subjects", lambda: {subject.name: subject})
        remake.main()
        return list(written)

    assert made(version(1)) == []
    assert "0 golden files written, 1 left as they are" in capsys.readouterr().out
    assert made(version(2)) == ["extractors/example"]
    assert made(version(1), force="results/*") == []
    assert made(version(1), force="results/* extractors/exam*") == ["extractors/example"]
    assert made(replace(version(1), name="extractors/new")) == ["extractors/new"]


def test_remake_forced_keeps_values_whose_version_was_not_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stores hold the old values under that version."""
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    write_golden(SUBJECT.name, pinned(), single=True)
    monkeypatch.setattr(remake, "machines", lambda: {"here": {}})
    monkeypatch.setenv("FORCE", SUBJECT.name)

    def force(subject: Subject, values: Values) -> None:
        monkeypatch.setattr(remake, "subjects", lambda: {subject.name: subject})
        monkeypatch.setattr(remake, "computed", lambda names, env: dict.fromkeys(names, values))
        remake.main()

    with pytest.raises(SystemExit, match="raise `version` of example, then run `make golden`"):
        force(SUBJECT, values_of(9.0))
    assert complaint(SUBJECT, read_golden(SUBJECT.name), values_of()) == ""
    force(SUBJECT, values_of(1.5 * (1 + 2e-6)))
    force(version(2), values_of(9.0))
    assert complaint(version(2), read_golden(SUBJECT.name), values_of(9.0)) == ""


def test_remake_stated_tolerance_is_written_and_wide_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    subject = replace(SUBJECT, tolerance=lambda case, name: 0.0 if case == "noise" else 1e-3)
    monkeypatch.setattr(remake, "subjects", lambda: {subject.name: subject})
    monkeypatch.setattr(remake, "machines", lambda: {"here": {}, "there": {"there": "1"}})

    def measure(value: float) -> None:
        monkeypatch.setattr(
            remake,
            "computed",
            lambda names, env: dict.fromkeys(names, values_of(value if env else 1.5)),
        )
        remake.main()

    with pytest.raises(ValueError, match=r"move 1 of 4 values .*; a vowel: pitch\.mean by 0\.0006"):
        measure(1.5006)
    assert read_golden(subject.name) is None
    measure(1.5004)
    golden = read_golden(subject.name)
    assert golden is not None
    np.testing.assert_allclose(golden.table["tolerance"], [1e-3, 1e-3, 1e-3, 0.0])


def test_remake_without_a_module_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    subject = replace(SUBJECT, needs=("no_such_module", "json"))
    monkeypatch.setattr(remake, "subjects", lambda: {subject.name: subject})
    remake.main()
    assert capsys.readouterr().out == (
        "extractors/example: has no golden values, but needs no_such_module: "
        "`make golden-networks`\n"
        "0 golden files written, 0 left as they are (version unchanged)\n"
    )


@pytest.mark.slow
def test_make_golden_runs_the_command_and_changes_nothing() -> None:
    """What is pinned is up to date, so the command has nothing to write."""
    shown = subprocess.run(
        [sys.executable, "-m", "tests.golden.remake"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("0 golden files written")


def test_golden_tests_import_featser_in_one_module_alone() -> None:
    """Restructuring the package then means to adapt one module."""
    for file in Path(__file__).parent.glob("*.py"):
        imports = [
            line
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.lstrip().startswith(("import featser", "from featser"))
        ]
        assert not imports or file.name == "adapter.py", f"{file.name}: {imports}"
