"""The segments of many recordings, each of which may fail alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from featser.errors import UnusableAudio
from featser.progress import Progress, silent
from featser.segmentation.length_rules import LengthRules
from featser.segmentation.segments import BLOCK_S, find_segments
from featser.workers.mapping import map_tasks
from featser.workers.pool import WorkerPool
from featser.workers.task import Failure, Step


@dataclass(frozen=True)
class SegmentPlan:
    """How recordings are cut.

    Attributes
    ----------
    method : str
        As :func:`~featser.segmentation.segment_methods.parse_method` reads it.
    rules : LengthRules
        Lengths and padding.
    channel : str
        The channel that is read.
    """

    method: str
    rules: LengthRules
    channel: str


def segment_all(
    files: Sequence[str], plan: SegmentPlan, n_jobs: int = 1, progress: Progress = silent
) -> list[pd.DataFrame | str]:
    """Find the segments of recordings.

    Parameters
    ----------
    files : sequence of str
        Recordings, or their URLs.
    plan : SegmentPlan
        How they are cut.
    n_jobs : int
        Worker processes, as joblib counts them. With one, this process does the work itself.
    progress : callable
        Called with the recordings done and in all; for one recording, with the seconds done and 0.

    Returns
    -------
    list of DataFrame or str
        For each recording what :func:`~featser.segmentation.segments.find_segments` returns, or why
        it cannot be used.
    """
    from joblib import effective_n_jobs

    if len(files) == 1:
        return [_segmented(files[0], plan, progress)]
    if effective_n_jobs(n_jobs) == 1:
        results = []
        for number, file in enumerate(files, 1):
            results.append(_segmented(file, plan, silent))
            progress(number, len(files))
        return results
    with WorkerPool() as pool:
        outcomes = map_tasks(pool, _task, [(file, plan) for file in files], n_jobs, 1, progress)
    return [
        outcome.reason("finding its speech") if isinstance(outcome, Failure) else outcome
        for outcome in outcomes
    ]


def _segmented(file: str, plan: SegmentPlan, progress: Progress) -> pd.DataFrame | str:
    try:
        return find_segments(file, plan.method, plan.rules, plan.channel, progress)
    except UnusableAudio as error:
        return error.reason


def _task(argument: tuple[str, SegmentPlan], begin: Step) -> pd.DataFrame | str:
    file, plan = argument

    def next_block(done: int, total: int) -> None:
        del done, total
        begin("segmentation", BLOCK_S)

    next_block(0, 0)
    return _segmented(file, plan, next_block)
