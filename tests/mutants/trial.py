"""Try a mutant: plant it in a copy of the project, and run the tests that must notice it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant, MutantError, plant

PACKAGE = "featser"
COPIED = (PACKAGE, "tests", "pipelines", "pyproject.toml")
"""All of the project that the tests use."""
SCRIPT = Path(__file__).parent / "nursery.py"
TIMEOUT_S = 600
LIBRARIES = (
    *("numpy", "pandas", "pyarrow", "pydantic", "yaml", "joblib", "rich", "typer", "jinja2"),
    *("scipy.fft", "scipy.linalg", "scipy.optimize", "scipy.signal", "scipy.special"),
    *("scipy.stats", "sklearn.calibration", "sklearn.discriminant_analysis", "sklearn.ensemble"),
    *("sklearn.feature_selection", "sklearn.impute", "sklearn.kernel_ridge", "sklearn.naive_bayes"),
    *("sklearn.neighbors", "sklearn.neural_network", "sklearn.pipeline", "sklearn.svm"),
    *("sklearn.utils.estimator_checks", "skops.io", "soundfile", "soxr", "numba", "xgboost"),
    *("hypothesis.strategies", "pytest"),
)
"""What most tests import; their import takes longer than most tests do."""
CAUGHT, SURVIVED, FAULT = "caught", "survived", "could not be tried"

_FAILED, _PASSED = 1, 0
"""Exit codes of pytest; any other means that it could not run the tests."""


@dataclass(frozen=True)
class Trial:
    """What became of a mutant.

    Attributes
    ----------
    mutant : Mutant
        The mutant.
    outcome : str
        ``caught``, ``survived``, or ``could not be tried``.
    detail : str
        The test that failed, or why the mutant could not be tried.
    seconds : float
        How long its tests ran.
    """

    mutant: Mutant
    outcome: str
    detail: str
    seconds: float = 0.0


def copy_project(source: Path, target: Path) -> None:
    """Copy package and tests with their times, so that compiled code beside them stays valid."""
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy2(source / name, target / name)


class Nursery:
    """A process that runs tests of copies of the project, one copy after the other.

    It has the libraries imported and forks a child for each run (:mod:`tests.mutants.nursery`).
    Children import the copy, and so do the processes that they start: ``PYTHONPATH`` names it.
    """

    def __init__(self, libraries: Sequence[str] = LIBRARIES) -> None:
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT), *libraries],
            env={**os.environ, **threads, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=tempfile.gettempdir(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, project: Path, tests: Sequence[str], timeout_s: int = TIMEOUT_S
    ) -> tuple[int, str]:
        """Run tests of a copy of the project.

        Parameters
        ----------
        project : Path
            The copy.
        tests : sequence of str
            Files or node ids.
        timeout_s : int
            After how many seconds the run is ended by ``SIGALRM``.

        Returns
        -------
        tuple of int and str
            Pytest's exit code, negative where a signal ended it; its output.
        """
        output = project / "output.txt"
        request = {
            "project": str(project),
            "tests": list(tests),
            "output": str(output),
            "timeout": timeout_s,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process that runs tests has ended: {self._process.wait()}")
        return int(answer), output.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def try_mutant(mutant: Mutant, project: Path, nursery: Nursery) -> Trial:
    """Plant a mutant in a copy of the project, and run its tests.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    project : Path
        Where package and tests are copied from; nothing there is changed.
    nursery : Nursery
        What runs the tests.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        copy_project(project, copy)
        try:
            plant(mutant, copy / PACKAGE)
        except MutantError as error:
            return Trial(mutant, FAULT, str(error))
        code, output = nursery.run(copy, mutant.tests)
    seconds = time.monotonic() - begun
    return Trial(mutant, *verdict(code, output), seconds)


def verdict(code: int, output: str) -> tuple[str, str]:
    """Return the outcome that pytest's exit code means, and a remark."""
    if code == -signal.SIGALRM:
        return CAUGHT, f"no result after {TIMEOUT_S} s"
    if code == _PASSED:
        return SURVIVED, "all tests pass"
    if code == _FAILED and (failed := re.search(r"^FAILED (.+?)(?: - .*)?$", output, re.M)):
        return CAUGHT, failed[1]
    lines = output.strip().splitlines()
    return FAULT, f"pytest ended with exit code {code}: {lines[-1] if lines else 'no output'}"
