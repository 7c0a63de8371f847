"""Uploads that are too large, endless, slow, compressed, hostile or many leave nothing behind."""

from __future__ import annotations

import gzip
import io
import signal
import threading
import time
import wave
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile

from tests.serve.running_server import (
    RunningServer,
    read_to_the_end,
    running_server,
    started,
)

pytestmark = pytest.mark.extras

HOSTILE = (
    "../../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "\x00", "a" * 5000, ".", "-", "..",
    "<img src=x onerror=alert(1)>.wav", "\x1b[31mred.wav", "a\r\nSet-Cookie: x=y.wav", "CON",
    "$(id).wav",
    "; rm -rf ~ #.wav", "\u202egnp.wav", "http://127.0.0.1:1/a.wav", "%2e%2e%2f", "{name}.wav",
)  # fmt: skip


@pytest.fixture(scope="module")
def strict(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with small limits."""
    limits = {
        "megabytes": 0.3, "seconds": 5.0, "files": 3, "idle_s": 0.5, "upload_s": 1.5,
        "timeout_s": 10.0,
    }  # fmt: skip
    with running_server(tmp_path_factory.mktemp("strict"), fitted, limits=limits) as running:
        yield running
        assert running.leftovers() == []


def head(server: RunningServer, *lines: str) -> bytes:
    return "\r\n".join(["POST /v1/predict HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def post(server: RunningServer, data: object, name: str = "clip.wav") -> requests.Response:
    return requests.post(
        f"{server.address}/v1/predict", data=data, params={"name": name}, timeout=60
    )


def test_announced_size_beyond_the_limit_is_refused_before_the_body(strict: RunningServer) -> None:
    with strict.connect() as connection:
        connection.sendall(head(strict, "Content-Length: 99999999999"))
        answer = read_to_the_end(connection)
        assert status_of(answer) == 413
        assert b"a request may have 0.3 MB" in answer
        assert b"onnection: close" in answer


def test_endless_upload_ends_at_the_limit(strict: RunningServer) -> None:
    """Chunks without an announced size, as long as the server takes them.

    The buffers of the system may hold some ten megabytes more than the server reads.
    """
    sent = 0
    with strict.connect() as connection:
        connection.sendall(head(strict, "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        try:
            while sent < 2000:
                connection.sendall(chunk)
                sent += 1
        except OSError:
            pass
        assert sent < 1000
    assert strict.leftovers() == []


def test_endless_form_ends_at_the_limit(strict: RunningServer) -> None:
    def parts() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.wav"\r\n\r\n'
        while True:
            yield bytes(65536)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = requests.post(
            f"{strict.address}/v1/predict", data=parts(), headers=kind, timeout=60
        )
    except requests.ConnectionError:  # the answer came while the body was still being sent
        return
    assert answer.status_code == 413


def test_client_that_falls_silent_is_given_up(strict: RunningServer) -> None:
    began = time.monotonic()
    with strict.connect() as connection:
        connection.sendall(head(strict, "Content-Length: 1000") + b"RIFF")
        answer = read_to_the_end(connection)
    assert status_of(answer) == 408
    assert b"the request came too slowly" in answer
    assert time.monotonic() - began < 5


def test_client_that_drips_is_given_up(strict: RunningServer) -> None:
    """A byte now and then is never silent, but never done."""
    began = time.monotonic()
    with strict.connect() as connection:
        connection.sendall(head(strict, "Content-Length: 100000"))
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - began < 20:
            connection.sendall(b"x")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
    assert status_of(answer) == 408
    assert time.monotonic() - began < 5


def test_connection_without_complete_headers_is_closed(fitted: Path, tmp_path: Path) -> None:
    """Slowloris: headers that never end occupy no connection for long."""
    code = (
        "import featser.serve.requests.slow_clients as slow\n"
        "slow.HEADER_S = 0.5\n"
        "from featser.serve.server import serve\n"
        "from featser.serve.settings import ServeSettings\n"
        f"serve([{str(fitted)!r}], ServeSettings(port=0))\n"
    )
    import sys

    with started([sys.executable, "-c", code], tmp_path) as server:
        with server.connect() as silent, server.connect() as dripping:
            dripping.sendall(b"GET / HTTP/1.1\r\n")
            for connection in (silent, dripping):
                connection.settimeout(10)
                assert connection.recv(100) == b""
        with server.connect() as second:  # a complete request, then a slow one
            second.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while b'"ok"' not in answer:
                answer += second.recv(65536)
            second.sendall(b"GET / HT")
            second.settimeout(10)
            assert second.recv(100) == b""
        assert requests.get(f"{server.address}/healthz", timeout=10).ok


def test_compressed_body_is_refused(strict: RunningServer) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    answer = requests.post(
        f"{strict.address}/v1/predict", bomb, headers={"Content-Encoding": "gzip"}, timeout=30
    )
    assert answer.status_code == 415


def test_archive_is_no_recording(strict: RunningServer) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("clip.wav", bytes(50_000_000))
    [row] = post(strict, file.getvalue(), "clips.zip").json()["predictions"]
    assert "not audio" in row["error"] or "cannot" in row["error"]


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_recording_that_decodes_to_minutes_is_refused_before_it_is_decoded(
    strict: RunningServer, kind: str
) -> None:
    """A file of less than 300 kB that holds six minutes."""
    file = io.BytesIO()
    minute = np.zeros(60 * 8_000, np.float32)
    minute[::8_000] = 0.1
    with soundfile.SoundFile(file, "w", 8_000, 1, format=kind) as sound:
        for _ in range(6):
            sound.write(minute)
    assert len(file.getvalue()) < 300_000
    began = time.monotonic()
    answer = post(strict, file.getvalue(), f"bomb.{kind.lower()}")
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == (
        f"bomb.{kind.lower()}: longer than 5 s, the limit of this server: cut it, or use "
        f"`featser predict`"
    )
    assert time.monotonic() - began < 5


def test_header_that_announces_more_than_there_is_costs_nothing(strict: RunningServer) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(1000))
    data = bytearray(file.getvalue())
    data[40:44] = (0x7FFFFFF0).to_bytes(4, "little")
    answer = post(strict, bytes(data))
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json()["predictions"][0]["error"]


PLAYLISTS = {
    "list.m3u8": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "list.ffconcat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "list.mpd": b'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:1/</BaseURL></MPD>',
    "list.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 1 RTP/AVP 0\n",
    "list.csv": b"file\n/etc/passwd\n",
    "list.wav": b"/etc/passwd\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_file_that_refers_to_others_is_no_recording(strict: RunningServer, name: str) -> None:
    """Playlists of FFmpeg and manifests of featser name files: none is opened."""
    [row] = post(strict, PLAYLISTS[name], name).json()["predictions"]
    assert row["error"]
    assert "emotion.pred" not in row
    assert "root:" not in row["error"]


@pytest.mark.parametrize(
    "name",
    [
        *HOSTILE,
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/passwd",
        "\x00",
        "a" * 5000,
        ".",
        "-",
    ],
)
def test_hostile_name_is_shown_only(strict: RunningServer, clips: list[Path], name: str) -> None:
    """The answer is the same, and no file appears outside the temporary folder."""
    expected = post(strict, clips[0].read_bytes(), "clip.flac").json()["predictions"][0]
    [row] = post(strict, clips[0].read_bytes(), name).json()["predictions"]
    shown = row.pop("file")
    expected.pop("file")
    assert row == expected
    assert shown
    assert not any(letter in shown for letter in "/\\\x00\n\r\x1b")
    assert strict.leftovers() == []


def test_too_many_recordings_are_refused(strict: RunningServer, clips: list[Path]) -> None:
    form = [("file", (f"{number}.flac", clips[0].read_bytes())) for number in range(4)]
    answer = requests.post(f"{strict.address}/v1/predict", files=form, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "a request may have 3 recordings"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"no form at all"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=" + 300 * "x", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 5000),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + 100_000 * b"b"),
        ("audio/wav", b""),
    ],
)
def test_broken_form_is_refused(strict: RunningServer, kind: str, body: bytes) -> None:
    answer = requests.post(
        f"{strict.address}/v1/predict", body, headers={"Content-Type": kind}, timeout=30
    )
    assert answer.status_code == 400
    assert strict.leftovers() == []


def test_client_that_goes_leaves_nothing(strict: RunningServer) -> None:
    with strict.connect() as connection:
        connection.sendall(head(strict, "Content-Length: 100000") + bytes(50_000))
        time.sleep(0.2)
    deadline = time.monotonic() + 10
    while strict.leftovers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert strict.leftovers() == []


def test_overload_is_answered_with_the_time_to_try_again(
    fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    """All that are accepted get the right answer, and the client of featser gets all."""
    from featser.serve.client import Client

    data = clips[0].read_bytes()
    with running_server(tmp_path, fitted, limits={"waiting": 1, "uploads": 64}) as server:
        expected = post(server, data).json()
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda _: post(server, data), range(48)))
            statuses = {answer.status_code for answer in answers}
            assert statuses == {200, 429}
            for answer in answers:
                if answer.status_code == 200:
                    assert answer.json() == expected
                else:
                    assert 1 <= int(answer.headers["Retry-After"]) <= 60
                    assert "try again" in answer.json()["error"]["message"]
            client = Client(server.address)
            patient = list(threads.map(lambda _: client.predict(clips[0]), range(4)))
        for answer in patient:
            assert [row["error"] for row in answer["predictions"]] == [""]
        assert server.leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_server_and_removes_all_files(
    fitted: Path, clips: list[Path], tmp_path: Path, number: int
) -> None:
    """Also while a request is being received."""
    with running_server(tmp_path, fitted) as server:
        connection = server.connect()
        connection.sendall(head(server, "Content-Length: 1000000") + bytes(200_000))
        busy = threading.Thread(target=lambda: post(server, clips[0].read_bytes()), daemon=True)
        busy.start()
        deadline = time.monotonic() + 10
        while not server.leftovers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.leftovers()
        assert server.stop(number) == 0
        connection.close()
        assert list(server.folder.iterdir()) == []
        assert "featser: stopped\n" in server.printed
        assert "Traceback" not in server.printed
