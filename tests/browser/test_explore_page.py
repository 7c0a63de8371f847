"""The page of `featser explore` in a browser: players play, and everyone can use it."""

from __future__ import annotations

import json
import re
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


def test_marks_of_classes_differ_in_shape_up_to_12_and_in_look_beyond(
    explored: Path, opener: Opener, tmp_path: Path
) -> None:
    text = explored.read_text(encoding="utf-8")
    (content,) = re.findall(r'id="map-data">(.*?)</script>', text, re.DOTALL)
    data = json.loads(content)
    data["colours"]["label"]["names"] = [f"class {number}" for number in range(90)]
    changed = tmp_path / "explore.html"
    changed.write_text(text.replace(content, json.dumps(data)), encoding="utf-8")
    looks = (
        opener(changed)
        .page.locator("#map-legend path")
        .evaluate_all(
            "(paths) => paths.map((path) => [path.getAttribute('d'), path.getAttribute('fill')])"
        )
    )
    assert len({shape for shape, _ in looks[:12]}) == 12
    assert len(set(map(tuple, looks))) == 90


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
