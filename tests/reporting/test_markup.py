"""The report's markup is complete in itself: no outside resources, and names are escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

import pandas as pd
import pytest

from featser.reporting.html import render, write_report
from tests.reporting.page import Page
from tests.reporting.sample import sample_run


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(sample_run()))


@pytest.mark.parametrize("all_tasks", [True, False])
def test_the_page_asks_for_nothing_outside_itself(all_tasks: bool) -> None:
    markup = render(sample_run(all_tasks=all_tasks))
    assert "://" not in markup
    assert "@import" not in markup
    assert not re.search(r"url\((?!#)", markup)
    page = Page(markup)
    downloads = {value for _, name, value in page.attributes if name == "download"}
    links = [value for _, name, value in page.attributes if name in ("href", "src")]
    for tag, name, _ in page.attributes:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base")
        assert not name.startswith("on")
    assert all(value.startswith(("#", "data:text/")) for value in links)
    assert {"references.bib", "methods.md", "model-card.md", "datasheet.md"} <= downloads


def test_only_the_pages_own_script_runs() -> None:
    """The policy names the script by its hash, as a browser computes it."""
    markup = render(sample_run())
    (script,) = re.findall(r"<script>(.*?)</script>", markup, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = html.unescape(re.findall(r'Security-Policy" content="([^"]+)"', markup)[0])
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert "default-src 'none'" in policy
    assert not re.search(r"fetch|XMLHttpRequest|import|eval", script)


def test_every_reference_inside_the_page_has_exactly_one_target(page: Page) -> None:
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {
        value[1:] for _, name, value in page.attributes if name == "href" and value[0] == "#"
    } | {value for _, name, value in page.attributes if name == "data-copy"}
    for _, name, value in page.attributes:
        if name in ("clip-path", "style"):
            targets |= set(re.findall(r"url\(#([^)]+)\)", value))
    assert targets <= set(ids)


def test_figures_have_descriptions_and_tables_have_headers(page: Page) -> None:
    svgs = sum(tag == "svg" and name == "role" for tag, name, _ in page.attributes)
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert svgs == len(labels) == 14
    assert all(len(text) > 20 for text in labels)
    scopes = {value for tag, name, value in page.attributes if (tag, name) == ("th", "scope")}
    assert scopes == {"col", "row", "colgroup"}
    assert ("html", "lang", "en") in page.attributes


NASTY = ('<script>alert("x")</script>', "a&b", 'say "id="x""', "$x_1$ 100%", "রাগ", "{{ 7*7 }}")


def test_names_are_escaped_wherever_they_stand() -> None:
    run = sample_run(classes=NASTY, speakers=4)
    run.title = run.command = run.model = NASTY[0]
    run.notes, run.refused_tasks = [NASTY[0]], {NASTY[0]: NASTY[1]}
    run.predictions["speaker"] = run.predictions["speaker"].map(lambda s: f"<i>{s[-1]}</i>")
    run.predictions["corpus"] = "<u>one & only</u>"
    run.unusable = pd.DataFrame({"file": ["<img src=x onerror=y>.wav"], "reason": ["<b>"]})
    run.environment = {"<em>": "</code>"}
    markup = render(run)
    assert markup.count("<script") == 1, "the page's own"
    for tag in ("<script>alert", "<i>", "<u>", "<img", "<em>"):
        assert tag not in markup
    page = Page(markup)
    assert NASTY[0] in page.texts
    assert "{{ 7*7 }}" in page.texts
    assert 'say "id="x""' in page.texts, "a name that looks like markup is left as it is"
    assert "$x_1$ 100%" in page.texts


def test_file_names_that_are_not_unicode_and_control_characters_are_written_as_escapes(
    tmp_path: Path,
) -> None:
    run = sample_run(rows=60, classes=("a\x01", "b\n\x07", "c"), all_tasks=False)
    run.unusable = pd.DataFrame(
        {"file": ["clip-\udce9.wav"], "reason": ["no decoder"]}, dtype=object
    )
    path = write_report(tmp_path / "report.html", run)
    assert "clip-\\udce9.wav" in path.read_text(encoding="utf-8")


def test_the_same_input_gives_the_same_bytes_and_only_one_file(tmp_path: Path) -> None:
    one = write_report(tmp_path / "one.html", sample_run())
    two = write_report(str(tmp_path / "two.html"), sample_run())
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "two.html"]
