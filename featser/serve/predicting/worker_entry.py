"""Where a worker begins a job: it imports what jobs need when the first one comes."""

from __future__ import annotations

from typing import Any

from featser.serve.predicting.jobs import Job
from featser.workers.task import Step


def run_job(job: Job, begin: Step) -> Any:
    """Do a job, in a worker.

    Returns
    -------
    Answer, dict or RequestError
        The error where featser refuses.
    """
    # skops searches all loaded modules when it is imported: first, there are fewer.
    import skops.io  # noqa: F401

    from featser.serve.predicting.worker_tasks import answered

    return answered(job, begin)
