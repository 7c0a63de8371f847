"""Checks of a card against names as published and the labels that they give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from tests.corpora.scans.test_scan import row_of, touch

CODED = ("gender", "emotion", "intensity", "level", "voice", "style", "split", "language_id")

Labels = Mapping[str, Mapping[str, str]]
"""The labels of each name."""


def check_labels_of_names(name: str, names: Labels, folder: Path) -> None:
    """Check that a card reads exactly these labels from these names."""
    card = load_card(name)
    assert card.grammar is not None
    ending = card.grammar.endings[0]
    result = scan(card, touch(folder, [f"{path}{ending}" for path in names]))
    assert result.unmatched == []
    assert set(result.manifest["corpus"]) == {name}
    assert set(result.manifest["language"].fillna("")) == {card.language}
    for path, labels in names.items():
        row = row_of(result.manifest, f"/{path}{ending}")
        got = {label: "" if pd.isna(row[label]) else row[label] for label in labels}
        assert got == labels, path


def check_every_code_is_used(name: str, names: Labels) -> None:
    """Check that the names use every code of the card, so that none goes untested."""
    for label, rule in load_card(name).labels.items():
        if label in CODED and rule.codes:
            used = {labels.get(label) for labels in names.values()}
            assert set(rule.codes.values()) <= used | {""}, label
