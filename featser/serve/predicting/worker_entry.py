"""Where a worker begins a job: it imports what jobs need when the first one comes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from featser.serve.predicting.jobs import Job
from featser.workers.task import Step

_JOBS: list[str] = []
"""The first job of this worker; counting frozen objects instead would take 40 ms each time."""


def run_job(job: Job, begin: Step) -> Any:
    """Do a job, in a worker.

    Returns
    -------
    Answer, dict or RequestError
        The error where featser refuses.
    """
    if _JOBS:
        return _answered(job, begin)
    _JOBS.append(job.task)
    with _uncollected():
        return _answered(job, begin)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Search for no garbage during the first job, which is a tenth of its time.

    What the first job imports and loads stays as long as the worker, so that it is not searched
    later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _answered(job: Job, begin: Step) -> Any:
    # skops searches all loaded modules when it is imported: first, there are fewer.
    import skops.io  # noqa: F401

    from featser.serve.predicting.worker_tasks import answered

    return answered(job, begin)
