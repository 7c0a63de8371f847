"""The page "Annotate" in Chromium: by keyboard alone, by two raters, with a crash in between."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from featser.serve.annotating.journal import read_journal
from tests.serve.annotating import Rater, annotating, write_clips
from tests.serve.running_server import RunningServer

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
PATIENCE_MS = 60_000
CLASSES = ("angry", "happy", "neutral", "sad")
LABEL = "emotion=" + ",".join(CLASSES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def opened(
    browser: Any,
    server: RunningServer,
    rater: str,
    width: int = 1300,
    scheme: str = "light",
    name: str = "annotate",
) -> Iterator[Any]:
    """Open the page and begin under a name, by keyboard; at the end nothing went wrong on it."""
    errors: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: "Security Policy" in line.text and errors.append(line.text))
    page.goto(f"{server.address}/{name}")
    page.wait_for_selector("html[data-ready]")
    press_until(page, "#rater")
    page.keyboard.type(rater)
    page.keyboard.press("Enter")
    page.wait_for_selector("#work:not([hidden])")
    yield page
    assert errors == []
    context.close()


def press_until(page: Any, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def wait_for_count(page: Any, text: str) -> None:
    page.wait_for_function("t => document.getElementById('count').textContent === t", arg=text)


def test_two_raters_annotate_50_recordings_by_keyboard_with_a_crash_between(
    browser: Any, clips: list[Path], tmp_path: Path
) -> None:
    """What each said is there after the crash; the second rater begins without the first's."""
    write_clips(tmp_path, clips[:50])
    with (
        annotating(tmp_path, "clips.csv", labels=[LABEL]) as server,
        opened(browser, server, "anna") as page,
    ):
        for number in range(30):
            page.keyboard.press(str(1 + number % 4))
        wait_for_count(page, "30 of 50 done")
        server.process.kill()
        server.process.wait()
        page.keyboard.press("1")
        page.wait_for_selector("#problem:not([hidden])")
        assert "not saved yet" in page.text_content("#problem")
        port = server.port
        with annotating(tmp_path, "clips.csv", "--port", port, labels=[LABEL]) as again:
            wait_for_count(page, "31 of 50 done")  # the click that was not saved is repeated
            assert page.locator("#problem").is_hidden()
            for number in range(31, 50):
                page.keyboard.press(str(1 + number % 4))
            wait_for_count(page, "50 of 50 done")
            assert "All recordings are done" in page.text_content("#saved")
            with opened(browser, again, "ben") as other:
                wait_for_count(other, "0 of 50 done")
                for number in range(50):
                    other.keyboard.press(str(1 + (number + (number % 5 == 0)) % 4))
                wait_for_count(other, "50 of 50 done")
    votes = read_journal(tmp_path / "clips-annotations.jsonl")
    by_rater: dict[str, list[str]] = {"anna": [], "ben": []}
    for rater, _, _, value in votes.all():
        by_rater[rater].append(value)
    first = [CLASSES[number % 4] for number in range(50)]
    first[30] = "angry"
    assert by_rater["anna"] == first
    assert by_rater["ben"] == [CLASSES[(n + (n % 5 == 0)) % 4] for n in range(50)]
    assert votes.n_entries == 100


@pytest.fixture(scope="module")
def server(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("page")
    write_clips(folder, clips[:8])
    with annotating(folder, "clips.csv") as running:
        yield running


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (400, "dark")])
def test_keys_play_choose_move_and_undo(
    browser: Any, server: RunningServer, width: int, scheme: str
) -> None:
    name = f"keys-{width}"
    with opened(browser, server, name, width, scheme) as page:
        page.wait_for_function("() => document.getElementById('player').duration > 0")
        page.keyboard.press("2")
        page.wait_for_selector(".label-group[data-label=arousal].is-active")
        page.keyboard.press("7")
        page.wait_for_function("() => document.getElementById('place').textContent === '2 of 8'")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("x")
        page.wait_for_selector(".label-group[data-label=arousal] button[aria-pressed=true]")
        assert Rater(server, name).values == {
            0: {"emotion": "happy", "arousal": "7"}, 1: {"arousal": ""},
        }  # fmt: skip
        page.keyboard.press("u")
        page.keyboard.press("u")
        page.wait_for_function("() => document.getElementById('place').textContent === '1 of 8'")
        assert Rater(server, name).values == {0: {"emotion": "happy"}}
        page.uncheck("#auto-play")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "() => document.getElementById('place').textContent === '2 of 8'"
            " && document.getElementById('player').readyState > 2"
        )
        page.evaluate(
            "() => { const a = document.getElementById('player'); window.played = 0;"
            " a.muted = true; a.addEventListener('play', () => { window.played += 1; }); }"
        )
        page.keyboard.press(" ")
        page.wait_for_function("() => window.played === 1")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_slider_is_saved_also_in_the_middle(browser: Any, server: RunningServer) -> None:
    with opened(browser, server, "slider") as page:
        slider = page.locator(".label-group[data-label=arousal] input")
        assert slider.get_attribute("aria-valuetext") == "not given"
        box = slider.bounding_box()
        slider.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
        page.wait_for_function("() => document.getElementById('saved').textContent.includes('5')")
        assert Rater(server, "slider").values == {0: {"arousal": "5"}}
        slider.press("ArrowRight")
        page.wait_for_function("() => document.getElementById('saved').textContent.includes('6')")
        assert Rater(server, "slider").values == {0: {"arousal": "6"}}


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (400, "dark")])
def test_well_known_scales_have_pictures_in_the_colours_of_the_page(
    browser: Any, clips: list[Path], tmp_path: Path, width: int, scheme: str
) -> None:
    """Five for each of the three scales, with a text; none for another scale."""
    write_clips(tmp_path, clips[:1])
    labels = ["arousal=1..9", "valence=1..5", "dominance=1..7", "stress=1..5"]
    with (
        annotating(tmp_path, "clips.csv", labels=labels) as server,
        opened(browser, server, "anna", width, scheme) as page,
    ):
        pictures = page.get_by_role("img")
        assert [one.get_attribute("aria-label") for one in pictures.all()] == [
            "5 figures, from calm to excited",
            "5 figures, from unpleasant to pleasant",
            "5 figures, from weak to strong",
        ]
        assert page.locator("[data-label=stress] .manikin").count() == 0
        for name in ("arousal", "valence", "dominance"):
            assert page.request.get(f"{server.address}/assets/manikins-{name}.svg").ok
            figures = page.locator(f"[data-label={name}] .manikin")
            shares = [_drawn_share(one, scheme) for one in figures.all()]
            assert len(shares) == 5
            assert len(set(shares)) > 1  # each is another picture
            assert all(0.02 < share < 0.5 for share in shares), shares
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def _drawn_share(figure: Any, scheme: str) -> float:
    """Return the share of the pixels of a picture that are of the colour of text."""
    drawn = plt.imread(io.BytesIO(figure.screenshot()))[..., :3].mean(axis=2)
    return float((drawn < 0.5).mean() if scheme == "light" else (drawn > 0.5).mean())


def test_file_names_are_hidden_unless_asked_for(browser: Any, server: RunningServer) -> None:
    """They may tell the label, as in most corpora."""
    with opened(browser, server, "names") as page:
        assert page.text_content("#clip-name") == ""
        page.check("#names")
        assert page.text_content("#clip-name").endswith(".flac")


def test_raters_agreement_and_downloads(
    browser: Any, server: RunningServer, tmp_path: Path
) -> None:
    for name, values in (("one", "angry sad sad"), ("two", "angry sad happy")):
        rater = Rater(server, name)
        for place, value in enumerate(values.split()):
            rater.click(place, "emotion", value)
    with opened(browser, server, "three") as page:
        page.click("#measure")
        page.wait_for_selector("#agreement td")
        assert "Krippendorff's alpha" in page.text_content("#agreement")
        page.keyboard.press("2")
        page.wait_for_selector("button[aria-pressed=true]")
        for title in ("Manifest", "A row for each"):
            with page.expect_download() as download:
                page.get_by_role("link", name=title).click()
            download.value.save_as(tmp_path / "table.csv")
            text = (tmp_path / "table.csv").read_text()
            assert text.startswith("file,start,end")
            assert "three" in text
            assert not re.search(r"\bone\b|\btwo\b", text)  # of the others, nothing


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (400, "dark"), (1300, "dark")])
def test_page_has_no_serious_finding_of_axe(
    browser: Any, server: RunningServer, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with opened(browser, server, f"axe-{width}-{scheme}", width, scheme) as page:
        page.keyboard.press("1")
        page.wait_for_selector("button[aria-pressed=true]")
        page.check("#names")
        findings = axe.Axe().run(page).response["violations"]
        grave = [one for one in findings if one["impact"] in ("serious", "critical")]
        shown = [(one["id"], [node["html"] for node in one["nodes"]]) for one in grave]
        assert not grave, json.dumps(shown, indent=1)


def test_hostile_names_of_files_classes_and_raters_are_text(
    browser: Any, clips: list[Path], tmp_path: Path
) -> None:
    """Markup in a file name, a class or a rater's name is shown, not run."""
    hostile = "<img src=x onerror=alert(1)>"
    shutil.copy(clips[0], tmp_path / f"{hostile}.flac")
    (tmp_path / "clips.csv").write_text(f'file\n"{hostile}.flac"\n')
    label = f"emotion={hostile},<b>sad</b>"
    with (
        annotating(tmp_path, "clips.csv", labels=[label]) as server,
        opened(browser, server, hostile) as page,
    ):
        page.check("#names")
        assert page.text_content("#clip-name") == f"{hostile}.flac"
        assert page.text_content("#who") == hostile
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("2")
        page.wait_for_selector("button[aria-pressed=true]")
        assert "<b>sad</b>" in page.text_content("button[aria-pressed=true]")
        assert page.locator("main img, main b").count() == 0
        assert Rater(server, hostile).values == {0: {"emotion": "<b>sad</b>"}}
