"""A click that the disk does not take: who annotates learns it, and saves it when there is room."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from featser.serve.annotating.journal import read_journal
from tests.serve.annotating import Rater, annotating, write_clips
from tests.serve.running_server import RunningServer
from tests.serve.test_annotate_page import CHROMIUM, LABEL, browser, opened, wait_for_count

__all__ = ["browser"]
pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(sys.platform != "linux", reason="limits another process"),
]
JOURNAL = "clips-annotations.jsonl"


@contextmanager
def full_disk(server: RunningServer, journal: Path) -> Iterator[None]:
    """Let the server write a part of a line and no more: its files have reached their limit."""
    import resource

    number = server.process.pid
    soft, hard = resource.prlimit(number, resource.RLIMIT_FSIZE)
    resource.prlimit(number, resource.RLIMIT_FSIZE, (journal.stat().st_size + 20, hard))
    try:
        yield
    finally:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def server(clips: list[Path], tmp_path: Path) -> Iterator[RunningServer]:
    write_clips(tmp_path, clips[:4])
    with annotating(tmp_path, "clips.csv", labels=[LABEL, "arousal=1..9"]) as running:
        yield running


def test_click_on_a_full_disk_is_refused_with_what_to_do(
    server: RunningServer, tmp_path: Path
) -> None:
    anna = Rater(server, "anna")
    anna.click(0, "emotion", "sad")
    with full_disk(server, tmp_path / JOURNAL):
        refused = [anna.click(1, "emotion", "angry", request="one"), anna.undo()]
    for answer in refused:
        assert answer.status_code == 507
        assert answer.json()["error"] == {
            "kind": "NotSavedError",
            "message": f"this click is not saved: {tmp_path / JOURNAL} cannot be written (File too "
            f"large). Earlier clicks are saved. To save this one, raise the limit on the size of "
            f"files (`prlimit --fsize`), and then try again",
        }
    assert anna.values == {0: {"emotion": "sad"}}
    assert anna.click(1, "emotion", "angry", request="one").status_code == 200
    assert anna.values == {0: {"emotion": "sad"}, 1: {"emotion": "angry"}}


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_page_keeps_what_is_not_saved_and_saves_it_when_asked(
    browser: Any, server: RunningServer, tmp_path: Path
) -> None:
    with opened(browser, server, "anna") as page:
        page.keyboard.press("1")
        page.wait_for_selector(".label-group[data-label=arousal].is-active")
        with full_disk(server, tmp_path / JOURNAL):
            page.keyboard.press("7")
            page.wait_for_selector("#unsaved:not([hidden])")
            assert "this click is not saved" in page.text_content("#unsaved")
            assert page.locator(".is-unsaved output").text_content() == "7"
            assert page.text_content("#place") == "1 of 4"
            page.keyboard.press("ArrowRight")
            page.keyboard.press("2")
            page.wait_for_selector(".is-unsaved button[aria-pressed=true]")
            assert "2 choices are not saved" in page.text_content("#unsaved")
            page.keyboard.press("u")
            page.wait_for_selector(".is-unsaved", state="detached")
            page.keyboard.press("3")
            page.wait_for_selector(".is-unsaved button[aria-pressed=true]")
            page.get_by_role("button", name="Try again").click()
            page.wait_for_selector("#unsaved:not([hidden])")
            assert Rater(server, "anna").values == {0: {"emotion": "angry"}}
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("#unsaved", state="hidden")
        wait_for_count(page, "1 of 4 done")
        assert page.locator(".is-unsaved").count() == 0
    expected = {0: {"emotion": "angry", "arousal": "7"}, 1: {"emotion": "neutral"}}
    assert Rater(server, "anna").values == expected
    assert read_journal(tmp_path / JOURNAL).n_entries == 3
