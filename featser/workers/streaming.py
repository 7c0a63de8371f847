"""One task applied to arguments as they come: results in order, few of both in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from featser.workers.pool import WorkerPool
from featser.workers.task import Task, unobserved


def stream_tasks(
    pool: WorkerPool | None, task: Task, arguments: Iterable[Any], n_jobs: int = -1
) -> Iterator[Any]:
    """Run a task on arguments that need not exist yet.

    Parameters
    ----------
    pool : WorkerPool or None
        Where it runs; None to run it in this process. It is closed when the iteration fails or is
        given up.
    task : callable
        As :data:`featser.workers.task.Task`.
    arguments : iterable
        Taken from only as workers become free: twice as many as workers are in memory at most.
    n_jobs : int
        Worker processes, as joblib counts them.

    Yields
    ------
    object
        The results, in the order of the arguments; a :class:`~featser.workers.task.Failure` for
        each task that gave none in a worker.

    Examples
    --------
    >>> list(stream_tasks(None, lambda number, begin: 2 * number, range(3)))
    [0, 2, 4]
    """
    if pool is None:
        for argument in arguments:
            yield task(argument, unobserved)
        return
    from joblib import effective_n_jobs

    n_workers = effective_n_jobs(n_jobs)
    # A thread waits for its worker and sends it the next argument; it computes nothing itself.
    threads = ThreadPoolExecutor(n_workers)
    waiting, under_way = iter(arguments), deque[Future[list[Any]]]()
    try:
        while True:
            for argument in islice(waiting, 2 * n_workers - len(under_way)):
                under_way.append(threads.submit(pool.run, task, [argument]))
            if not under_way:
                return
            yield under_way.popleft().result()[0]
    except BaseException:
        pool.close()
        raise
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
