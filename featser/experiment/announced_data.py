"""Which data a command without a source uses, and how others of the same store are chosen."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from featser.credentials import without_credentials
from featser.errors import counted
from featser.evaluation.protocols.groups import speaker_ids
from featser.experiment.loading.sources.extracted_source import ExtractedSource
from featser.experiment.loading.sources.source import Source
from featser.experiment.runs.invocation import typed_command
from featser.progress import announce


def announce_data(source: Source, store: str | Path) -> None:
    """Show what was extracted last, where a command uses that because no source was named.

    Parameters
    ----------
    source : Source
        The utterances; of a source that the user has named nothing is shown.
    store : str or Path
        Where the features are.
    """
    if not source.extracted:
        return
    read = source.read
    recipe = f", with the recipe {read.origin}" if read.is_recipe else ""
    announce(f"data: {read.places()}, extracted last{recipe}: {_size_of(source.table)}")
    for other in source.earlier:
        announce(
            f"other data in {store}: {other.places()}; to choose it: "
            f"`{_choice(other, source, store)}`"
        )


def _size_of(table: pd.DataFrame) -> str:
    """Return how many recordings, segments and speakers there are."""
    n_recordings = table["file"].nunique()
    parts = [counted(n_recordings, "recording")]
    if len(table) != n_recordings:
        parts.append(counted(len(table), "utterance"))
    n_speakers = len(set(speaker_ids(table)) - {""})
    parts.append(counted(n_speakers, "speaker") if n_speakers else "no speakers named")
    return ", ".join(parts)


def _choice(other: ExtractedSource, source: Source, store: str | Path) -> str:
    """Return the command that the user typed, with the name of other data and their features."""
    words = shlex.split(typed_command()) or ["featser", "fit", "--store", str(store)]
    named = [*other.arguments(), *_features_of(other, source, words)]
    return without_credentials(shlex.join([*words[:2], *named, *words[2:]]))


def _features_of(other: ExtractedSource, source: Source, words: Sequence[str]) -> list[str]:
    """Return options for the features of other data, which a fit would take from the last ones."""
    is_asked = any(word.startswith(("-f", "--features")) for word in words)
    if is_asked or other.is_recipe or other.features == source.features:
        return []
    return [part for spec in other.features for part in ("--features", spec)]
