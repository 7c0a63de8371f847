"""What the server asks of its workers, without what the workers need for it.

The server imports neither pandas nor scikit-learn: it starts at once, and its memory does not grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from featser.serve.requests.uploads import Upload

JSON = "json"


@dataclass(frozen=True)
class Job:
    """What is asked of a worker.

    Attributes
    ----------
    task : str
        One of :data:`featser.serve.predicting.worker_tasks.TASKS`.
    model_name, model : str
        The model, and where its bundle is.
    uploads : sequence of Upload
        The recordings.
    options : dict of str to object
        The parameters of the request.
    most_seconds : float
        Of one recording.
    lost : dict of str to str, optional
        Names of recordings at which a worker has ended, and what happened to it: they are not
        tried again.
    """

    task: str
    model_name: str
    model: str
    uploads: Sequence[Upload] = ()
    options: dict[str, Any] | None = None
    most_seconds: float = 900.0
    lost: dict[str, str] = field(default_factory=dict)

    def option(self, name: str) -> Any:
        """Return a parameter of the request; None if it was not given."""
        return (self.options or {}).get(name)


@dataclass(frozen=True)
class Answer:
    """What a worker gives back: the body of an answer, and its format."""

    data: bytes
    format: str = JSON
