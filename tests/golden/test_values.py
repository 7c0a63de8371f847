"""Values are as they were pinned, but for the rounding of other kinds of CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden.compare import complaint
from tests.golden.compute import computed
from tests.golden.files import FOLDER, read_golden
from tests.golden.machines import machines
from tests.golden.subjects import subjects

ROOT = Path(__file__).resolve().parents[2]
VALUES = [
    str(path.relative_to(FOLDER).with_suffix(""))
    for kind in ("extractors", "augmentations", "encoders", "")
    for path in sorted((FOLDER / kind).glob("*.parquet"))
]


@pytest.mark.parametrize("name", VALUES)
def test_values_as_pinned(name: str) -> None:
    assert_as_pinned(name)


def assert_as_pinned(name: str) -> None:
    subject = subjects().get(name)
    if subject is None:
        pytest.fail(f"nothing is called {name} any more: delete its golden file", pytrace=False)
    message = complaint(subject, read_golden(name), subject.compute())
    if message:
        pytest.fail(message, pytrace=False)


def test_subjects_all_have_a_golden_file() -> None:
    missing = [name for name in subjects() if read_golden(name) is None]
    assert not missing, f"run `make golden`: no values are pinned of {', '.join(missing)}"


def test_golden_files_are_small() -> None:
    sizes = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 2_000_000
    assert max(sizes.values()) < 500_000


FEW = (
    "extractors/mfcc",
    "extractors/covariance",
    "encoders/fisher",
    "results/models/logistic",
    "results/models/kernel",
    "results/models/xgboost",
)
"""What uses linear algebra, or threads of its own, and is quick."""


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_values_by_threads_as_pinned(threads: int) -> None:
    """Libraries take their threads from the environment, as they are loaded."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    values = computed(FEW, {**os.environ, **dict.fromkeys(names, str(threads))})
    wrong = [complaint(subjects()[name], read_golden(name), values[name]) for name in FEW]
    assert not any(wrong), "\n".join(filter(None, wrong))


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["here", "here, 2 threads", "SSE3", "AVX2"])
def test_values_on_other_machines_as_pinned(machine: str) -> None:
    """The default tests have this CPU's instructions, and the threads that they are given."""
    environments = machines()
    if machine not in environments:
        pytest.skip("this CPU cannot stand for another one")
    # One test names the cause as well as many, and the setting is that of a new process.
    command = [sys.executable, "-m", "pytest", "-q", "-x", "tests/golden"]
    shown = subprocess.run(
        [*command, "-m", "not slow and not streams", "-k", "as_pinned", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=environments[machine],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout[-4000:]
