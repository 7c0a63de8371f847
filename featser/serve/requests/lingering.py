"""A client that is refused while it sends can read why: what it sends is read on for a while.

A connection that is closed with unread data is reset, and the client's system then drops the answer
that has arrived already. So an answer of an error is sent at once, and the rest of the request is
read and dropped before the connection ends: a number of bytes, for a number of seconds, so that an
endless upload holds no connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from featser.serve.requests.security import App, Receive, Scope, Send

LEAST_BYTES = 8_000_000
LONGEST_S = 5.0
IDLE_S = 1.0
"""Seconds without data after which the client is taken to wait for the end of the connection."""
CLOSE = (b"connection", b"close")


class Lingering:
    """Reads on when an error is answered before the end of the request.

    Parameters
    ----------
    app : callable
        What answers.
    n_bytes : int
        Of a request at most; as many, and 8 MB at least, are read after an answer.
    """

    def __init__(self, app: App, n_bytes: int) -> None:
        self.app = app
        self._n_bytes = max(LEAST_BYTES, n_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, by the ASGI protocol."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        await self.app(scope, exchange.receive, exchange.send)
        await exchange.end(self._n_bytes)


class _Exchange:
    """A request and its answer, whose end is held back while the request has not ended."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_received = False
        self._is_held_back = False
        self._is_error = False

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._is_received = message["type"] != "http.request" or not message.get("more_body")
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            is_whole = any(name.lower() == b"content-length" for name, _ in headers)
            self._is_error = message["status"] >= 400 and is_whole and not self._is_received
            if self._is_error and CLOSE not in headers:
                message = {**message, "headers": [*headers, CLOSE]}
        elif self._is_error and not message.get("more_body"):
            self._is_held_back = True  # the client has all that Content-Length announced
            message = {**message, "more_body": True}
        await self._send(message)

    async def end(self, n_bytes: int) -> None:
        """Drop what still comes, within limits, and end the answer."""
        if not self._is_held_back:
            return
        with suppress(asyncio.CancelledError):  # the server stops: the answer has been sent
            await self._drop(n_bytes)
        await self._send({"type": "http.response.body", "body": b""})

    async def _drop(self, n_bytes: int) -> None:
        deadline = time.monotonic() + LONGEST_S
        while not self._is_received and n_bytes > 0:
            left = min(IDLE_S, deadline - time.monotonic())
            try:
                message = await asyncio.wait_for(self.receive(), max(0.001, left))
            except TimeoutError:
                return
            n_bytes -= len(message.get("body", b""))
            if time.monotonic() > deadline:
                return


def _has_body(scope: Scope) -> bool:
    """Whether a request announces data."""
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
