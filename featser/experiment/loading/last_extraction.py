"""What a store keeps of the last extraction: its manifest, its copies, what was unusable."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio.channels import MIX, parse_channel
from featser.augmentation.copy_plan import no_copies
from featser.corpora.card import Card
from featser.corpora.file_paths import resolve
from featser.corpora.manifest import read_manifest
from featser.corpora.manifest_stream import write_blocks
from featser.corpora.utterances import segments
from featser.credentials import without_credentials
from featser.errors import FeatureError, StoreError
from featser.experiment.declaration.value_checks import MANIFEST
from featser.experiment.loading.listing import Listing
from featser.experiment.loading.sources.extracted_source import (
    ExtractedSource,
    earlier_sources,
    with_earlier,
)
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.extraction.extraction import REFUSAL_COLUMNS, usable
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor
from featser.io.atomic_write import whole, write_text
from featser.io.escaping import for_csv, from_csv
from featser.io.location import absolute
from featser.io.parquet_tables import read_parquet_table
from featser.store.feature_store import Store


@dataclass(frozen=True)
class ExtractionSettings:
    """What an extraction was asked for.

    Attributes
    ----------
    features : tuple of str
        The extractors.
    augmentations : tuple of str
        The augmented copies.
    channel : str
        The channel that was read of rows that name none.
    """

    features: tuple[str, ...] = ()
    augmentations: tuple[str, ...] = ()
    channel: str = MIX


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
    store: Store,
    listing: Listing,
    keys: Iterable[str | None],
    unusable: pd.DataFrame,
    features: Sequence[str],
    copies: pd.DataFrame,
) -> None:
    """Keep in the store what was extracted, so that a bare ``featser fit`` finds it.

    Parameters
    ----------
    store : Store
        What the features were written to.
    listing : Listing
        What was extracted.
    keys : iterable of str or None
        For each row its key in the store.
    unusable : DataFrame
        As :class:`~featser.extraction.extraction.Extraction` has it.
    features : sequence of str
        The extractors.
    copies : DataFrame
        The augmented copies to be made of the rows, as ``Plan`` has
        them. Those that are not there yet are left out by a fit.

    Raises
    ------
    StoreError
        If the store cannot be written, or was deleted meanwhile.
    """
    folder = store.folder
    source = listing.source
    described: dict[str, Any] = {
        "origin": without_credentials(source.origin),
        "recipe_file": source.recipe_file,
        "features": list(features),
        "recipe": None if source.recipe is None else source.recipe.model_dump(),
        "corpora": list(source.corpora),
        "locations": source.locations,
        "unmatched": source.unmatched,
        "notes": source.notes,
        "augmentations": list(source.augmentations),
        "channel": source.channel,
        "columns": source.columns,
        "labels": source.labels,
        "cards": [card.model_dump(mode="json", exclude_unset=True) for card in source.cards],
    }
    unusable = _with_their_keys(unusable, listing, keys)
    with store.writing():  # the files are of one extraction
        write_blocks(with_keys(listing, keys), folder / "manifest.parquet")
        with whole(folder / "copies.parquet") as temporary:
            copies.to_parquet(temporary, index=False)
        with whole(folder / "unusable.csv") as temporary:
            for_csv(unusable).to_csv(temporary, index=False, errors="surrogateescape")
        described["earlier"] = [one.to_dict() for one in _earlier_than(source.read, folder)]
        write_text(folder / "source.json", json.dumps(described, indent=1, ensure_ascii=False))


def _earlier_than(source: ExtractedSource, folder: Path) -> list[ExtractedSource]:
    """Return what was extracted before; nothing where the description to replace is damaged."""
    if not (folder / "source.json").exists():
        return []
    try:
        with _damage(folder / "source.json"):
            return with_earlier(source, _description(folder))
    except StoreError:
        return []


def _with_their_keys(
    unusable: pd.DataFrame, listing: Listing, keys: Iterable[str | None]
) -> pd.DataFrame:
    """Add to what was unusable the key of its sound, which stays the same when files move.

    There are several, with blanks between, where several channels of it were extracted.
    """
    keys_of: dict[tuple[str, float | None, float | None], set[str]] = {}
    files = set(unusable["file"])
    for block in with_keys(listing, keys) if files else ():
        block["file"] = [without_credentials(file) for file in block["file"]]
        some = block[block["file"].isin(files)]
        for place, key in zip(segments(some), some["key"].fillna("").astype(str), strict=True):
            keys_of.setdefault(place, set()).add(key)
    joined = [" ".join(sorted(keys_of.get(place, ()))) for place in segments(unusable)]
    return unusable.assign(key=pd.Series(joined, unusable.index, dtype="str"))


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
        Columns ``file``, ``start``, ``end``, ``extractor``, ``reason``, and ``key`` where this
        version of featser has written it.

    Raises
    ------
    StoreError
        If nothing was extracted into that store yet.
    """
    folder = Path(store)
    if not (folder / "source.json").exists():
        raise StoreError(
            f"{store}: nothing was extracted into this store yet; "
            f"run `featser extract SOURCE --store {shlex.quote(str(store))}` first"
        )
    with _damage(folder / "manifest.parquet"):
        table = read_manifest(folder / "manifest.parquet")
        table["file"] = resolve(table, folder)
        table["key"].isna()  # which only a store's manifest has
    with _damage(folder / "source.json"):
        described = _description(folder)
        settings = _settings_of(described)
        source = Source(
            table,
            str(described["origin"]),
            recipe=None if described["recipe"] is None else Experiment(**described["recipe"]),
            features=settings.features,
            unmatched=described["unmatched"],
            notes=described["notes"],
            cards=[Card.model_validate(card) for card in described.get("cards", ())],
            augmentations=settings.augmentations,
            extracted=settings.features,
            channel=settings.channel,
            columns=dict(described.get("columns", {})),
        )
        # Older stores have the names of a recipe's classes in the recipe alone.
        recipe_labels = {} if source.recipe is None else source.recipe.labels
        source.labels = dict(described.get("labels", recipe_labels))
        source.earlier = earlier_sources(described)
        source.recipe_file = described.get("recipe_file", "")
    source.copies = recall_copies(folder)
    _recall_locations(source, described, folder)
    return source, recall_unusable(folder)


def _recall_locations(source: Source, described: dict[str, Any], folder: Path) -> None:
    """Set where the utterances come from; older stores only have the manifest itself."""
    source.corpora = tuple(described.get("corpora", ()))
    source.locations = dict(described.get("locations", {}))
    if source.recipe is not None:
        source.corpora = source.corpora or source.recipe.corpora
    elif not source.corpora:
        source.corpora = (MANIFEST,)
        source.locations = {MANIFEST: absolute(folder / "manifest.parquet")}


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    """Say of a file of the store that it is damaged, whatever reading it raises."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        why = str(error).strip().splitlines() or [type(error).__name__]
        raise StoreError(
            f"{file}: damaged ({why[0]}); run `featser extract` again, which rewrites it and "
            f"computes no features twice"
        ) from error


def _description(folder: Path) -> dict[str, Any]:
    """Return what the store's ``source.json`` holds."""
    described = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    if not isinstance(described, dict):
        raise TypeError(f"it holds {type(described).__name__}, not an object")
    for name in ("origin", "features", "recipe", "unmatched", "notes"):
        if name not in described:
            raise ValueError(f"it lacks '{name}'")
    for name in ("unmatched", "notes", "augmentations"):
        values = described.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise TypeError(f"'{name}' is no list of text")
    ExtractedSource.of(described)  # refuses what is of another type
    return described


def recall_settings(store: str | Path) -> ExtractionSettings:
    """Return what the last extraction into a store was asked for; the defaults if there was none.

    Examples
    --------
    >>> recall_settings("a-new-store")
    ExtractionSettings(features=(), augmentations=(), channel='mix')
    """
    file = Path(store) / "source.json"
    if not file.exists():
        return ExtractionSettings()
    with _damage(file):
        return _settings_of(_description(Path(store)))


def _settings_of(described: Mapping[str, Any]) -> ExtractionSettings:
    return ExtractionSettings(
        tuple(described["features"]),
        tuple(described.get("augmentations", ())),
        parse_channel(described.get("channel", MIX)),
    )


def recall_copies(store: str | Path) -> pd.DataFrame:
    """Return which augmented copies the last extraction made.

    Returns
    -------
    DataFrame
        Columns as :class:`featser.augmentation.copy_plan.Plan` has them; empty if there are none.
    """
    folder = Path(store)
    if not (folder / "copies.parquet").exists():
        return no_copies()
    with _damage(folder / "copies.parquet"):
        copies = _with_columns(read_parquet_table(folder / "copies.parquet"), no_copies().columns)
    # Of augmentations that overlap older versions have written some copies twice.
    return copies.drop_duplicates("key", ignore_index=True)


def _with_columns(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return a table that has all the columns it should have."""
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"it lacks the column '{missing[0]}'")
    return table


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
    with _damage(path):
        table = pd.read_csv(path, keep_default_na=False, encoding_errors="surrogateescape")
        return from_csv(_with_columns(table, REFUSAL_COLUMNS))


def refuse_lost(
    source: Source, unusable: pd.DataFrame, store: Store, extractors: Sequence[Extractor]
) -> None:
    """Refuse to go on with fewer utterances than the last extraction has given features.

    Parameters
    ----------
    source : Source
        What :func:`recall` returned; of others nothing is refused.
    unusable : DataFrame
        What it returned beside it.
    store : Store
        Where the features are.
    extractors : sequence of Extractor
        Which features are needed; those that were not part of that extraction may be missing.

    Raises
    ------
    StoreError
        If utterances that were extracted and not refused have no features any more.
    """
    table = source.table
    extracted = {_made(spec) for spec in source.extracted}
    for extractor in extractors:
        if extractor not in extracted:
            continue
        keys = table["key"].fillna("").astype(str)
        lost = (keys != "").to_numpy() & ~usable(table, [extractor], store)
        lost &= ~_refused(table, keys, unusable, extractor.spec)
        if lost.any():
            raise StoreError(
                f"{store.folder}: {int(lost.sum())} of the {len(table)} utterances of the last "
                f"extraction have no '{extractor.spec}' features any more (the first: "
                f"{table['file'][lost].iloc[0]}): part files were removed, or featser or one of "
                f"its libraries is of another version; run "
                f"`{source.read.extraction_command(store.folder)}` again with the same options, "
                f"which computes them"
            )


def _made(spec: str) -> Extractor | None:
    try:
        return make_extractor(spec)
    except FeatureError:  # its file has moved: it is none of those that are needed, which are made
        return None


def _refused(
    table: pd.DataFrame, keys: pd.Series[str], unusable: pd.DataFrame, spec: str
) -> NDArray[np.bool_]:
    """Return which rows an extraction could not compute an extractor on."""
    of_it = unusable[unusable["extractor"].fillna("").isin(["", spec])]
    if "key" in of_it:
        return keys.isin(set(" ".join(of_it["key"].fillna("").astype(str)).split())).to_numpy()
    # An older version has written no keys, and files may have moved since: names must do.
    names = {Path(str(file)).name for file in of_it["file"]}
    return np.array([Path(str(file)).name in names for file in table["file"]], dtype=bool)
