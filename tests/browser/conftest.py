"""Chromium, and pages opened in it that record what goes wrong and what they ask for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.flow import featser, featser_here

CHROMIUM = "/usr/bin/chromium"


@dataclass
class Opened:
    """A page in the browser.

    Attributes
    ----------
    page : playwright.sync_api.Page
    problems : list of str
        Errors and warnings of the console, and exceptions.
    requests : list of str
        Addresses that it asked for, the page's own first.
    """

    page: Any
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Opener = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for a module; skips where it or Playwright is missing.

    Playwright may run once in a process, and other modules have browsers with other options.
    """
    api = pytest.importorskip("playwright.sync_api", reason="needs Playwright (dev-extras)")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def opener(browser: Any) -> Iterator[Opener]:
    """Open a file at a width; every page must end without problems and foreign requests."""
    opened: list[Opened] = []

    def open_file(path: Path, width: int = 1300, **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        one = Opened(page)
        page.on("console", lambda message: one.problems.append(message.text))
        page.on("pageerror", lambda error: one.problems.append(str(error)))
        page.on("request", lambda request: one.requests.append(request.url))
        page.goto(path.resolve().as_uri())
        opened.append(one)
        return one

    yield open_file
    for one in opened:
        one.page.context.close()
        assert one.problems == []
        assert [
            url for url in one.requests if not url.startswith(("file:", "data:", "blob:"))
        ] == []


@pytest.fixture(scope="session")
def report(fitted: Path) -> Path:
    """The report of a quick fit on the demo corpus."""
    return fitted / "report.html"


@pytest.fixture(scope="session")
def emodb_report(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a quick fit on five speakers of EmoDB."""
    folder = tmp_path_factory.mktemp("emodb")
    for file in sorted((corpora / "emodb").rglob("*.flac")):
        if file.name[:2] in ("03", "08", "09", "10", "11"):
            target = folder / "recordings" / file.relative_to(corpora / "emodb")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    shown = featser("extract", "recordings", "--corpus", "emodb", "-f", "mfcc:basic", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("fit", "--model", "lda", "-o", "run", "--jobs", "1", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder / "run" / "report.html"
