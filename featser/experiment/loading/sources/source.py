"""Utterances to work on, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from featser.corpora.card import Card
from featser.corpora.label_columns import cards_of
from featser.experiment.loading.sources.extracted_source import ExtractedSource
from featser.experiment.schema import Experiment

STORE = "featser-store"


@dataclass
class Source:
    """Utterances to work on, and where they come from.

    Attributes
    ----------
    table : DataFrame
        A manifest whose ``file`` is an absolute path.
    origin : str
        What the user named, for messages and reports.
    recipe : Experiment or None
        If the source is a recipe.
    features : tuple of str
        Extractors that the recipe, or the last extraction, asked for; may be empty.
    unmatched : list of str
        Files whose names do not fit the card's grammar.
    notes : list of str
        What the scan of a folder noticed.
    cards : list of Card
        Cards of the user's own that the corpora have.
    copies : DataFrame or None
        Augmented copies that were extracted: columns as ``Plan``
        has them. None: those that ``augmentations`` names.
    augmentations : tuple of str
        What they are, as the user or the recipe asked for them.
    channel : str or None
        The channel to read of rows that name none; None if the source does not name one.
    columns, labels : dict
        Other names that columns and classes were given, as an experiment has them.
    extracted : tuple of str
        Extractors that a finished extraction has computed on these very rows; empty where the
        rows are not those that a store remembers.
    corpora : tuple of str
        What a recipe of the same utterances names as its corpora.
    locations : dict of str to str
        Where each of these corpora is: an absolute path, or a URL without credentials.
    earlier : list of ExtractedSource
        What was extracted before into the store that remembers the rows, the latest first.
    recipe_file : str
        The absolute path of a recipe that is a file of the user's.
    """

    table: pd.DataFrame
    origin: str
    recipe: Experiment | None = None
    features: tuple[str, ...] = ()
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    copies: pd.DataFrame | None = None
    augmentations: tuple[str, ...] = ()
    extracted: tuple[str, ...] = ()
    corpora: tuple[str, ...] = ()
    locations: dict[str, str] = field(default_factory=dict)
    channel: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str | None]] = field(default_factory=dict)
    earlier: list[ExtractedSource] = field(default_factory=list)
    recipe_file: str = ""

    @property
    def read(self) -> ExtractedSource:
        """What was read, without the utterances."""
        return ExtractedSource(
            self.origin,
            self.corpora,
            self.locations,
            self.columns,
            self.labels,
            is_recipe=self.recipe is not None,
            recipe_file=self.recipe_file,
        )

    @property
    def primary(self) -> str:
        """The label that leads: the recipe's, or the one that all cards name, or ``emotion``."""
        if self.recipe is not None:
            return self.recipe.primary
        corpora = self.table["corpus"] if "corpus" in self.table else pd.Series([None])
        named = {card.primary for card in cards_of(corpora, self.cards)}
        return named.pop() if len(named) == 1 else "emotion"

    def all_notes(self) -> list[str]:
        """Return the notes, with one on the files that were not used."""
        if not self.unmatched:
            return list(self.notes)
        count = len(self.unmatched)
        files = f"{count} file{'s have names' if count > 1 else ' has a name'}"
        return [
            *self.notes,
            f"{files} that the card does not read, not used: {', '.join(self.unmatched[:3])}"
            + (", …" if count > 3 else ""),
        ]
