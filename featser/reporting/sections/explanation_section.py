"""The section of a report that explains the model, which is added to a finished report."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from featser.io.atomic_write import write_text
from featser.reporting.page_environment import page_environment
from featser.reporting.plots import Mark, dots
from featser.reporting.tables import Table

_PLACE = re.compile("<!--explanation-->.*?<!--/explanation-->", re.DOTALL)
_LINK = re.compile("<!--explanation-link-->.*?<!--/explanation-link-->", re.DOTALL)
_LINKED = (
    '<!--explanation-link--><li><a href="#explanation">Explanation</a></li><!--/explanation-link-->'
)


@dataclass(frozen=True)
class ExplanationPart:
    """A table of the section, with its sentences and figure.

    Attributes
    ----------
    title : str
        The heading.
    sentences : list of str
        The paragraphs above the table.
    table : Table
    marks : list of Mark
        The rows of the figure; empty for none.
    axis : str
        The title of the figure's axis.
    """

    title: str
    sentences: list[str]
    table: Table
    marks: list[Mark] = field(default_factory=list)
    axis: str = ""


def add_explanation(report: str | Path, parts: Sequence[ExplanationPart], protocol: str) -> bool:
    """Put the section into a report, in place of an older one.

    Parameters
    ----------
    report : str or Path
        A file that :func:`featser.reporting.html.write_report` wrote.
    parts : sequence of ExplanationPart
    protocol : str
        The one that test sets are of.

    Returns
    -------
    bool
        Whether the report has a place for the section; one of an earlier version has none.
    """
    path = Path(report)
    page = path.read_text(encoding="utf-8")
    if not (_PLACE.search(page) and _LINK.search(page)):
        return False
    section = render_explanation(parts, protocol)
    page = _PLACE.sub(lambda _: f"<!--explanation-->\n{section}\n<!--/explanation-->", page, 1)
    page = _LINK.sub(lambda _: _LINKED, page, 1)
    write_text(path, page)
    return True


def render_explanation(parts: Sequence[ExplanationPart], protocol: str) -> str:
    """Return the section as HTML."""
    from markupsafe import Markup

    plots = [Markup(_figure(part, place)) for place, part in enumerate(parts)]
    page = (
        page_environment()
        .get_template("explanation.html.j2")
        .render(parts=list(zip(parts, plots, strict=True)), protocol=protocol)
    )
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def _figure(part: ExplanationPart, place: int) -> str:
    if not part.marks:
        return ""
    values = [edge for mark in part.marks for edge in (mark.value, mark.low, mark.high)]
    finite = [value for value in (0.0, *values) if math.isfinite(value)]
    margin = 0.05 * (max(finite) - min(finite)) or 0.01
    limits = (min(finite) - margin, max(finite) + margin)
    description = f"{part.table.caption}; the same numbers are in the table below."
    return dots(part.marks, part.axis, f"explanation-{place}", description, limits)
