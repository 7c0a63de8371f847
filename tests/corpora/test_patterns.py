"""Patterns of cards read what Python's re reads, and stop instead of running without end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from featser.corpora.card import load_card
from featser.corpora.patterns import Pattern
from featser.corpora.scans.scanning import scan
from featser.errors import CardError

SLOW = "(?P<speaker>([a-z]+)+)_(?P<emotion>x)"
CARD = """name: slow
title: t
licence: l
citation: c
source: s
grammar:
  pattern: '{pattern}'
  example: '{example}'
labels:
  speaker: '{{speaker}}'
  emotion: '{{emotion}}'
"""


def card(folder: Path, pattern: str, example: str) -> Path:
    path = folder / "slow.yaml"
    path.write_text(CARD.format(pattern=pattern, example=example), encoding="utf-8")
    return path


def test_scan_pattern_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(3):
        (corpus / f"{'a' * 60}_x{number}.wav").touch()
    slow = load_card(card(tmp_path, r"(?P<speaker>(\w|\w\w)+)_(?P<emotion>x)", "a_x"))
    began = monotonic()
    with pytest.raises(CardError, match=r"takes more than 0\.5 s on 'a{60}_x0': simplify it"):
        scan(slow, corpus)
    assert monotonic() - began < 5


@pytest.mark.parametrize("name", ["a" * 40, "a" * 40 + "_xy", "a" * 40 + "1_x"])
def test_pattern_nested_repetition_does_not_fit_or_ends_in_time(name: str) -> None:
    began = monotonic()
    with suppress(CardError):
        assert Pattern(SLOW).groups_of(name) is None
    assert monotonic() - began < 5


def test_load_card_slow_example_is_refused(tmp_path: Path) -> None:
    slow = card(tmp_path, r"(?P<speaker>(\w|\w\w)+)_(?P<emotion>x)", "a" * 60 + "_xy")
    with pytest.raises(CardError, match=r"`grammar`: `pattern`: .*takes more than"):
        load_card(slow)


@pytest.mark.parametrize(
    "pattern", ["(", "(?R)", "a{2,1}", "(?P<a>x)(?P<a>y)", "[z-a]", "(" * 50_000]
)
def test_pattern_that_is_none_is_a_value_error(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Pattern(pattern)


def test_pattern_reads_named_groups_case_and_letters_of_all_scripts() -> None:
    assert Pattern(r"(?P<who>\w+)-(?P<what>x)?").groups_of("রাগী-") is not None
    assert Pattern("(?P<a>b)(?P<c>d)?").groups_of("b") == {"a": "b", "c": None}
    assert Pattern("abc", ignore_case=True).groups_of("ABC") == {}
    assert Pattern("abc").groups_of("abcd") is None
    assert Pattern("(?P<a>b)(?P<c>d)?").names == ["a", "c"]
