"""Worker processes that may die, hang or be stopped without costing more than what they were at.

Decoders and extractors are C code on files from anywhere: one of them may crash, hang for ever or
use up the memory, and no Python in the same process can do anything about it. They therefore run
in processes of their own (:mod:`featser.features.worker`), which say before each step what they
are at. When one dies, what it had finished is kept, and the recording that it was at is tried
once more in a new process, since the fault may have been another's; if that one dies too, the
step is given up: the decoder, and with it the recording, or one extractor. A step that takes
longer than its limit is given up at once, and its process killed.
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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from featser.errors import FeatserError
from featser.features.compute import Computed, Job, Refusal, Utterance
from featser.features.worker import step_limit

TIMEOUT = 60.0
"""Seconds that a step may take, however short the recording; a third more for each of audio."""

START_SECONDS = 300.0


@dataclass(frozen=True)
class Stop:
    """Why a worker gave no result: at which step it was, and what happened to it."""

    step: str
    reason: str
    crashed: bool


class CrewClosed(Exception):  # noqa: N818  # no error: the end of an extraction
    """The extraction has ended: nothing more is computed."""


class Crew:
    """The workers of one extraction in this process; safe to use from several threads.

    Pickled, it becomes the crew of the same extraction in the process that loads it, so that
    joblib's other backends find one wherever they send a chunk.

    Parameters
    ----------
    timeout : float
        Seconds that a step (decoding, one extractor) may take, and a third of that more for each
        second of audio. Seconds in which this very process is stopped do not count.
    name : str, optional
        Of the extraction: the same wherever the crew is sent, also by way of a third process.
    """

    def __init__(self, timeout: float = TIMEOUT, name: str | None = None) -> None:
        if not timeout > 0:
            raise FeatserError(f"timeout {timeout:g}: the seconds must be more than 0")
        self.timeout = timeout
        self.name = name or uuid.uuid4().hex
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def __reduce__(self) -> tuple[Callable[..., Crew], tuple[str, float]]:
        return _crew_here, (self.name, self.timeout)

    def compute(self, jobs: Sequence[Job]) -> list[Computed]:
        """Compute jobs in order, whatever happens to the workers.

        Returns
        -------
        list of tuple
            For each job what :func:`~featser.features.compute.compute` returns, with a refusal
            for whatever had to be given up.

        Raises
        ------
        FeatserError
            If a worker cannot even start.
        CrewClosed
            If the crew is closed meanwhile.
        """
        results: list[Computed] = []
        waiting = deque(jobs)
        while waiting:
            worker = self._take()
            stop = None
            for outcome in worker.run(list(waiting)):
                if isinstance(outcome, Stop):
                    stop = outcome
                    break
                results.append(outcome)
                waiting.popleft()
            self._give_back(worker, stop)
            if stop is not None:
                results.append(self._settle(*waiting.popleft(), stop))
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

    def _settle(self, utterance: Utterance, specs: Sequence[str], stop: Stop) -> Computed:
        """Compute, alone, a recording at which a worker stopped; give up the steps at fault."""
        refusals: list[Refusal] = []
        left, again = list(specs), False
        while True:
            if stop.crashed and not again:
                again = True
            else:
                refusals.append((*utterance.where, stop.step, stop.reason))
                left = [spec for spec in left if stop.step not in ("", spec)]
                again = False
            if not left:
                return Computed({}, refusals)
            worker = self._take(new=True)
            outcome = next(worker.run([(utterance, left)]))
            if not isinstance(outcome, Stop):
                self._give_back(worker, None)
                return outcome._replace(refusals=refusals + outcome.refusals)
            self._give_back(worker, outcome)
            stop = outcome

    def _take(self, new: bool = False) -> Worker:
        with self._lock:
            if self._closed:
                raise CrewClosed
            if self._idle and not new:
                return self._idle.pop()
            worker = Worker(self.timeout)
            self._workers.add(worker)
        worker.wait_until_ready()
        return worker

    def _give_back(self, worker: Worker, stop: Stop | None) -> None:
        with self._lock:
            if self._closed:
                raise CrewClosed
            if stop is None:
                self._idle.append(worker)
            else:
                self._workers.discard(worker)


class Worker:
    """The calling side of one worker process.

    Parameters
    ----------
    timeout : float
        As :class:`Crew` has it.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        # The environment finds the same modules as this process, and not those of the current
        # folder (-P). A group of its own: Ctrl-C is for the caller to act upon.
        paths = os.pathsep.join(path or os.curdir for path in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "featser.features.worker", repr(timeout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
            process_group=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._answers: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        arguments = (self._process.stdout, self._answers)
        threading.Thread(target=_listen, args=arguments, daemon=True).start()

    def wait_until_ready(self) -> None:
        """Wait until it has loaded what it needs.

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
                f"a worker process cannot start ({self._end()}); what it wrote above says why"
            )

    def run(self, jobs: list[Job]) -> Iterator[Computed | Stop]:
        """Yield the result of each job in order; a :class:`Stop` is the last."""
        with suppress(OSError, ValueError):  # it is gone: its answers have ended, as seen below
            pickle.dump(jobs, self._requests, pickle.HIGHEST_PROTOCOL)
            self._requests.flush()
        for _ in jobs:
            outcome = self._outcome()
            yield outcome
            if isinstance(outcome, Stop):
                return

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        with suppress(OSError):
            self._requests.close()
        # A process that waits for a lost disk ends when the disk is back.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

    def _outcome(self) -> Computed | Stop:
        step, seconds = "", 0.0
        while True:
            limit = step_limit(self._timeout, seconds)
            what = "the extractor" if step else "the decoder"
            try:
                answer = self._answer(limit)
            except TimeoutError:
                self.kill()
                of = f" for {seconds:.1f} s of audio" if step else ""
                reason = f"given up: {what} took more than {limit:.3g} s{of} (--timeout sets this)"
                return Stop(step, reason, crashed=False)
            if answer is None:
                return Stop(step, f"{what} crashed ({self._end()})", crashed=True)
            if answer[0] == "done":
                result: Computed = answer[1]
                return result
            _, step, seconds = answer

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

    def _end(self) -> str:
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


def _listen(stream: BinaryIO, answers: queue.SimpleQueue[tuple[Any, ...] | None]) -> None:
    with stream, suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            answers.put(pickle.load(stream))
    answers.put(None)


_crews: dict[str, Crew] = {}
_crews_lock = threading.Lock()


def _crew_here(name: str, timeout: float) -> Crew:
    with _crews_lock:
        if name not in _crews:
            _crews[name] = Crew(timeout, name)
        return _crews[name]


def close_crew_here(name: str) -> None:
    """End the workers that an extraction has in this process, where another process asks so."""
    with _crews_lock:
        crew = _crews.get(name)
    if crew is not None:
        crew.close()
