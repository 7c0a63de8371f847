"""joblib's worker processes, which end when the process that they work for has ended.

A process that is killed cannot end its workers, and joblib's own would wait for work for minutes.
They also leave Ctrl-C, which a terminal sends to all processes of a command, to that process.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

POLL_S = 1.0
"""How often the parent is looked for, where the system cannot say when it has ended."""

WARNINGS = "PYTHONWARNINGS"
"""The variable that tells new Python processes which warnings to print."""

_workers: Any = None


def parallel(n_jobs: int, **options: Any) -> Any:
    """Return a ``joblib.Parallel`` whose worker processes end with this process.

    Parameters
    ----------
    n_jobs : int
        Worker processes, as joblib counts them.
    **options
        As ``joblib.Parallel`` has them, but for ``backend``: the one that joblib is configured
        for is used, of which only joblib's own processes (``loky``) end by themselves.

    Examples
    --------
    >>> from joblib import delayed
    >>> parallel(1)(delayed(abs)(number) for number in (-1, -2))
    [1, 2]
    """
    from joblib import Parallel
    from joblib.parallel import LokyBackend, get_active_backend

    active = get_active_backend()[0]
    if type(active) is not LokyBackend:
        return Parallel(n_jobs=n_jobs, **options)
    kwargs = dict(getattr(active, "backend_kwargs", None) or {})
    own = _backend_type()(
        nesting_level=active.nesting_level,
        inner_max_num_threads=active.inner_max_num_threads,
        **kwargs,
    )
    return Parallel(n_jobs=n_jobs, backend=own, **options)


def close_workers() -> None:
    """End the worker processes that :func:`parallel` keeps for the next call."""
    global _workers  # joblib has one pool of processes for all calls
    workers, _workers = _workers, None
    if workers is not None:
        workers.terminate(kill_workers=True)


def end_with(parent: int) -> None:
    """Let this process end when its parent has ended, however that ended, and ignore Ctrl-C.

    On Linux the kernel says when the parent ends. Elsewhere the parent is looked for every
    second; on Windows, where a process gets no signal when its parent changes, nothing happens.

    Parameters
    ----------
    parent : int
        The parent's process id; one that is not this process's parent has ended already.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: int) -> None:
    handle = None
    with suppress(AttributeError, OSError):  # not Linux, an old one, or it has ended already
        handle = os.pidfd_open(parent)
    if handle is not None and os.getppid() == parent:
        select.select([handle], [], [])
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os._exit(1)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Start processes that are deaf to Ctrl-C from the beginning: they inherit what is blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # else it starts inside, and unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _silent_tracker() -> Iterator[None]:
    """Start joblib's tracker of temporary files without its warnings.

    It removes what a process has left that was ended at work, and would print a warning for each
    kind of it, after the command has said that it was interrupted.
    """
    before = os.environ.get(WARNINGS)
    silent = "ignore:resource_tracker:UserWarning"
    os.environ[WARNINGS] = f"{before},{silent}" if before else silent
    try:
        yield
    finally:
        if before is None:
            del os.environ[WARNINGS]
        else:
            os.environ[WARNINGS] = before


def _backend_type() -> Any:
    """Return joblib's backend of processes, whose processes call :func:`end_with` first."""
    from joblib.parallel import LokyBackend

    class WatchedBackend(LokyBackend):  # type: ignore[misc]  # joblib has no types
        def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
            global _workers  # noqa: PLW0603
            options |= {"initializer": end_with, "initargs": (os.getpid(),)}
            with _silent_tracker():
                count: int = super().configure(n_jobs, parallel, **options)
            _workers = self._workers
            with _without_ctrl_c():
                self._workers.submit(os.getpid)  # the first job starts all processes
            return count

    return WatchedBackend
