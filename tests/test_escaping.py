"""What data hold (names, labels) is text in every output: never markup, control or a formula."""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from featser.corpora.manifest import read_manifest, write_manifest
from featser.corpora.manifest_stream import ManifestFile
from featser.io import escaping
from tests.flow import featser_here

PACKAGE = Path(__file__).resolve().parents[1] / "featser"
ANSI = "\x1b[31mred\x1b[0m"
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1", "''@x"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("angry", "angry"),
        ("রাগ্‌", "রাগ্‌"),  # with the joiner that Bangla needs
        (ANSI, r"\x1b[31mred\x1b[0m"),
        ("a\rb\nc\td", r"a\rb\nc\td"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.wav", r"\u202egnp.wav"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("\udce9", r"\udce9"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_for_terminal_shows_what_would_control_it(text: str, shown: str) -> None:
    assert escaping.for_terminal(text) == shown
    shown.encode("utf-8")


def test_for_html_leaves_markup_of_our_own_and_escapes_control_characters() -> None:
    from jinja2 import Environment
    from markupsafe import Markup

    page = Environment(autoescape=True, finalize=escaping.for_html)
    template = page.from_string("<p>{{ a }}{{ b }}{{ c }}</p>")
    assert template.render(a=ANSI, b="<b>", c=Markup("<i>")) == (
        r"<p>\x1b[31mred\x1b[0m&lt;b&gt;<i></p>"
    )


def test_for_markdown_and_for_svg_leave_no_markup() -> None:
    assert escaping.for_markdown("a|b\n<i>`x`") == r"a\|b\\n\<i\>\`x\`"
    assert escaping.for_markdown("[x](http://y)") == r"[x\](http://y)"
    assert escaping.for_markdown("0.50 [0.40, 0.60]") == "0.50 [0.40, 0.60]"
    assert escaping.for_markdown_code("a `` b") == "``` a `` b ```"
    assert escaping.for_svg('"><script>\x07') == r"&quot;&gt;&lt;script&gt;\x07"


def test_csv_cells_that_are_formulas_get_an_apostrophe_and_numbers_do_not() -> None:
    for formula in FORMULAS:
        assert escaping.csv_cell(formula) == "'" + formula
    for plain in ("-1", "+2.5", "-1e-05", "-.5", "a=b", "'tis", "", "angry"):
        assert escaping.csv_cell(plain) == plain
    table = pd.DataFrame({"=x": ["=1", "b"], "n": [-1.5, np.nan], "k": [-1, 2]}, index=[5, 6])
    safe = escaping.for_csv(table)
    assert safe.columns.tolist() == ["'=x", "n", "k"]
    assert safe["'=x"].tolist() == ["'=1", "b"]
    assert safe.to_csv(index=False) == "'=x,n,k\n'=1,-1.5,-1\nb,,2\n"
    pd.testing.assert_frame_equal(escaping.from_csv(safe), table)
    assert table["=x"].tolist() == ["=1", "b"]


@given(st.text(st.sampled_from("'=+-@\t\ra1."), max_size=6))
def test_a_csv_cell_is_read_back_as_it_was(text: str) -> None:
    assert escaping.plain_cell(escaping.csv_cell(text)) == text


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_manifest_with_formulas_as_names_is_read_back_as_it_was(
    ending: str, tmp_path: Path
) -> None:
    names = ["=1+1.wav", "'=x.wav", "-a.wav", "@b.wav", "+c.wav", "-1"]
    table = pd.DataFrame({"file": names, "emotion": [*FORMULAS[:4], "sad", "-x"], "a": 6 * [-1.5]})
    path = write_manifest(table, tmp_path / f"m.{ending}")
    read_back = read_manifest(path)
    assert read_back["file"].tolist() == names
    assert read_back["emotion"].tolist() == table["emotion"].tolist()
    assert read_back["a"].tolist() == 6 * [-1.5]
    streamed = next(ManifestFile(path).blocks())
    assert [Path(file).name for file in streamed["file"]] == names
    with path.open(newline="", encoding="utf-8") as stream:
        cells = [c for row in csv.reader(stream, delimiter="\t" if ending == "tsv" else ",")
                 for c in row]  # fmt: skip
    number = re.compile(r"[+-]?[\d.]+")
    assert [c for c in cells if c[:1] in tuple("=+-@\t\r") and not number.fullmatch(c)] == []


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with recordings and a manifest whose names are markup, ANSI and formulas."""
    rows = ["file,emotion,speaker"]
    for n, emotion in enumerate(("[/]v", "[bold]w", "=1+1", ANSI)):
        noise = np.random.default_rng(n).normal(0, 0.1, 8000)
        soundfile.write(tmp_path / f"{ANSI}{n}.wav", noise, 16000)
        rows.append(f"{ANSI}{n}.wav,{emotion},[/red]s{n}")
    rows.append(f"{ANSI}missing.wav,[/]v,:smile:")
    (tmp_path / "m.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    ["audit m.csv", "scan table m.csv", "extract m.csv -f mfcc:basic", "audit m.csv --primary x"],
)
def test_no_command_lets_data_control_the_terminal(command: str, hostile: Path) -> None:
    shown = featser_here(*command.split(" "), cwd=hostile)
    text = shown.stdout + shown.stderr
    assert "\x1b" not in text
    assert "Traceback" not in text
    assert shown.returncode in (0, 1, 2)
    if command in ("audit m.csv", "scan table m.csv"):
        assert "[/]v" in text


def test_exported_csv_holds_no_formula(hostile: Path) -> None:
    assert featser_here("extract", "m.csv", "-f", "mfcc:basic", cwd=hostile).returncode == 0
    assert featser_here("export", "out.csv", cwd=hostile).returncode == 0
    table = pd.read_csv(hostile / "out.csv")
    assert "'=1+1" in table["emotion"].tolist()


def calls(name: str) -> list[tuple[Path, ast.Call]]:
    """All calls of a function or method of that name in the package."""
    matches = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                own = (
                    called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                )
                if own == name:
                    matches.append((file, node))
    return matches


def test_every_table_that_is_written_as_csv_is_escaped() -> None:
    for file, call in calls("to_csv"):
        if call.args:  # without a path it returns text, of which only a hash is kept
            assert ast.unparse(call.func).startswith("for_csv("), f"{file}: {ast.unparse(call)}"


def test_every_line_for_the_terminal_is_escaped() -> None:
    tables = "Console().print(shown)"  # whose cells are Text objects of escaped text
    for file, call in calls("print"):
        text = ast.unparse(call)
        is_constant = all(isinstance(part, ast.Constant) for part in call.args)
        is_ours = is_constant or text == tables or file.name == "interrupts.py"
        assert is_ours or "for_terminal" in text, f"{file}: {text}"


def test_every_page_is_escaped() -> None:
    for file, call in calls("Environment"):
        options = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert options["autoescape"] == "True", file
        assert options["finalize"] == "for_html", file
