"""The report in a browser: what its script adds, and what every reader can rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.checks import WIDTHS, assert_accessible, assert_fits, column
from tests.browser.conftest import Opener

pytestmark = pytest.mark.extras


def test_current_section_is_marked_in_the_navigation(report: Path, opener: Opener) -> None:
    page = opener(report).page
    page.locator("nav.sections a", has_text="Folds").click()
    marked = page.locator("nav.sections a[aria-current=location]")
    marked.filter(has_text="Folds").wait_for()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    marked.filter(has_text="Glossary").wait_for()
    assert marked.count() == 1
    page.evaluate("scrollTo(0, 0)")
    marked.wait_for(state="detached")


def test_navigation_is_one_button_on_narrow_screens(report: Path, opener: Opener) -> None:
    page = opener(report, 400).page
    menu, link = page.locator("nav .menu"), page.locator("nav.sections a", has_text="Results")
    assert menu.get_attribute("aria-expanded") == "false"
    assert not link.is_visible()
    menu.focus()
    page.keyboard.press("Enter")
    assert link.is_visible()
    page.keyboard.press("Escape")
    assert not link.is_visible()
    menu.click()
    link.click()
    assert not link.is_visible()
    menu.filter(has_text="Sections: Results").wait_for()
    top = page.locator("#results").bounding_box()["y"]
    bar = page.locator("nav.sections").bounding_box()
    assert top >= bar["y"] + bar["height"], "the bar does not cover the title"


def test_a_click_or_a_key_sorts_a_table_and_totals_stay_last(report: Path, opener: Opener) -> None:
    page = opener(report).page
    table = page.locator("table", has=page.locator("caption", has_text="Utterances by emotion"))
    before = column(table.first, 0)
    head = table.first.locator("thead th").last
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    counts = [int(text.replace("\u2009", "")) for text in column(table.first, -1 % 3)]
    assert counts == sorted(counts)
    assert table.first.locator("tfoot th").text_content() == "all"
    first = table.first.locator("thead th").first
    first.locator("button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert first.get_attribute("aria-sort") == "descending"
    assert head.get_attribute("aria-sort") is None
    assert column(table.first, 0) == sorted(before, reverse=True)
    page.keyboard.press("Enter")
    assert first.get_attribute("aria-sort") is None
    assert column(table.first, 0) == before


def test_cells_are_sorted_by_the_number_they_begin_with(opener: Opener, tmp_path: Path) -> None:
    """As the report writes them: thin spaces, intervals, signs, absent values."""
    from featser.reporting.study_page import write_study
    from featser.reporting.tables import Table

    cells = [
        "1\u2009466",
        "n/a",
        "0.612 [0.580, 0.645]",
        "-0.02 [-0.1, 0.2]",
        "< 0.001",
        "12 (0.3)",
    ]
    rows = [[f"row {n}", cell] for n, cell in enumerate(cells)]
    write_study(tmp_path / "study", "Study", [], Table("t", ["a", "b"], rows), {"n": 1}, "x")
    page = opener(tmp_path / "study.html").page
    button = page.locator("thead th button").last
    button.click()
    assert column(page.locator("table"), 1) == [cells[at] for at in (3, 4, 2, 5, 0, 1)]
    button.click()
    assert column(page.locator("table"), 1) == [cells[at] for at in (0, 5, 2, 4, 3, 1)]


def test_the_filter_shows_rows_that_have_all_words(opener: Opener, tmp_path: Path) -> None:
    from featser.reporting.study_page import write_study
    from featser.reporting.tables import Table

    rows = [[f"clip {n}.wav", "angry" if n % 2 else "sad", str(n)] for n in range(20)]
    table = Table("Clips", ["file", "class", "n"], rows, {0, 1})
    write_study(tmp_path / "study", "Study", [], table, {"n": 20}, "x")
    page = opener(tmp_path / "study.html").page
    page.get_by_label("Filter rows").fill("ANGRY 1")
    assert column(page.locator("table"), 0) == [f"clip {n}.wav" for n in (1, 11, 13, 15, 17, 19)]
    assert page.locator(".filter [role=status]").text_content() == "6 of 20 rows"
    page.get_by_label("Filter rows").fill("")
    assert len(column(page.locator("table"), 0)) == 20


def test_short_tables_have_no_filter_and_long_ones_of_a_report_do(
    emodb_report: Path, opener: Opener
) -> None:
    page = opener(emodb_report).page
    lengths = page.evaluate(
        """() => [...document.querySelectorAll(".scroll")].map((box) => [
          box.querySelectorAll("tbody tr").length,
          Boolean(box.previousElementSibling?.classList.contains("filter")),
        ])"""
    )
    assert all(has_filter == (rows > 12) for rows, has_filter in lengths)
    assert any(has_filter for _, has_filter in lengths)


def test_confusion_matrix_switches_between_shares_and_counts(report: Path, opener: Opener) -> None:
    page = opener(report).page
    group = page.locator("[data-switch]").first
    shares, counts = (group.locator("[data-view]").nth(n) for n in (0, 1))
    assert (shares.is_visible(), counts.is_visible()) == (True, False)
    button = group.get_by_role("button", name="utterances", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert (shares.is_visible(), counts.is_visible()) == (False, True)
    assert button.get_attribute("aria-pressed") == "true"


def test_details_open_by_keyboard_and_show_the_curves(report: Path, opener: Opener) -> None:
    page = opener(report).page
    details = page.locator("details", has_text="ROC and DET curves").first
    curve = details.locator("svg[data-name^=roc]")
    assert not curve.is_visible()
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert curve.is_visible()
    assert "AUC" in details.locator("svg text", has_text="AUC").first.text_content()


def test_a_figure_is_saved_as_svg_that_stands_alone(report: Path, opener: Opener) -> None:
    """In the light colours, also from a dark page, and without the page's variables."""
    page = opener(report, color_scheme="dark").page
    figures, buttons = page.locator("figure > svg"), page.locator("figure .save")
    assert figures.count() == buttons.count() > 3
    with page.expect_download() as waiting:
        buttons.first.click()
    saved = waiting.value
    assert saved.suggested_filename == "headline.svg"
    text = Path(saved.path()).read_text(encoding="utf-8")
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "var(" not in text
    assert "#0072b2" in text
    assert 'fill="#ffffff"' in text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_accessible_and_fits(
    emodb_report: Path, opener: Opener, width: int, scheme: str
) -> None:
    page = opener(emodb_report, width, color_scheme=scheme).page
    assert_fits(page)
    assert_accessible(page)
    assert_fits(page)


def test_dark_mode_follows_the_system(report: Path, opener: Opener) -> None:
    read = "getComputedStyle(document.body).backgroundColor"
    light, dark = (
        opener(report, color_scheme=scheme).page.evaluate(read) for scheme in ("light", "dark")
    )
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 24, 28)")


def test_the_report_is_complete_without_script(report: Path, opener: Opener) -> None:
    page = opener(report, java_script_enabled=False).page
    assert page.locator("[data-view]").count() == page.locator("[data-view]:visible").count()
    assert page.locator("button:visible").count() == 0
    assert page.locator("nav.sections a:visible").count() > 8
    narrow = opener(report, 400, java_script_enabled=False).page
    assert narrow.locator("nav.sections a:visible").count() > 8


def test_a_report_renders_in_two_seconds(emodb_report: Path, opener: Opener) -> None:
    page = opener(emodb_report).page
    assert page.locator("nav .menu").count() == 1
    loaded_ms = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < loaded_ms < 2000
    assert emodb_report.stat().st_size < 3_000_000
