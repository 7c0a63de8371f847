"""Worker processes that may crash, hang or be stopped, at the cost of one task.

Decoders and extractors are C code that reads files of unknown origin: it may crash, hang or
exhaust the memory, and Python in the same process cannot prevent that. They therefore run in
processes of their own (:mod:`featser.workers.worker`), which name each step before they begin it.
When a process ends unexpectedly, its finished results are kept, and the task it was at is tried
once more in a new process, since an earlier task may have caused the fault; when that one ends as
well, the task has failed. A step that exceeds its time limit has failed at once, and its process
is killed.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from featser.errors import FeatserError
from featser.workers.compilation import with_compilation_cache
from featser.workers.limits import START_SECONDS, Limits
from featser.workers.task import Failure, Task


class PoolClosed(Exception):  # noqa: N818  # no error: the end of the work
    """The pool is closed: it runs no more tasks."""


class WorkerPool:
    """The worker processes of one piece of work; safe to use from several threads.

    Pickled, it becomes the pool of the same name in the process that loads it, so that joblib's
    other backends find one wherever they send a task. As a context manager it is closed at the
    end.

    Parameters
    ----------
    limits : Limits
        Of every task.
    name : str, optional
        Of the piece of work: the same wherever the pool is sent, also through a third process.

    Examples
    --------
    >>> with WorkerPool(Limits(timeout=5)) as pool:  # doctest: +SKIP
    ...     pool.run(task, ["a.wav", "b.wav"])
    """

    def __init__(self, limits: Limits | None = None, name: str | None = None) -> None:
        self.limits = limits or Limits()
        self.name = name or uuid.uuid4().hex
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def __reduce__(self) -> tuple[Callable[..., WorkerPool], tuple[str, Limits]]:
        return _pool_here, (self.name, self.limits)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run(self, task: Task, arguments: Sequence[Any]) -> list[Any]:
        """Run a task on arguments one after the other, in one worker as long as it lives.

        Parameters
        ----------
        task : callable
            As :data:`featser.workers.task.Task`.
        arguments : sequence
            One for each task.

        Returns
        -------
        list
            What the task returned for each argument, or a
            :class:`~featser.workers.task.Failure`.

        Raises
        ------
        FeatserError
            If a worker cannot even start.
        PoolClosed
            If the pool is closed meanwhile.
        """
        results: list[Any] = []
        while len(results) < len(arguments):
            worker = self._take()
            failure = None
            for outcome in worker.run(task, arguments[len(results) :]):
                failure = _loss(outcome)
                if failure is not None:
                    break
                results.append(outcome)
            self._give_back(worker, failure)
            if failure is not None:
                argument = arguments[len(results)]
                is_crash = failure.kind == "crash"
                results.append(self._retry(task, argument) if is_crash else failure)
        return results

    def close(self) -> None:
        """Kill all workers, busy ones too, and start no more."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
            self._workers.clear()
            self._idle.clear()
        for worker in workers:
            worker.kill()

    def _retry(self, task: Task, argument: Any) -> Any:
        """Run a task, at which a worker crashed, alone in a new one."""
        worker = self._take(is_new=True)
        [outcome] = worker.run(task, [argument])
        self._give_back(worker, _loss(outcome))
        return outcome

    def _take(self, is_new: bool = False) -> Worker:
        with self._lock:
            if self._closed:
                raise PoolClosed
            if self._idle and not is_new:
                return self._idle.pop()
            worker = Worker(self.limits)
            self._workers.add(worker)
        worker.wait_until_ready()
        return worker

    def _give_back(self, worker: Worker, failure: Failure | None) -> None:
        with self._lock:
            if self._closed:
                raise PoolClosed
            if failure is None:
                self._idle.append(worker)
            else:
                self._workers.discard(worker)


class Worker:
    """The calling side of one worker process.

    Parameters
    ----------
    limits : Limits
        Of every task.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # The environment finds the same modules as this process, and not those of the current
        # folder (-P). A group of its own: Ctrl-C is for the caller to act upon.
        paths = os.pathsep.join(path or os.curdir for path in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "featser.workers.worker", *_arguments(limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=with_compilation_cache({**os.environ, "PYTHONPATH": paths}),
            process_group=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._answers: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        arguments = (self._process.stdout, self._answers)
        threading.Thread(target=_listen, args=arguments, daemon=True).start()

    def wait_until_ready(self) -> None:
        """Wait until it has started.

        Raises
        ------
        FeatserError
            If it has not.
        """
        try:
            answer = self._answer(START_SECONDS)
        except TimeoutError:
            self.kill()
            raise FeatserError(
                f"a worker process has not started within {START_SECONDS:g} s; "
                f"is the disk that Python is on very slow?"
            ) from None
        if answer != ("ready",):
            raise FeatserError(
                f"a worker process cannot start ({self._exit_status()}); see its output above"
            )

    def run(self, task: Task, arguments: Sequence[Any]) -> Iterator[Any]:
        """Yield the result of each argument in order, a :class:`Failure` for one without.

        A crash or a timeout is the last: the process has ended.
        """
        with suppress(OSError, ValueError):  # the process has ended: so do its answers
            pickle.dump((task, list(arguments)), self._requests, pickle.HIGHEST_PROTOCOL)
            self._requests.flush()
        for _ in arguments:
            outcome = self._outcome()
            yield outcome
            if _loss(outcome) is not None:
                return

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        with suppress(OSError):
            self._requests.close()
        # A process that waits for a lost disk ends when the disk is back.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

    def _outcome(self) -> Any:
        step, allowed = "", f"{START_SECONDS:g} s to start"
        limit = START_SECONDS
        while True:
            try:
                answer = self._answer(limit)
            except TimeoutError:
                self.kill()
                return Failure(step, "timeout", f"took more than {allowed}")
            if answer is None:
                return Failure(step, "crash", f"crashed ({self._exit_status()})")
            if answer[0] == "done":
                return answer[1]
            _, step, seconds, fixed = answer
            limit = fixed or self._limits.step_seconds(seconds)
            audio = f" for {seconds:.1f} s of audio" if seconds else ""
            hint = "to start" if fixed else f"{audio} (--timeout sets this)".lstrip()
            allowed = f"{limit:.3g} s {hint}"

    def _answer(self, seconds: float) -> tuple[Any, ...] | None:
        """Return its next answer, or None when there will be no more."""
        while True:
            # In short waits: while this process is stopped, as by Ctrl-Z, at most one runs out.
            wait = min(1.0, seconds)
            try:
                return self._answers.get(timeout=wait)
            except queue.Empty:
                seconds -= wait
                if seconds <= 0:
                    raise TimeoutError from None

    def _exit_status(self) -> str:
        """Say how it ended."""
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        self.kill()
        if code >= 0:
            return f"exit code {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = str(-code)
        hint = ", as when the memory runs out" if name == "SIGKILL" else ""
        return f"signal {name}{hint}"


def _arguments(limits: Limits) -> list[str]:
    return [repr(limits.timeout), str(limits.memory_bytes or 0)]


def _loss(outcome: Any) -> Failure | None:
    """Return an outcome that has cost the worker process."""
    is_loss = isinstance(outcome, Failure) and outcome.kind != "error"
    return outcome if is_loss else None


def _listen(stream: BinaryIO, answers: queue.SimpleQueue[tuple[Any, ...] | None]) -> None:
    with stream, suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            answers.put(pickle.load(stream))
    answers.put(None)


_pools: dict[str, WorkerPool] = {}
_pools_lock = threading.Lock()


def _pool_here(name: str, limits: Limits) -> WorkerPool:
    with _pools_lock:
        if name not in _pools:
            _pools[name] = WorkerPool(limits, name)
        return _pools[name]


def close_pool_here(name: str) -> None:
    """End the workers that a piece of work has in this process, at another process's request."""
    with _pools_lock:
        pool = _pools.get(name)
    if pool is not None:
        pool.close()
