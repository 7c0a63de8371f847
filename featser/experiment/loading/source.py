"""What a verb works on: a recipe, a manifest, a corpus folder, or what the store kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_formats import SOURCES
from featser.annotation.annotation_manifest import annotated_manifest, is_annotation
from featser.audio.channels import MIX, parse_channel, split_channel
from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.file_paths import resolve
from featser.corpora.label_columns import cards_of
from featser.corpora.labelling.label_map import LabelMap, composed, with_classes
from featser.corpora.labelling.name_pattern import is_pattern, parse_pattern
from featser.corpora.labelling.renamed_card import with_columns
from featser.corpora.manifest import notes_of, read_manifest
from featser.corpora.scans.folder_layouts import layout_of
from featser.corpora.scans.pattern_scan import scan_pattern
from featser.corpora.scans.scanning import scan
from featser.credentials import without_credentials
from featser.errors import FeatserError, InputError, ManifestError, RecipeError, unknown
from featser.experiment.declaration.value_checks import MANIFEST, PATTERNED, corpus_name
from featser.experiment.loading.recipe_labels import with_labels_of
from featser.experiment.recipe import list_recipes, load_recipe
from featser.experiment.schema import Experiment
from featser.io.location import absolute, is_remote, local_path, parent, path_part
from featser.io.nested_files import is_archive

MANIFEST_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", *SOURCES)
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


def read_source(
    source: str | Path | Experiment,
    corpus: str | None = None,
    data: Mapping[str, str | Path] | None = None,
    names: LabelMap | None = None,
) -> Source:
    """Read whatever a user may name as a source.

    Parameters
    ----------
    source : str, Path or Experiment
        A recipe (a YAML file, or the name of one that comes with featser), a manifest (CSV or
        Parquet), or a corpus folder. Manifests and folders may be URLs.
    corpus : str, optional
        The card of a corpus folder, or a pattern of the paths in it
        (:func:`~featser.corpora.labelling.name_pattern.parse_pattern`); an audformat database
        needs none.
    data : mapping of str to path, optional
        Where the corpora of a recipe are.
    names : LabelMap, optional
        Other names for columns and classes.

    Returns
    -------
    Source
        With absolute paths.

    Raises
    ------
    FeatserError
        If it is none of these, or a folder or ``--corpus`` is missing.
    """
    names = names or LabelMap()
    if isinstance(source, Experiment):
        return source_of(_with_names(source, names), data or {}, source.name)
    if is_remote(source):
        return _from_elsewhere(str(source), corpus, names)
    path = local_path(source)
    if path.suffix.lower() in RECIPE_ENDINGS or (
        str(source) in list_recipes() and not path.exists()
    ):
        return source_of(_with_names(load_recipe(source), names), data or {}, str(source))
    if path.is_dir() or is_archive(path):
        return _from_folder(path, corpus, names)
    if is_manifest(path):
        return _from_manifest(path, names)
    if path.exists():
        raise ManifestError(
            f"{source}: neither a recipe ({', '.join(RECIPE_ENDINGS)}) nor a manifest "
            f"({', '.join(MANIFEST_ENDINGS)}): of recordings, name their folder, or a table of them"
        )
    raise FeatserError(
        f"{source}: no such file or folder; a source is a recipe ({', '.join(list_recipes())}, "
        f"or your own .yaml), a manifest (.csv, .parquet), or a corpus folder with --corpus CARD"
    )


def is_manifest(location: str | Path) -> bool:
    """Whether a location's ending is that of a manifest."""
    return path_part(location).suffix.lower() in MANIFEST_ENDINGS


def table_of(manifest: str | Path, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a manifest, here or elsewhere, with absolute paths and URLs.

    A file of labelled intervals (``.TextGrid``, ``.eaf``, ``.rttm``) is one as well, if it has one
    tier.
    """
    if is_annotation(manifest):
        return annotated_manifest(manifest, columns=columns)
    table = read_manifest(manifest, columns=columns)
    table["file"] = resolve(table, parent(manifest))
    return table


def with_channel(table: pd.DataFrame, channel: str) -> pd.DataFrame:
    """Return a manifest whose rows that name no channel name this one.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    channel : str
        As :func:`featser.audio.channels.parse_channel` reads it.

    Raises
    ------
    InputError
        If it is no channel.
    """
    chosen = parse_channel(channel)
    if chosen == MIX:
        return table
    if "channel" not in table:
        return table.assign(channel=pd.Series(chosen, table.index, dtype="str"))
    channels = table["channel"].fillna(chosen)
    is_open = channels.str.endswith("/")  # a stream is named, and which channel of it is not
    name = split_channel(chosen)[1]
    return table.assign(channel=channels.where(~is_open, channels + name))


def _from_elsewhere(url: str, corpus: str | None, names: LabelMap) -> Source:
    if corpus is None and is_manifest(url):
        return _from_manifest(url, names)
    return _from_folder(url, corpus, names)


def _from_manifest(manifest: str | Path, names: LabelMap) -> Source:
    table = table_of(manifest, names.columns)
    notes = notes_of(table)
    source = source_of_manifest(manifest, with_classes(table, names.classes, "--map"), notes)
    source.columns, source.labels = names.columns, names.classes
    return source


def source_of_manifest(manifest: str | Path, table: pd.DataFrame, notes: list[str]) -> Source:
    """Return a manifest that has been read as a source.

    Parameters
    ----------
    manifest : str or Path
        Its location.
    table : DataFrame
        Its rows; empty where they are read as they are needed.
    notes : list of str
        How it was read.
    """
    origin = without_credentials(str(manifest))
    locations = {MANIFEST: absolute(manifest)}
    return Source(table, origin, notes=notes, corpora=(MANIFEST,), locations=locations)


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


def _from_folder(folder: str | Path, corpus: str | None, names: LabelMap) -> Source:
    if corpus is not None and is_pattern(corpus):
        return _from_pattern(folder, corpus, names)
    if corpus is None and (is_remote(folder) or is_archive(local_path(folder))):
        raise FeatserError(
            f"{folder}: a folder or archive needs --corpus CARD to say how its files are named, or "
            f"--pattern; `featser corpora` lists the cards, and 'folders' stands for a folder for "
            f"each class"
        )
    if corpus is None:
        layout, notes = layout_of(folder)
        read = (
            _from_folder(folder, layout.card, names)
            if layout.table is None
            else _from_manifest(layout.table, names)
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


def _with_names(recipe: Experiment, names: LabelMap) -> Experiment:
    """Return a recipe with further names of classes.

    Raises
    ------
    RecipeError
        If columns are given other names: a recipe has a field for them.
    """
    if names.columns:
        old, new = next(iter(names.columns.items()))
        raise RecipeError(
            f"--map {old}={new}: a recipe names its columns itself: write `columns: {{{old}: "
            f"{new}}}` into it"
        )
    labels = composed(recipe.labels, names.classes)
    return recipe.model_copy(update={"labels": labels}) if names else recipe


def with_names(source: Source, names: LabelMap) -> Source:
    """Give classes of a source that has been read other names.

    Parameters
    ----------
    source : Source
        What a store has remembered; it is changed.
    names : LabelMap
        Names of classes alone.

    Raises
    ------
    InputError
        If columns are renamed: that is done where the source is read.
    RecipeError
        If a label or a class does not exist.
    """
    if names.columns:
        old, new = next(iter(names.columns.items()))
        raise InputError(
            f"{old}={new} renames a column, which is possible where a manifest or a folder is "
            f"read: name it as SOURCE, or extract it with this option",
            "columns",
        )
    source.labels = composed(source.labels, names.classes)
    source.table = with_classes(source.table, names.classes, "--map")
    return source


def source_of(recipe: Experiment, data: Mapping[str, str | Path], origin: str) -> Source:
    """Scan the corpora of a recipe.

    Parameters
    ----------
    recipe : Experiment
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
    names = [corpus_name(corpus) for corpus in recipe.corpora]
    for name in data:
        if name not in names:
            raise RecipeError(f"--data {name}=…: {unknown('corpus', name, names)}")
    missing = " ".join(
        f"--data {name}={'FILE' if name == MANIFEST else 'FOLDER'}"
        for name in names
        if name not in data
    )
    if missing:
        raise RecipeError(f"recipe '{recipe.name}' needs to know where its corpora are: {missing}")
    columns = LabelMap(dict(recipe.columns))
    sources = [
        _from_manifest(data[name], columns)
        if name == MANIFEST
        else _from_folder(data[name], corpus, columns)
        for name, corpus in zip(names, recipe.corpora, strict=True)
    ]
    table = pd.concat([source.table for source in sources], ignore_index=True)
    return Source(
        with_labels_of(recipe, table),
        origin,
        recipe,
        recipe.features,
        unmatched=[file for source in sources for file in source.unmatched],
        notes=[note for source in sources for note in source.notes],
        cards=[card for source in sources for card in source.cards],
        augmentations=recipe.augmentation,
        corpora=tuple(corpus for source in sources for corpus in source.corpora),
        locations={name: place for source in sources for name, place in source.locations.items()},
        channel=recipe.channel,
        columns=dict(recipe.columns),
        labels=dict(recipe.labels),
    )
