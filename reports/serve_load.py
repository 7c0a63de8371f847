"""The local server under load: ``make serve-load MODEL=RUN CLIP=FILE``.

Clients on the loopback interface send valid and broken uploads at the same time, for a minute. Each
answer is compared with that of :func:`featser.predict`, bit for bit: the prediction of a valid
recording, the reason of one that cannot be used, the error of a wrong request. A request that is
refused with 429 must say when to try again. The memory of the server and its workers is measured
meanwhile. It writes ``reports/serve/serve-load.json`` and a table of ``docs/serve.md``, and exits
with 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import requests
import soundfile
from common import REPORTS, table_lines
from serve_latency import PAGE, server

from featser import predict
from featser.audio import read_audio

RATE = 16_000
LENGTHS_S = (1.5, 2.5, 3.5)
MOST_WAIT_S = 1.0
MOST_ANSWER_S = 60
SAMPLED_S = 0.2
MOST_GROWTH = 0.1
"""The share by which the memory may differ between the second and the last fifth."""
JSON = REPORTS / "serve" / "serve-load.json"
BEGIN, END = "<!-- written by make serve-load -->", "<!-- end of serve-load -->"
OVERLOADED = 429
CLOSED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
"""What a client gets where a connection ends before the answer is read."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """What a client sends, and the answer that is right."""

    name: str
    data: bytes
    is_right: Callable[[requests.Response], bool]
    is_valid: bool = False
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Load:
    """What came of a load.

    A request that is refused before its body is read ends the connection. The client may get the
    end of the connection before the refusal: these are ``n_closed``.
    """

    seconds: list[float] = field(default_factory=list)
    n_right: int = 0
    n_refused: int = 0
    n_left: int = 0
    n_closed: int = 0
    wrong: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """The change of the memory from the second fifth of the time to the last, as a share."""
        fifth = max(1, len(self.memory) // 5)
        before = float(np.mean(self.memory[fifth : 2 * fifth]))
        return float(np.mean(self.memory[-fifth:])) / before - 1

    def row(self, clients: int, duration: float) -> Row:
        """Return the figures."""
        n_answers = self.n_right + self.n_refused + len(self.wrong)
        return {
            "clients": clients,
            "duration_s": duration,
            "answers": n_answers,
            "wrong": len(self.wrong),
            "closed": self.n_closed,
            "refused": round(self.n_refused / n_answers, 4),
            "p50_s": round(float(np.quantile(self.seconds, 0.5)), 4),
            "p95_s": round(float(np.quantile(self.seconds, 0.95)), 4),
            "memory_mb": round(float(np.max(self.memory)) / 1e6),
            "memory_growth": round(self.growth, 4),
            "load": round(os.getloadavg()[0], 1),
            "cores": os.cpu_count(),
        }


def recordings(file: Path, folder: Path) -> list[Path]:
    """Write parts of a recording, and files that are no recordings."""
    samples = read_audio(file, RATE).samples
    paths = []
    for number, seconds in enumerate(LENGTHS_S):
        part = np.resize(np.roll(samples, -number * RATE // 2), int(seconds * RATE))
        paths.append(folder / f"part{number}.wav")
        soundfile.write(paths[-1], part, RATE, subtype="PCM_16")
    whole = paths[0].read_bytes()
    broken = {
        "header": whole[:44],
        "noise": random.Random(0).randbytes(20_000),
        "text": b"no sound",
    }
    for name, data in broken.items():
        paths.append(folder / f"{name}.wav")
        paths[-1].write_bytes(data)
    return paths


def uploads(model: Path | str, files: Sequence[Path]) -> list[Sent]:
    """Return what clients send: recordings with Python's answers, and requests that are wrong."""
    sent = []
    for file in files:  # one by one: sums over several rows are made in another order
        table = predict(model, [file], n_jobs=1).assign(file=file.name)
        [row] = table.astype(object).where(table.notna(), None).to_dict("records")
        sent.append(Sent(file.name, file.read_bytes(), _is_row_of(row), not row["error"]))
    data = files[0].read_bytes()
    gzip = {"Content-Encoding": "gzip"}
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    return [
        *sent,
        Sent("empty.wav", b"", _has_status(400)),
        Sent("a.wav", data, _has_status(400), query="&coverage=7"),
        Sent("a.wav", data, _has_status(415), headers=gzip),
        Sent("a.wav", b"no form", _has_status(400), headers=form),
    ]


def _is_row_of(row: Row) -> Callable[[requests.Response], bool]:
    """Return what compares an answer with a row of Python."""

    def is_right(answer: requests.Response) -> bool:
        return answer.ok and bool(answer.json()["predictions"] == [row])

    return is_right


def _has_status(status: int) -> Callable[[requests.Response], bool]:
    def is_right(answer: requests.Response) -> bool:
        return answer.status_code == status and bool(answer.json()["error"]["message"])

    return is_right


def put_under_load(
    address: str, pid: int, sent: Sequence[Sent], clients: int, duration: float
) -> Load:
    """Send uploads from several clients at the same time.

    Parameters
    ----------
    address : str
        Of the server.
    pid : int
        Its process.
    sent : sequence of Sent
        Of which each client sends one after the other, in an order of its own.
    clients : int
    duration : float
        Seconds.
    """
    load, lock = Load(), threading.Lock()
    end = time.monotonic() + duration
    arguments = [(address, sent, end, load, lock, number) for number in range(clients)]
    threads = [threading.Thread(target=_client, args=one, daemon=True) for one in arguments]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        load.memory.append(memory_of(pid))
        time.sleep(SAMPLED_S)
    for thread in threads:
        thread.join(MOST_ANSWER_S + 10)
        if thread.is_alive():
            load.wrong.append("a client has not ended")
    return load


def _client(
    address: str, sent: Sequence[Sent], end: float, load: Load, lock: threading.Lock, number: int
) -> None:
    """Be one client, until the time is over."""
    choices = random.Random(number)
    session = requests.Session()
    while time.monotonic() < end:
        one = choices.choice(sent)
        if choices.random() < 0.05:
            _leave(address, one)
            with lock:
                load.n_left += 1
            continue
        began = time.monotonic()
        try:
            url = f"{address}/v1/predict?name={one.name}{one.query}"
            answer = session.post(url, one.data, headers=one.headers, timeout=MOST_ANSWER_S)
        except requests.Timeout:
            with lock:
                load.wrong.append(f"{one.name}: no answer within {MOST_ANSWER_S} s")
            return
        except CLOSED:
            session = requests.Session()
            with lock:
                load.n_closed += 1
            continue
        with lock:
            _count(load, one, answer, time.monotonic() - began)
        if answer.status_code == OVERLOADED:
            time.sleep(min(MOST_WAIT_S, float(answer.headers.get("Retry-After", 0))))


def _count(load: Load, one: Sent, answer: requests.Response, seconds: float) -> None:
    if answer.status_code == OVERLOADED:
        if answer.headers.get("Retry-After", "").isdigit():
            load.n_refused += 1
        else:
            load.wrong.append(f"{one.name}: 429 without Retry-After")
    elif one.is_right(answer):
        load.n_right += 1
        if one.is_valid:
            load.seconds.append(seconds)
    else:
        load.wrong.append(f"{one.name}: {answer.status_code} {answer.text[:500]}")


def _leave(address: str, one: Sent) -> None:
    """Begin a request and go away."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), 60) as connection:
        head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        connection.sendall(head.encode() + one.data[:1000])


def memory_of(pid: int) -> int:
    """Return the bytes of memory of a process and its children, from Linux's ``/proc``."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for one in threads for child in (one / "children").read_text().split()]
    pages = 0
    for process in (pid, *children):
        pages += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def lines_of(row: Row) -> list[str]:
    """Return the table of the page, in Markdown."""
    header = ["measured", "value"]
    return table_lines(
        header,
        [
            ["clients, seconds", f"{row['clients']}, {row['duration_s']:g}"],
            ["answers, of which wrong", f"{row['answers']}, {row['wrong']}"],
            ["connections that ended before the answer was read", str(row["closed"])],
            ["refused with 429 and Retry-After", f"{100 * row['refused']:.0f} %"],
            ["right answers to valid recordings, median", f"{1000 * row['p50_s']:.0f} ms"],
            ["95 of 100 within", f"{1000 * row['p95_s']:.0f} ms"],
            ["memory of server and workers, at most", f"{row['memory_mb']} MB"],
            ["its change, second to last fifth", f"{100 * row['memory_growth']:+.1f} %"],
            ["load of the machine", f"{row['load']:g} on {row['cores']} cores"],
        ],
    )


def write(row: Row, page: Path = PAGE, file: Path = JSON) -> None:
    """Write the figures, and the table between the marks of the page."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = "\n".join(lines_of(row))
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="A run or a bundle.")
    parser.add_argument("clip", type=Path, help="A recording of speech.")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--no-write", action="store_true", help="Print the figures only.")
    arguments = parser.parse_args()
    model = Path(arguments.model)
    bundle = model / "model.featser" if model.is_dir() else model
    with tempfile.TemporaryDirectory() as folder:
        sent = uploads(bundle, recordings(arguments.clip, Path(folder)))
    with server(arguments.model) as (address, _, pid):
        load = put_under_load(address, pid, sent, arguments.clients, arguments.seconds)
    row = load.row(arguments.clients, arguments.seconds)
    if not arguments.no_write:
        write(row)
    print("\n".join([*lines_of(row), *load.wrong[:10]]))
    if load.wrong or abs(load.growth) > MOST_GROWTH:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
