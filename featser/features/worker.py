"""A process that computes features for another, which may stop it or lose it without harm.

It is started by :mod:`featser.features.crew`. On its standard input come pickled lists of jobs; on
its standard output it answers with pickled tuples: ``("ready",)`` once, then for each job
``("at", step, seconds)`` before every step and ``("done", result)`` after the last, so that the
other side always knows what it was at.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from contextlib import suppress
from functools import lru_cache
from typing import Any, BinaryIO

from featser.features.compute import Job, compute
from featser.features.extractor import make_extractor

IDLE_SECONDS = 300.0
LONGEST_ALARM = 1e8


def main(timeout: float) -> None:
    """Serve until the other side closes the standard input, or asks nothing for long.

    Parameters
    ----------
    timeout : float
        Seconds that a step may take on a very short recording: see :func:`step_limit`. The other
        side kills a worker that takes longer; after twice as long the other side must be gone,
        and the system ends the process, even in a C call that never lets go of Python.
    """
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side decides
    requests, answers = _own_streams()
    chunks: queue.SimpleQueue[list[Job]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, chunks), daemon=True).start()
    make = lru_cache(maxsize=None)(make_extractor)

    def say(*answer: Any) -> None:
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    def at(step: str, seconds: float) -> None:
        _alarm(0)
        say("at", step, seconds)
        _alarm(2 * step_limit(timeout, seconds))

    say("ready")
    while True:
        try:
            chunk = chunks.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        # One BLAS thread: workers do not crowd the cores, and sums have one order everywhere.
        with threadpool_limits(1):
            for utterance, specs in chunk:
                made = [make(spec) for spec in specs]
                result = compute(utterance, made, at)
                _alarm(0)
                say("done", result)


def step_limit(timeout: float, seconds: float) -> float:
    """Return the seconds that a step may take on so many seconds of audio."""
    return timeout * (1 + seconds / 3)


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):  # what to do with the signal is left to the system: to end
        signal.setitimer(signal.ITIMER_REAL, min(seconds, LONGEST_ALARM))


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for this module alone: C libraries print to where the output was."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _listen(requests: BinaryIO, chunks: queue.SimpleQueue[list[Job]]) -> None:
    """Pass on what is asked; end the process, whatever it is at, when nobody is left to ask."""
    while True:
        try:
            chunks.put(pickle.load(requests))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # nobody is left to answer
        main(float(sys.argv[1]))
    os._exit(0)
