"""The report's section on methods and citations."""

from __future__ import annotations

from dataclasses import dataclass

from featser.reporting.exports.data_links import DataLink, data_link
from featser.reporting.methods.method_files import REFERENCES, method_pages
from featser.reporting.methods.methods_text import methods_paragraph
from featser.reporting.summary import RunSummary


@dataclass(frozen=True)
class MethodsSection:
    """The section on methods and citations.

    Attributes
    ----------
    paragraph, bibtex : str
        The methods paragraph, and the works that it cites.
    links : list of DataLink
        The files that are also written beside the report.
    """

    paragraph: str
    bibtex: str
    links: list[DataLink]


def methods_section(run: RunSummary) -> MethodsSection:
    """Return the section on methods and citations of a run."""
    pages = method_pages(run)
    links = [data_link(name, name, text) for name, text in pages.items()]
    return MethodsSection(methods_paragraph(run), pages[REFERENCES], links)
