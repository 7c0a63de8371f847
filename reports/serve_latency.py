"""How long ``featser serve`` takes to answer: ``make serve-latency MODEL=RUN CLIP=FILE``.

It starts the server as a user does, without a browser, and measures on the loopback interface: from
the start of the command to the first answer; from the upload of a clip to its answer, when warm;
and the lag of live mode, the age of the newest sample of a prediction when it arrives. Each figure
comes with the load of the machine, since other processes lengthen all of them; the CPU time of an
answer depends on them less. It writes ``reports/serve/serve-latency.json`` and a table of
``docs/serve.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests
import soundfile
from common import REPORTS, table_lines

from featser.audio import read_audio

CLIP_S = 3.5
WARM_REQUESTS = 200
LIVE_S = 20.0
STARTS = 3
RATE = 16_000
LIMITS = {"warm": 0.08, "cold": 4.0, "live": 0.7}
"""Seconds that were set before: of the median, of the median, and of nine of ten predictions."""
JSON = REPORTS / "serve" / "serve-latency.json"
PAGE = REPORTS.parent / "docs" / "serve.md"
BEGIN, END = "<!-- written by make serve-latency -->", "<!-- end -->"

Row = dict[str, Any]


@contextmanager
def server(model: str) -> Iterator[tuple[str, float, int]]:
    """Start the command on a free port; yield its address, when it was started, and its process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "featser", "serve", model, "--port", "0", "--no-browser"],
        stderr=subprocess.PIPE,
        text=True,
    )
    address = _address(process)
    # Its log is read on: it would otherwise fill the pipe.
    reader = threading.Thread(target=_read_to_the_end, args=(process,), daemon=True)
    reader.start()
    try:
        yield address, began, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        reader.join(60)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if match := re.search(r"http://\S+:\d+", line):
            return match[0]
    raise SystemExit(f"the server has not started: exit code {process.wait()}")


def _read_to_the_end(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for _ in process.stderr:
        pass


def post(session: requests.Session, address: str, data: bytes) -> None:
    """Ask for a prediction."""
    answer = session.post(f"{address}/v1/predict", data, timeout=120)
    [row] = answer.json()["predictions"]
    if row["error"]:
        raise SystemExit(f"the clip has no prediction: {row['error']}")


def row_of(what: str, seconds: Sequence[float]) -> Row:
    """Return the figures of a measurement."""
    return {
        "what": what,
        "n": len(seconds),
        "median_s": round(statistics.median(seconds), 4),
        "p90_s": round(float(np.quantile(seconds, 0.9)), 4),
        "load": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
    }


def cold(model: str, clip: bytes) -> list[float]:
    """Return seconds from the command to the first answer; the files are in the disk's cache."""
    seconds = []
    for _ in range(STARTS):
        with server(model) as (address, began, _):
            post(requests.Session(), address, clip)
            seconds.append(time.perf_counter() - began)
    return seconds


def warm(address: str, clip: bytes) -> list[float]:
    """Return seconds from an upload to its answer, one client, the connection kept open."""
    session = requests.Session()
    seconds = []
    for _ in range(WARM_REQUESTS):
        began = time.perf_counter()
        post(session, address, clip)
        seconds.append(time.perf_counter() - began)
    return seconds[10:]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of the server and its workers so far, from Linux's ``/proc``."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for one in threads for child in (one / "children").read_text().split()]
    ticks = 0
    for process in (pid, *children):
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def live(address: str, samples: np.ndarray) -> list[float]:
    """Return the lags of live predictions of samples that are sent as a microphone does."""
    from websockets.sync.client import connect

    lags: list[float] = []
    step = RATE // 10
    with connect(f"{address.replace('http', 'ws')}/v1/live?rate={RATE}") as socket:
        began = time.perf_counter()
        for number in range(int(10 * LIVE_S)):
            due = began + (number + 1) / 10
            while (left := due - time.perf_counter()) > 0:
                _take_answer(socket, left, began, lags)
            first = number * step % (len(samples) - step)
            socket.send(samples[first : first + step].tobytes())
    return lags


def _take_answer(socket: Any, seconds: float, began: float, lags: list[float]) -> None:
    """Wait for an answer; its lag is the age of the newest sample that it is of."""
    try:
        answer = json.loads(socket.recv(timeout=seconds))
    except TimeoutError:
        return
    if "error" in answer:
        raise SystemExit(answer["error"]["message"])
    lags.append(time.perf_counter() - began - answer["end_s"])


def clip_of(file: Path) -> tuple[bytes, np.ndarray]:
    """Return the beginning of a recording as a WAV file and as samples."""
    signal_ = read_audio(file, RATE)
    repeated = np.resize(signal_.samples, int(CLIP_S * RATE))
    samples = (32_767 * np.clip(repeated, -1, 1)).astype(np.int16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        soundfile.write(path, samples, RATE, subtype="PCM_16")
        return path.read_bytes(), samples


TITLES = {
    "warm": f"{CLIP_S:g} s clip, from upload to answer, warm",
    "cpu": f"CPU time of such an answer, mean of {WARM_REQUESTS}",
    "cold": "from the command to the first answer",
    "live": "lag of live mode",
}


def lines_of(rows: Sequence[Row]) -> list[str]:
    """Return the table of the page, in Markdown, and whether the limits hold."""
    header = ["measured", "n", "median", "9 of 10 within", "limit", "load of the machine"]
    body = [
        [TITLES[row["what"]], str(row["n"]), _shown(row["median_s"]), _shown(row["p90_s"]),
         _limit(row["what"]), f"{row['load']:g} on {row['cores']} cores"]
        for row in rows
    ]  # fmt: skip
    verdicts = [
        f"{TITLES[row['what']]}: {'meets' if figure <= LIMITS[row['what']] else 'misses'} the limit"
        for row in rows
        if row["what"] in LIMITS
        for figure in [row["p90_s" if row["what"] == "live" else "median_s"]]
    ]
    return [*table_lines(header, body), "", f"{'; '.join(verdicts)}."]


def _limit(what: str) -> str:
    return _shown(LIMITS[what]) if what in LIMITS else ""


def _shown(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def write(rows: Sequence[Row], page: Path = PAGE, file: Path = JSON) -> None:
    """Write the rows, and the table between the marks of the page."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = "\n".join(lines_of(rows))
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="A run, a bundle, or open.")
    parser.add_argument("clip", type=Path, help="A recording of speech.")
    arguments = parser.parse_args()
    clip, samples = clip_of(arguments.clip)
    rows = [row_of("cold", cold(arguments.model, clip))]
    with server(arguments.model) as (address, _, pid):
        post(requests.Session(), address, clip)
        before = cpu_seconds(pid)
        rows.append(row_of("warm", warm(address, clip)))
        rows.append(row_of("cpu", [(cpu_seconds(pid) - before) / WARM_REQUESTS]))
        rows.append(row_of("live", live(address, samples)))
    write(sorted(rows, key=lambda row: list(TITLES).index(row["what"])))
    print("\n".join(lines_of(rows)))


if __name__ == "__main__":
    main()
