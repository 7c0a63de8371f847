"""``featser corpora``: the cards, and all that one of them knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.card_schema import Label
from featser.corpora.side_table_schema import SideTable

Section = tuple[str, list[tuple[str, str]]]
"""A title, and lines of a name and a text."""


def corpora() -> list[Card]:
    """Return the cards that featser brings, by name."""
    return [load_card(name) for name in list_cards()]


def show(card: str) -> list[Section]:
    """Describe a card.

    Parameters
    ----------
    card : str
        The name of a card, or a YAML file.

    Returns
    -------
    list of (str, list of (str, str))
        Titled sections of named lines; a section without lines is left out.

    Raises
    ------
    CardError
        If the card is unknown, or not valid.
    """
    loaded = load_card(card)
    sections = [
        (loaded.title, _about(loaded)),
        ("Names", _grammar(loaded)),
        ("Labels from the name", [(n, _label(label)) for n, label in loaded.labels.items()]),
        ("Labels from tables", [line for table in loaded.tables for line in _table(table)]),
        ("Tasks", _tasks(loaded)),
        ("Expected", _expected(loaded)),
        ("Left out", [*loaded.excluded.items()]),
        ("Faults", [("", text) for text in loaded.faults]),
        ("Cautions", [("", text) for text in loaded.cautions]),
    ]
    return [(title, lines) for title, lines in sections if lines]


def _about(card: Card) -> list[tuple[str, str]]:
    rates = ", ".join(f"{rate} Hz" for rate in card.sampling_rates)
    lines = [
        ("card", card.name),
        ("language", card.language),
        ("licence", card.licence),
        ("citation", card.citation),
        ("source", card.source),
        ("size", card.size),
        ("fetched from", ", ".join(file.url for file in card.download.files))
        if card.download
        else ("", ""),
        ("recorded at", rates),
    ]
    return [(name, text) for name, text in lines if text]


def _grammar(card: Card) -> list[tuple[str, str]]:
    grammar = card.grammar
    if grammar is None:
        return []
    groups = grammar.groups(grammar.example) or {}
    read = [f"{name} {value}" for name, value in card.row(groups).items() if value]
    what = {"stem": "the name without ending", "path": "the path below the folder without ending"}
    lines = [
        ("example", grammar.example),
        ("is read as", ", ".join(read)),
        ("read from", what[grammar.matches] + (", in any case" if grammar.ignore_case else "")),
        ("pattern", grammar.pattern),
        ("folders ignored", ", ".join(grammar.ignore)),
    ]
    return [(name, text) for name, text in lines if text]


def _label(label: Label) -> str:
    parts = [label.value]
    if label.codes is not None:
        parts.append(_codes(label.codes))
    if label.parity is not None:
        parts.append(f"odd {label.parity.odd}, even {label.parity.even}")
    if label.same_for is not None:
        parts.append(f"the same for each {label.same_for}, else empty")
    return "; ".join(parts)


def _codes(codes: Mapping[str, str]) -> str:
    return ", ".join(f"{code} {meaning or '(none)'}" for code, meaning in codes.items())


def _table(table: SideTable) -> Iterable[tuple[str, str]]:
    where = " or ".join(table.file)
    for column, names in [*table.numbers.items(), *table.texts.items()]:
        codes = f"; {_codes(table.codes[column])}" if column in table.codes else ""
        yield column, f"{where}: {' or '.join(names)}{codes}"
    for column, group in table.ratings.items():
        yield f"{column}_raters, {column}_sd", f"{where}: each rater's {group}"


def _tasks(card: Card) -> list[tuple[str, str]]:
    lines = []
    for name, task in card.tasks.items():
        leading = ", primary" if name == card.primary else ""
        order = " < " if task.kind == "ordinal" else ", "
        classes = f": {order.join(task.classes)}" if task.classes else ""
        lines.append((name, f"{task.kind}{leading}{classes}"))
    return lines + [(name, f"never: {reason}") for name, reason in card.never_tasks.items()]


def _expected(card: Card) -> list[tuple[str, str]]:
    expected = card.expected
    counts = ", ".join(f"{name} {count}" for name, count in expected.classes.items())
    lines = [
        ("utterances", expected.utterances or ""),
        ("speakers", expected.speakers or ""),
        (card.primary, counts),
        (f"without {card.primary}", expected.unlabelled or ""),
        ("missing as published", ", ".join(card.known_missing)),
    ]
    return [(name, str(text)) for name, text in lines if text]
