"""Ctrl-C ends a command with one line and the exit code 130, whenever it arrives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from featser.workers.interrupts import guard, raise_if_pressed
from tests.features.corpus import ROOT, alive, wait_for
from tests.flow import PYTHON, heed_ctrl_c
from tests.test_parallel import children_of

START = """
import os, signal, sys, threading, time
from featser.workers.interrupts import guard, raise_if_pressed

def press():
    os.kill(os.getpid(), signal.SIGINT)

with guard(is_last=True):
"""
PLACES = {
    "anywhere": "    press(); time.sleep(60)",
    "in a finalizer, which loses it": """
    class Finalized:
        def __del__(self):
            press()
            for _ in range(1000): pass
    Finalized()
    time.sleep(60)""",
    "where all exceptions are caught": """
    try:
        press(); time.sleep(60)
    except BaseException:
        pass
    print("went on")""",
    "where all exceptions are caught, before progress is shown": """
    try:
        press(); time.sleep(60)
    except BaseException:
        pass
    raise_if_pressed()
    time.sleep(60)""",
    "where the command then says that it failed": """
    try:
        press(); time.sleep(60)
    except BaseException:
        sys.exit(1)""",
    "twice at once, as by `make`": "    press(); press(); time.sleep(60)",
    "once more while it ends": """
    try:
        press(); time.sleep(60)
    finally:
        time.sleep(1.1)
        press()
        time.sleep(60)""",
    "where a library warns of unfinished work": """
    import warnings
    try:
        press(); time.sleep(60)
    finally:
        warnings.warn("4 tasks were cancelled")""",
    "while Python shuts down": """
    thread = threading.Thread(target=time.sleep, args=(2,))
    thread.start()
    threading.Timer(1, press).start()""",
}


@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c_ends_with_one_line_and_130(place: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", START + PLACES[place]],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        preexec_fn=heed_ctrl_c,
    )
    assert shown.returncode == 130, shown.stderr
    [line] = shown.stderr.strip().splitlines()
    assert line.startswith("featser: interrupted")


def test_guard_leaves_handlers_as_they_were() -> None:
    ordinary, hook = signal.default_int_handler, sys.unraisablehook
    before = signal.signal(signal.SIGINT, ordinary)
    try:
        with guard(), guard():
            assert signal.getsignal(signal.SIGINT) is not ordinary
            raise_if_pressed()
        assert signal.getsignal(signal.SIGINT) is ordinary
        assert sys.unraisablehook is hook
        for handler in (signal.SIG_IGN, lambda number, frame: None):
            signal.signal(signal.SIGINT, handler)
            with guard():
                assert signal.getsignal(signal.SIGINT) is handler, "which is the caller's"
    finally:
        signal.signal(signal.SIGINT, before)


def test_guard_in_another_thread_does_nothing() -> None:
    handlers = []

    def work() -> None:
        with guard():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]


def test_other_exceptions_pass_a_guard() -> None:
    with pytest.raises(ZeroDivisionError), guard():
        raise ZeroDivisionError
    with pytest.raises(SystemExit) as end, guard():
        sys.exit(3)
    assert end.value.code == 3


SLOW = [pytest.param(after, marks=pytest.mark.slow) for after in (0.3, 0.7, 1.5, 3.0)]


@pytest.mark.parametrize("after", [0.0, *SLOW])
def test_ctrl_c_in_fit_with_workers_is_one_line_and_leaves_none(
    extracted: Path, tmp_path: Path, after: float
) -> None:
    """It is sent to all processes of the command, as a terminal does."""
    command = [*PYTHON, "fit", "--model", "forest", "-t", "emotion", "--jobs", "2"]
    with subprocess.Popen(
        [*command, "--no-audit", "--no-cache", "-o", tmp_path / "run"], cwd=extracted,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COLUMNS": "300"}, start_new_session=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    ) as running:  # fmt: skip
        wait_for(lambda: len(children_of(running.pid)) >= 2)
        threading.Event().wait(after)
        below = children_of(running.pid)
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Warning" not in errors
    assert errors.count("featser: ") == 1
    assert "interrupted; with --no-cache no fold is kept: run the same command again" in errors
    wait_for(lambda: not any(map(alive, below)))


def test_ctrl_c_in_a_command_without_progress_is_one_line(tmp_path: Path) -> None:
    """`store compact` waits for the lock, which is held here."""
    from featser.io.lock import exclusive

    (tmp_path / "features").mkdir()
    with exclusive(tmp_path / ".lock"), subprocess.Popen(
        [*PYTHON, "store", "compact", "--store", tmp_path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    ) as running:  # fmt: skip
        wait_for(lambda: _waits(running.pid))
        running.send_signal(signal.SIGINT)
        shown, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert shown == ""
    assert errors.strip().startswith("featser: interrupted")
    assert len(errors.strip().splitlines()) == 1


def _waits(pid: int) -> bool:
    stack = Path(f"/proc/{pid}/wchan")
    return stack.exists() and "lock" in stack.read_text(encoding="ascii")
