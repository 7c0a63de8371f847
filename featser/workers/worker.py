"""A process that runs tasks for another, which may stop or lose it without harm.

:mod:`featser.workers.pool` starts it. On its standard input come pickled pairs of a task and a list
of arguments; on its standard output it answers with pickled tuples: ``("ready",)`` once, then for
each argument ``("step", name, seconds, limit)`` before every step and ``("done", result)`` after
the last, so that the other side always knows the current step.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, BinaryIO

from featser.io.escaping import for_terminal
from featser.one_thread import one_thread
from featser.workers.limits import Limits, limit_memory, set_alarm
from featser.workers.task import Failure, Task, failed

IDLE_SECONDS = 300.0

Request = tuple[Task, list[Any]]


def main(limits: Limits) -> None:
    """Serve until the other side closes the standard input, or asks nothing for long.

    Parameters
    ----------
    limits : Limits
        Of every task. The other side kills a worker that exceeds the time limit of a step; after
        twice as long the other side must be gone, and the system ends the process, even in a C
        call that never returns to Python.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side decides
    requests, answers = _own_streams()
    queued: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, queued), daemon=True).start()
    limit_memory(limits.memory_bytes)

    def send(*answer: Any) -> None:
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    current = ""

    def begin(name: str, seconds: float, limit: float | None = None) -> None:
        nonlocal current
        current = name
        set_alarm(0)
        send("step", name, seconds, limit)
        set_alarm(2 * (limit or limits.step_seconds(seconds)))

    send("ready")
    while True:
        try:
            task, arguments = queued.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        # One BLAS thread: workers do not crowd the cores, and sums have one order everywhere.
        with one_thread():
            for argument in arguments:
                current = ""
                try:
                    result = task(argument, begin)
                except Exception as error:
                    result = Failure(current, "error", failed(error))
                set_alarm(0)
                send("done", result)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for this module alone: C libraries print to where the output was."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _listen(requests: BinaryIO, queued: queue.SimpleQueue[Request]) -> None:
    """Pass on what is asked; end the process, in whatever step, when nobody is left to ask."""
    while True:
        try:
            queued.put(pickle.load(requests))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)
        except Exception as error:  # such as a task whose module this process cannot import
            print(f"featser: a worker {for_terminal(failed(error))}", file=sys.stderr, flush=True)
            os._exit(1)


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # nobody is left to answer
        main(Limits(float(sys.argv[1]), int(sys.argv[2]) or None))
    os._exit(0)
