"""What worker processes do for a queue, imported when it is asked for: opening comes soon."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from featser.errors import FeatserError
from featser.serve.annotating.queue_jobs import QueueJob
from featser.serve.requests.responses import RequestError, as_request_error
from featser.workers.task import Step

TASKS = {
    "open_queue": "manifest_queue",
    "open_run": "run_queue",
    "run_map": "run_map",
    "recording": "clip_audio",
    "rank": "predicted_ranking",
    "refit": "refitting",
    "agreement": "measured_agreement",
    "export": "annotation_export",
}
"""What can be asked of a worker, and the module of the function with this name."""


def answered(job: QueueJob, begin: Step) -> Any:
    """Do a job; where featser refuses, return the error that a client is answered."""
    begin("", 0.0)
    try:
        module = import_module(f"featser.serve.queue_work.{TASKS[job.task]}")
        return getattr(module, job.task)(job, begin)
    except RequestError as error:
        return error
    except FeatserError as error:
        return as_request_error(error)
