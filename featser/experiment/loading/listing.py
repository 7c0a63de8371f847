"""Utterances that are listed some at a time, so that a manifest of any length can be extracted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from featser.annotation.annotation_manifest import is_annotation
from featser.audio.channels import parse_channel
from featser.corpora.labelling.label_map import LabelMap
from featser.corpora.manifest_stream import ManifestFile, streams
from featser.experiment.loading.several_corpora import read_corpora
from featser.experiment.loading.sources.manifest_sources import (
    is_manifest,
    source_of_manifest,
    with_channel,
)
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.extraction.planner import blocks_of
from featser.io.location import is_remote, local_path


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

    def with_channel(self, channel: str) -> Listing:
        """Return the same with :func:`with_channel` of every block."""
        self.source.channel = parse_channel(channel)
        return Listing(
            self.source,
            self.rows,
            lambda: (with_channel(block, channel) for block in self.blocks()),
        )


def list_source(
    source: str | Path | Experiment | None,
    corpus: str | None = None,
    data: Mapping[str, str | Path] | None = None,
    names: LabelMap | None = None,
) -> Listing:
    """Read a source as :func:`read_source` does, but a manifest only as it is needed.

    Parameters
    ----------
    source, corpus, data
        As :func:`read_source` has them; without a source, ``data`` names the corpora.

    Raises
    ------
    FeatserError
        As :func:`read_source`.
    """
    if source is None:
        read = read_corpora(data or {}, names, corpus)
        return Listing(read, len(read.table), lambda: blocks_of(read.table))
    if not isinstance(source, Experiment) and not names and _is_streamed(source):
        file = ManifestFile(local_path(source))
        listed = source_of_manifest(source, pd.DataFrame(), file.notes)
        return Listing(listed, file.rows, file.blocks)
    read = read_source(source, corpus, data, names)
    return Listing(read, len(read.table), lambda: blocks_of(read.table))


def _is_streamed(source: str | Path) -> bool:
    path = local_path(source)
    is_file = not is_remote(source) and is_manifest(source) and not path.is_dir()
    return is_file and not is_annotation(path) and streams(path)
