"""The planted errors still fit the sources, and the check is honest about what tests notice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, chosen_mutants
from tests.mutants.mutant import Mutant, MutantError, plant, planted
from tests.mutants.report import AREAS, is_enough, page
from tests.mutants.trial import (
    CAUGHT,
    FAULT,
    PACKAGE,
    SURVIVED,
    Nursery,
    Trial,
    try_mutant,
    verdict,
)

ROOT = Path(__file__).resolve().parents[2]
MUTANT = Mutant("sign", "a.py", "x - y", "x + y", "the sign is wrong", ("tests/test_a.py",))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_fits_source_and_its_tests_exist(mutant: Mutant) -> None:
    """Its file exists, has the text to replace exactly once, and is still Python with the error."""
    file = ROOT / PACKAGE / mutant.file
    assert file.is_file(), f"there is no {PACKAGE}/{mutant.file}: adapt the mutant's `file`"
    compile(planted(mutant, file.read_text(encoding="utf-8")), str(file), "exec")
    for test in mutant.tests:
        module, _, function = test.partition("::")
        assert (ROOT / module).is_file(), f"there is no {module}: adapt the mutant's `tests`"
        name = function.partition("[")[0]
        assert f"def {name}" in (ROOT / module).read_text(encoding="utf-8"), f"there is no {test}"


def test_mutants_are_sixty_or_more_in_three_areas_with_three_survivors_at_most() -> None:
    area_of = {folder: area for area, folders in AREAS.items() for folder in folders}
    counts = Counter(area_of[mutant.file.partition("/")[0]] for mutant in MUTANTS)
    assert set(counts) == set(AREAS)
    assert min(counts.values()) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert sum(bool(mutant.survives) for mutant in MUTANTS) <= 3


@pytest.mark.parametrize("source", ["x + y\n", "x - y\nx - y\n"])
def test_planted_where_text_occurs_not_once_is_an_error(source: str) -> None:
    with pytest.raises(MutantError, match=r"occurs [02] times in a\.py"):
        planted(MUTANT, source)


def test_plant_in_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MutantError, match=r"there is no a\.py"):
        plant(MUTANT, tmp_path)


SMALL_TEST = """
import subprocess
import sys
from pathlib import Path

import featser


def test_three():
    assert featser.three() == 3


def test_three_in_another_process():
    command = [sys.executable, "-c", "import featser; print(featser.three())"]
    assert subprocess.run(command, capture_output=True, cwd=Path.home()).stdout.strip() == b"3"
"""


def test_a_mutant_is_tried_in_a_copy_and_not_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests, and the processes that they start, import the copy with the error in it."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take longer than the tests
    for folder in (PACKAGE, "tests", "pipelines"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").touch()
    source = tmp_path / PACKAGE / "__init__.py"
    source.write_text("def three():\n    return 5 - 2\n", encoding="utf-8")
    (tmp_path / "tests" / "test_small.py").write_text(SMALL_TEST, encoding="utf-8")
    first, second = (
        f"tests/test_small.py::test_three{rest}" for rest in ("", "_in_another_process")
    )
    error = Mutant("sign", "__init__.py", "5 - 2", "5 + 2", "the sign is wrong", (first,))
    elsewhere = replace(error, tests=(second,))
    same = replace(error, new="1 + 2")
    nursery = Nursery(libraries=["pytest"])
    try:
        trials = [try_mutant(one, tmp_path, nursery) for one in (error, elsewhere, same)]
        missing = try_mutant(replace(error, old="5 * 2"), tmp_path, nursery)
    finally:
        nursery.close()
    assert [trial.outcome for trial in trials] == [CAUGHT, CAUGHT, SURVIVED]
    assert [trial.detail for trial in trials[:2]] == [first, second]
    assert missing.outcome == FAULT
    assert "occurs 0 times in __init__.py" in missing.detail
    assert "5 - 2" in source.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "output", "outcome", "detail"),
    [
        (1, "FAILED tests/a.py::test_a[x y] - assert 1\n", CAUGHT, "tests/a.py::test_a[x y]"),
        (0, "3 passed", SURVIVED, "all tests pass"),
        (-14, "", CAUGHT, "no result after 600 s"),
        (2, "ERROR tests/a.py\n", FAULT, "pytest ended with exit code 2: ERROR tests/a.py"),
        (4, "", FAULT, "pytest ended with exit code 4: no output"),
    ],
)
def test_verdict_is_that_of_pytests_exit_code(
    code: int, output: str, outcome: str, detail: str
) -> None:
    assert verdict(code, output) == (outcome, detail)


def test_nineteen_of_twenty_are_enough_and_a_fault_is_not() -> None:
    caught, survived = Trial(MUTANT, CAUGHT, ""), Trial(MUTANT, SURVIVED, "")
    assert is_enough([caught] * 19 + [survived])
    assert not is_enough([caught] * 18 + [survived] * 2)
    assert not is_enough([caught] * 19 + [Trial(MUTANT, FAULT, "")])


def test_page_escapes_bars_and_counts_by_area() -> None:
    mutant = Mutant("or", "models/a.py", "a & b", "a | b", "`|` for `&`", ("tests/test_a.py",))
    shown = page([Trial(mutant, CAUGHT, "tests/test_a.py::test_b"), Trial(mutant, SURVIVED, "no")])
    assert "1 of 2 errors are caught (50 %" in shown
    assert "1 of 2 in models" in shown
    assert "`\\|` for `&` | caught by `tests/test_a.py::test_b` |" in shown


def test_chosen_mutants_match_names_or_files() -> None:
    assert [mutant.name for mutant in chosen_mutants(["npvi-halved"])] == ["npvi-halved"]
    files = {mutant.file for mutant in chosen_mutants(["features/gemaps/*"])}
    assert len(files) > 1
    with pytest.raises(ValueError, match="no mutant's name or file matches 'npvi'"):
        chosen_mutants(["npvi"])
