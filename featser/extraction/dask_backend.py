"""Chunks computed by the workers of a Dask cluster, whatever becomes of single workers.

joblib's own backend for Dask streams results, and a worker that dies costs it nothing as long as
Dask tries the chunk again elsewhere. When Dask gives a chunk up (``KilledWorker``, once more
workers died over it than ``distributed.scheduler.allowed-failures``), that backend never tells
joblib, which waits for ever. Here chunks are therefore given to Dask's client itself, and one
that Dask gives up is computed by the calling process's own workers.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

from featser.errors import FeatserError
from featser.extraction.chunks import Chunk, ChunkResult, Work
from featser.workers.pool import close_pool_here

CONNECT_SECONDS = 10.0
NO_WORKER_SECONDS = 120.0
"""How long a cluster may be without any worker before the run is given up."""

LOOK_SECONDS = 5.0
CLOSE_SECONDS = 5.0


def by_dask(
    chunks: Iterable[Chunk], work: Work, n_jobs: int, cluster: str | None
) -> Generator[tuple[Chunk, ChunkResult], None, None]:
    """Yield chunks with what came of them, as they are done.

    Parameters
    ----------
    chunks : iterable of list of Job
        Taken from as there is room for them on the cluster.
    work : Work
        What computes a chunk; it has a pool of workers.
    n_jobs : int
        Chunks at a time; −1 for two for each thread of the workers, so that none waits. Workers
        that come later are used too.
    cluster : str or None
        The scheduler's address; None for the client that this process has, or what Dask's
        configuration names.

    Raises
    ------
    FeatserError
        If there is no scheduler, it is lost, it has no worker for two minutes, or its workers
        cannot compute what this process can.
    """
    pool = work.pool
    assert pool is not None
    from distributed.comm import CommClosedError

    with _silent():
        client, opened = _connect(cluster)
        run = _Run(client, n_jobs)
        waiting = iter(chunks)
        try:
            while True:
                for chunk in islice(waiting, run.room()):
                    run.submit(work, chunk)
                if not run.under_way:
                    return
                future = run.next_done()
                chunk = run.under_way.pop(future.key)[1]
                yield _result(future, chunk, work, run.address)
        except (CancelledError, CommClosedError) as error:
            raise FeatserError(
                f"the Dask scheduler at {run.address} is lost; finished work is saved. Start it "
                f"and its workers and run the same command again"
            ) from error
        finally:
            run.cancel()
            _quietly(lambda: client.run(close_pool_here, pool.name, on_error="ignore"))
            if opened:
                _quietly(client.close)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Dask from writing its own tracebacks: what it loses is said here, in a line."""
    import distributed

    handlers = logging.getLogger(distributed.__name__).handlers
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for handler, level in zip(handlers, levels, strict=True):
            handler.setLevel(level)


class _Run:
    """The chunks that are under way on a cluster."""

    def __init__(self, client: Any, n_jobs: int) -> None:
        self.client = client
        self.n_jobs = n_jobs
        self.address = client.scheduler.address
        self.under_way: dict[str, tuple[Any, Chunk]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads = 0
        self._looked = -float("inf")
        self._had_worker = time.monotonic()

    def room(self) -> int:
        """Return how many more chunks to hand out: always one, which waits for a worker."""
        self._look()
        at_once = self.n_jobs if self.n_jobs > 0 else 2 * self._threads
        return max(0, max(at_once, 1) - len(self.under_way))

    def submit(self, work: Work, chunk: Chunk) -> None:
        future = self.client.submit(work, chunk, pure=False)
        self.under_way[future.key] = (future, chunk)
        future.add_done_callback(self._done.put)

    def next_done(self) -> Any:
        """Wait for a chunk."""
        while True:
            try:
                return self._done.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                self._look()
                if time.monotonic() - self._had_worker > NO_WORKER_SECONDS:
                    raise FeatserError(
                        f"the Dask scheduler at {self.address} has had no worker for "
                        f"{NO_WORKER_SECONDS:g} s: start some (`dask worker {self.address}`) and "
                        f"run the same command again; finished work is saved"
                    ) from None

    def cancel(self) -> None:
        futures = [future for future, _ in self.under_way.values()]
        if futures:
            _quietly(lambda: self.client.cancel(futures, force=True))

    def _look(self) -> None:
        """Count the workers' threads, now and then."""
        now = time.monotonic()
        if self.client.status != "running" or now - self._looked < LOOK_SECONDS:
            return
        self._threads = sum(self.client.nthreads().values())
        self._looked = now
        if self._threads:
            self._had_worker = now


def _result(future: Any, chunk: Chunk, work: Work, address: str) -> tuple[Chunk, ChunkResult]:
    from distributed import KilledWorker

    try:
        result: tuple[Chunk, ChunkResult] = future.result()
    except KilledWorker:
        return work(chunk)
    except ImportError as error:
        raise FeatserError(
            f"the workers of {address} cannot import what they need ({error}): install the same "
            f"version of featser where they run"
        ) from error
    return result


def _connect(cluster: str | None) -> tuple[Any, bool]:
    """Return a client, and whether it was opened here."""
    import dask
    from distributed import Client

    address = cluster or dask.config.get("scheduler-address", None)
    if address is None:
        try:
            return Client.current(), False
        except ValueError:
            raise FeatserError(
                "--backend dask needs the address of a scheduler: give --cluster tcp://HOST:8786, "
                "or set DASK_SCHEDULER_ADDRESS"
            ) from None
    if ":" not in address:
        raise FeatserError(
            f"--cluster {address}: not the address of a Dask scheduler; write it like tcp://HOST:8786"
        )
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False), True
    except (OSError, ValueError) as error:
        raise FeatserError(
            f"--cluster {address}: no Dask scheduler answers there within {CONNECT_SECONDS:g} s "
            f"({error}); an address looks like tcp://HOST:8786"
        ) from error


def _quietly(work: Any) -> None:
    """Ask something of a cluster that may be gone; what becomes of it is not waited for long."""

    def ask() -> None:
        with suppress(Exception):
            work()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CLOSE_SECONDS)
