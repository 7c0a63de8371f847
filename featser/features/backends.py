"""Where chunks are computed: on this machine, or on a Dask, Ray or Spark cluster.

Whatever hands the chunks out, each is computed by a worker process of a crew
(:mod:`featser.features.crew`) on the machine that it is sent to, and its features come back to the
calling process, which alone writes. The recordings must have the same paths on every machine.

Threads of this process hand chunks to the workers, or processes of ``loky`` do, and results come
back as they are done. joblib does it for Ray and Spark, and for whatever backend it is configured
with: those give no result before they have all, and get the chunks in rounds, of which a kill
costs one. joblib's own way to Dask is not taken, because it never says that a chunk has failed for
good: see :mod:`featser.features.dask_backend`. In each case only so many chunks are taken from the
caller, and only so many results wait for it, as there are workers for.
"""

from __future__ import annotations

import os
import queue
import re
import socket
import sys
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import islice
from typing import Any

from featser.errors import FeatserError, unknown
from featser.features.chunks import Chunk, ChunkResult, Work

Outcome = tuple[Chunk, ChunkResult]

BACKENDS = ("threading", "loky", "dask", "ray", "spark")
NEEDED = {"dask": ("distributed",), "ray": ("ray",), "spark": ("joblibspark", "pyspark")}
"""The backends that can have a cluster, and the packages each is in; all are extras of featser."""

CONNECT_SECONDS = 5.0
ROUND = 4
"""Chunks for each worker in a round, where a backend gives no result before it has all."""


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
            f"name one of them, or leave --cluster out to compute on this machine"
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
        Chunks at a time; −1 for one a core of this machine, or of the cluster.
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
        if work.crew is not None:
            work.crew.close()
        done.close()


def _configured() -> str | None:
    """Return the name of the backend that joblib is configured with; None for one not ours."""
    from joblib.parallel import LokyBackend, ThreadingBackend, get_active_backend

    active = get_active_backend(prefer="threads")[0]
    for name, kind in (("threading", ThreadingBackend), ("loky", LokyBackend)):
        if type(active) is kind:
            return name
    return None


def _handed_out(
    chunks: Iterator[Chunk], work: Work, n_jobs: int, backend: str | None, cluster: str | None
) -> Generator[Outcome, None, None]:
    from joblib import effective_n_jobs, parallel_config

    if backend == "dask":
        from featser.features.dask_backend import by_dask

        yield from by_dask(chunks, work, n_jobs, cluster)
    elif backend not in ("threading", "loky"):
        with _open(backend, cluster):
            yield from _in_rounds(chunks, work, n_jobs, backend)
    else:
        with parallel_config(backend=backend):
            at_once = effective_n_jobs(n_jobs)
        if work.crew is None and at_once == 1:
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
        executor = ProcessPoolExecutor(at_once)
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
            f"a process of {backend} died ({error}). What was finished is kept; the same command "
            f"goes on where it was"
        ) from error
    finally:
        end()


def _in_rounds(
    chunks: Iterator[Chunk], work: Work, n_jobs: int, backend: str | None
) -> Generator[Outcome, None, None]:
    """Yield outcomes a round at a time, by a backend of joblib's."""
    from joblib import Parallel, delayed, effective_n_jobs, parallel_config

    with parallel_config(**({} if backend is None else {"backend": backend})):
        parallel = Parallel(n_jobs, prefer="threads", batch_size=1)
        at_once = effective_n_jobs(n_jobs)
    with parallel:
        while some := list(islice(chunks, ROUND * at_once)):
            with _failures_named(backend):
                done = parallel(delayed(work)(chunk) for chunk in some)
            yield from done


@contextmanager
def _failures_named(backend: str | None) -> Iterator[None]:
    """Say in a line why a cluster failed: it says so in the midst of a traceback of another's."""
    try:
        yield
    except Exception as error:
        causes: list[BaseException] = [error]
        while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
            causes.append(cause)
        for cause in causes:
            if isinstance(cause, FeatserError):
                raise cause from error
        lines = str(causes[-1]).splitlines() or [repr(causes[-1])]
        why = next((line for line in lines if re.match(r"\w+(Error|Exception): ", line)), lines[0])
        raise FeatserError(
            f"the backend {backend or 'that joblib is configured for'} failed: {why.strip()} "
            f"(what it wrote above may say more). What was finished is kept; the same "
            f"command goes on where it was"
        ) from error


@contextmanager
def _open(backend: str | None, cluster: str | None) -> Iterator[None]:
    """Make joblib know a backend, and have it connected while the block runs."""
    if backend == "ray":
        with _ray(cluster):
            yield
    elif backend == "spark":
        with _spark(cluster):
            yield
    else:
        yield


@contextmanager
def _ray(cluster: str | None) -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    if ray.is_initialized():  # the caller's own connection
        yield
        return
    try:
        ray.init(address=cluster, log_to_driver=False)
    except (ConnectionError, RuntimeError) as error:
        raise FeatserError(f"Ray at {cluster or 'this machine'}: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _spark(cluster: str | None) -> Iterator[None]:
    from joblibspark import register_spark
    from pyspark.sql import SparkSession

    register_spark()
    if SparkSession.getActiveSession() is not None:  # the caller's own
        yield
        return
    if cluster is None or cluster.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else whatever `python3` is
    builder = SparkSession.builder.appName("featser")
    session = (builder.master(cluster) if cluster else builder).getOrCreate()
    try:
        yield
    finally:
        session.stop()


def _reach(cluster: str) -> None:
    """Knock at an address of the form ``[scheme://]host:port``; other forms name no machine."""
    found = re.fullmatch(r"(?:\w+://)?\[?([^/\[\]]+?)\]?:(\d+)/?", cluster)
    if found is None:
        return
    host, port = found[1], int(found[2])
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise FeatserError(
            f"--cluster {cluster}: nobody answers there ({error}); is the scheduler running, and "
            f"can this machine reach port {port} of {host}?"
        ) from error
