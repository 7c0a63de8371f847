"""The learning curve as a section of a report, which is added to a finished report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from featser.reporting.page_environment import page_environment
from featser.reporting.sections.late_section import put_section
from featser.reporting.tables import Table


def add_curve(
    report: str | Path, protocol: str, sentences: Sequence[str], figure: str, table: Table
) -> bool:
    """Put the section into a report, in place of an older one.

    Parameters
    ----------
    report : str or Path
        A file that :func:`featser.reporting.html.write_report` wrote.
    protocol : str
        Whose folds are tested.
    sentences : sequence of str
        What was done, and how to read it.
    figure : str
        SVG markup of :func:`featser.reporting.curve_figure.drawn`.
    table : Table

    Returns
    -------
    bool
        Whether the report has a place for the section; one of an earlier version has none.
    """
    from markupsafe import Markup

    template = page_environment().get_template("curve.html.j2")
    page = template.render(
        protocol=protocol, sentences=sentences, figure=Markup(figure), content=table
    )
    markup = page.encode("utf-8", "backslashreplace").decode("utf-8")
    return put_section(report, "curve", "Learning curve", markup)
