"""Predictions while somebody speaks: a WebSocket that takes samples and answers twice a second.

A client sends 16-bit samples of one channel, and the server predicts the last seconds of them.
Where a prediction takes longer than the time to the next, that one is left out: nothing queues up,
so the lag does not grow.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from featser.errors import FeatserError
from featser.serve.predicting.jobs import Answer
from featser.serve.predicting.predict_routes import MODEL, job_of, work
from featser.serve.requests.endpoint import Parameter
from featser.serve.requests.responses import RequestError, as_request_error
from featser.serve.requests.uploads import Upload
from featser.serve.running import Running, running

EVERY_S = 0.5
WINDOW_S = 3.0
LEAST_S = 1.0
"""Seconds before the first prediction."""
SAMPLE_BYTES = 2
MOST_MESSAGE = 65_536
REFUSED, FULL = 1008, 1013

RATE = Parameter("rate", "Samples per second.", "number", 16_000, more_than=7_999, at_most=192_000)


class Window:
    """The last seconds of a stream of 16-bit samples.

    Parameters
    ----------
    rate : int
        Samples per second.

    Examples
    --------
    >>> window = Window(8_000)
    >>> window.add(bytes(2 * 40_000))
    >>> window.received_s, len(window.samples) / 16_000
    (5.0, 3.0)
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.samples = b""
        self._n_bytes = 0

    @property
    def received_s(self) -> float:
        """Seconds that have come in all."""
        return self._n_bytes / SAMPLE_BYTES / self.rate

    def add(self, data: bytes) -> None:
        """Add samples; the oldest are dropped."""
        even = data[: len(data) // SAMPLE_BYTES * SAMPLE_BYTES]
        self._n_bytes += len(even)
        most = int(WINDOW_S * self.rate) * SAMPLE_BYTES
        self.samples = (self.samples + even)[-most:]

    def as_wave(self) -> bytes:
        """Return the samples as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(SAMPLE_BYTES)
            sound.setframerate(self.rate)
            sound.writeframes(self.samples)
        return file.getvalue()


async def live(socket: WebSocket) -> None:
    """Answer samples with predictions, until the client or the server ends it."""
    server = running(socket)
    try:
        options = {one.name: one.value_of(socket.query_params.getlist(one.name))
                   for one in (MODEL, RATE)}  # fmt: skip
        server.models.name(options["model"] or "")
    except FeatserError as error:
        await socket.close(REFUSED, str(error)[:100])
        return
    if server.n_live >= server.settings.limits.live:
        await socket.close(FULL, "too many live sessions: try again later")
        return
    await socket.accept()
    server.n_live += 1
    try:
        await _session(server, socket, options)
    finally:
        server.n_live -= 1


async def _session(server: Running, socket: WebSocket, options: dict[str, Any]) -> None:
    window = Window(int(options["rate"]))
    predicting = asyncio.create_task(_predict_often(server, socket, options, window))
    try:
        await _listen(server, socket, window)
    finally:
        predicting.cancel()
        with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await predicting


async def _listen(server: Running, socket: WebSocket, window: Window) -> None:
    """Take samples until the client ends, falls silent or sends something else."""
    while True:
        try:
            idle_s = server.settings.limits.idle_s
            message = await asyncio.wait_for(socket.receive(), idle_s)
        except TimeoutError:
            await socket.close(REFUSED, "no samples came")
            return
        if message["type"] != "websocket.receive":
            return
        data = message.get("bytes")
        if not data or len(data) > MOST_MESSAGE:
            await socket.close(REFUSED, "send 16-bit samples, 64 kB at most at a time")
            return
        window.add(data)


async def _predict_often(
    server: Running, socket: WebSocket, options: dict[str, Any], window: Window
) -> None:
    """Predict the latest samples twice a second; what comes meanwhile waits for the next time."""
    loop = asyncio.get_running_loop()
    predicted_s = 0.0
    with tempfile.TemporaryDirectory(dir=server.folder) as folder:
        path = Path(folder) / "live.wav"
        while True:
            began = loop.time()
            if window.received_s >= max(LEAST_S, predicted_s + EVERY_S / 2):
                predicted_s = window.received_s
                answer = await _predicted(server, options, window, path)
                answer |= {"end_s": predicted_s, "compute_s": loop.time() - began}
                await socket.send_text(json.dumps(answer, ensure_ascii=False))
            await asyncio.sleep(max(0.02, began + EVERY_S - loop.time()))


async def _predicted(
    server: Running, options: dict[str, Any], window: Window, path: Path
) -> dict[str, Any]:
    """Predict what a window holds; an error is an answer as well."""
    path.write_bytes(window.as_wave())
    upload = Upload("live", path, path.stat().st_size)
    try:
        answer: Answer = await work(server, job_of(server, "predict", [upload], options))
    except RequestError as error:
        return {"error": {"kind": error.kind, "message": error.message}}
    except FeatserError as error:
        return {"error": {"kind": "FeatserError", "message": as_request_error(error).message}}
    predicted: dict[str, Any] = json.loads(answer.data)
    return {"prediction": predicted["predictions"][0]}
