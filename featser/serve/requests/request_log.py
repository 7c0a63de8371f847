"""The log of requests, written by a thread of its own: a terminal that is stopped stops no answer.

A terminal after Ctrl-S, or a program that reads nothing, lets whoever writes to it wait. Lines
therefore wait in a queue of limited length; those that find no room are counted and left out.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from typing import IO

MOST_LINES = 10_000
LAST_LINES_S = 1.0
"""How long the end of a server waits for lines that are not yet written."""


class BoundedQueueHandler(QueueHandler):
    """Puts lines into a queue, and never waits for room.

    Parameters
    ----------
    lines : queue.Queue
        Of limited length.
    """

    def __init__(self, lines: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(lines)
        self._lines = lines
        self._n_left_out = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Add a line, after one that says how many were left out."""
        try:
            if self._n_left_out:
                text = f"{self._n_left_out} lines are left out here: the log was not read"
                self._lines.put_nowait(logging.makeLogRecord({**vars(record), "msg": text}))
                self._n_left_out = 0
            self._lines.put_nowait(record)
        except queue.Full:
            self._n_left_out += 1


@contextmanager
def logged(logger: logging.Logger, stream: IO[str], most_lines: int = MOST_LINES) -> Iterator[None]:
    """Write the lines of a logger to a stream, and to it alone, for the duration of a block.

    Parameters
    ----------
    logger : logging.Logger
    stream : file
        Of text, such as the error stream.
    most_lines : int, optional
        How many wait while the stream takes none.
    """
    lines: queue.Queue[logging.LogRecord] = queue.Queue(most_lines)
    writer = logging.StreamHandler(stream)
    writer.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler = BoundedQueueHandler(lines)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    QueueListener(lines, writer).start()  # a daemon: a stream that is never read ends with us
    try:
        yield
    finally:
        logger.removeHandler(handler)
        deadline = time.monotonic() + LAST_LINES_S
        while lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)
