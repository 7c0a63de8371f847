"""Entries of BibTeX: of the declared works, and of the cards of corpora."""

from __future__ import annotations

import re

import pytest

from featser.corpora.card import list_cards, load_card
from featser.features.registry import ROWS
from featser.models.registry import MODELS
from featser.reporting.methods.bibtex import Reference, as_key, references_of_citation
from featser.reporting.methods.citations import USES, WORKS
from tests.fuzz.hostile import HOSTILE

LAYOUTS = ("audformat", "demo", "folders", "folders-by-class", "folders-by-speaker", "table")


def balance_of(entry: str) -> int:
    """The depth of braces at the end, as BibTeX counts them: escaped braces, too."""
    depth = 0
    for letter in entry:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    return depth


@pytest.mark.parametrize("card", [name for name in list_cards() if name not in LAYOUTS])
def test_each_card_gives_an_entry_with_title_and_year(card: str) -> None:
    described = load_card(card)
    entries = references_of_citation(card, described.citation, described.title)
    for entry in entries:
        assert entry.fields["title"]
        assert balance_of(entry.bibtex()) == 0
        if card != "baved":  # its citation states no authors and no year
            assert re.fullmatch(r"(19|20)\d\d", entry.fields["year"])
            assert all(". " in author for author in entry.fields["author"].split(" and "))
    doi = re.search(r"doi\.org/(\S+)", described.citation)
    assert doi is None or doi[1] in [entry.fields.get("doi") for entry in entries]


def test_ravdess_is_an_article() -> None:
    (entry,) = references_of_citation("ravdess", load_card("ravdess").citation, "")
    assert entry.bibtex() == (
        "@article{ravdess,\n"
        "  author = {S. R. Livingstone and F. A. Russo},\n"
        "  title = {{The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS)}},\n"
        "  journal = {PLoS ONE},\n"
        "  volume = {13},\n"
        "  number = {5},\n"
        "  pages = {e0196391},\n"
        "  year = {2018},\n"
        "  doi = {10.1371/journal.pone.0196391},\n"
        "}"
    )


def test_works_of_the_table_are_used_and_uses_name_works() -> None:
    assert {key for keys in USES.values() for key in keys} == set(WORKS)
    for work in WORKS.values():
        assert balance_of(work.bibtex()) == 0
        assert set(work.fields) <= {
            "author", "title", "journal", "booktitle", "volume", "number", "pages", "year", "doi",
            "note", "key",
        }  # fmt: skip


def test_uses_name_extractors_and_models_that_exist() -> None:
    names = {f"features {row.name}" for row in ROWS} | {f"model {name}" for name in MODELS}
    of_registries = {use for use in USES if use.startswith(("features ", "model "))}
    assert of_registries <= names


@pytest.mark.parametrize("text", [*HOSTILE, "{", "}}", "a}, note = {b", "@comment{", "\\"])
def test_hostile_citations_stay_inside_their_field(text: str) -> None:
    entries = references_of_citation(as_key(text), text, text)
    for entry in entries:
        lines = entry.bibtex().splitlines()
        assert balance_of(entry.bibtex()) == 0
        assert len(lines) == len(entry.fields) + 2
        assert re.fullmatch(r"@\w+\{[A-Za-z0-9._-]+,", lines[0])


def test_two_works_of_one_citation_have_keys_of_their_own() -> None:
    citation = 'A. Doe, "One", Talks, 2001; B. Roe, "Two", Proc. Speech 2002, 1–2'
    first, second = references_of_citation("c", citation, "")
    assert (first.key, second.key) == ("c", "cb")
    assert (first.kind, second.kind) == ("misc", "inproceedings")
    assert isinstance(second, Reference)


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        ("Proc. Speech 2005, 1517–1520", ("Proc. Speech 2005", "1517–1520", "2005")),
        ("Proc. Speech (SP), 2020, 36", ("Proc. Speech (SP), 2020", "36", "2020")),
        ("Proc. Speech, 2006", ("Proc. Speech, 2006", None, "2006")),
    ],
)
def test_pages_of_proceedings_are_a_field(place: str, fields: tuple[str | None, ...]) -> None:
    (entry,) = references_of_citation("doe", f'A. Doe, "One", {place}', "")
    assert tuple(entry.fields.get(name) for name in ("booktitle", "pages", "year")) == fields


def test_the_entry_of_emodb_has_its_pages() -> None:
    card = load_card("emodb")
    (entry,) = references_of_citation("emodb", card.citation or "", card.title)
    assert entry.fields["pages"] == "1517–1520"
    assert "pages = {1517--1520}" in entry.bibtex()
