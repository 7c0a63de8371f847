"""The server and its pages work without a network: nothing but this machine is ever asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.serve.annotating import LABELS, annotating, write_clips
from tests.serve.running_server import RunningServer
from tests.serve.test_annotate_page import CHROMIUM, PATIENCE_MS, press_until, wait_for_count
from tests.serve.test_page import speech

__all__ = ["speech"]
pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
WORKER = "featser.workers.worker"
OTHER_HOST = "http://planted.example/"


@dataclass(frozen=True)
class RefusedNetwork:
    """A folder on the module path, whose `sitecustomize` refuses and notes other hosts."""

    folder: Path

    def noted(self, what: str) -> list[list[Any]]:
        file = self.folder / what
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def processes(self, argument: str) -> set[int]:
        """Return the processes with an argument that loaded the hook."""
        return {number for number, command in self.noted("loaded") if argument in command}


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RefusedNetwork:
    """Processes that this test starts refuse other hosts."""
    folder = tmp_path / "network"
    shutil.copytree(ROOT / "tests" / "serve" / "refused_network", folder)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return RefusedNetwork(folder)


@dataclass
class Visited:
    """A page, and all that it asked for elsewhere."""

    page: Any
    address: str
    requests: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note requests and WebSockets, and what the policy of the page has refused."""
        context = self.page.context
        context.on("request", lambda asked: self._note(asked.url))
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.on("console", lambda line: self._note_refused(line.text))

    def _note(self, url: str) -> None:
        self.requests.append(url)
        scheme, _, rest = url.partition(":")
        host = rest.removeprefix("//").partition("/")[0]
        if scheme not in ("blob", "data") and host != self.address.partition("//")[2]:
            self.elsewhere.append(url)

    def _note_refused(self, text: str) -> None:
        if "Security Policy" in text:
            self.elsewhere.append(text)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("html[data-ready]")


@pytest.fixture
def offline_chromium() -> Iterator[Any]:
    """A browser that finds no host but this machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    rules = "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", f"--host-resolver-rules={rules}"]
        )
        yield chromium
        chromium.close()


def visited_page(browser: Any, server: RunningServer) -> Visited:
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    visited = Visited(context.new_page(), server.address)
    visited.watch()
    return visited


def try_a_file(visited: Visited, file: Path) -> None:
    """Drop a recording on the page "Try"; look at its timeline and its explanation."""
    visited.open("/")
    page = visited.page
    page.evaluate(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "speech.wav"));
            document.getElementById("drop").dispatchEvent(
                new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        list(file.read_bytes()),
    )
    page.wait_for_selector(".result .bar.is-predicted")
    page.wait_for_selector(".timeline:not([hidden])")
    page.get_by_role("button", name="Why?").click()
    page.wait_for_selector(".why:not([hidden]) .reason")


def begin(page: Any, rater: str) -> None:
    press_until(page, "#rater")
    page.keyboard.type(rater)
    page.keyboard.press("Enter")
    page.wait_for_selector("#work:not([hidden])")


def annotate_and_export(visited: Visited, file: Path) -> None:
    visited.open("/annotate")
    page = visited.page
    begin(page, "anna")
    for key in "1726":
        page.keyboard.press(key)
    wait_for_count(page, "2 of 6 done")
    page.wait_for_function("() => document.getElementById('player').readyState > 2")
    with page.expect_download() as download:
        page.get_by_role("link", name="Manifest").click()
    download.value.save_as(file)


def review_a_run(visited: Visited) -> None:
    visited.open("/review")
    begin(visited.page, "anna")
    visited.page.wait_for_selector("#details .bar")
    visited.page.keyboard.press("1")
    visited.page.wait_for_function(
        "() => document.getElementById('saved').textContent.startsWith('saved')"
    )


def test_pages_work_without_a_network_and_ask_no_other_host(
    fitted: Path,
    clips: list[Path],
    speech: Path,
    network: RefusedNetwork,
    offline_chromium: Any,
    tmp_path: Path,
) -> None:
    """Try, Annotate and Review; the server, its workers and the browser are all watched."""
    write_clips(tmp_path, clips[:6])
    shutil.copytree(fitted, tmp_path / "run")
    with annotating(tmp_path, "clips.csv", "run", labels=LABELS) as server:
        visited = visited_page(offline_chromium, server)
        try_a_file(visited, speech)
        annotate_and_export(visited, tmp_path / "annotated.csv")
        review_a_run(visited)
        assert network.processes("serve") == {server.process.pid}
        assert len(network.processes(WORKER)) >= 2  # of predictions, and in the background
        assert server.stop() == 0
    assert (tmp_path / "annotated.csv").read_text().startswith("file,start,end")
    assert network.noted("attempts") == []
    started = {Path(program).name for _, _, program in network.noted("programs")}
    assert started == {Path(sys.executable).name}  # nothing that the hook does not watch
    assert len(visited.requests) > 20
    assert visited.elsewhere == []


def test_planted_attempts_of_a_process_and_of_its_worker_are_counted(
    network: RefusedNetwork,
) -> None:
    """What counts 0 attempts above counts those that are made."""
    subprocess.run([sys.executable, network.folder / "planted.py"], check=True, timeout=60)
    [worker] = network.processes(WORKER)
    attempts = network.noted("attempts")
    for is_worker in (False, True):
        noted = [what for number, *what in attempts if (number == worker) == is_worker]
        assert noted == [
            ["socket.getaddrinfo", "192.0.2.1"],
            ["socket.getaddrinfo", "planted.example"],
            ["socket.sendto", "192.0.2.1"],
        ]


def test_planted_request_of_a_page_is_counted(server: RunningServer, offline_chromium: Any) -> None:
    visited = visited_page(offline_chromium, server)
    visited.open("/")
    visited.page.evaluate("url => fetch(url).catch(() => 0)", OTHER_HOST)
    visited.page.wait_for_timeout(200)  # the console's line comes on its own
    assert any("planted.example" in one for one in visited.elsewhere)
    visited.elsewhere.clear()
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        visited.page.goto(OTHER_HOST)
    assert visited.elsewhere == [OTHER_HOST]
