"""The page of a comparison in a browser, as `featser compare -o compare.html` writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.checks import WIDTHS, assert_accessible, assert_fits, column
from tests.browser.conftest import Opener
from tests.flow import featser_here

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def comparison(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of two quick runs."""
    folder = fitted.parent
    shown = featser_here(
        "fit", "--model", "knn", "--no-audit", "-o", "knn", "--jobs", "1", cwd=folder
    )
    assert shown.returncode == 0, shown.stderr
    target = tmp_path_factory.mktemp("comparison") / "compare.html"
    shown = featser_here("compare", "run", "knn", "-o", target, cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert f"comparison: {target}" in shown.stdout
    return target


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_is_accessible_and_fits(
    comparison: Path, opener: Opener, width: int, scheme: str
) -> None:
    page = opener(comparison, width, color_scheme=scheme).page
    assert_fits(page)
    assert_accessible(page)


def test_changed_utterances_are_filtered_by_direction(comparison: Path, opener: Opener) -> None:
    page = opener(comparison).page
    section = page.locator("section", has=page.locator("#pair-1"))
    details = section.locator("details", has_text="Utterances with another prediction")
    details.locator("summary").click()
    rows = column(details.locator("table"), 5)
    assert len(rows) > 12
    details.get_by_label("Filter rows").fill('"only B right"')
    assert set(column(details.locator("table"), 5)) == {"only B right"}
    assert len(column(details.locator("table"), 5)) == rows.count("only B right")


def test_the_navigation_leads_to_each_pair(comparison: Path, opener: Opener) -> None:
    page = opener(comparison).page
    page.locator("nav.sections a", has_text="gender: A → B").click()
    page.locator("nav.sections a[aria-current]", has_text="gender: A → B").wait_for()
    assert page.locator("figure > svg[data-name=forest]").count() == 1
