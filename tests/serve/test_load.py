"""Many clients at the same time: every answer is right, or says when to try again."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serve.running_server import RunningServer

REPORTS = Path(__file__).parents[2] / "reports"
CLIENTS, DURATION_S = 16, 10.0


@pytest.fixture
def serve_load(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPORTS))
    return importlib.import_module("serve_load")


@pytest.mark.slow
@pytest.mark.extras
def test_answers_under_load_are_those_of_python_and_memory_is_flat(
    serve_load: Any, server: RunningServer, fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    sent = serve_load.uploads(fitted / "model.featser", serve_load.recordings(clips[0], tmp_path))
    load = serve_load.put_under_load(server.address, server.process.pid, sent, CLIENTS, DURATION_S)
    assert load.wrong == []
    assert load.n_right > 20
    assert len(load.seconds) > 5
    assert load.n_refused > 0
    assert load.n_left > 0
    assert load.n_closed < 0.05 * (load.n_right + load.n_refused)
    assert abs(load.growth) <= serve_load.MOST_GROWTH
    text = requests.get(f"{server.address}/metrics", timeout=30).text
    assert 'status="500"' not in text
    assert "\nfeatser_workers_lost 0\n" in text
    assert server.leftovers() == []


def test_table_is_written_between_the_marks_of_the_page(serve_load: Any, tmp_path: Path) -> None:
    page = tmp_path / "serve.md"
    page.write_text(f"before\n{serve_load.BEGIN}\nold\n{serve_load.END}\nafter\n")
    load = serve_load.Load(
        seconds=[0.1, 0.2, 0.3], n_right=3, n_refused=1, memory=[100] * 8 + [105] * 2
    )
    row = load.row(64, 60.0)
    serve_load.write(row, page, tmp_path / "figures.json")
    text = page.read_text()
    assert text.startswith(f"before\n{serve_load.BEGIN}\n\n| measured")
    assert text.endswith(f"{serve_load.END}\nafter\n")
    assert "| refused with 429 and Retry-After | 25 % |" in text
    assert "| its change, second to last fifth | +5.0 % |" in text
    assert "old" not in text


def test_marks_are_in_the_documentation(serve_load: Any) -> None:
    text = serve_load.PAGE.read_text(encoding="utf-8")
    assert text.count(serve_load.BEGIN) == text.count(serve_load.END) == 1
