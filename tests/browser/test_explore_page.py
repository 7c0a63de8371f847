"""The page of `featser explore` in a browser: players play, and everyone can use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.checks import WIDTHS, assert_accessible, assert_fits
from tests.browser.conftest import Opener
from tests.flow import featser_here

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def explored(fitted: Path) -> Path:
    """The page of a quick run."""
    shown = featser_here("explore", fitted, "-j", "1", cwd=fitted.parent)
    assert shown.returncode == 0, shown.stderr
    return fitted / "explore.html"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits(
    explored: Path, opener: Opener, width: int, scheme: str
) -> None:
    page = opener(explored, width, color_scheme=scheme).page
    assert_fits(page)
    assert_accessible(page)


def test_players_of_errors_play(explored: Path, opener: Opener) -> None:
    page = opener(explored).page
    state = page.locator("section audio").last.evaluate(
        """async (audio) => {
          audio.muted = true;
          await audio.play();
          await new Promise((done) => {
            audio.ontimeupdate = () => audio.currentTime > 0 && done();
          });
          return [audio.currentTime > 0, audio.error];
        }"""
    )
    assert state == [True, None]
