"""What all handlers of a running server share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from featser.serve.annotating.pending_queue import PendingQueue
from featser.serve.annotating.served_queue import ServedQueue
from featser.serve.predicting.served_models import ServedModels
from featser.serve.predicting.work_queue import WorkQueue
from featser.serve.requests.metrics import Metrics
from featser.serve.requests.uploads import UploadGate
from featser.serve.settings import ServeSettings


@dataclass
class Running:
    """A server that runs.

    Attributes
    ----------
    settings : ServeSettings
        How it was started.
    models : ServedModels
        Whose predictions can be asked for.
    descriptions : dict of str to dict
        What each model is.
    queue : WorkQueue
        Runs tasks in worker processes.
    gate : UploadGate
        Receives recordings.
    folder : Path
        Of temporary files.
    metrics : Metrics
        Counts of requests.
    n_live : int
        Live sessions.
    queues : dict of str to ServedQueue
        What is annotated or reviewed, by the names of their pages.
    pending : dict of str to PendingQueue
        What is opened when it is first asked for.
    """

    settings: ServeSettings
    models: ServedModels
    descriptions: dict[str, dict[str, Any]]
    queue: WorkQueue
    gate: UploadGate
    folder: Path
    metrics: Metrics = field(default_factory=Metrics)
    n_live: int = 0
    queues: dict[str, ServedQueue] = field(default_factory=dict)
    pending: dict[str, PendingQueue] = field(default_factory=dict)


def running(request: Any) -> Running:
    """Return the server that a request or a WebSocket came to."""
    server: Running = request.app.state.running
    return server
