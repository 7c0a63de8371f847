"""The tables and the bibliography of a report compile with LaTeX and BibTeX, whatever data hold."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from featser.reporting.exports.latex_table import latex_table
from featser.reporting.html import render
from featser.reporting.methods.bibtex import Reference, references_of_citation
from featser.reporting.methods.citations import WORKS
from featser.reporting.tables import Table
from tests.reporting.sample import sample_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("pdflatex") is None or shutil.which("bibtex") is None,
        reason="needs pdflatex, bibtex and booktabs: Debian's texlive-latex-recommended",
    ),
]
HEAD = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\usepackage{booktabs}
\begin{document}
"""
HOSTILE = (
    r"\input{/etc/passwd}", "a & b % c $ d # e_f", "{[}*", "~^<>|\"`", "\\\\", "}\\end{document}",
    "*", "[x]", "2–3\u2009s", "\x1b[31m",
)  # fmt: skip


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    shown = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, shown[-3000:]
    return shown


def compiled(content: str, folder: Path) -> str:
    """Return what LaTeX says of a document; an error of it ends the test."""
    (folder / "paper.tex").write_text(HEAD + content + "\n\\end{document}\n", encoding="utf-8")
    return run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"], folder)


def test_every_table_of_a_report_compiles(tmp_path: Path) -> None:
    page = render(sample_run())
    links = re.findall(r'href="data:text/x-tex;charset=utf-8;base64,([^"]+)"', page)
    tables = [base64.b64decode(link).decode("utf-8") for link in links]
    assert len(tables) >= 8
    compiled("\n\\clearpage\n".join(tables), tmp_path)


def test_names_from_data_are_text_in_latex(tmp_path: Path) -> None:
    rows = [[name, name] for name in HOSTILE]
    shown = compiled(latex_table(Table(HOSTILE[0], list(HOSTILE[:2]), rows)), tmp_path)
    assert "/etc/passwd" not in shown


def test_all_references_and_a_hostile_citation_compile(tmp_path: Path) -> None:
    hostile = [one for name in HOSTILE for one in references_of_citation("own", name, name)]
    unique = [Reference(f"own{n}", one.kind, one.fields) for n, one in enumerate(hostile)]
    text = "\n".join(one.bibtex() for one in (*WORKS.values(), *unique))
    (tmp_path / "references.bib").write_text(text, encoding="utf-8")
    content = "\\nocite{*}\\bibliographystyle{plain}\\bibliography{references}"
    compiled(content, tmp_path)
    assert "Warning" not in run(["bibtex", "paper"], tmp_path)
    compiled(content, tmp_path)
