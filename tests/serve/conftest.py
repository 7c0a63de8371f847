"""A server that tests share, and recordings to send to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.running_server import RunningServer, running_server


@pytest.fixture(scope="session")
def server(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a quick model of the demo corpus and default settings; tests share it."""
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    with running_server(tmp_path_factory.mktemp("serve"), f"demo={fitted}") as running:
        yield running


@pytest.fixture(scope="session")
def clips(voices: Path) -> list[Path]:
    """Recordings of the demo corpus."""
    return sorted(voices.iterdir())
