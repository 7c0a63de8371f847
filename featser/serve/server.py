"""Running the server: workers, temporary files, the page in a browser, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

from featser.auxiliary.open_name import OPEN
from featser.errors import BundleError, InputError, ResourceError
from featser.io.escaping import for_terminal
from featser.serve.annotating.annotate_settings import (
    AnnotateSettings,
    ServeArguments,
    annotate_source,
    review_source,
    sorted_arguments,
)
from featser.serve.annotating.queue_jobs import QueueSource
from featser.serve.requests.request_log import logged
from featser.serve.settings import ServeSettings
from featser.serve.temporary_folder import temporary_folder
from featser.workers.limits import Limits as WorkerLimits
from featser.workers.pool import WorkerPool
from featser.workers.task import Failure

NEEDED = ("starlette", "uvicorn", "websockets", "python_multipart")
GRACE_S = 5
"""Seconds that running requests have to end when the server stops."""
MOST_CONNECTIONS = 512
PATIENCE_S = 5.0
FITTED_ONCE = "; `open` is fitted at its first use, which takes a minute"


def serve(
    models: Sequence[str | Path] = (),
    settings: ServeSettings | None = None,
    *,
    annotating: AnnotateSettings | None = None,
    open_browser: bool = False,
) -> None:
    """Serve models, and a manifest to annotate, until Ctrl-C or SIGTERM.

    Parameters
    ----------
    models : sequence of str or Path
        Bundles, folders of runs or ``open``, each as ``NAME=…`` to give it a name; and a manifest,
        a corpus folder or a folder of recordings, to be annotated.
    settings : ServeSettings, optional
        Where to listen, the token, and limits.
    annotating : AnnotateSettings, optional
        Labels, and where annotations go.
    open_browser : bool
        Whether to open the page.

    Raises
    ------
    ResourceError
        If packages of the extra ``serve`` are missing.
    InputError
        If the port is in use.
    BundleError
        If a model cannot be used.
    FeatserError
        If the manifest cannot be annotated, or another server writes its annotations.

    Examples
    --------
    >>> serve(["runs/emodb-1"])  # doctest: +SKIP
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ResourceError(
            f"featser serve needs {' and '.join(missing)}, not installed here: "
            f'pip install "featser[serve]"'
        )
    chosen = (settings or ServeSettings()).with_random_token()
    arguments = sorted_arguments(models)
    options = annotating or AnnotateSettings()
    log = logged(logging.getLogger("featser.serve"), sys.stderr)
    with _listening(chosen) as listener, temporary_folder() as folder, log:
        asyncio.run(_run(arguments, options, chosen, listener, Path(folder), open_browser))


async def _run(
    arguments: ServeArguments,
    annotating: AnnotateSettings,
    settings: ServeSettings,
    listener: socket.socket,
    folder: Path,
    open_browser: bool,
) -> None:
    from featser.serve.predicting.served_models import ServedModels, served_models
    from featser.serve.predicting.work_queue import WorkQueue
    from featser.serve.requests.uploads import UploadGate
    from featser.serve.running import Running

    limits = settings.limits
    memory = int(limits.worker_megabytes * 1e6)
    pool = WorkerPool(WorkerLimits(limits.timeout_s, memory))
    queue = WorkQueue(pool, settings.workers, limits.waiting)
    background = WorkQueue(WorkerPool(WorkerLimits(limits.timeout_s, memory)), 1, limits.waiting)
    stack = ExitStack()
    try:
        is_alone = (arguments.manifest or arguments.runs) and not arguments.models
        served = ServedModels({}) if is_alone else served_models(arguments.models)
        server = Running(settings, served, {}, queue, UploadGate(folder, limits), folder)
        loading = asyncio.create_task(_load_all(server, arguments, annotating, background, stack))
        web = await asyncio.to_thread(_web_server, server)  # imports, while the worker loads
        await _patiently(loading, [served.file(name) for name in served])
        await _answer_requests(web, server, listener, open_browser)
        _export(server)
    finally:
        queue.close()
        background.close()
        stack.close()


async def _load_all(
    server: Any,
    arguments: ServeArguments,
    annotating: AnnotateSettings,
    background: Any,
    stack: ExitStack,
) -> None:
    """Load the models, and open what is annotated."""
    from featser.serve.annotating.pending_queue import PendingQueue
    from featser.serve.opened_queues import open_queue

    await _load(server)

    async def opened(source: QueueSource) -> None:
        for line in await open_queue(server, source, annotating.store, background, stack):
            _say(line)

    if arguments.manifest:
        await opened(annotate_source(arguments, annotating))
    if arguments.runs:
        run = arguments.runs[0]
        server.pending["review"] = PendingQueue(run, partial(opened, review_source(run)))


def _export(server: Any) -> None:
    """Write annotations as tables, when the server has stopped."""
    from featser.serve.opened_queues import export_queue

    for served in server.queues.values():
        if line := export_queue(served):
            _say(line)


async def _answer_requests(
    web: Any, server: Any, listener: socket.socket, open_browser: bool
) -> None:
    """Answer requests until a signal comes."""
    warm = asyncio.create_task(server.queue.keep_warm())
    address = _address(server.settings, listener)
    _say(f"{address}  (Ctrl-C stops it)")
    opening = asyncio.create_task(_open_browser(address)) if open_browser else None
    try:
        await web.serve(sockets=[listener])
    finally:
        for task in (warm, opening):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    _say("stopped")


async def _load(server: Any) -> None:
    """Let every worker load every model, and describe them.

    Raises
    ------
    BundleError
        If one cannot be used.
    """
    from featser.serve.predicting.jobs import Job
    from featser.serve.predicting.worker_entry import run_job
    from featser.serve.requests.responses import RequestError

    for name in server.models:
        job = Job("describe", name, server.models.file(name))
        result = await server.queue.run(run_job, job)
        if isinstance(result, RequestError):
            raise BundleError(result.message)
        if isinstance(result, Failure):
            raise BundleError(f"{name}: {result.reason('loading the model')}")
        server.descriptions[name] = result
        if server.settings.workers > 1:
            await server.queue.warm(run_job, job)


async def _patiently(loading: asyncio.Task[None], files: Sequence[str]) -> None:
    """Wait until models are loaded; say why, where it takes long."""
    try:
        await asyncio.wait_for(asyncio.shield(loading), PATIENCE_S)
    except TimeoutError:
        is_open = any(name.endswith(OPEN) for name in files)
        _say(f"still loading{FITTED_ONCE if is_open else ''}")
        await loading


def _web_server(server: Any) -> Any:
    """Return what answers requests, ready to run."""
    import uvicorn

    from featser.serve.app import create_app
    from featser.serve.predicting.live import MOST_MESSAGE
    from featser.serve.requests.slow_clients import TimedProtocol

    class Server(uvicorn.Server):
        """uvicorn's server, which ends without raising the signal that ended it once more."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            self._captured_signals.clear()

    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its other lines hold addresses
    config = uvicorn.Config(
        create_app(server),
        http=TimedProtocol,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE,
        ws_max_queue=8,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=16_384,
    )
    return Server(config)


@contextmanager
def _listening(settings: ServeSettings) -> Iterator[socket.socket]:
    """Yield a socket that listens.

    Raises
    ------
    InputError
        If the address does not exist here, or the port is in use.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends answers at once (TCP_NODELAY) only where the protocol is named: without it the
    # end of an answer waits 40 ms for the client's acknowledgement of its beginning.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(128)
        except OSError as error:
            raise InputError(
                f"{settings.port} cannot be listened on at {settings.host} "
                f"({error.strerror or error}): choose another, or 0 for any",
                "port",
            ) from error
        yield listener


def _address(settings: ServeSettings, listener: socket.socket) -> str:
    host = "localhost" if settings.host in ("0.0.0.0", "::") else settings.host
    host = f"[{host}]" if ":" in host else host
    token = f"?token={settings.token}" if settings.token else ""
    return f"http://{host}:{listener.getsockname()[1]}/{token}"


async def _open_browser(address: str) -> None:
    import webbrowser

    await asyncio.to_thread(webbrowser.open, address)


def _say(text: str) -> None:
    print(f"featser: {for_terminal(text)}", file=sys.stderr, flush=True)
