"""One task applied to many arguments by several workers at a time."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from featser.progress import Progress, silent
from featser.workers.pool import WorkerPool
from featser.workers.task import Task

Part = tuple[int, list[Any]]


def map_tasks(
    pool: WorkerPool,
    task: Task,
    arguments: Sequence[Any],
    n_jobs: int = -1,
    size: int = 1,
    progress: Progress = silent,
) -> list[Any]:
    """Run a task on many arguments.

    Parameters
    ----------
    pool : WorkerPool
        Where it runs. It is closed when this call is interrupted or fails.
    task : callable
        As :data:`featser.workers.task.Task`.
    arguments : sequence
        One for each task; they and the results must be picklable.
    n_jobs : int
        Worker processes, as joblib counts them: −1 for one per core.
    size : int
        Arguments sent to a worker at a time.
    progress : callable
        Called with the arguments done and in all.

    Returns
    -------
    list
        The results, in the order of ``arguments``; a
        :class:`~featser.workers.task.Failure` for each task that gave none.
    """
    from joblib import effective_n_jobs

    results: list[Any] = [None] * len(arguments)
    starts = range(0, len(arguments), size)
    if not starts:
        return results

    def run(start: int) -> Part:
        return start, pool.run(task, arguments[start : start + size])

    completed: queue.SimpleQueue[Future[Part]] = queue.SimpleQueue()
    # A thread waits for its worker and sends it the next arguments; it computes nothing itself.
    threads = ThreadPoolExecutor(min(effective_n_jobs(n_jobs), len(starts)))
    n_done = 0
    try:
        for start in starts:
            threads.submit(run, start).add_done_callback(completed.put)
        for _ in starts:
            start, part = completed.get().result()
            results[start : start + len(part)] = part
            n_done += len(part)
            progress(n_done, len(arguments))
    except BaseException:
        pool.close()
        raise
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return results
