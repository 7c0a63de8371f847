"""``featser aux``: tables of other corpora that models can be trained with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from featser.api.validation import validated
from featser.audio.channels import MIX
from featser.auxiliary.auxiliary_files import read_auxiliary, write_auxiliary
from featser.auxiliary.auxiliary_lookup import (
    ENDING,
    checked_name,
    list_auxiliary,
    user_folder,
)
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.collection import collect_table
from featser.corpora.card import list_cards
from featser.errors import AuxiliaryError, FeatserError, counted, unknown
from featser.experiment.loading.last_extraction import KeyList, with_keys
from featser.experiment.loading.listing import Listing, list_source
from featser.experiment.loading.sources.folder_sources import corpus_or_pattern
from featser.experiment.loading.sources.manifest_sources import is_manifest
from featser.experiment.loading.sources.source import STORE
from featser.experiment.schema import Experiment
from featser.extraction.extraction import Extraction, extract_blocks
from featser.features.registry import make_extractor, make_extractors
from featser.features.spec_names import DEFAULT_FEATURES, with_default_named
from featser.io.atomic_write import output_errors
from featser.progress import stage
from featser.progress_bars import showing_progress
from featser.store.feature_store import Store


@dataclass(frozen=True)
class AddedTable:
    """A table that was written, and the extraction of its features.

    Attributes
    ----------
    table : AuxiliaryTable
        As it is read from the file.
    path : Path
        The file.
    extraction : Extraction
        Counts, and what was unusable.
    """

    table: AuxiliaryTable
    path: Path
    extraction: Extraction


@dataclass(frozen=True)
class ListedTable:
    """A table that can be looked up by name.

    Attributes
    ----------
    name : str
        What users write.
    path : Path
        The file.
    is_shipped : bool
        Whether it comes with featser.
    table : AuxiliaryTable or None
        None if it cannot be read.
    outdated : tuple of str
        Extractors of which this featser has another version.
    problem : str
        Why it cannot be read; empty if it can.
    """

    name: str
    path: Path
    is_shipped: bool
    table: AuxiliaryTable | None
    outdated: tuple[str, ...] = ()
    problem: str = ""


@validated()
@showing_progress
def add_auxiliary(
    name: str,
    source: str | Path | Experiment | None = None,
    *,
    corpus: str | None = None,
    pattern: str | None = None,
    data: Mapping[str, str | Path] | None = None,
    store: str | Path = STORE,
    features: Sequence[str] = (),
    n_jobs: int = -1,
) -> AddedTable:
    """Extract the features of a corpus and write its table into the user's cache folder.

    What the store remembers as the last extraction stays as it is.

    Parameters
    ----------
    name : str
        The name of the table: that of a card, or another one.
    source : str, Path or Experiment, optional
        A manifest, a recipe, or a corpus folder; by default the folder that ``data`` has for
        ``name``.
    corpus : str, optional
        The card of a corpus folder; by default the card called ``name``.
    pattern : str, optional
        How paths below a folder are read, in place of ``corpus``, as :func:`featser.scan` does.
    data : mapping of str to path, optional
        Where the corpora are.
    store : str or Path
        Where features are kept.
    features : sequence of str
        Extractors; by default the recipe's, or
        :data:`featser.features.spec_names.DEFAULT_FEATURES`.
    n_jobs : int
        Worker processes; -1 for one per core.

    Returns
    -------
    AddedTable

    Raises
    ------
    FeatserError
        If the name, the source, an extractor or the store cannot be used, or no utterance has all
        features. Unusable recordings raise nothing: they are listed.
    """
    checked_name(name)
    corpus = corpus_or_pattern(source or (data or {}).get(name), corpus, pattern)
    listing = _listing_of(name, source, corpus, data or {})
    table, extraction = _extracted(name, listing, Store(store), features, n_jobs)
    path = write_auxiliary(table, user_folder() / f"{name}{ENDING}")
    return AddedTable(read_auxiliary(path), path, extraction)


@validated()
@showing_progress
def make_auxiliary(
    name: str,
    folder: str | Path,
    *,
    store: str | Path = STORE,
    features: Sequence[str] = (),
    n_jobs: int = -1,
) -> AuxiliaryTable:
    """Extract the features of a corpus that has a card, and return its table without writing it.

    Parameters
    ----------
    name : str
        The name of the card, and of the table.
    folder : str or Path
        Where the recordings are.
    store, features, n_jobs
        As :func:`add_auxiliary` has them.

    Returns
    -------
    AuxiliaryTable
        Whose features are read from the store when they are asked for.

    Raises
    ------
    FeatserError
        As :func:`add_auxiliary`; also if a recording cannot be used.
    """
    listing = _listing_of(name, folder, name, {})
    table, extraction = _extracted(name, listing, Store(store), features, n_jobs)
    if len(extraction.unusable):
        raise AuxiliaryError(
            f"auxiliary corpus '{name}': {counted(len(extraction.unusable), 'recording')} cannot "
            f"be used{_first_reason(extraction)}"
        )
    return table


def listed_auxiliary() -> list[ListedTable]:
    """Return the tables that can be looked up by name, also those that cannot be read.

    Returns
    -------
    list of ListedTable
        Sorted by name.
    """
    tables = []
    for file in list_auxiliary():
        try:
            table = read_auxiliary(file.path)
            row = ListedTable(file.name, file.path, file.is_shipped, table, _outdated(table))
        except AuxiliaryError as error:
            row = ListedTable(file.name, file.path, file.is_shipped, None, problem=str(error))
        tables.append(row)
    return tables


@validated()
def remove_auxiliary(name: str) -> Path:
    """Remove a table that the user has added.

    Parameters
    ----------
    name : str
        The name of the table.

    Returns
    -------
    Path
        The file that was removed.

    Raises
    ------
    AuxiliaryError
        If the user has added no such table.
    OutputError
        If it cannot be removed.
    """
    files = {file.name: file for file in list_auxiliary()}
    own = [name for name, file in files.items() if not file.is_shipped]
    if name not in own:
        if name in files:
            raise AuxiliaryError(f"'{name}' comes with featser and cannot be removed")
        if not own:
            raise AuxiliaryError(f"'{name}' cannot be removed: no auxiliary corpus was added yet")
        raise AuxiliaryError(unknown("auxiliary corpus", name, own))
    path = files[name].path
    with output_errors(path):
        path.unlink()
    return path


def _listing_of(
    name: str,
    source: str | Path | Experiment | None,
    corpus: str | None,
    data: Mapping[str, str | Path],
) -> Listing:
    """Return the utterances of a corpus; a folder is read by the card of the table's name."""
    if source is None:
        if name not in data:
            raise AuxiliaryError(
                f"auxiliary corpus '{name}': its recordings are needed: add --data {name}=FOLDER, "
                f"or name a manifest or a folder after '{name}'"
            )
        source = data[name]
    has_labels = isinstance(source, Experiment) or is_manifest(source)
    if corpus is None and name in list_cards() and not has_labels:
        corpus = name
    listing = list_source(source, corpus, data)
    return listing.with_channel(listing.source.channel or MIX)


def _extracted(
    name: str, listing: Listing, store: Store, features: Sequence[str], n_jobs: int
) -> tuple[AuxiliaryTable, Extraction]:
    """Compute the features that the store lacks, and return the table of all of them."""
    specs = with_default_named(features) or listing.source.features or DEFAULT_FEATURES
    extractors = make_extractors(specs)
    with KeyList() as keys:
        extraction = extract_blocks(
            listing.blocks(),
            listing.rows,
            specs,
            store,
            n_jobs,
            stage("Extracting features"),
            keyed=keys.add,
        )
        rows = pd.concat(list(with_keys(listing, keys)), ignore_index=True)
    extraction.notes += listing.source.all_notes()
    origin = replace(listing.source, table=rows)
    try:
        table = collect_table(name, rows, extractors, store, origin.cards, origin.primary)
    except AuxiliaryError as error:
        raise AuxiliaryError(f"{error}{_first_reason(extraction)}") from error
    return table, extraction


def _first_reason(extraction: Extraction) -> str:
    for row in extraction.unusable.to_dict("records"):
        return f"; the first: {row['file']}: {row['reason']}"
    return ""


def _outdated(table: AuxiliaryTable) -> tuple[str, ...]:
    """Return the extractors of which this featser computes other features."""
    return tuple(spec for spec, origin in table.origins.items() if _differs(origin.spec, table))


def _differs(spec: str, table: AuxiliaryTable) -> bool:
    try:
        return bool(table.origins[spec].difference(make_extractor(spec)))
    except FeatserError:  # its package or its file is not here: nothing can be compared
        return True
