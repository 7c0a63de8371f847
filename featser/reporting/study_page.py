"""Write a study's result as HTML and Markdown: one table and optionally one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featser import __version__
from featser.io.atomic_write import write_text
from featser.io.escaping import for_markdown, for_markdown_code
from featser.reporting.page_environment import TEMPLATES, page_environment
from featser.reporting.svg import standalone_svg
from featser.reporting.tables import Table


def write_study(
    path: str | Path,
    title: str,
    sentences: Sequence[str],
    table: Table,
    described: Mapping[str, Any],
    command: str,
    plot: str = "",
) -> None:
    """Write a study as one self-contained HTML file and as Markdown, each atomically.

    The Markdown shows the figure, if there is one, from an SVG file beside it.

    Parameters
    ----------
    path : str or Path
        Without ending: ``.html``, ``.md`` and ``.svg`` are added.
    title : str
        The page's title.
    sentences : sequence of str
        The introduction, one paragraph each.
    table : Table
        The result.
    described : mapping
        What was studied: names and values.
    command : str
        The command that made it.
    plot : str
        Markup from :mod:`featser.reporting.plots`; empty for none.
    """
    facts = {name: _text(value) for name, value in described.items()}
    page = _page(title, sentences, table, facts, command, plot)
    write_text(Path(f"{path}.html"), page.encode("utf-8", "backslashreplace").decode("utf-8"))
    if plot:
        write_text(Path(f"{path}.svg"), standalone_svg(plot, _colours()))
    figure = f"{Path(path).name}.svg" if plot else ""
    text = "\n".join(_markdown(title, sentences, table, facts, command, figure))
    write_text(Path(f"{path}.md"), text.encode("utf-8", "backslashreplace").decode("utf-8"))


def _page(
    title: str,
    sentences: Sequence[str],
    table: Table,
    facts: Mapping[str, str],
    command: str,
    plot: str,
) -> str:
    from markupsafe import Markup

    return (
        page_environment()
        .get_template("study.html.j2")
        .render(
            title=title,
            sentences=sentences,
            content=table,
            facts=facts,
            command=command,
            plot=Markup(plot),
            version=__version__,
        )
    )


def _colours() -> str:
    """Return the rules of the page's style that give colours their values."""
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return css[: css.index("* {")].strip()


def _markdown(
    title: str,
    sentences: Sequence[str],
    table: Table,
    facts: Mapping[str, str],
    command: str,
    figure: str,
) -> list[str]:
    description = for_markdown("; ".join(f"{name}: {value}" for name, value in facts.items()))
    rule = ["---" if column in table.text else "---:" for column in range(len(table.columns))]
    lines = [table.columns, rule, *table.rows]
    rows = ["| " + " | ".join(for_markdown(cell) for cell in line) + " |" for line in lines]
    notes = [text for note in table.notes for text in ("", for_markdown(note, code=True))]
    return [
        f"# {for_markdown(title)}",
        *(text for sentence in sentences for text in ("", for_markdown(sentence, code=True))),
        "",
        f"{description[0].upper()}{description[1:]}.",
        "",
        *rows,
        *notes,
        *(("", f"![{for_markdown(table.caption)}]({figure})") if figure else ()),
        "",
        f"Made by {for_markdown_code(command)}, featser {__version__}.",
        "",
    ]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
