"""One case of fuzzing: its random numbers, its folders, the commands it runs, its findings."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from featser.errors import EXIT_CODES
from tests.fuzz.command import Outcome, run_forked

UNEXPECTED = 70
LIMIT_SECONDS = 20.0
ALLOWED = ("work", "home")

Snapshot = dict[str, tuple[int, int]]


class Case:
    """A folder with inputs, and what commands on them do.

    Parameters
    ----------
    target : str
        The target's name.
    seeds : sequence of int
        One for each input of a batch.
    folder : Path
        A new folder. Commands run in ``work`` and may write there and in ``home``, which holds
        caches and temporary files; ``inputs`` and everything else must stay as it is.
    """

    def __init__(self, target: str, seeds: Sequence[int], folder: Path) -> None:
        self.target = target
        self.seeds = list(seeds)
        self.folder = folder
        self.inputs, self.work, self.home = (folder / name for name in ("inputs", *ALLOWED))
        for path in (self.inputs, self.work, self.home):
            path.mkdir(parents=True)
        self.problems: list[str] = []
        self.commands: list[str] = []
        self.codes: Counter[int | None] = Counter()

    def rng(self, seed: int | None = None) -> np.random.Generator:
        """Return the random numbers of one input; by default of the first."""
        return np.random.default_rng([self.seeds[0] if seed is None else seed])

    def run(self, *arguments: object, limit: float = LIMIT_SECONDS) -> Outcome:
        """Run ``featser`` in the folder ``work`` and check what every command promises."""
        before = self.snapshot()
        command = [str(argument) for argument in arguments]
        self.commands.append(shlex.join(["featser", *command]))
        outcome = run_forked(command, self.work, self.environment(), limit)
        self.codes[outcome.code] += 1
        self.check(outcome, limit)
        if self.snapshot() != before:
            changed = set(before.items()) ^ set(self.snapshot().items())
            self.report(f"files outside the folders named: {sorted(dict(changed))[:3]}")
        return outcome

    def check(self, outcome: Outcome, limit: float) -> None:
        """Report what an ended command did against its promises."""
        if outcome.code is None:
            self.report(f"not ended after {limit:g} s")
        elif outcome.code == UNEXPECTED:
            self.report("unexpected error (exit code 70)")
        elif outcome.code not in EXIT_CODES:
            self.report(f"exit code {outcome.code}, which is not documented")
        if "Traceback" in outcome.output:
            self.report("traceback")
        if outcome.code not in (0, None) and not outcome.output.strip():
            self.report(f"exit code {outcome.code} without a word")

    def report(self, problem: str) -> None:
        """Note what is wrong."""
        self.problems.append(f"{problem} ({self.commands[-1] if self.commands else 'setup'})")

    def environment(self) -> dict[str, str]:
        """Return the environment: caches and temporary files inside the case's folder."""
        home = str(self.home)
        return {
            "HOME": home,
            "XDG_CACHE_HOME": home,
            "TMPDIR": home,
            "FEATSER_CACHE": f"{home}/featser",
            "COLUMNS": "300",
        }

    def snapshot(self) -> Snapshot:
        """Return size and time of change of every file that no command may touch."""
        return {
            str(path.relative_to(self.folder)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in self.folder.rglob("*")
            if path.is_file() and path.relative_to(self.folder).parts[0] not in ALLOWED
        }


@dataclass(frozen=True)
class Target:
    """A kind of hostile input.

    Attributes
    ----------
    run : callable
        Builds the inputs of a case and runs commands on them.
    batch : int
        Inputs in one case.
    """

    run: Callable[[Case], None]
    batch: int = 1


@dataclass
class Tally:
    """What a target's cases came to."""

    n_cases: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)
    codes: Counter[int | None] = field(default_factory=Counter)

    def __str__(self) -> str:
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(self.codes.items(), key=str))
        return (
            f"{self.n_cases} cases in {self.seconds:.0f} s, {len(self.findings)} findings "
            f"(exit codes {codes})"
        )
