"""Live mode over a WebSocket: predictions twice a second, bounded, refused where it must be."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import featser
from tests.serve.running_server import RunningServer

pytestmark = pytest.mark.extras

RATE = 16_000
TENTH = RATE // 10


@pytest.fixture(scope="module")
def samples(clips: list[Path]) -> np.ndarray:
    """Four seconds of speech as 16-bit samples."""
    parts = [soundfile.read(file, dtype="int16")[0] for file in clips[:12]]
    return np.concatenate(parts)[: 4 * RATE]


@pytest.fixture
def socket(server: RunningServer) -> Iterator[Any]:
    client = pytest.importorskip("websockets.sync.client")
    address = f"{server.address.replace('http', 'ws')}/v1/live?rate={RATE}"
    with client.connect(address) as opened:
        yield opened


def send(socket: Any, samples: np.ndarray, *, in_real_time: bool) -> None:
    for first in range(0, len(samples), TENTH):
        socket.send(samples[first : first + TENTH].tobytes())
        if in_real_time:
            time.sleep(0.1)


def test_prediction_is_that_of_the_last_seconds(
    socket: Any, samples: np.ndarray, fitted: Path, tmp_path: Path
) -> None:
    """All samples at once: the first answer is of the last three seconds of them."""
    send(socket, samples, in_real_time=False)
    answers = [json.loads(socket.recv(timeout=30))]
    while answers[-1]["end_s"] < 4:
        answers.append(json.loads(socket.recv(timeout=30)))
    file = tmp_path / "last.wav"
    soundfile.write(file, samples[RATE:], RATE, subtype="PCM_16")
    expected = featser.predict(fitted / "model.featser", [file]).iloc[0]
    prediction = answers[-1]["prediction"]
    assert prediction["emotion.pred"] == expected["emotion.pred"]
    assert prediction["emotion.p[angry]"] == expected["emotion.p[angry]"]


def test_predictions_come_while_the_samples_do(socket: Any, samples: np.ndarray) -> None:
    began = time.monotonic()
    send(socket, samples, in_real_time=True)
    ends = []
    while not ends or ends[-1] < 3.5:
        ends.append(json.loads(socket.recv(timeout=30))["end_s"])
    assert time.monotonic() - began < 30
    assert ends == sorted(set(ends))
    assert ends[0] >= 1
    assert len(ends) <= 8


def test_silence_is_an_answer_and_not_the_end(socket: Any, samples: np.ndarray) -> None:
    send(socket, np.zeros(2 * RATE, np.int16), in_real_time=False)
    answer = json.loads(socket.recv(timeout=30))
    assert "silent" in answer["prediction"]["error"]
    send(socket, samples, in_real_time=False)
    while "emotion.pred" not in json.loads(socket.recv(timeout=30))["prediction"]:
        continue


@pytest.mark.parametrize("message", ["text", b"", bytes(70_000)])
def test_what_is_no_sound_ends_the_session(socket: Any, message: str | bytes) -> None:
    errors = pytest.importorskip("websockets.exceptions")
    socket.send(message)
    with pytest.raises(errors.ConnectionClosedError):
        socket.recv(timeout=30)


def test_more_sessions_than_allowed_are_refused(server: RunningServer) -> None:
    client = pytest.importorskip("websockets.sync.client")
    errors = pytest.importorskip("websockets.exceptions")
    address = server.address.replace("http", "ws") + "/v1/live"
    with ExitStack() as sessions:
        for _ in range(4):
            sessions.enter_context(client.connect(address))
        with pytest.raises(errors.InvalidStatus, match="403"):
            sessions.enter_context(client.connect(address))


@pytest.mark.parametrize("query", ["model=none", "rate=1", "rate=x", "rate=1e9"])
def test_wrong_session_is_refused(server: RunningServer, query: str) -> None:
    client = pytest.importorskip("websockets.sync.client")
    errors = pytest.importorskip("websockets.exceptions")
    with pytest.raises(errors.InvalidStatus, match="403"):
        client.connect(f"{server.address.replace('http', 'ws')}/v1/live?{query}")


def test_sessions_leave_no_file(server: RunningServer) -> None:
    deadline = time.monotonic() + 10
    while server.leftovers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert server.leftovers() == []
