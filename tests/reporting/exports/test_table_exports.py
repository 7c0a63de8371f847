"""Tables of the report are saved as CSV and LaTeX, whatever their cells contain."""

from __future__ import annotations

import base64
import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.reporting.exports.csv_table import csv_table
from featser.reporting.exports.latex_table import latex_table
from featser.reporting.exports.latex_text import for_latex
from featser.reporting.exports.table_links import table_links
from featser.reporting.html import render
from featser.reporting.tables import Table
from tests.fuzz.hostile import HOSTILE
from tests.reporting.page import Page
from tests.reporting.sample import sample_run

COMMANDS = {
    "\\textbackslash", "\\textbraceleft", "\\textbraceright", "\\textasciitilde",
    "\\textasciicircum", "\\textless", "\\textgreater", "\\textbar", "\\symbol", "\\ldots",
    "\\&", "\\%", "\\$", "\\#", "\\_", "\\,",
}  # fmt: skip
"""The commands that text may become."""
LETTERS = st.text(
    st.sampled_from("ab&%$#_{}~^\\<>|\"`[]*'\n\r\t\x1b–… \u2009\xa0é") | st.characters()
)


def commands_in(latex: str) -> set[str]:
    """The commands of LaTeX text: letters, or one other character."""
    return set(re.findall(r"\\(?:[A-Za-z]+|[^A-Za-z])", latex, re.DOTALL))


def depth_of(latex: str) -> int:
    """The depth of braces at the end, escaped ones counted as BibTeX does."""
    depth = 0
    for letter in latex:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    return depth


def plain(latex: str) -> str:
    """Undo ``for_latex``, by the meaning that LaTeX gives to what it writes."""
    meanings = {
        "textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}",
        "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">",
        "textbar": "|", "ldots": "…",
    }  # fmt: skip
    text = re.sub(r"\\symbol\{(\d+)\}", lambda match: f"\x00{chr(int(match[1]))}", latex)
    tokens = re.findall(r"\x00.|\\[A-Za-z]+\{\}|\\.|\{[*\[\]]\}|--|.", text, re.DOTALL)
    letters = {"--": "–", "~": "\xa0", "\\,": "\u2009"}
    return "".join(
        meanings[token[1:-2]]
        if token.endswith("{}")
        else letters.get(token, token.strip("{}") if len(token) == 3 else token[-1])
        for token in tokens
    )


@given(LETTERS)
def test_latex_text_is_balanced_and_has_no_command_of_its_own(text: str) -> None:
    latex = for_latex(text)
    assert depth_of(latex) == 0
    assert commands_in(latex) <= COMMANDS
    assert not re.search(r"(?<!\\)[&%$#_^\n\"`|<>]", latex), "active characters are escaped"


@given(st.text(st.sampled_from("ab&%$#_{}~^\\<>|\"`[]*' é")))
def test_latex_text_prints_what_it_was_made_from(text: str) -> None:
    assert plain(for_latex(text)) == text


@given(st.lists(st.lists(LETTERS, min_size=3, max_size=3), min_size=1, max_size=4), LETTERS)
def test_latex_table_has_a_line_for_each_row_and_a_cell_for_each_column(
    rows: list[list[str]], caption: str
) -> None:
    latex = latex_table(Table(caption, ["a", "b&", "c\\"], rows, notes=[caption]))
    lines = latex.splitlines()
    body = lines[lines.index("    \\midrule") + 1 : lines.index("    \\bottomrule")]
    assert len(body) == len(rows)
    for line in [lines[6], *body]:
        assert line.endswith(" \\\\")
        cells = re.split(r"(?<!\\)&", line)
        assert len(cells) == 3
        assert not re.match(r"\s*[\[*]", line), "no argument of the line break before"
    assert depth_of(latex) == 0
    assert commands_in("".join(body)) <= COMMANDS | {"\\\\"}


def test_latex_table_has_protocols_above_the_columns() -> None:
    table = Table("Metrics", ["m", "x", "y", "n"], [["UAR", "1", "2", "3"]], protocols=[("p_1", 2)])
    latex = latex_table(table)
    assert "     & \\multicolumn{2}{c}{p\\_1} &  \\\\\n    \\cmidrule(lr){2-3}\n" in latex
    assert "\\begin{tabular}{lrrr}" in latex
    assert csv_table(table).splitlines() == ["m,x (p_1),y (p_1),n", "UAR,1,2,3"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_cells_stay_one_cell_of_csv(text: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_table(Table(text, [text, "n"], [[text, "1"]])))))
    assert [len(row) for row in rows] == [2, 2]
    for cell in (rows[0][0], rows[1][0]):
        assert not re.match(r"[=@\t\r]|[+-](?!\d)", cell), "no formula"
        assert "secret" not in cell
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", cell)


def test_each_table_of_the_report_can_be_saved() -> None:
    page = Page(render(sample_run()))
    files = {
        value: link
        for (tag, name, value), (_, _, link) in zip(
            page.attributes, page.attributes[1:], strict=False
        )
        if (tag, name) == ("a", "download")
    }
    for name in ("metrics-of-emotion", "recall-by-class-of-emotion", "extractors"):
        assert {f"{name}.csv", f"{name}.tex"} <= set(files)
    content = base64.b64decode(files["recall-by-class-of-emotion.csv"].partition(",")[2])
    saved = {row[0]: row[1:] for row in csv.reader(io.StringIO(content.decode()))}
    shown = page.table("Recall by class of emotion")
    assert saved["anger"] == shown["anger"]
    assert table_links(Table("empty", ["a"], [])) == []
