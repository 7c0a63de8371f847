"""The command line in a process of its own, started quickly: forked from one that has loaded it."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes
    ----------
    code : int or None
        The exit code, negative for a signal; None if it had to be killed.
    output : str
        Both streams.
    seconds : float
        How long it took.
    """

    code: int | None
    output: str
    seconds: float


def preload() -> None:
    """Import what most commands need, once for all of them."""
    import pandas  # noqa: F401
    import pyarrow.parquet
    import sklearn.linear_model  # noqa: F401

    pyarrow.set_cpu_count(1)


def run_forked(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], limit: float
) -> Outcome:
    """Run ``featser`` as its entry point does, in a fork of this process.

    Parameters
    ----------
    arguments : sequence of str
        What is typed after ``featser``.
    cwd : Path
        The working folder.
    environment : mapping of str to str
        Added to this process's.
    limit : float
        Seconds after which it is killed.
    """
    started = time.monotonic()
    log = cwd.parent / "home" / "output.log"
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _be_featser(arguments, cwd, environment, log)
    code = _exit_code(pid, limit)
    output = log.read_text(encoding="utf-8", errors="replace")
    return Outcome(code, output, time.monotonic() - started)


def _exit_code(pid: int, limit: float) -> int | None:
    handle = os.pidfd_open(pid)
    try:
        ended = select.select([handle], [], [], limit)[0]
    finally:
        os.close(handle)
    if not ended:
        os.killpg(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if ended else None


def _be_featser(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path
) -> NoReturn:
    """Become the command in a forked process; what escapes it is printed as Python does."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for stream, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)):
            handle = os.open(log if stream else os.devnull, flags, 0o600)
            os.dup2(handle, stream)
        os.dup2(1, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        os.environ.update(environment)
        os.chdir(cwd)
        sys.argv = ["featser", *arguments]
        from featser.__main__ import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
