"""What the server asks of its workers for a queue, without what the workers need for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from featser.serve.annotating.clip_queue import QueuedClip


@dataclass(frozen=True)
class QueueSource:
    """What a queue is made of.

    Attributes
    ----------
    kind : {'annotate', 'review'}
        Whether it is a manifest or a run.
    place : str
        The manifest, recording folder or run.
    output : str
        The table that annotations are exported to; the journal lies beside it.
    corpus : str or None
        The card of a corpus folder.
    labels : sequence of str
        As ``--label`` has them.
    runs : sequence of str
        Finished runs whose predictions rank the recordings of a manifest.
    """

    kind: str
    place: str
    output: str
    corpus: str | None = None
    labels: Sequence[str] = ()
    runs: Sequence[str] = ()

    @property
    def journal(self) -> str:
        """The file of the journal."""
        return f"{self.output.rpartition('.')[0]}.jsonl"


@dataclass(frozen=True)
class QueueJob:
    """What is asked of a worker.

    Attributes
    ----------
    task : str
        One of :data:`featser.serve.annotating.queue_tasks.TASKS`.
    source : QueueSource
        The queue.
    clips : sequence of QueuedClip
        The recordings that it is about.
    options : dict of str to object
        What the task needs beside them.
    """

    task: str
    source: QueueSource
    clips: Sequence[QueuedClip] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
