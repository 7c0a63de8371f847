"""Run targets: ``python -m tests.fuzz [TARGET …] [--count N | --seconds S] [--seed N]``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.bundles import tampered_bundles
from tests.fuzz.case import Case, Tally, Target
from tests.fuzz.command import preload
from tests.fuzz.documents import hostile_documents
from tests.fuzz.kills import kills
from tests.fuzz.manifests import hostile_manifests
from tests.fuzz.recordings import damaged_recordings
from tests.fuzz.stores import damaged_stores

TARGETS = {
    "recordings": Target(damaged_recordings, batch=100),
    "manifests": Target(hostile_manifests),
    "documents": Target(hostile_documents),
    "bundles": Target(tampered_bundles),
    "stores": Target(damaged_stores),
    "kills": Target(kills),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets named; return 1 if anything was found."""
    options = _parser().parse_args(arguments)
    names = options.targets or list(TARGETS)
    folder = Path(options.folder)
    preload()
    n_findings = 0
    for name in names:
        seconds = options.seconds / len(names) if options.seconds else None
        tally = _run_target(name, options.seed, options.count, seconds, folder)
        print(f"{name}: {tally}", flush=True)
        n_findings += len(tally.findings)
    return int(n_findings > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="default: all")
    parser.add_argument("--count", type=int, default=None, help="inputs for each target")
    parser.add_argument("--seconds", type=float, default=None, help="for all targets together")
    parser.add_argument("--seed", type=int, default=0, help="of the first input")
    parser.add_argument("--folder", default="fuzz-findings", help="where findings are saved")
    return parser


def _run_target(
    name: str, seed: int, count: int | None, seconds: float | None, folder: Path
) -> Tally:
    """Run a target on one seed after the other, for a number of inputs or of seconds."""
    tally, started = Tally(), time.monotonic()
    last = seed + (count if count is not None else 1 if seconds is None else sys.maxsize // 2)
    while seed < last and (seconds is None or time.monotonic() - started < seconds):
        size = TARGETS[name].batch if seconds is None else min(TARGETS[name].batch, 20)
        seeds = list(range(seed, min(seed + size, last)))
        for finding in _findings(name, seeds, folder, tally.codes):
            print(finding, flush=True)
            tally.findings.append(finding)
        tally.n_cases += len(seeds)
        seed += len(seeds)
    tally.seconds = time.monotonic() - started
    return tally


def _findings(name: str, seeds: list[int], folder: Path, codes: Counter[int | None]) -> list[str]:
    """Run one case; narrow what is found in a batch down to single inputs."""
    with tempfile.TemporaryDirectory(prefix="featser-fuzz-case-") as root:
        case = Case(name, seeds, Path(root) / "case")
        TARGETS[name].run(case)
        codes.update(case.codes)
        if not case.problems:
            return []
        if len(seeds) > 1:
            halves = seeds[: len(seeds) // 2], seeds[len(seeds) // 2 :]
            findings = [
                finding for half in halves for finding in _findings(name, half, folder, codes)
            ]
            if findings:
                return findings
        return [_saved(case, folder)]


def _saved(case: Case, folder: Path) -> str:
    """Keep a case's files and say how to reproduce it."""
    checksum = zlib.crc32("".join(case.problems).encode())
    saved = folder / f"{case.target}-{case.seeds[0]}-{checksum:08x}"
    if not saved.exists():
        shutil.copytree(case.folder, saved, ignore_dangling_symlinks=True)
    reproduce = (
        f"python -m tests.fuzz {case.target} --seed {case.seeds[0]} --count {len(case.seeds)}"
    )
    problems = "".join(f"\n  {problem}" for problem in dict.fromkeys(case.problems))
    what = f"{case.target}, seed {case.seeds[0]}"
    return f"finding: {what}; saved: {saved}; reproduce: {reproduce}{problems}"


if __name__ == "__main__":
    sys.exit(main())
