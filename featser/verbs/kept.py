"""What a store keeps of the last extraction: its manifest, its copies, what was unusable."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from featser.corpora.card import Card
from featser.corpora.manifest import read_manifest
from featser.corpora.manifest_stream import write_blocks
from featser.corpora.places import resolve
from featser.errors import StoreError
from featser.features.copies import no_copies
from featser.features.extraction import REFUSAL_COLUMNS
from featser.features.store import Store
from featser.files import whole, write_text
from featser.recipe import Recipe
from featser.verbs.source import Listing, Source


class KeyList:
    """The keys of any number of rows, in their order, in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed below

    def __enter__(self) -> KeyList:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, keys: Sequence[str | None]) -> None:
        """Take in the keys of further rows."""
        self._file.writelines(f"{key or ''}\n" for key in keys)

    def __iter__(self) -> Iterator[str | None]:
        self._file.seek(0)
        for line in self._file:
            yield line.rstrip("\n") or None


def remember(
    store: str | Path,
    listing: Listing,
    keys: Iterable[str | None],
    unusable: pd.DataFrame,
    features: Sequence[str],
    copies: pd.DataFrame,
) -> None:
    """Keep in the store what was extracted, so that a bare ``featser fit`` finds it.

    Parameters
    ----------
    store : str or Path
        The store's folder.
    listing : Listing
        What was extracted.
    keys : iterable of str or None
        For each row its key in the store.
    unusable : DataFrame
        As :class:`~featser.features.extraction.Extraction` has it.
    features : sequence of str
        The extractors.
    copies : DataFrame
        The augmented copies to be made of the rows, as :class:`featser.features.copies.Plan` has
        them. Those that are not there yet are left out by a fit.
    """
    folder = Path(store)
    source = listing.source
    kept = {
        "origin": source.origin,
        "features": list(features),
        "recipe": None if source.recipe is None else source.recipe.model_dump(),
        "unmatched": source.unmatched,
        "notes": source.notes,
        "augmentations": list(source.augmentations),
        "cards": [card.model_dump(mode="json", exclude_unset=True) for card in source.cards],
    }
    with Store(store).writing():  # the files are of one extraction
        write_blocks(with_keys(listing, keys), folder / "manifest.parquet")
        with whole(folder / "copies.parquet") as temporary:
            copies.to_parquet(temporary, index=False)
        with whole(folder / "unusable.csv") as temporary:
            unusable.to_csv(temporary, index=False)
        write_text(folder / "source.json", json.dumps(kept, indent=1, ensure_ascii=False))


def with_keys(listing: Listing, keys: Iterable[str | None]) -> Iterator[pd.DataFrame]:
    """Yield the blocks of what was extracted, each row's key in the store beside it."""
    waiting = iter(keys)
    for block in listing.blocks():
        some = list(islice(waiting, len(block)))
        yield block.assign(key=pd.Series(some, index=block.index, dtype="str"))


def recall(store: str | Path) -> tuple[Source, pd.DataFrame]:
    """Return what the last extraction into a store worked on, and what was unusable.

    Returns
    -------
    source : Source
        Its table has a column ``key``, empty where a file could not be read.
    unusable : DataFrame
        Columns ``file``, ``start``, ``end``, ``extractor``, ``reason``.

    Raises
    ------
    StoreError
        If nothing was extracted into that store yet.
    """
    folder = Path(store)
    if not (folder / "source.json").exists():
        raise StoreError(
            f"{store}: nothing was extracted into this store yet; "
            f"run `featser extract SOURCE --store {store}` first"
        )
    kept = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    table = read_manifest(folder / "manifest.parquet")
    table["file"] = resolve(table, folder)
    recipe = None if kept["recipe"] is None else Recipe(**kept["recipe"])
    features, names, notes = tuple(kept["features"]), kept["unmatched"], kept["notes"]
    cards = [Card.model_validate(card) for card in kept.get("cards", ())]
    source = Source(table, kept["origin"], recipe, features, names, notes, cards)
    source.copies, source.augmentations = recall_copies(folder)
    return source, recall_unusable(folder)


def recall_copies(store: str | Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return which augmented copies the last extraction made, and of which kinds.

    Returns
    -------
    copies : DataFrame
        Columns as :class:`featser.features.copies.Plan` has them; empty if there are none.
    augmentations : tuple of str
        What the user or the recipe asked for.
    """
    folder = Path(store)
    if not (folder / "copies.parquet").exists():
        return no_copies(), ()
    kept = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    return pd.read_parquet(folder / "copies.parquet"), tuple(kept.get("augmentations", ()))


def recall_unusable(store: str | Path) -> pd.DataFrame:
    """Return what the last extraction into a store could not use, and why; empty if none was.

    Returns
    -------
    DataFrame
        Columns ``file``, ``start``, ``end``, ``extractor``, ``reason``.
    """
    path = Path(store) / "unusable.csv"
    if not path.exists():
        return pd.DataFrame(columns=REFUSAL_COLUMNS, dtype=str)
    return pd.read_csv(path, keep_default_na=False)
