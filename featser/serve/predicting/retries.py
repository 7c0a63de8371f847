"""A request whose worker ended: its recordings are tried one by one, so that the others count.

A recording at which a worker crashes, or takes too long, would otherwise cost the answers to all
recordings of its request. Those that end a worker alone are named with the reason, and the others
are predicted together, as if the request had been sent without them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from featser.serve.predicting.jobs import Answer, Job
from featser.serve.requests.responses import RequestError

RETRIED = ("predict", "timeline")
"""Tasks whose answer can say why a recording has none."""
MOST_LOST = 3
"""Recordings that may end a worker; with more, the request has failed: each costs a worker."""


class WorkerLostError(RequestError):
    """The worker of a request crashed, or took too long."""


async def answer_of_usable(work: Callable[[Job], Awaitable[Answer]], job: Job) -> Answer:
    """Return the answer to a job, without the recordings at which workers end.

    Parameters
    ----------
    work : callable
        Lets a worker do a job.
    job : Job
        Of a request.

    Raises
    ------
    RequestError
        If featser refuses, too many requests wait, or there are too many such recordings.
    """
    try:
        return await work(job)
    except WorkerLostError:
        if job.task not in RETRIED or len(job.uploads) < 2:
            raise
        lost = await _lost(work, job)
        if not lost or len(lost) == len(job.uploads):
            raise
    return await work(replace(job, lost=lost))


async def _lost(work: Callable[[Job], Awaitable[Answer]], job: Job) -> dict[str, str]:
    """Return the names of recordings that end a worker, and what happened to it."""
    lost: dict[str, str] = {}
    for upload in job.uploads:
        try:
            await work(replace(job, uploads=(upload,), options=_as_json(job)))
        except WorkerLostError as error:
            lost[upload.name] = error.message
            if len(lost) > MOST_LOST:
                raise
    return lost


def _as_json(job: Job) -> dict[str, object]:
    return {**(job.options or {}), "format": "json"}
