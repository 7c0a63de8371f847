"""``make mutants``: plant every error, and demand that tests catch at least 95 % of them.

``python -m tests.mutants 'evaluation/*' npvi-halved`` tries some, by patterns of files or names;
only a run of all writes ``reports/mutants.md``. The working tree is never changed: the package is
copied, and Python imports the copy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import Queue

from tests.mutants.catalogue import MUTANTS, chosen_mutants
from tests.mutants.mutant import Mutant
from tests.mutants.report import caught_share, is_enough, page
from tests.mutants.trial import CAUGHT, Nursery, Trial, copy_project, try_mutant

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "reports" / "mutants.md"
UNPLANTED_TIMEOUT_S = 3600
"""For all tests in one run, before any error is planted."""


def main() -> int:
    """Try the mutants; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("patterns", nargs="*", help="names or files of mutants; all without")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (default: 2)")
    parser.add_argument(
        "--unchecked", action="store_true", help="do not first run the tests without an error"
    )
    options = parser.parse_args()
    try:
        mutants = chosen_mutants(options.patterns)
    except ValueError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        project = Path(folder)
        copy_project(ROOT, project)
        nurseries = [Nursery() for _ in range(options.jobs)]
        try:
            if not options.unchecked:
                _refuse_failing_tests(project, mutants, nurseries[0])
            trials = _tried(mutants, project, nurseries)
        finally:
            for nursery in nurseries:
                nursery.close()
    if len(mutants) == len(MUTANTS):
        REPORT.write_text(page(trials), encoding="utf-8")
    caught = sum(trial.outcome == CAUGHT for trial in trials)
    print(f"{caught} of {len(trials)} caught ({100 * caught_share(trials):.0f} %)")
    return 0 if is_enough(trials) else 1


def _refuse_failing_tests(project: Path, mutants: list[Mutant], nursery: Nursery) -> None:
    """Run all tests that mutants name without any mutant; this compiles what is compiled, too."""
    tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    code, output = nursery.run(project, tests, timeout_s=UNPLANTED_TIMEOUT_S)
    if code != 0:
        sys.exit(f"{output[-4000:]}\nthe tests fail without any planted error: fix them first")


def _tried(mutants: list[Mutant], project: Path, nurseries: list[Nursery]) -> list[Trial]:
    free: Queue[Nursery] = Queue()
    for nursery in nurseries:
        free.put(nursery)

    def trial_of(mutant: Mutant) -> Trial:
        nursery = free.get()
        try:
            return try_mutant(mutant, project, nursery)
        finally:
            free.put(nursery)

    trials: dict[str, Trial] = {}
    with ThreadPoolExecutor(len(nurseries)) as pool:
        for done in as_completed([pool.submit(trial_of, mutant) for mutant in mutants]):
            trial = done.result()
            trials[trial.mutant.name] = trial
            print(
                f"[{len(trials)}/{len(mutants)}] {trial.mutant.name}: {trial.outcome} "
                f"({trial.seconds:.0f} s): {trial.detail}",
                flush=True,
            )
    return [trials[mutant.name] for mutant in mutants]


if __name__ == "__main__":
    sys.exit(main())
