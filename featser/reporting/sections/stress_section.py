"""The section of a report on altered recordings, which is added to a finished report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from featser.reporting.page_environment import page_environment
from featser.reporting.sections.late_section import put_section
from featser.reporting.tables import Table


@dataclass(frozen=True)
class StressSection:
    """What the section shows.

    Attributes
    ----------
    protocol : str
        The one that test sets are of.
    sentences : list of str
    figure : str
        SVG markup; empty for none.
    tables : list of Table
    """

    protocol: str
    sentences: Sequence[str]
    figure: str
    tables: Sequence[Table]


def add_stress(report: str | Path, section: StressSection) -> bool:
    """Put the section into a report, in place of an older one.

    Parameters
    ----------
    report : str or Path
        A file that :func:`featser.reporting.html.write_report` wrote.
    section : StressSection

    Returns
    -------
    bool
        Whether the report has a place for the section; one of an earlier version has none.
    """
    return put_section(report, "stress", "Altered recordings", render_stress(section))


def render_stress(section: StressSection) -> str:
    """Return the section as HTML."""
    from markupsafe import Markup

    template = page_environment().get_template("stress.html.j2")
    page = template.render(section=section, figure=Markup(section.figure))
    return page.encode("utf-8", "backslashreplace").decode("utf-8")
