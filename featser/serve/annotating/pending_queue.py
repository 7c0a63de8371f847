"""A queue that is opened when it is first asked for, so that the server starts at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from featser.errors import FeatserError
from featser.serve.requests.responses import (
    OVERLOADED,
    RequestError,
    as_request_error,
)


@dataclass
class PendingQueue:
    """A queue to open.

    Attributes
    ----------
    name : str
        What is read.
    open : callable
        Opens it; raises FeatserError where it cannot be used.
    """

    name: str
    open: Callable[[], Awaitable[None]]
    _task: asyncio.Future[None] | None = None

    def opened(self) -> RequestError:
        """Begin to open it, or look how far that is; return what a client is answered meanwhile."""
        if self._task is None:
            self._task = asyncio.ensure_future(self.open())
        elif self._task.done():
            error = self._task.exception()
            self._task = None  # the next request tries again
            if isinstance(error, FeatserError):
                return as_request_error(error)
            if error is not None:
                raise error
        return RequestError(
            OVERLOADED, f"{self.name} is being read: try again", headers={"Retry-After": "1"}
        )
