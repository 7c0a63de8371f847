"""Where chunks are computed: on this machine, or on a Dask cluster.

Whatever hands the chunks out, each is computed by a worker process of a pool
(:mod:`featser.workers.pool`) on the machine that it is sent to, and its features come back to the
calling process, which alone writes. The recordings must have the same paths on every machine.

Threads of this process hand chunks to the workers, or processes of ``loky`` do, and results come
back as they are done. joblib's own way to Dask is not taken, because it never says that a chunk
has failed for good: see ``dask_backend``. In each case only so many chunks are
taken from the caller, and only so many results wait for it, as there are workers for.
"""

from __future__ import annotations

import os
import queue
import re
import socket
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import islice
from typing import Any

from featser.errors import FeatserError, unknown
from featser.extraction.chunks import Chunk, ChunkResult, Work
from featser.workers.joblib_workers import end_with

Outcome = tuple[Chunk, ChunkResult]

BACKENDS = ("threading", "loky", "dask")
NEEDED = {"dask": ("distributed",)}
"""The backends that can have a cluster, and the packages each is in; all are extras of featser."""

CONNECT_SECONDS = 5.0


def check_backend(backend: str | None, cluster: str | None) -> None:
    """Say what is wrong with a backend before any work is done.

    Parameters
    ----------
    backend : str or None
        One of :data:`BACKENDS`; None for the one that joblib is configured for.
    cluster : str or None
        The address of a scheduler.

    Raises
    ------
    FeatserError
        If there is no such backend, its packages are not installed, it has no clusters, or
        nobody answers at the address.
    """
    if backend is not None and backend not in BACKENDS:
        raise FeatserError(f"--backend: {unknown('backend', backend, BACKENDS)}")
    if cluster is not None and backend not in NEEDED:
        raise FeatserError(
            f"--cluster {cluster}: only --backend {', '.join(NEEDED)} computes on a cluster; "
            f"choose one of them, or omit --cluster to compute on this machine"
        )
    missing = [name for name in NEEDED.get(backend or "", ()) if find_spec(name) is None]
    if missing:
        raise FeatserError(
            f"--backend {backend} needs {' and '.join(missing)}, not installed here: "
            f'pip install "featser[{backend}]"'
        )
    if cluster is not None:
        _reach(cluster)


def outcomes(
    chunks: Iterable[Chunk],
    work: Work,
    n_jobs: int,
    backend: str | None = None,
    cluster: str | None = None,
) -> Generator[Outcome, None, None]:
    """Yield chunks with what came of them, in whatever order they are done.

    Parameters
    ----------
    chunks : iterable of list of Job
        Taken from as there is somebody to compute them, not all at once.
    work : Work
        What computes a chunk.
    n_jobs : int
        Chunks at a time; −1 for one per core of this machine, or of the cluster.
    backend, cluster : str or None
        As :func:`check_backend` has them.

    Raises
    ------
    FeatserError
        If the cluster cannot be used.
    """
    done = _handed_out(iter(chunks), work, n_jobs, backend or _configured(), cluster)
    try:
        for outcome in done:  # noqa: UP028  # the workers are to end before those who wait for them
            yield outcome
    finally:
        if work.pool is not None:
            work.pool.close()
        done.close()


def _configured() -> str:
    """Return the backend that joblib is configured with: ``loky``, else ``threading``."""
    from joblib.parallel import LokyBackend, get_active_backend

    active = get_active_backend(prefer="threads")[0]
    return "loky" if type(active) is LokyBackend else "threading"


def _handed_out(
    chunks: Iterator[Chunk], work: Work, n_jobs: int, backend: str, cluster: str | None
) -> Generator[Outcome, None, None]:
    from joblib import effective_n_jobs, parallel_config

    if backend == "dask":
        from featser.extraction.dask_backend import by_dask

        yield from by_dask(chunks, work, n_jobs, cluster)
    else:
        with parallel_config(backend=backend):
            at_once = effective_n_jobs(n_jobs)
        if work.pool is None and at_once == 1:
            yield from map(work, chunks)
        else:
            yield from _as_done(chunks, work, at_once, backend)


def _as_done(
    chunks: Iterator[Chunk], work: Work, at_once: int, backend: str
) -> Generator[Outcome, None, None]:
    """Yield outcomes as they are done; one chunk waits for each that is computed."""
    from joblib.externals.loky import ProcessPoolExecutor

    executor: Any
    if backend == "loky":
        executor = ProcessPoolExecutor(at_once, initializer=end_with, initargs=(os.getpid(),))
        end = partial(executor.shutdown, kill_workers=True)
    else:  # a thread waits for its worker and hands it the next chunk: it computes nothing itself
        executor = ThreadPoolExecutor(at_once)
        end = partial(executor.shutdown, wait=False, cancel_futures=True)
    done: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()
    under_way = 0
    try:
        while True:
            for chunk in islice(chunks, 2 * at_once - under_way):
                executor.submit(work, chunk).add_done_callback(done.put)
                under_way += 1
            if not under_way:
                return
            outcome = done.get().result()
            under_way -= 1
            yield outcome
    except BrokenExecutor as error:
        raise FeatserError(
            f"a process of {backend} died ({error}). Finished work is saved; run the same "
            f"command again to continue"
        ) from error
    finally:
        end()


def _reach(cluster: str) -> None:
    """Knock at an address of the form ``[scheme://]host:port``; other forms name no machine."""
    match = re.fullmatch(r"(?:\w+://)?\[?([^/\[\]]+?)\]?:(\d+)/?", cluster)
    if match is None:
        return
    host, port = match[1], int(match[2])
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise FeatserError(
            f"--cluster {cluster}: no answer ({error}); is the scheduler running, and "
            f"can this machine reach port {port} of {host}?"
        ) from error
