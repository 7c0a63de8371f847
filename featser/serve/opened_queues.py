"""Opening the queues of a server, and exporting them when it stops."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from featser.errors import FeatserError, counted
from featser.serve.annotating.clip_queue import ClipQueue, QueueContent
from featser.serve.annotating.journal import open_journal
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.annotating.served_queue import ServedQueue, done
from featser.serve.predicting.work_queue import WorkQueue
from featser.serve.requests.responses import RequestError
from featser.serve.running import Running

OPENERS = {"annotate": "open_queue", "review": "open_run"}
EXPORTED = {"annotate": "annotations", "review": "corrected labels"}


async def open_queue(
    server: Running, source: QueueSource, store: str, background: WorkQueue, stack: ExitStack
) -> list[str]:
    """Read a queue, and open its journal until the stack is closed.

    Returns
    -------
    list of str
        What is to be said of it.

    Raises
    ------
    FeatserError
        If the manifest or the journal cannot be used.
    """
    try:
        work = server.queue if source.kind == "annotate" else background
        content: QueueContent = await done(work, QueueJob(OPENERS[source.kind], source))
    except RequestError as error:
        raise FeatserError(error.message) from error
    journal = stack.enter_context(open_journal(source.journal))
    queue = ClipQueue(content, journal)
    models = {
        name: (server.models.file(name), _labels(one))
        for name, one in server.descriptions.items()
        if source.kind == "annotate"
    }
    served = ServedQueue(source, queue, server.queue, background, store, models)
    server.queues[source.kind] = served
    raters = len(queue.votes.raters)
    earlier = (
        f"{counted(queue.votes.n_entries, 'click')} of {counted(raters, 'rater')} so far"
        if raters
        else "no annotation yet"
    )
    return [
        f"{source.kind}: {counted(len(content.clips), 'recording')}, {earlier}; every click is "
        f"saved in {source.journal}",
        *(f"note: {note}" for note in [*content.notes, *journal.notes, *queue.left_out]),
    ]


def export_queue(served: ServedQueue) -> str:
    """Write the annotations of a queue beside its journal; say what was written, if anything."""
    from featser.serve.queue_work.annotation_export import write_export

    if not served.queue.votes.n_entries:
        return ""
    path = write_export(served.source, Path(served.source.output))
    return f"{EXPORTED[served.source.kind]}: {path}"


def _labels(description: dict[str, Any]) -> list[str]:
    """Return the labels of a model that have classes."""
    return [str(task["name"]) for task in description["tasks"] if task.get("classes")]
