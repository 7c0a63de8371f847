"""The application: routes, their checks, and what is logged of a request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import MutableMapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from featser.errors import FeatserError
from featser.serve.annotating.queue_routes import QUEUE_ENDPOINTS
from featser.serve.pages import PAGES, asset, log_in, show_page
from featser.serve.predicting.live import live
from featser.serve.predicting.predict_routes import PREDICT_ENDPOINTS
from featser.serve.requests.endpoint import Endpoint
from featser.serve.requests.lingering import Lingering
from featser.serve.requests.openapi import openapi
from featser.serve.requests.responses import (
    CLOSE,
    STOPPING,
    UNEXPECTED,
    RequestError,
    as_request_error,
    error_response,
    json_response,
)
from featser.serve.requests.security import App, Guard, Receive, Scope, Send
from featser.serve.running import Running, running

logger = logging.getLogger("featser.serve")


async def health(request: Request) -> Response:
    """Answer that the server runs."""
    del request
    return json_response({"status": "ok"})


async def metrics(request: Request) -> Response:
    """Answer counts for Prometheus."""
    server = running(request)
    gauges = {
        "featser_jobs": server.queue.n_jobs,
        "featser_workers_lost": server.queue.n_lost,
        "featser_uploads": server.gate.active,
        "featser_live_sessions": server.n_live,
    }
    return PlainTextResponse(server.metrics.text(gauges), media_type="text/plain; version=0.0.4")


async def description(request: Request) -> Response:
    """Answer the OpenAPI description."""
    del request
    return json_response(openapi(ENDPOINTS))


ENDPOINTS: tuple[Endpoint, ...] = (
    *PREDICT_ENDPOINTS,
    *QUEUE_ENDPOINTS,
    Endpoint("GET", "/healthz", "Whether the server runs.", health),
    Endpoint("GET", "/metrics", "Counts for Prometheus.", metrics, answers=("text/plain",)),
    Endpoint("GET", "/openapi.json", "This description.", description),
)
"""The API."""


def create_app(server: Running) -> App:
    """Return the application that answers requests, by the ASGI protocol.

    Parameters
    ----------
    server : Running
        Its models, its queue and its limits.
    """
    routes: list[Any] = [Route(one.path, one.handler, methods=[one.method]) for one in ENDPOINTS]
    routes += [Route(page.path, partial(show_page, page), methods=["GET"]) for page in PAGES]
    routes += [
        Route("/login", log_in, methods=["POST"]),
        Route("/assets/{name}", asset, methods=["GET"]),
        WebSocketRoute("/v1/live", live),
    ]
    handlers: dict[Any, Any] = {
        RequestError: _request_error,
        FeatserError: _featser_error,
        HTTPException: _http_error,
        Exception: _unexpected,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.running = server
    counted = Accounting(Guard(app, server.settings), server)
    return Lingering(counted, server.settings.limits.n_bytes)


class Accounting:
    """Counts and logs requests: endpoint, status and milliseconds, nothing that a client wrote.

    Parameters
    ----------
    app : callable
        What answers.
    server : Running
        Whose metrics count.
    """

    def __init__(self, app: App, server: Running) -> None:
        self.app = app
        self._server = server
        self._paths = {one.path for one in ENDPOINTS} | {page.path for page in PAGES} | {"/login"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, by the ASGI protocol."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = UNEXPECTED

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:  # the server stops, and has waited long enough
            if status == UNEXPECTED:
                error = RequestError(STOPPING, "the server is stopping", headers=CLOSE)
                await error_response(error)(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            path = self._shown(scope["path"])
            self._server.metrics.add(path, status, seconds)
            logger.info("%s %s %d %.0f ms", scope["method"][:8], path, status, 1000 * seconds)

    def _shown(self, path: str) -> str:
        if path.startswith("/assets/"):
            return "/assets"
        return path if path in self._paths else "other"


async def _request_error(request: Request, error: RequestError) -> Response:
    del request
    return error_response(error)


async def _featser_error(request: Request, error: FeatserError) -> Response:
    del request
    return error_response(as_request_error(error))


async def _http_error(request: Request, error: Any) -> Response:
    del request
    headers = dict(error.headers or {})
    return error_response(RequestError(error.status_code, str(error.detail), "HTTPError", headers))


async def _unexpected(request: Request, error: Exception) -> Response:
    del request
    message = f"unexpected error ({type(error).__name__}); the server's log has the details"
    return error_response(RequestError(UNEXPECTED, message, "Unexpected"))
