"""The log of requests: a stream that nobody reads stops nothing."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from featser.serve.requests.request_log import logged
from tests.serve.running_server import RunningServer

pytestmark = pytest.mark.extras


def test_a_stream_that_is_not_read_loses_lines_and_says_how_many(tmp_path: Path) -> None:
    logger = logging.getLogger("featser.test-of-the-log")
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    with logged(logger, stream, most_lines=50):
        for number in range(2000):
            logger.info("line %d %s", number, "x" * 1000)
        text = ""
        while "line 49 " not in text:
            text += os.read(reading, 65536).decode()
        while "the last one" not in text:
            logger.info("the last one")
            text += os.read(reading, 65536).decode()
    assert "lines are left out here: the log was not read" in text
    os.close(reading)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes have another size")
def test_a_server_whose_log_is_not_read_answers_on(tmp_path: Path, fitted: Path) -> None:
    """As a terminal after Ctrl-S: here a pipe of 4 kB, which a hundred lines fill."""
    command = [
        *(sys.executable, "-m", "featser", "serve", str(fitted)),
        *("--port", "0", "--no-browser"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        address = next(line for line in process.stderr if "http://" in line).split()[1]
        server = RunningServer(process, tmp_path, address.rstrip("/"))
        session = requests.Session()
        for _ in range(300):
            assert session.get(f"{server.address}/healthz", timeout=30).ok
    finally:
        process.kill()
        process.communicate()
