"""The files that state how a run was made, beside its report."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from featser.io.atomic_write import write_text
from featser.io.escaping import for_markdown
from featser.reporting.methods.datasheet import datasheet
from featser.reporting.methods.methods_text import bibliography, methods_paragraph, references
from featser.reporting.methods.model_card import model_card
from featser.reporting.summary import RunSummary

REFERENCES = "references.bib"


def methods_page(run: RunSummary) -> str:
    """Return the methods paragraph as a page of Markdown for Pandoc.

    Its header names the bibliography, so that ``pandoc --citeproc methods.md -o methods.docx``
    writes the citations out.
    """
    keys = {reference.key for reference in references(run)}
    header = f"---\nbibliography: {REFERENCES}\n---"
    return f"{header}\n\n# Methods\n\n{_escaped(methods_paragraph(run), keys)}\n"


def method_pages(run: RunSummary) -> dict[str, str]:
    """Return the files that state how a run was made, by name.

    Parameters
    ----------
    run : RunSummary
        A run, with its method facts.

    Returns
    -------
    dict of str to str
        ``methods.md``, ``references.bib``, ``model-card.md`` and ``datasheet.md``.
    """
    return {
        "methods.md": methods_page(run),
        REFERENCES: bibliography(run),
        "model-card.md": model_card(run),
        "datasheet.md": datasheet(run),
    }


def write_method_files(folder: Path, pages: Mapping[str, str]) -> None:
    """Write the files of :func:`method_pages` into a run's folder, each atomically.

    Parameters
    ----------
    folder : Path
        Of the run.
    pages : mapping of str to str
        Their texts by name.
    """
    for name, text in pages.items():
        write_text(folder / name, text)


def _escaped(paragraph: str, keys: Collection[str]) -> str:
    """Escape a paragraph but for the citations of works with these keys."""
    parts = re.split(r"( \[@[A-Za-z0-9._;@ -]+\])", paragraph)
    return "".join(
        part if position % 2 and _cites(part, keys) else for_markdown(part)
        for position, part in enumerate(parts)
    )


def _cites(part: str, keys: Collection[str]) -> bool:
    return all(key in keys for key in part.strip(" []").replace("@", "").split("; "))
