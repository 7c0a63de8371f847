"""Whatever a user may name as a source: a recipe, a manifest, a folder, or a URL."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from featser.corpora.labelling.label_map import LabelMap, composed, with_classes
from featser.errors import FeatserError, InputError, ManifestError, RecipeError, unknown
from featser.experiment.declaration.value_checks import MANIFEST, corpus_name
from featser.experiment.loading.recipe_labels import with_labels_of
from featser.experiment.loading.sources.folder_sources import from_folder
from featser.experiment.loading.sources.manifest_sources import (
    MANIFEST_ENDINGS,
    from_manifest,
    is_manifest,
)
from featser.experiment.loading.sources.source import Source
from featser.experiment.recipe import list_recipes, load_recipe
from featser.experiment.schema import Experiment
from featser.io.location import absolute, is_remote, local_path
from featser.io.nested_files import is_archive

RECIPE_ENDINGS = (".yaml", ".yml")
ALIKE = 0.8
"""How like a name must be to one that does not exist, to be proposed in its place."""


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
        read = source_of(_with_names(load_recipe(source), names), data or {}, str(source))
        read.recipe_file = absolute(path) if path.exists() else ""
        return read
    if path.is_dir() or is_archive(path):
        return from_folder(path, corpus, names)
    if is_manifest(path) and path.exists():
        return from_manifest(path, names)
    if path.exists():
        raise ManifestError(
            f"{source}: neither a recipe ({', '.join(RECIPE_ENDINGS)}) nor a manifest "
            f"({', '.join(MANIFEST_ENDINGS)}): of recordings, name their folder, or a table of them"
        )
    raise FeatserError(_no_such_source(str(source), path))


def _no_such_source(source: str, path: Path) -> str:
    """Say that a source does not exist, with the name that may be meant, or what a source is."""
    folder = path.parent
    beside = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    if near := get_close_matches(path.name, beside, n=1, cutoff=ALIKE):
        return f"{source}: no such file or folder; did you mean '{folder / near[0]}'?"
    is_name = path.name == source and not path.suffix
    recipes = f", or a recipe of featser: {', '.join(list_recipes())}" if is_name else ""
    return (
        f"{source}: no such file or folder; a source is a table of recordings "
        f"({', '.join(MANIFEST_ENDINGS)}), a folder of recordings, a recipe of your own "
        f"({', '.join(RECIPE_ENDINGS)}){recipes}"
    )


def _from_elsewhere(url: str, corpus: str | None, names: LabelMap) -> Source:
    if corpus is None and is_manifest(url):
        return from_manifest(url, names)
    return from_folder(url, corpus, names)


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
        from_manifest(data[name], columns)
        if name == MANIFEST
        else from_folder(data[name], corpus, columns)
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
