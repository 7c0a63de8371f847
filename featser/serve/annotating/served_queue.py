"""A queue that a server offers: its journal, and what workers compute about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from featser.errors import InputError, unknown
from featser.serve.annotating.clip_orders import most_uncertain_first
from featser.serve.annotating.clip_queue import ClipQueue, Ranking
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.annotating.queue_tasks import answered
from featser.serve.predicting.work_queue import WorkQueue
from featser.serve.requests.responses import UNEXPECTED, UNPROCESSABLE, RequestError
from featser.workers.task import Failure

AT_ONCE = 4
"""Recordings that one job predicts."""
AGREEMENT_STEP = 10
"""Agreement is measured again after so many clicks: the change by a single click would show what
the other raters said."""


@dataclass(frozen=True)
class Ranker:
    """An order that can be computed when it is asked for.

    Attributes
    ----------
    name, title, label : str
        As :class:`~featser.serve.annotating.clip_queue.Ranking` has them.
    model : str
        Where the model's bundle is; empty where one is fitted on the annotations.
    """

    name: str
    title: str
    label: str
    model: str = ""


@dataclass
class Progress:
    """How far the computing of an order is."""

    done: int = 0
    total: int = 0
    error: str = ""
    task: asyncio.Task[None] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as an answer has it."""
        is_running = self.task is not None and not self.task.done()
        return {
            "done": self.done,
            "of": self.total,
            "error": self.error,
            "is_running": is_running,
        }


@dataclass
class ServedQueue:
    """A queue that a server offers.

    Attributes
    ----------
    source : QueueSource
        What it is made of.
    queue : ClipQueue
        Its recordings, and its journal.
    work : WorkQueue
        The workers that play and measure.
    background : WorkQueue
        The workers that rank, so that playing need not wait.
    store : str
        The feature store to fit models on; empty if there is none.
    models : mapping of str to (str, sequence of str)
        Models by name: where each is, and the labels with classes that it predicts.
    """

    source: QueueSource
    queue: ClipQueue
    work: WorkQueue
    background: WorkQueue
    store: str = ""
    models: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    _agreement: tuple[int, list[dict[str, Any]]] | None = None
    _maps: dict[str, asyncio.Task[dict[str, Any]]] = field(default_factory=dict)

    @property
    def rankers(self) -> dict[str, Ranker]:
        """The orders that can be computed, by name."""
        return {ranker.name: ranker for ranker in self._rankers()}

    def _rankers(self) -> Iterator[Ranker]:
        for label in self.queue.content.labels:
            for name, (file, labels) in self.models.items():
                if label.name in labels and not label.is_scale:
                    title = f"least certain {label.name} of model {name} first"
                    yield Ranker(f"model:{name}:{label.name}", title, label.name, file)
            if self.store:
                title = f"least certain {label.name} of a model of the annotations first"
                yield Ranker(f"refit:{label.name}", title, label.name)

    def start(self, name: str) -> Progress:
        """Start to compute an order, unless it is being computed.

        Raises
        ------
        InputError
            If there is no such order.
        """
        if name not in self.rankers:
            raise InputError(unknown("order to compute", name, self.rankers), "order")
        held = self.progress.get(name)
        if held is None or held.task is None or held.task.done():
            held = self.progress[name] = Progress(total=len(self.queue.clips))
            held.task = asyncio.create_task(self._computed(self.rankers[name], held))
        return held

    async def _computed(self, ranker: Ranker, progress: Progress) -> None:
        try:
            if ranker.model:
                scores = await self._predicted(ranker, progress)
                title = ranker.title
            else:
                scores, n_labelled = await self._refitted(ranker)
                title = f"{ranker.title} ({n_labelled} annotated recordings)"
        except RequestError as error:
            progress.error = error.message
            return
        progress.done = progress.total
        places = most_uncertain_first(scores)
        self.queue.rankings[ranker.name] = Ranking(ranker.name, title, ranker.label, places)

    async def _predicted(self, ranker: Ranker, progress: Progress) -> list[float | None]:
        scores: list[float | None] = []
        clips = self.queue.clips
        for first in range(0, len(clips), AT_ONCE):
            some = tuple(clips[first : first + AT_ONCE])
            options = {"model": ranker.model, "label": ranker.label}
            job = QueueJob("rank", self.source, some, options)
            scores += await done(self.background, job)
            progress.done = len(scores)
        return scores

    async def _refitted(self, ranker: Ranker) -> tuple[list[float | None], int]:
        label = self.queue.label(ranker.label)
        given = self.queue.by_clip(label.name).items()
        usable = {place: [one for one in values if label.has_kind(one)] for place, values in given}
        votes = {place: values for place, values in usable.items() if values}
        options = {
            "label": label.name,
            "is_scale": label.is_scale,
            "store": self.store,
            "votes": votes,
        }
        return await done(self.background, QueueJob("refit", self.source, (), options)), len(votes)

    async def recording(self, place: int, seconds: float) -> bytes:
        """Return a recording as a WAV file."""
        job = QueueJob("recording", self.source, (self.queue.clips[place],), {"seconds": seconds})
        data: bytes = await done(self.work, job)
        return data

    async def agreement(self) -> tuple[int, list[dict[str, Any]]]:
        """Return how far raters agree, and after how many clicks that was measured."""
        n_entries = self.queue.votes.n_entries
        if self._agreement is None or n_entries >= self._agreement[0] + AGREEMENT_STEP:
            options = {"labels": self._votes(), "n_clips": len(self.queue.clips)}
            job = QueueJob("agreement", replace(self.source), (), options)
            self._agreement = (n_entries, await done(self.work, job))
        return self._agreement

    def _votes(self) -> list[tuple[str, bool, tuple[str, ...], list[tuple[str, int, str]]]]:
        """Return, of each label with two raters, what there is to measure."""
        measured = []
        for label in self.queue.content.labels:
            votes = [
                (rater, place, value)
                for rater, clip, name, value in self.queue.votes.all()
                if name == label.name and value in label.values
                if (place := self.queue.place_of(clip)) is not None
            ]
            if len({rater for rater, _, _ in votes}) > 1:
                measured.append((label.name, label.is_scale, label.values, votes))
        return measured

    async def map(self, label: str) -> dict[str, Any]:
        """Return the maps of a run's recordings for a label; they are made once."""
        made = self._maps.get(label)
        if made is None or (made.done() and (made.cancelled() or made.exception() is not None)):
            options = {"label": label, "store": self.store}
            job = QueueJob("run_map", self.source, (), options)
            made = self._maps[label] = asyncio.ensure_future(done(self.background, job))
        return await asyncio.shield(made)

    async def export(self, form: str, ending: str, rater: str = "") -> bytes:
        """Return the annotations of all raters, or of one, as a table."""
        options = {"form": form, "ending": ending, "rater": rater}
        data: bytes = await done(self.work, QueueJob("export", self.source, (), options))
        return data


async def done(work: WorkQueue, job: QueueJob) -> Any:
    """Let a worker do a job.

    Raises
    ------
    RequestError
        If featser refuses, the worker ends, or too many requests wait.
    """
    result = await work.run(answered, job)
    if isinstance(result, RequestError):
        raise result
    if isinstance(result, Failure):
        status = UNEXPECTED if result.kind == "error" else UNPROCESSABLE
        raise RequestError(status, result.reason(job.task.replace("_", " ")), "WorkerError")
    return result
