"""Entries of BibTeX: from declared fields, and from the citation of a card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from featser.reporting.exports.latex_text import for_latex

_WORK = re.compile(r'(?P<author>[^"“„]+?), ["“„](?P<title>.+?),?["”“],? (?P<rest>.+)', re.DOTALL)
_ARTICLE = re.compile(
    r"(?P<journal>[^\d,;]+?) (?P<volume>\d+)(?:\((?P<number>\d+)\))?"
    r"(?:, (?P<pages>[\w–-]+))?, (?P<year>\d{4})"
)
_PAGES = re.compile(r", (?:pp\. )?(?P<pages>\d+(?:[–-]\d+)?)$")
_DOI = re.compile(r",? ?https?://(?:dx\.)?doi\.org/(?P<doi>\S+?)[.,;]?$")
_URL = re.compile(r",? ?(?P<url>https?://\S+?)[.,;]?$")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_VERBATIM = ("doi", "url")
"""Fields that BibTeX styles typeset as they are."""


@dataclass(frozen=True)
class Reference:
    """An entry of a bibliography.

    Attributes
    ----------
    key : str
        Its key.
    kind : str
        ``article``, ``inproceedings``, ``misc`` …
    fields : dict of str to str
        The fields as plain text; authors with `` and `` between.
    """

    key: str
    kind: str
    fields: Mapping[str, str]

    def bibtex(self) -> str:
        r"""Return the entry.

        Examples
        --------
        >>> print(Reference("a2020", "misc", {"title": "50 % better", "year": "2020"}).bibtex())
        @misc{a2020,
          title = {{50 \% better}},
          year = {2020},
        }
        """
        lines = [f"  {name} = {{{_value(name, text)}}}," for name, text in self.fields.items()]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def _value(name: str, text: str) -> str:
    if name in _VERBATIM and re.fullmatch(r"[\w./:()\-+=?]+", text, re.ASCII):
        return text
    # Styles set titles in lower case, but not what stands in braces.
    return f"{{{for_latex(text)}}}" if name == "title" else for_latex(text)


def as_key(name: str) -> str:
    """Return a name as a key of BibTeX.

    Examples
    --------
    >>> as_key("my corpus, 2nd")
    'my-corpus-2nd'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "corpus"


def references_of_citation(key: str, citation: str, title: str) -> list[Reference]:
    """Return the entries of a card's citation, one for each work with a quoted title.

    Parameters
    ----------
    key : str
        The key of the first; the others have a letter behind it.
    citation : str
        Such as ``A. Author and B. Author, "Title", Journal 1(2), 3–4, 2020, https://doi.org/…``;
        semicolons stand between several works.
    title : str
        The title of the corpus, for a citation without a quoted title.

    Returns
    -------
    list of Reference
        A citation that does not have this form is one entry, with the text as it is.

    Examples
    --------
    >>> text = 'A. Doe and B. Roe, "On speech", Speech 1(2), 3–4, 2020, https://doi.org/10.1/x'
    >>> (entry,) = references_of_citation("doe", text, "A corpus")
    >>> entry.kind, entry.fields["journal"], entry.fields["doi"]
    ('article', 'Speech', '10.1/x')
    """
    works = [_work(text.strip()) for text in citation.split(";")]
    if any(work is None for work in works):
        whole = _work(citation)
        plain = {"key": key, "title": title or key, "note": citation, **_year(citation)}
        works = [whole or ("misc", plain)]
    parsed = [work for work in works if work is not None]
    letters = ["", *"bcdefghijklmnopqrstuvwxyz"]
    return [
        Reference(f"{key}{letter}", kind, fields)
        for letter, (kind, fields) in zip(letters, parsed, strict=False)
    ]


def _work(text: str) -> tuple[str, dict[str, str]] | None:
    """Return kind and fields of one work; None if it has no quoted title."""
    match = _WORK.fullmatch(text)
    if match is None:
        return None
    rest, links = _without_link(match["rest"])
    fields = {"author": _authors(match["author"]), "title": match["title"]}
    article = _ARTICLE.match(rest)
    if rest.startswith("Proc."):
        return "inproceedings", {**fields, **_in_proceedings(rest), **links}
    if article is not None and article.end() == len(rest):
        found_parts = {name: part for name, part in article.groupdict().items() if part}
        return "article", {**fields, **found_parts, **links}
    return "misc", {**fields, "howpublished": rest, **_year(rest), **links}


def _in_proceedings(rest: str) -> dict[str, str]:
    """Return the fields of ``Proc. NAME YEAR, PAGES``."""
    match = _PAGES.search(rest)
    title = rest[: match.start()] if match else rest
    if match is None or not _YEAR.search(title):  # a number that ends it is the year
        return {"booktitle": rest, **_year(rest)}
    return {"booktitle": title, "pages": match["pages"], **_year(title)}


def _without_link(rest: str) -> tuple[str, dict[str, str]]:
    for pattern in (_DOI, _URL):
        if (link := pattern.search(rest)) is not None:
            return rest[: link.start()], link.groupdict()
    return rest, {}


def _authors(text: str) -> str:
    return " and ".join(re.split(r", (?:and )?| and ", text.strip()))


def _year(text: str) -> dict[str, str]:
    years = _YEAR.findall(text)
    return {"year": years[-1]} if years else {}
