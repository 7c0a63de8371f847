"""Features computed by supervised workers: what crashes or hangs is refused, the rest is computed.

A worker makes each extractor once, and runs it on a short synthetic voice before the time limit of
the first recording begins: what Numba has to compile, or a plug-in to load, counts against none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache

import numpy as np

from featser.audio import RATE, Signal
from featser.extraction.compute import Computed, Job, Refusal, compute
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor
from featser.workers.limits import START_SECONDS
from featser.workers.pool import WorkerPool
from featser.workers.task import Failure, Step

WARM_UP_SECONDS = 0.6
_extractors: dict[str, Extractor] = {}


def compute_jobs(pool: WorkerPool, jobs: Sequence[Job]) -> list[Computed]:
    """Compute jobs in order, whatever happens to the workers.

    Parameters
    ----------
    pool : WorkerPool
        Whose workers compute.
    jobs : sequence of Job
        Utterances, each with the specs of its extractors.

    Returns
    -------
    list of Computed
        With a refusal for every step that crashed, hung or failed.

    Raises
    ------
    FeatserError
        If a worker cannot even start.
    PoolClosed
        If the pool is closed meanwhile.
    """
    outcomes = pool.run(compute_job, jobs)
    return [
        _without_failed_steps(pool, job, outcome) if isinstance(outcome, Failure) else outcome
        for job, outcome in zip(jobs, outcomes, strict=True)
    ]


def compute_job(job: Job, begin: Step) -> Computed:
    """Compute a job in a worker: a :data:`featser.workers.task.Task`."""
    utterance, specs = job
    return compute(utterance, [prepared_extractor(spec, begin) for spec in specs], begin)


def _without_failed_steps(pool: WorkerPool, job: Job, failure: Failure) -> Computed:
    """Compute what is left of a job, one failed step after the other given up."""
    utterance, specs = job
    refusals: list[Refusal] = []
    while True:
        subject = "the extractor" if failure.step else "the decoder"
        refusals.append((*utterance.where, failure.step, failure.reason(subject)))
        specs = [spec for spec in specs if failure.step not in ("", spec)]
        if not specs:
            return Computed({}, refusals)
        [outcome] = pool.run(compute_job, [(utterance, specs)])
        if not isinstance(outcome, Failure):
            computed: Computed = outcome
            return computed._replace(refusals=refusals + computed.refusals)
        failure = outcome


def prepared_extractor(spec: str, begin: Step) -> Extractor:
    """Return an extractor of this process, made and run once before its first recording.

    Parameters
    ----------
    spec : str
        The extractor.
    begin : callable
        The task's :class:`~featser.workers.task.Step`.
    """
    if spec not in _extractors:
        begin(spec, 0.0, START_SECONDS)
        extractor = make_extractor(spec)
        warm_up(extractor)
        _extractors[spec] = extractor
    return _extractors[spec]


def warm_up(extractor: Extractor) -> None:
    """Compile and load whatever an extractor needs, by running it once.

    Parameters
    ----------
    extractor : Extractor
        An exception it raises on the synthetic voice is ignored: it would be raised, and reported,
        for recordings as well.
    """
    signal = _voice()
    with suppress(Exception):
        extractor(signal if extractor.rate == RATE else signal.resampled(extractor.rate))


@cache
def _voice() -> Signal:
    """Return a voiced sound between two pauses with noise, so that every branch is taken."""
    time = np.arange(int(WARM_UP_SECONDS * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 140 * n * time + n) / n for n in range(1, 25))
    is_voiced = (time > 0.15) & (time < 0.45)
    noise = np.random.default_rng(0).normal(0, 0.001, len(time))
    return Signal((0.1 * voice * is_voiced + noise).astype(np.float32), RATE)
