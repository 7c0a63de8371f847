"""The report's section on methods and citations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from featser.reporting.exports.data_links import DataLink, data_link
from featser.reporting.methods.method_files import REFERENCES
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


def methods_section(run: RunSummary, pages: Mapping[str, str]) -> MethodsSection:
    """Return the section on methods and citations of a run.

    Parameters
    ----------
    run : RunSummary
        A run, with its method facts.
    pages : mapping of str to str
        What :func:`~featser.reporting.methods.method_files.method_pages` returned of it.
    """
    links = [data_link(name, name, text) for name, text in pages.items()]
    return MethodsSection(methods_paragraph(run), pages[REFERENCES], links)
