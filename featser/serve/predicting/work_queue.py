"""Work for the worker processes: so much waits, and more is refused with the time to try again."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from featser.serve.requests.responses import OVERLOADED, STOPPING, RequestError
from featser.workers.pool import PoolClosed, WorkerPool
from featser.workers.task import Failure, Task

WARM_EVERY_S = 120.0
"""Idle workers are asked something so often: they would end after five minutes."""
FIRST_GUESS_S = 0.2
SHARE_OF_LAST = 0.2


class WorkQueue:
    """Runs tasks in supervised worker processes, which stay for the next ones.

    Parameters
    ----------
    pool : WorkerPool
        The processes, with their limits of time and memory.
    workers : int
        How many tasks are computed at the same time.
    waiting : int
        How many may wait.

    Attributes
    ----------
    n_jobs : int
        Tasks that are computed or wait.
    n_lost : int
        Worker processes that ended during a task.
    """

    def __init__(self, pool: WorkerPool, workers: int, waiting: int) -> None:
        self.pool = pool
        self.n_jobs = 0
        self.n_lost = 0
        self._workers = workers
        self._most = workers + waiting
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="featser-serve")
        self._seconds = FIRST_GUESS_S

    async def run(self, task: Task, argument: Any) -> Any:
        """Run a task.

        Returns
        -------
        object
            What the task returned, or a :class:`~featser.workers.task.Failure`.

        Raises
        ------
        RequestError
            If too many wait already, or the server stops.
        """
        if self.n_jobs >= self._most:
            raise RequestError(
                OVERLOADED,
                f"{self._most} requests are computed or wait, which is the limit: try again",
                headers={"Retry-After": str(self.retry_after_s)},
            )
        return await self._submitted(task, argument)

    @property
    def is_full(self) -> bool:
        """Whether no more requests are accepted."""
        return self.n_jobs >= self._most

    @property
    def retry_after_s(self) -> int:
        """Whole seconds after which there is room again, by the duration of the latest tasks."""
        return max(1, math.ceil(self._seconds * self._most / self._workers / 2))

    async def warm(self, task: Task, argument: Any = None) -> None:
        """Let all workers run a task at the same time, whatever waits."""
        await asyncio.gather(*(self._submitted(task, argument) for _ in range(self._workers)))

    async def keep_warm(self) -> None:
        """Keep idle workers from ending; runs until it is cancelled."""
        while True:
            await asyncio.sleep(WARM_EVERY_S)
            if not self.n_jobs:
                with suppress(RequestError):  # the server stops
                    await self.warm(_nothing)

    def close(self) -> None:
        """End the workers, busy ones too."""
        self.pool.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _submitted(self, task: Task, argument: Any) -> Any:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.n_jobs += 1
        future = loop.run_in_executor(self._threads, partial(self.pool.run, task, [argument]))
        future.add_done_callback(self._done)
        try:
            [result] = await asyncio.shield(future)
        except (PoolClosed, RuntimeError) as error:  # RuntimeError: the threads are shut down
            raise RequestError(STOPPING, "the server is stopping") from error
        self._seconds += SHARE_OF_LAST * (loop.time() - began - self._seconds)
        self.n_lost += isinstance(result, Failure) and result.kind != "error"
        return result

    def _done(self, future: asyncio.Future[Any]) -> None:
        """Count a task as done, also where who asked has gone."""
        self.n_jobs -= 1
        if not future.cancelled():
            future.exception()  # it is retrieved, so that asyncio does not report it


def _nothing(argument: Any, begin: Any) -> None:
    """Do nothing for so long that all workers are asked at the same time."""
    import time

    time.sleep(0.05)
