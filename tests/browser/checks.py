"""What must be so on every page: accessible, within the width, complete on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WIDTHS = (400, 1300)

_TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter((element) =>
  element.getClientRects().length && element.getBoundingClientRect().right > innerWidth + 1 &&
  !element.closest(".scroll, figure, pre, .skip")
).map((element) => element.outerHTML.slice(0, 80))"""

_BOXES = """() => [...document.querySelectorAll(".scroll")].filter((box) =>
  box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "auto"
).map((box) => box.getAttribute("aria-label"))"""


def assert_fits(page: Any) -> None:
    """Nothing is wider than the window; what is wide is scrolled in its own box."""
    scrolled, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert scrolled <= window
    too_wide = [*page.evaluate(_TOO_WIDE), *page.evaluate(_BOXES)]
    assert not too_wide, too_wide


def assert_accessible(page: Any) -> None:
    """Axe finds nothing serious or critical, with all that is folded up open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    violations = axe.run(page).response["violations"]
    serious = [
        (one["id"], node["html"][:120], node["failureSummary"])
        for one in violations
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert not serious, serious


def text_of_pdf(path: Path) -> str:
    """The text of all pages."""
    reader = pytest.importorskip("pypdf").PdfReader(path)
    return "\n".join(page.extract_text() for page in reader.pages)


def column(table: Any, number: int) -> list[str]:
    """The texts of a column of a table's body, as shown."""
    rows: list[str] = table.locator("tbody tr:visible").evaluate_all(
        f"(rows) => rows.map((row) => row.cells[{number}].textContent)"
    )
    return rows
