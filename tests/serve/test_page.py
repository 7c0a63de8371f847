"""The page "Try" in Chromium: files, microphone, live mode, timeline; no error, no other host."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.serve.running_server import RunningServer

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
PATIENCE_MS = 60_000
GRAVE = ("serious", "critical")


@dataclass
class Visit:
    """An open page, and what went wrong on it."""

    page: Any
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def wait(self, selector: str, **options: Any) -> Any:
        return self.page.wait_for_selector(selector, timeout=PATIENCE_MS, **options)


@pytest.fixture(scope="session")
def speech(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 9 s: the fake microphone, and a file with a timeline."""
    parts = [soundfile.read(file) for file in clips]
    samples = np.concatenate([part for part, _ in parts])[: 9 * parts[0][1]]
    file = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(file, samples, parts[0][1], subtype="PCM_16")
    return file


@pytest.fixture(scope="module")
def browser(speech: Path) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={speech}",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=[(1300, "light"), (400, "dark")], ids=["wide-light", "narrow-dark"])
def visit(browser: Any, server: RunningServer, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The page, at two widths; at the end nothing went wrong and nothing else was asked."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
    )
    visited = Visit(context.new_page())
    page = visited.page
    page.on("console", lambda line: line.type == "error" and visited.errors.append(line.text))
    page.on("pageerror", lambda error: visited.errors.append(str(error)))
    page.on("request", lambda asked: visited.hosts.add(asked.url.split("/")[2]))
    page.goto(server.address)
    visited.wait("html[data-ready]")
    yield visited
    assert visited.errors == []
    assert visited.hosts == {f"127.0.0.1:{server.port}"}
    context.close()


def refuse_findings(page: Any) -> None:
    """Check the page with axe-core, which runs inside it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    findings = axe.Axe().run(page).response["violations"]
    grave = [one for one in findings if one["impact"] in GRAVE]
    shown = [(one["id"], [node["html"] for node in one["nodes"]]) for one in grave]
    assert not grave, json.dumps(shown, indent=1)


def has_no_sideways_scrolling(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_file_is_predicted_drawn_and_downloaded(visit: Visit, speech: Path, tmp_path: Path) -> None:
    page = visit.page
    page.set_input_files("#files", speech)
    visit.wait(".result .bar.is-predicted")
    visit.wait(".timeline:not([hidden])")
    assert page.locator(".result .task h3").all_text_contents() == [
        "emotion", "gender", "intensity",
    ]  # fmt: skip
    label = page.locator(".sound-canvas").get_attribute("aria-label")
    assert label.startswith(
        "Waveform, spectrogram, pitch and loudness of speech.wav, 9.0 s; median"
    )
    assert page.locator(".timeline-canvas").get_attribute("aria-label").startswith("emotion of")
    drawn = page.locator(".sound-canvas").evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert drawn > 50
    for button, ending in (("CSV", "csv"), ("timeline as TextGrid", "TextGrid")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button, exact=True).click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.suffix == f".{ending}"
        assert file.read_text().startswith(("file,start,end,emotion.pred", 'File type = "ooText'))
    assert has_no_sideways_scrolling(page)
    refuse_findings(page)


def test_features_of_the_model_are_named_as_readers_know_them(visit: Visit) -> None:
    """By the groups that "Why?" shows, not by the specs of extractors."""
    statement = " ".join((visit.page.text_content(".model-statement") or "").split())
    assert statement.startswith("Predicts emotion, ")
    assert " from MFCC." in statement
    assert "mfcc:basic" not in statement


def test_timeline_follows_playback(visit: Visit, speech: Path) -> None:
    visit.page.set_input_files("#files", speech)
    visit.wait(".timeline:not([hidden])")
    page = visit.page
    page.locator(".timeline-plot").click(position={"x": 200, "y": 20})
    page.locator("audio").evaluate("a => { a.muted = true; return a.play(); }")
    visit.wait(".timeline .cursor:not([hidden])")
    before = page.locator(".timeline .cursor").evaluate("c => parseFloat(c.style.left)")
    page.wait_for_function(
        "before => parseFloat(document.querySelector('.timeline .cursor').style.left) > before + 2",
        arg=before, timeout=PATIENCE_MS,
    )  # fmt: skip
    assert page.locator(".timeline .now").text_content().split(": ")[1]


def test_several_files_are_dropped_at_once(visit: Visit, clips: list[Path]) -> None:
    """As the browser hands them over; one of them is no recording."""
    contents = [list(clips[0].read_bytes()), list(clips[1].read_bytes()), [1, 2, 3]]
    visit.page.evaluate(
        """contents => {
            const transfer = new DataTransfer();
            contents.forEach((bytes, index) => transfer.items.add(
                new File([new Uint8Array(bytes)], `<b>${index}</b>.flac`)));
            document.getElementById("drop").dispatchEvent(
                new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        contents,
    )
    visit.page.get_by_text("3 of 3 done").wait_for(timeout=PATIENCE_MS)
    names = visit.page.locator(".result .name").all_text_contents()
    assert sorted(names) == ["<b>0</b>.flac", "<b>1</b>.flac", "<b>2</b>.flac"]
    assert visit.page.locator(".bar.is-predicted").count() == 6
    broken = visit.page.locator(".result", has_text="<b>2</b>.flac")
    assert "cannot be decoded" in broken.locator(".headline").text_content()
    visit.wait(".sound:not([hidden])")


def test_microphone_is_recorded_and_predicted(visit: Visit) -> None:
    """The recording of the fake microphone: WebM in Chromium, decoded by the server."""
    pytest.importorskip("av", reason="needs the extra `media`")
    visit.page.get_by_role("button", name="Record").press("Enter")
    visit.wait("#record[aria-pressed=true]")
    visit.page.wait_for_timeout(2500)
    visit.page.get_by_role("button", name="Stop").press("Enter")
    visit.wait(".result .bar.is-predicted")
    assert visit.page.locator(".result .name").text_content() == "recording-1.webm"


def test_live_predicts_and_shows_the_lag(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Live", exact=True).press("Enter")
    visit.wait("#live-result .bar.is-predicted")
    lag = int(page.locator("#lag").text_content().removesuffix(" ms"))
    assert 0 <= lag < 5000
    refuse_findings(page)
    page.get_by_role("button", name="Stop live").press("Enter")
    visit.wait("#live[aria-pressed=false]")
    assert page.locator("#problem").is_hidden()


def test_page_is_used_by_keyboard_alone(visit: Visit) -> None:
    reached = []
    for _ in range(8):
        visit.page.keyboard.press("Tab")
        reached.append(
            visit.page.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
    assert reached[0] == "To the content"
    assert [name for name in reached if name in ("model", "files", "record", "live")] == [
        "model", "files", "record", "live",
    ]  # fmt: skip
