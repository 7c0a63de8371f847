"""A server that annotates, and a client of its queue."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from tests.serve.running_server import RunningServer, started

LABELS = ("emotion=angry,happy,neutral,sad", "arousal=1..9")


def write_clips(folder: Path, clips: Sequence[Path]) -> Path:
    """Write a manifest of recordings without labels; every third row is a segment."""
    table = pd.DataFrame({"file": [str(clip) for clip in clips]})
    is_part = table.index % 3 == 2
    table["start"] = pd.Series(0.1, table.index).where(is_part)
    table["end"] = pd.Series(0.6, table.index).where(is_part)
    table["speaker"] = [clip.stem.split("-")[0] for clip in clips]
    table.to_csv(folder / "clips.csv", index=False)
    return folder / "clips.csv"


@contextmanager
def annotating(
    folder: Path, *arguments: object, labels: Sequence[str] = LABELS
) -> Iterator[RunningServer]:
    """Start ``featser serve`` as a user does, on a free port."""
    command = [sys.executable, "-m", "featser", "serve", "--no-browser"]
    command += ["--port", "0", *map(str, arguments)]
    command += [part for label in labels for part in ("--label", label)]
    with started(command, folder) as server:
        yield server


class Rater:
    """Clicks as the page does."""

    _numbers = itertools.count()

    def __init__(self, server: RunningServer, name: str, queue: str = "annotate") -> None:
        self.server, self.name, self.queue = server, name, queue
        self.session = requests.Session()
        self.version = self.shown()["version"]

    @staticmethod
    def ask_once(server: RunningServer, queue: str) -> requests.Response:
        """Ask for a queue that may still be read; wait a little."""
        answer = requests.get(f"{server.address}/v1/queue", params={"queue": queue}, timeout=60)
        if answer.status_code == 429:
            time.sleep(0.2)
        return answer

    def ask(self, method: str, path: str, **query: Any) -> requests.Response:
        query = {"queue": self.queue, **query}
        return self.session.request(method, self.server.address + path, params=query, timeout=60)

    def shown(self, **query: Any) -> dict[str, Any]:
        answer = self.ask("GET", "/v1/queue", rater=self.name, **query)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def click(self, clip: int, label: str, value: str, **query: Any) -> requests.Response:
        query = {"request": f"{self.name.encode().hex()}-{next(self._numbers)}", **query}
        query = {"version": self.version, "rater": self.name, **query}
        return self.ask("POST", "/v1/queue/click", clip=clip, label=label, value=value, **query)

    def undo(self) -> requests.Response:
        request = f"{self.name.encode().hex()}-{next(self._numbers)}"
        return self.ask("POST", "/v1/queue/undo", rater=self.name, request=request)

    @property
    def values(self) -> dict[int, dict[str, str]]:
        return {int(clip): held for clip, held in self.shown()["values"].items()}
