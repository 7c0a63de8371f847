"""What a verb works on: a recipe, a manifest, a corpus folder, or what the store kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from featser.corpora.audformat_io import is_database
from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.labels import cards_of
from featser.corpora.manifest import read_manifest
from featser.corpora.manifest_stream import ManifestFile, streams
from featser.corpora.places import resolve
from featser.corpora.scan import ScanResult, scan
from featser.errors import FeatserError, ManifestError, RecipeError, unknown
from featser.features.pending import blocks_of
from featser.location import is_remote, local_path, parent, path_part
from featser.recipe import Recipe, list_recipes, load_recipe

MANIFEST_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
RECIPE_ENDINGS = (".yaml", ".yml")

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
    recipe : Recipe or None
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
        Augmented copies that were extracted: columns as :class:`featser.features.copies.Plan`
        has them. None: those that ``augmentations`` names.
    augmentations : tuple of str
        What they are, as the user or the recipe asked for them.
    """

    table: pd.DataFrame
    origin: str
    recipe: Recipe | None = None
    features: tuple[str, ...] = ()
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    copies: pd.DataFrame | None = None
    augmentations: tuple[str, ...] = ()

    @property
    def primary(self) -> str:
        """The label that leads: the recipe's, or the one that all cards name, or ``emotion``."""
        if self.recipe is not None:
            return self.recipe.primary
        corpora = self.table["corpus"] if "corpus" in self.table else pd.Series([None])
        named = {card.primary for card in cards_of(corpora, self.cards)}
        return named.pop() if len(named) == 1 else "emotion"

    def told(self) -> list[str]:
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


def read_source(
    source: str | Path, corpus: str | None = None, data: Mapping[str, str | Path] | None = None
) -> Source:
    """Read whatever a user may name as a source.

    Parameters
    ----------
    source : str or Path
        A recipe (a YAML file, or the name of one that comes with featser), a manifest (CSV or
        Parquet), or a corpus folder. Manifests and folders may be URLs.
    corpus : str, optional
        The card of a corpus folder; an audformat database needs none.
    data : mapping of str to path, optional
        Where the corpora of a recipe are.

    Returns
    -------
    Source
        With absolute paths.

    Raises
    ------
    FeatserError
        If it is none of these, or a folder or ``--corpus`` is missing.
    """
    if is_remote(source):
        return _from_elsewhere(str(source), corpus)
    path = local_path(source)
    if path.suffix.lower() in RECIPE_ENDINGS or (
        str(source) in list_recipes() and not path.exists()
    ):
        return _from_recipe(str(source), data or {})
    if path.is_dir():
        return _from_folder(path, corpus)
    if is_manifest(path):
        return Source(table_of(path), str(source))
    if path.exists():
        raise ManifestError(
            f"{source}: neither a recipe ({', '.join(RECIPE_ENDINGS)}) nor a manifest "
            f"({', '.join(MANIFEST_ENDINGS)})"
        )
    raise FeatserError(
        f"{source}: no such file or folder; a source is a recipe ({', '.join(list_recipes())}, "
        f"or your own .yaml), a manifest (.csv, .parquet), or a corpus folder with --corpus CARD"
    )


def is_manifest(location: str | Path) -> bool:
    """Whether a location's ending is that of a manifest."""
    return path_part(location).suffix.lower() in MANIFEST_ENDINGS


def table_of(manifest: str | Path) -> pd.DataFrame:
    """Read a manifest, here or elsewhere, with absolute paths and URLs."""
    table = read_manifest(manifest)
    table["file"] = resolve(table, parent(manifest))
    return table


@dataclass
class Listing:
    """Utterances to extract, some at a time, as often as they are asked for.

    Attributes
    ----------
    source : Source
        Where they come from; its table is empty where the manifest is read as it is needed.
    rows : int
        How many there are.
    blocks : callable
        Returns an iterator of tables whose ``file`` is an absolute path.
    """

    source: Source
    rows: int
    blocks: Callable[[], Iterator[pd.DataFrame]]


def list_source(
    source: str | Path, corpus: str | None = None, data: Mapping[str, str | Path] | None = None
) -> Listing:
    """Read a source as :func:`read_source` does, but a manifest only as it is needed.

    Parameters
    ----------
    source, corpus, data
        As :func:`read_source` has them.

    Raises
    ------
    FeatserError
        As :func:`read_source`.
    """
    path = local_path(source)
    if not is_remote(source) and is_manifest(source) and not path.is_dir() and streams(path):
        file = ManifestFile(path)
        return Listing(Source(pd.DataFrame(), str(source)), file.rows, file.blocks)
    found = read_source(source, corpus, data)
    return Listing(found, len(found.table), lambda: blocks_of(found.table))


def parse_data(pairs: Sequence[str]) -> dict[str, str | Path]:
    """Read ``CORPUS=FOLDER`` pairs.

    Raises
    ------
    RecipeError
        If a pair has no ``=``.
    """
    found: dict[str, str | Path] = {}
    for pair in pairs:
        name, equals, folder = pair.partition("=")
        if not equals or not name or not folder:
            raise RecipeError(f"--data '{pair}': write CORPUS=FOLDER, such as ravdess=~/ravdess")
        found[name] = folder if is_remote(folder) else local_path(folder).expanduser()
    return found


def _from_elsewhere(url: str, corpus: str | None) -> Source:
    if corpus is None and is_manifest(url):
        return Source(table_of(url), url)
    return _from_folder(url, corpus)


def _from_folder(folder: str | Path, corpus: str | None) -> Source:
    if corpus is None and not is_remote(folder) and is_database(folder):
        corpus = "audformat"
    if corpus is None:
        raise FeatserError(
            f"{folder}: a folder needs --corpus CARD to say how its files are named; "
            f"`featser corpora` lists the cards, and 'folders' stands for a folder for each class"
        )
    card = load_card(corpus)
    found = scan(card, folder)
    own = [] if corpus in list_cards() else [card]
    return Source(
        found.manifest, str(folder), unmatched=found.unmatched, notes=found.notes, cards=own
    )


def _from_recipe(name: str, data: Mapping[str, str | Path]) -> Source:
    return source_of(load_recipe(name), data, name)


def source_of(recipe: Recipe, data: Mapping[str, str | Path], origin: str) -> Source:
    """Scan the corpora of a recipe.

    Parameters
    ----------
    recipe : Recipe
        What says which they are, and what their classes are called.
    data : mapping of str to path
        Where each of them is.
    origin : str
        What the user named.

    Returns
    -------
    Source
        With absolute paths.

    Raises
    ------
    RecipeError
        If a corpus has no folder, or a folder no corpus of the recipe.
    CardError
        If a folder does not fit its card.
    """
    for given in data:
        if given not in recipe.corpora:
            raise RecipeError(f"--data {given}=…: {unknown('corpus', given, recipe.corpora)}")
    missing = [corpus for corpus in recipe.corpora if corpus not in data]
    if missing:
        wanted = " ".join(f"--data {corpus}=FOLDER" for corpus in missing)
        raise RecipeError(f"recipe '{recipe.name}' needs to know where its corpora are: {wanted}")
    found: list[ScanResult] = [scan(load_card(corpus), data[corpus]) for corpus in recipe.corpora]
    table = pd.concat([result.manifest for result in found], ignore_index=True)
    table = _masked(_renamed(table, recipe), recipe)
    unmatched = [file for result in found for file in result.unmatched]
    notes = [note for result in found for note in result.notes]
    source = Source(table, origin, recipe, tuple(recipe.features), unmatched, notes)
    source.augmentations = tuple(recipe.augmentation)
    return source


def _renamed(table: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Give classes the names that the recipe has for them."""
    where = f"recipe '{recipe.name}', labels"
    for column, names in recipe.labels.items():
        if column not in table:
            raise RecipeError(f"{where}: {unknown('label', column, table.columns)}")
        held = sorted(map(str, table[column].dropna().unique()))
        for name in names:
            if name not in held:
                raise RecipeError(f"{where}: {unknown(column, name, held)}")
        told = [names.get(value, value) for value in table[column]]
        table[column] = pd.Series(told, table.index, dtype=table[column].dtype)
    return table


def _masked(table: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Remove labels where the recipe says that they do not count."""
    where = f"recipe '{recipe.name}', masked"
    removed = []
    for column, conditions in recipe.masked.items():
        for other, names in conditions.items():
            for label in (column, other):
                if label not in table:
                    raise RecipeError(f"{where}: {unknown('label', label, table.columns)}")
            held = sorted(map(str, table[other].dropna().unique()))
            for name in names:
                if name not in held:
                    raise RecipeError(f"{where}: {unknown(other, name, held)}")
            removed.append((column, table[other].isin(names)))
    for column, chosen in removed:
        table[column] = table[column].mask(chosen)
    return table
