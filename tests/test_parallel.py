"""Worker processes end with their parent process, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from featser.workers.joblib_workers import close_workers, parallel
from tests.features.corpus import ROOT, alive, wait_for
from tests.flow import heed_ctrl_c

pytestmark = pytest.mark.slow

WORKING = """
import os, sys, time
from pathlib import Path
from joblib import delayed
from featser.workers.joblib_workers import parallel

def work(folder, number):
    Path(folder, str(os.getpid())).touch()
    if number >= 0:
        {work}

if __name__ == "__main__":
    jobs = (delayed(work)(sys.argv[1], number) for number in range({jobs}))
    parallel({workers}, pre_dispatch="all")(jobs)
"""
SLEEP = "time.sleep(600)"


def children_of(pid: int) -> list[int]:
    """All processes below one."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in shown.stdout.splitlines()]
    children = [child for child, parent in pairs if parent == pid]
    return children + [below for child in children for below in children_of(child)]


def started(tmp_path: Path, workers: int, jobs: int, work: str) -> subprocess.Popen[str]:
    """Start a process with workers, and wait until they are at work."""
    script = tmp_path / "script.py"
    script.write_text(WORKING.format(work=work, jobs=jobs, workers=workers), encoding="utf-8")
    (tmp_path / "at-work").mkdir()
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "at-work"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    )
    wait_for(lambda: len(list((tmp_path / "at-work").iterdir())) >= min(jobs, workers))
    return process


@pytest.mark.parametrize(
    ("workers", "jobs", "work"),
    [(2, 2, SLEEP), (3, 1, SLEEP), (2, 2, "os.system('sleep 1'); " + SLEEP)],
)
def test_workers_of_a_killed_process_end(
    tmp_path: Path, workers: int, jobs: int, work: str
) -> None:
    """Workers with a task, and workers that never got one."""
    process = started(tmp_path, workers, jobs, work)
    below = children_of(process.pid)
    assert len(below) >= workers
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(alive, below)))


def test_what_a_killed_process_leaves_is_removed_without_warnings(tmp_path: Path) -> None:
    """`serve` kills its worker, which may be fitting the model `open`."""
    process = started(tmp_path, 2, 2, SLEEP)
    process.kill()
    _, errors = process.communicate(timeout=60)
    assert errors == ""
    assert "PYTHONWARNINGS" not in os.environ


@pytest.mark.slow
def test_workers_that_compute_without_letting_go_end_when_they_are_done(tmp_path: Path) -> None:
    process = started(tmp_path, 2, 2, "sum(range(3 * 10 ** 7))")  # in C
    below = children_of(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(alive, below)))


def test_ctrl_c_of_a_terminal_is_the_callers_alone(tmp_path: Path) -> None:
    """It is sent to the workers as well, which would each print a traceback."""
    process = started(tmp_path, 2, 2, SLEEP)
    below = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert errors.count("Traceback") == 1, "this script's own"
    assert "LokyProcess" not in errors
    wait_for(lambda: not any(map(alive, below)))


def test_workers_stay_for_the_next_call_and_are_closed_on_demand() -> None:
    from joblib import delayed

    first = set(parallel(2)(delayed(os.getpid)() for _ in range(8)))
    again = set(parallel(2)(delayed(os.getpid)() for _ in range(8)))
    assert os.getpid() not in first
    assert len(first | again) <= 2
    close_workers()
    wait_for(lambda: not any(map(alive, first | again)))
    close_workers()
    assert parallel(2)(delayed(abs)(number) for number in (-1, -2)) == [1, 2]
    close_workers()


def test_the_backend_that_joblib_is_configured_for_is_used() -> None:
    from joblib import delayed, parallel_config

    with parallel_config(backend="threading"):
        assert set(parallel(2)(delayed(os.getpid)() for _ in range(4))) == {os.getpid()}
    with parallel_config(backend="loky", inner_max_num_threads=1):
        threads = parallel(2)(delayed(os.environ.get)("OMP_NUM_THREADS") for _ in range(2))
    assert threads == ["1", "1"]
    close_workers()
