"""A client that is refused while it still sends reads the refusal, and cannot send for ever."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serve.running_server import RunningServer, running_server

lingering = pytest.importorskip(
    "featser.serve.requests.lingering", reason="needs the extra `serve`"
)
BODY = bytes(5_000_000)
TOKEN = "a-token-of-many-letters"
TIMES = 4
"""Whether a connection is reset depends on the moment: each refusal is provoked several times."""


@pytest.fixture(scope="module")
def strict(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a token, small requests, and one upload at a time."""
    limits = {"megabytes": 0.3, "uploads": 1}
    folder = tmp_path_factory.mktemp("lingering")
    with running_server(folder, fitted, token=TOKEN, limits=limits) as running:
        yield running


def posted(server: RunningServer, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Post with Python's own client, which fails where it cannot send everything."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", path, BODY, headers)
    with connection.getresponse() as answer:
        return answer.status, answer.read()


@pytest.mark.extras
@pytest.mark.parametrize(
    ("status", "headers", "path"),
    [
        (413, {}, "/v1/predict"),
        (415, {"Content-Type": "application/json"}, "/v1/predict"),
        (415, {"Content-Encoding": "gzip"}, "/v1/predict"),
        (400, {}, "/v1/predict?trim=perhaps"),
        (401, {"Authorization": "Bearer wrong"}, "/v1/predict"),
        (403, {"Origin": "http://evil.example"}, "/v1/predict"),
        (404, {}, "/v1/none"),
        (405, {}, "/v1/models"),
        (421, {"Host": "evil.example"}, "/v1/predict"),
    ],
)
def test_refusal_reaches_a_client_that_sends_5_mb(
    strict: RunningServer, status: int, headers: dict[str, str], path: str
) -> None:
    given = {"Authorization": f"Bearer {TOKEN}", **headers}
    for _ in range(TIMES):
        answer = requests.post(strict.address + path, BODY, headers=given, timeout=30)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]
        assert posted(strict, path, given) == (status, answer.content)


@pytest.mark.extras
def test_refusal_for_too_many_uploads_reaches_a_client(strict: RunningServer) -> None:
    begun = f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    with strict.connect() as other:
        other.sendall(f"{begun}Content-Length: 1000\r\n\r\nRIFF".encode())
        for _ in range(TIMES):
            answer = requests.post(
                f"{strict.address}/v1/predict",
                BODY,
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=30,
            )
            assert answer.status_code == 429
            assert answer.headers["Retry-After"] == "1"
            headers = {"Authorization": f"Bearer {TOKEN}"}
            assert posted(strict, "/v1/predict", headers) == (429, answer.content)


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers 415 without reading the request."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 415, "headers": headers})
    await send({"type": "http.response.body", "body": b"no"})


class Endless:
    """A client that never ends its request, and the answer that it gets."""

    def __init__(self, chunk: bytes, pause_s: float = 0.0) -> None:
        self.chunk, self.pause_s = chunk, pause_s
        self.n_bytes = 0
        self.answer: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.n_bytes == 0:
            assert self.answer[-1]["body"] == b"no"  # it is answered before anything is dropped
        await asyncio.sleep(self.pause_s)
        self.n_bytes += len(self.chunk)
        return {"type": "http.request", "body": self.chunk, "more_body": True}

    async def send(self, message: dict[str, Any]) -> None:
        self.answer.append(message)

    def ask(self, n_bytes: int) -> None:
        scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
        asyncio.run(lingering.Lingering(refuse, n_bytes)(scope, self.receive, self.send))
        start, body, end = self.answer
        assert (b"connection", b"close") in start["headers"]
        assert (body["more_body"], end) == (True, {"type": "http.response.body", "body": b""})


def test_endless_upload_after_a_refusal_ends_at_a_number_of_bytes() -> None:
    client = Endless(bytes(100_000))
    client.ask(10_000_000)
    assert client.n_bytes == 10_000_000


@pytest.mark.parametrize("pause_s", [0.01, 60.0])
def test_client_that_drips_or_falls_silent_after_a_refusal_is_given_up(
    monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    monkeypatch.setattr(lingering, "LONGEST_S", 0.1)
    monkeypatch.setattr(lingering, "IDLE_S", 0.05)
    client = Endless(b"x", pause_s)
    client.ask(10_000_000)
    assert client.n_bytes < 20
