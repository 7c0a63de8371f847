"""Folders and archives as sources: read by a card, by a pattern of paths, or by their layout."""

from __future__ import annotations

from pathlib import Path

from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.labelling.label_map import LabelMap
from featser.corpora.labelling.name_pattern import is_pattern, parse_pattern
from featser.corpora.labelling.renamed_card import with_columns
from featser.corpora.scans.folder_layouts import layout_of
from featser.corpora.scans.pattern_scan import scan_pattern
from featser.corpora.scans.scanning import scan
from featser.credentials import without_credentials
from featser.errors import FeatserError, InputError
from featser.experiment.declaration.value_checks import PATTERNED
from featser.experiment.loading.sources.manifest_sources import from_manifest
from featser.experiment.loading.sources.source import Source
from featser.experiment.recipe import RECIPE, list_recipes
from featser.experiment.schema import Experiment
from featser.io.location import absolute, is_remote, local_path
from featser.io.nested_files import is_archive


def corpus_or_pattern(
    source: str | Path | Experiment | None, corpus: str | None, pattern: str | None
) -> str | None:
    """Return what says how the names of a folder are read: a card, or a pattern of paths.

    Parameters
    ----------
    source, corpus
        As :func:`read_source` has them.
    pattern : str, optional
        As :func:`~featser.corpora.labelling.name_pattern.parse_pattern` reads it.

    Raises
    ------
    InputError
        If both are given, or there is a pattern and the source is no folder.
    CardError
        If the pattern is not valid.

    Examples
    --------
    >>> corpus_or_pattern("voices", None, "{speaker}/{emotion}.wav")
    '{speaker}/{emotion}.wav'
    """
    if pattern is None:
        return corpus
    if not isinstance(pattern, str):
        raise InputError(f"{pattern!r} is no text: give a pattern of paths", "pattern")
    if corpus is not None:
        raise InputError("cannot be used with --corpus: choose one of them", "pattern")
    if not _may_be_folder(source):
        what = "" if source is None or isinstance(source, Experiment) else f", not {source}"
        raise InputError(f"reads a folder or an archive: name it as SOURCE{what}", "pattern")
    return parse_pattern(pattern).text


def _may_be_folder(source: str | Path | Experiment | None) -> bool:
    """Return whether a source is a folder or an archive, or would be if it existed."""
    if source is None or isinstance(source, Experiment):
        return False
    if is_remote(source):
        return True
    path = local_path(source)
    if path.is_dir() or is_archive(path):
        return True
    return not path.exists() and str(source) not in list_recipes()


def from_folder(folder: str | Path, corpus: str | None, names: LabelMap) -> Source:
    """Read a folder or an archive, here or elsewhere.

    Parameters
    ----------
    folder : str or Path
        Its location.
    corpus : str, optional
        A card or a pattern of paths; by default the layout that it certainly has.
    names : LabelMap
        Other names for columns and classes.

    Raises
    ------
    FeatserError
        If it needs a card or a pattern.
    """
    if corpus is not None and is_pattern(corpus):
        return _from_pattern(folder, corpus, names)
    if corpus is None and is_remote(folder):
        raise FeatserError(
            f"{folder}: a folder or archive elsewhere needs --corpus CARD to say how its files are "
            f"named, or --pattern; `featser corpora` lists the cards, and 'folders' stands for a "
            f"folder for each class"
        )
    if corpus is None:
        refuse_run(local_path(folder))
        layout, notes = layout_of(folder)
        read = (
            from_folder(folder, layout.card, names)
            if layout.table is None
            else from_manifest(layout.table, names)
        )
        read.notes = [*notes, *read.notes]
        return read
    card = load_card(corpus)
    scanned = scan(card, folder, names)
    return Source(
        scanned.manifest,
        without_credentials(str(folder)),
        unmatched=scanned.unmatched,
        notes=scanned.notes,
        cards=_own_cards(card, corpus, names),
        corpora=(_absolute_card(corpus),),
        locations={card.name: absolute(folder)},
        columns=names.columns,
        labels=names.classes,
    )


def refuse_run(folder: Path) -> None:
    """Raise FeatserError if a folder is that of a run, whose tables are no manifests."""
    if (folder / RECIPE).is_file():
        raise FeatserError(
            f"{folder}: is the folder of a run, not of recordings: name its recipe, "
            f"{folder / RECIPE}"
        )


def _from_pattern(folder: str | Path, pattern: str, names: LabelMap) -> Source:
    """Read a folder by a pattern of paths; its labels are as those of a manifest."""
    scanned = scan_pattern(folder, pattern, names)
    return Source(
        scanned.manifest,
        without_credentials(str(folder)),
        unmatched=scanned.unmatched,
        notes=scanned.notes,
        corpora=(pattern,),
        locations={PATTERNED: absolute(folder)},
        columns=names.columns,
        labels=names.classes,
    )


def _own_cards(card: Card, corpus: str, names: LabelMap) -> list[Card]:
    """Return the card of a corpus, unless it comes with featser and has its own columns."""
    if card.grammar is not None and names.columns:
        return [with_columns(card, names.columns)]
    return [] if corpus in list_cards() else [card]


def _absolute_card(name: str) -> str:
    """Return a card's name if it comes with featser, else the absolute path of its file."""
    return name if name in list_cards() else absolute(name)
