"""A web server with configurable faults, on this machine, for the duration of a test."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit


@dataclass
class Site:
    """A server's files, its faults, and the requests that it got.

    ``statuses`` are answered first, one a request; ``cuts`` are numbers of bytes after which the
    connection is closed, one a GET; ``ranges`` and ``versions`` say whether it supports Range, and
    sends ETag and Last-Modified. ``slow`` files come 50 bytes at a time, with ``pause`` seconds
    between; ``endless`` ones announce no size and never end; ``user`` is ``name:password`` that
    all requests must have.
    """

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    versions: bool = True
    listing: bool = True
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    endless: set[str] = field(default_factory=set)
    pause: float = 0.05
    user: str = ""

    def url(self, name: str) -> str:
        return f"{self.address}/{quote(name)}"

    def gets(self, name: str) -> list[str]:
        """The Range of every GET of a file, empty where there was none."""
        return [span for method, path, span in self.asked if method == "GET" and path == name]


@contextmanager
def serving() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    site = Site(f"http://127.0.0.1:{server.server_port}")
    server.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _basic(user: str) -> str:
    return f"Basic {base64.b64encode(user.encode()).decode()}"


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        name = unquote(urlsplit(self.path).path).lstrip("/")
        span = self.headers.get("Range", "")
        site.asked.append((self.command, name, span))
        if site.user and self.headers.get("Authorization") != _basic(site.user):
            self._answer(401, b"")
        elif name in site.endless:
            self._endless()
        elif site.statuses:
            self._answer(site.statuses.pop(0), b"")
        elif name in site.files:
            self._file(site, site.files[name], span)
        elif site.listing and (name == "" or name.endswith("/")):
            self._listing(site, name)
        elif site.listing and any(file.startswith(f"{name}/") for file in site.files):
            self._answer(301, b"", {"Location": f"{self.path}/"})
        else:
            self._answer(404, b"")

    def _file(self, site: Site, content: bytes, span: str) -> None:
        headers = {}
        if site.versions:
            headers["ETag"] = f'"{hashlib.md5(content).hexdigest()}"'
            headers["Last-Modified"] = formatdate(0, usegmt=True)
        asked = re.fullmatch(r"bytes=(\d+)-", span) if site.ranges else None
        if asked and self.headers.get("If-Range", headers.get("ETag")) == headers.get("ETag"):
            first = int(asked[1])
            if first >= len(content):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self._answer(206, content[first:], headers)
        else:
            self._answer(200, content, headers)

    def _listing(self, site: Site, folder: str) -> None:
        names = sorted(
            {
                rest.partition("/")[0] + "/" * ("/" in rest)
                for name in site.files
                if name.startswith(folder) and (rest := name[len(folder) :])
            }
        )
        links = "".join(f'<a href="{quote(name)}">{name}</a>' for name in ["../", *names])
        self._answer(200, links.encode(), {"Content-Type": "text/html"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if site.cuts and content:
            content = content[: site.cuts.pop(0)]
            self.close_connection = True
        if unquote(urlsplit(self.path).path).lstrip("/") in site.slow:
            self._slowly(site, content)
        else:
            self.wfile.write(content)

    def _slowly(self, site: Site, content: bytes) -> None:
        with suppress(OSError):  # the client has disconnected
            for first in range(0, len(content), 50):
                self.wfile.write(content[first : first + 50])
                self.wfile.flush()
                time.sleep(site.pause)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):
            while self.command == "GET":
                self.wfile.write(bytes(100_000))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""
