"""Manifests as sources: tables of recordings, and files of labelled intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_formats import SOURCES
from featser.annotation.annotation_manifest import annotated_manifest, is_annotation
from featser.audio.channels import MIX, parse_channel, split_channel
from featser.corpora.file_paths import resolve
from featser.corpora.labelling.label_map import LabelMap, with_classes
from featser.corpora.manifest import notes_of, read_manifest
from featser.credentials import without_credentials
from featser.experiment.declaration.value_checks import MANIFEST
from featser.experiment.loading.sources.source import Source
from featser.io.location import absolute, parent, path_part

MANIFEST_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", *SOURCES)


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


def from_manifest(manifest: str | Path, names: LabelMap) -> Source:
    """Read a manifest, here or elsewhere, with other names for columns and classes."""
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
