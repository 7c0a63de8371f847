"""A server in a process of its own, as a user starts it, for the duration of a test."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from featser.io.lock import FOLDER_LOCK

STARTED_S = 120

# Limits that the command line does not have, such as those of slow clients, are given in Python.
CODE = """
import sys
from featser.serve.server import serve
from featser.serve.settings import Limits, ServeSettings
options = {options!r}
limits = Limits(**{limits!r})
serve({models!r}, ServeSettings(port=0, limits=limits, **options))
"""


@dataclass
class RunningServer:
    """A server: its address, its process, its folder of temporary files, and what it printed."""

    process: subprocess.Popen[str]
    folder: Path
    address: str = ""
    token: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def printed(self) -> str:
        return "".join(self.lines)

    def connect(self) -> socket.socket:
        """Return a connection that a test writes bytes to itself."""
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def leftovers(self) -> list[Path]:
        """The temporary files that there are now, without the lock of their folder."""
        # Unlike rglob, os.walk goes on where a folder is removed meanwhile.
        walked = os.walk(self.folder)
        files = [Path(folder, name) for folder, _, names in walked for name in names]
        return [path for path in files if path.name != FOLDER_LOCK]

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it with a signal; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def running_server(folder: Path, *models: object, **options: Any) -> Iterator[RunningServer]:
    """Start a server on a free port; ``limits`` are those of requests, others its settings."""
    code = CODE.format(
        models=[str(model) for model in models],
        limits=options.pop("limits", {}),
        options=options,
    )
    with started([sys.executable, "-c", code], folder) as server:
        yield server


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[RunningServer]:
    """Run a command that serves, with its temporary files in a folder."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(temporary), "COLUMNS": "300"},
        stderr=subprocess.PIPE,
        text=True,
    )
    server = RunningServer(process, temporary)
    reader = threading.Thread(target=_read, args=(server,), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + STARTED_S
        while not server.address:
            assert process.poll() is None, server.printed
            assert time.monotonic() < deadline, server.printed
            time.sleep(0.02)
        yield server
    finally:
        process.kill()
        process.wait()
        reader.join(10)


def _read(server: RunningServer) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.lines.append(line)
        match = re.search(r"(http://\S+:\d+)/(?:\?token=(\S+))?", line)
        if match is not None:
            server.address, server.token = match[1], match[2] or ""


def read_to_the_end(connection: socket.socket) -> bytes:
    """Return what a server sends until it closes: one `recv` may hold the headers alone."""
    return b"".join(iter(lambda: connection.recv(65536), b""))
