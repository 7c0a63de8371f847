"""Sections that commands after ``featser fit`` put into a finished report."""

from __future__ import annotations

import re
from pathlib import Path

from featser.io.atomic_write import write_text


def put_section(report: str | Path, name: str, title: str, markup: str) -> bool:
    """Put a section, and a link to it, at the places that a report has for it.

    Parameters
    ----------
    report : str or Path
        A file that :func:`featser.reporting.html.write_report` wrote.
    name : str
        The id of the section's heading, and the name of the places.
    title : str
        Of the link in the navigation.
    markup : str
        The section; it replaces an older one.

    Returns
    -------
    bool
        Whether the report has the places; one of an earlier version, or a damaged one, has not.
    """
    path = Path(report)
    try:
        page = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    link = f'<li><a href="#{name}">{title}</a></li>'
    for place, content in ((name, f"\n{markup}\n"), (f"{name}-link", link)):
        begin, end = f"<!--{place}-->", f"<!--/{place}-->"
        match = re.search(f"{begin}.*?{end}", page, re.DOTALL)
        if match is None:
            return False
        page = f"{page[: match.start()]}{begin}{content}{end}{page[match.end() :]}"
    write_text(path, page)
    return True
