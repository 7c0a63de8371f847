"""SIGKILL at random times: the same command continues, and no row is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd

from tests.fuzz.case import Case
from tests.fuzz.material import FEATURE, corpus

ROWS = 32
WORKER_SECONDS = 10.0


def kills(case: Case) -> None:
    """Kill ``extract`` or ``fit`` up to three times, then let it finish."""
    rng = case.rng()
    if rng.random() < 0.6:
        command = ["extract", str(corpus() / "m.csv"), "-f", FEATURE, "-f", "rms:basic", "-j", "2"]
    else:
        shutil.copytree(corpus() / "store", case.work / "featser-store")
        command = ["fit", "--model", "logistic", "-o", "run", "-j", "2"]
    for _ in range(rng.integers(1, 4)):
        _killed_after(case, command, float(rng.uniform(0.3, 4.0)))
    ended = case.run(*command, limit=60)
    if ended.code != 0:
        case.report("the same command does not continue after a kill")
    elif command[0] == "extract":
        _check_store(case)
    elif not (case.work / "run" / "model.featser").exists():
        case.report("no model after a fit that was killed and run again")
    leftovers = [path.name for path in case.work.rglob(".writing-*")]
    if leftovers:
        case.report(f"left behind: {leftovers[:3]}")


def _killed_after(case: Case, command: list[str], seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "featser", *command],
        cwd=case.work,
        env={**os.environ, **case.environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    is_killed = process.wait() == -signal.SIGKILL
    timer.cancel()
    if is_killed:
        case.commands.append(f"killed after {seconds:.2f} s: featser {' '.join(command)}")
    deadline = time.monotonic() + WORKER_SECONDS
    while left := _processes_in(case.work):
        if time.monotonic() > deadline:
            case.report(f"workers left after a kill: {left}")
            return
        time.sleep(0.05)


def _processes_in(folder: Path) -> list[int]:
    """Return the processes whose working folder is this one."""
    processes = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve() == folder.resolve():
                processes.append(int(entry.name))
        except OSError:  # ended meanwhile, or another user's
            continue
    return processes


def _check_store(case: Case) -> None:
    if case.run("store", "verify").code != 0:
        case.report("the store is damaged after a kill")
    exported = case.run("export", "all.csv", "-f", FEATURE, "-f", "rms:basic")
    if exported.code == 0:
        table = pd.read_csv(case.work / "all.csv")
        values = table[[name for name in table if "." in name]]
        if len(table) != ROWS or values.empty or values.isna().to_numpy().any():
            case.report(f"{len(table)} of {ROWS} rows, or values missing")
