"""What a fit works with: its settings, and the rows, features and tasks it learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.card import Card
from featser.corpora.manifest import task_notes, tasks_from
from featser.errors import StoreError, TaskError, unknown
from featser.evaluation.copies import Copies
from featser.evaluation.protocols import speaker_ids
from featser.evaluation.rows import Rows
from featser.features.extraction import REFUSAL_COLUMNS, identify, usable
from featser.features.extractor import Extractor, make_extractor
from featser.features.store import Store
from featser.models.coupling import refuse_batches
from featser.models.estimators import reading_frames, refuse_all_at_once
from featser.models.frames import Place
from featser.models.normalise import refuse_poor_coverage
from featser.models.normalise_frames import normalise_copies, normalised_by_speaker
from featser.models.normalise_rows import NormalisedRows, SpeakerStatistics
from featser.tasks import Task
from featser.verbs.altered import named_copies
from featser.verbs.kept import recall, recall_copies, recall_unusable
from featser.verbs.rows import (
    StoreRows,
    available_memory,
    dimension,
    in_batches,
    refuse_too_much,
)
from featser.verbs.settings import Settings
from featser.verbs.source import Source, read_source


@dataclass
class Data:
    """What a model learns from: utterances with features, labels and speakers.

    Attributes
    ----------
    table : DataFrame, n rows
        The manifest's rows that have all features.
    X : ndarray of float32, or Rows, shape (n, d)
        Rows where they are read from the store in batches.
    tasks : list of Task
        The primary one first.
    refused_tasks : dict of str to str
    speaker : ndarray of str, shape (n,)
        Empty where it is not known.
    extractors : list of Extractor
    unusable : DataFrame
        Columns ``file`` and ``reason``.
    notes : list of str
    copies : Copies or None
        Augmented copies of rows of the table, for training alone.
    """

    table: pd.DataFrame
    X: NDArray[np.float32] | Rows
    tasks: list[Task]
    refused_tasks: dict[str, str]
    speaker: NDArray[np.str_]
    extractors: list[Extractor]
    unusable: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    copies: Copies | None = None

    @property
    def batched(self) -> bool:
        """Whether features are read from the store in batches."""
        return isinstance(self.X, Rows)

    @property
    def frames(self) -> Place | None:
        """Which columns are packed frames."""
        return frames_of(self.extractors)


def frames_of(extractors: Sequence[Extractor]) -> Place | None:
    """Return which columns of some extractors' features, side by side, are packed frames.

    Raises
    ------
    TaskError
        If several extractors give frames.
    """
    first, found = 0, []
    for extractor in extractors:
        last = first + extractor.dimension
        if extractor.frame_width is not None:
            found.append((extractor.spec, Place(first, last, extractor.frame_width)))
        first = last
    if len(found) > 1:
        names = [name for name, _ in found]
        raise TaskError(f"frames of one extractor can be read, not of {names}")
    return found[0][1] if found else None


def read_rows(
    source: str | Path | None,
    store: str | Path,
    corpus: str | None,
    data: Mapping[str, str | Path] | None,
) -> tuple[Source, pd.DataFrame]:
    """Read the source, or what the store kept, with every row's key, and what is unusable."""
    if source is None:
        return recall(store)
    found = read_source(source, corpus, data)
    _, keys, refusals = identify(found.table)
    found.table["key"] = keys
    if found.recipe is None:  # a recipe says itself which copies it learns from
        found.copies, found.augmentations = recall_copies(store)
    unreadable = pd.DataFrame(refusals, columns=REFUSAL_COLUMNS)
    return found, pd.concat([unreadable, recall_unusable(store)], ignore_index=True)


def load_data(
    source: Source, unusable: pd.DataFrame, store: Store, settings: Settings, jobs: int = 1
) -> Data:
    """Bring the manifest's rows, their features and the tasks together.

    Raises
    ------
    StoreError
        If no row has all features.
    TaskError
        If a task is not supported by the labels, or the model cannot learn from batches.
    ResourceError
        If fitting so many folds at once would exhaust the memory.
    """
    extractors = [make_extractor(spec) for spec in settings.features]
    there = usable(source.table, extractors, store)
    if not there.any():
        flags = " ".join(f"-f {extractor.spec}" for extractor in extractors)
        raise StoreError(
            f"{store.folder}: none of the {len(there)} utterances of {source.origin} has the "
            f"features {', '.join(settings.features)}; run `featser extract {source.origin} "
            f"--store {store.folder} {flags}` first"
        )
    table = source.table[there].reset_index(drop=True)
    keys = table["key"].tolist()
    tasks, refused = _tasks(table.drop(columns="key"), source.cards, settings)
    X = _features(store, extractors, keys, settings, jobs)
    refusals = _refusals(source.table[~there], unusable)
    data = Data(table, X, tasks, refused, speaker_ids(table), extractors, refusals)
    data.notes += task_notes(table, tasks)
    data.notes += source.told()
    if data.batched:
        size = 4 * len(keys) * dimension(extractors)
        data.notes.append(
            f"the features, {size / 1e9:.2g} GB, were read from the store in batches; trees need "
            f"them neither standardised nor imputed, and were fitted to them as they are"
        )
    if settings.augmented:
        _add_copies(data, _copies_of(source, there), store)
    _refuse_idle_frames(data, settings)
    if settings.speaker_norm != "none":
        _refuse_unsuited(data, settings.speaker_norm)
    if settings.speaker_norm == "transductive":
        _normalise(data)
    return data


def _features(
    store: Store, extractors: Sequence[Extractor], keys: list[str], settings: Settings, jobs: int
) -> NDArray[np.float32] | Rows:
    size = 4 * len(keys) * dimension(extractors)
    packed = frames_of(extractors) is not None
    whole = settings.coupling != "independent" or settings.select != "none" or settings.tune
    wanted = False if (whole or packed) and settings.batches is None else settings.batches
    batches = in_batches(wanted, settings.model, size)
    if batches and packed:
        raise TaskError("frames are read with all features in memory: leave --batches out")
    if batches and settings.tune:
        raise TaskError("--tune needs all features in memory: leave --batches out")
    if batches:
        refuse_all_at_once(settings.model)
        refuse_batches(settings.coupling, settings.select)
    refuse_too_much(settings.model, size, jobs, available_memory(), batches)
    if not batches:
        return _read(store, extractors, keys)
    return StoreRows(store, extractors, keys)


def _read(store: Store, extractors: Sequence[Extractor], keys: list[str]) -> NDArray[np.float32]:
    """Read features side by side, without holding any of them twice."""
    X = np.empty((len(keys), dimension(extractors)), dtype=np.float32)
    first = 0
    for extractor in extractors:
        X[:, first : first + extractor.dimension] = store.read(extractor, keys)
        first += extractor.dimension
    return X


def _copies_of(source: Source, there: NDArray[np.bool_]) -> pd.DataFrame:
    if source.copies is None:
        return named_copies(source.table, there, source.augmentations)
    return source.copies


def _add_copies(data: Data, table: pd.DataFrame, store: Store) -> None:
    """Read the augmented copies whose source, and whatever is mixed into them, is in the data."""
    row_of = {key: row for row, key in reversed(list(enumerate(data.table["key"])))}
    origins = [
        [row_of.get(key, -1) for key in (source, *donors.split())]
        for source, donors in zip(table["source"], table["donors"], strict=True)
    ]
    keys = table["key"].astype(str).tolist()
    there = np.array([min(rows) >= 0 for rows in origins], dtype=bool)
    for extractor in data.extractors:
        there &= store.has(extractor, keys)
    if not there.any():
        return
    kept = np.flatnonzero(there)
    made_of = np.full((len(kept), max(map(len, origins))), -1, dtype=np.intp)
    for position, copy in enumerate(kept):
        made_of[position, : len(origins[copy])] = origins[copy]
    wanted = [keys[copy] for copy in kept]
    read = StoreRows if data.batched else _read
    data.copies = Copies(read(store, data.extractors, wanted), made_of)
    kinds = table["augmentation"].iloc[kept].value_counts(sort=False)
    told = ", ".join(f"{count} of {name}" for name, count in kinds.items())
    data.notes.append(
        f"training parts hold augmented copies as well ({told}), but none that holds sound of "
        f"the test part; all figures are of recordings as they are"
    )


def _tasks(
    table: pd.DataFrame, cards: Sequence[Card], settings: Settings
) -> tuple[list[Task], dict[str, str]]:
    possible, refused = tasks_from(table, cards, settings.primary)
    named = {task.name: task for task in possible}
    for name in dict.fromkeys([settings.primary, *settings.tasks]):
        if name in refused:
            raise TaskError(f"task '{name}' is refused: {refused[name]}")
        if name not in named:
            raise TaskError(unknown("task", name, named))
    wanted = settings.tasks or tuple(named)
    order = dict.fromkeys([settings.primary, *wanted])
    return [named[name] for name in order], refused


def _refusals(absent: pd.DataFrame, unusable: pd.DataFrame) -> pd.DataFrame:
    """Say why each row without features has none."""
    reasons = unusable[["file", "reason"]].drop_duplicates("file")
    table = absent[["file"]].merge(reasons, on="file", how="left")
    table["reason"] = table["reason"].fillna("its features were not extracted yet")
    return table


def _refuse_idle_frames(data: Data, settings: Settings) -> None:
    """Refuse frames that nothing would read, and reading frames where there are none."""
    networks = reading_frames(settings.model)
    if data.frames is None and settings.encode != "none":
        raise TaskError(
            f"--encode {settings.encode} reads packed frames: add the features `-f frames`, to "
            f"`featser extract` too"
        )
    if data.frames is not None and settings.encode == "none" and not networks:
        raise TaskError(
            f"--model {settings.model} does not read the features `frames`: encode them (--encode "
            f"fisher), or leave them out"
        )


def _refuse_unsuited(data: Data, norm: str) -> None:
    """Refuse normalising by speaker where the data do not bear it."""
    primary = data.tasks[0]
    if primary.categorical:
        known = data.table[primary.name].notna().to_numpy()
        refuse_poor_coverage(data.table.loc[known, primary.name], data.speaker[known], norm)
    if (data.speaker == "").any():
        raise TaskError(
            f"--speaker-norm {norm} needs every utterance's speaker; "
            f"{int((data.speaker == '').sum())} have none"
        )
    if data.batched and norm != "transductive":
        raise TaskError(
            f"--speaker-norm {norm} needs the features in memory: use --no-batches, or "
            f"--speaker-norm transductive"
        )


def _normalise(data: Data) -> None:
    if isinstance(data.X, Rows):
        _normalise_rows(data, data.X)
        return
    raw = data.X
    data.X = normalised_by_speaker(raw, data.speaker, data.frames)
    if data.copies is not None:
        altered = normalise_copies(
            np.asarray(data.copies.X), data.copies.source, raw, data.speaker, data.frames
        )
        data.copies = Copies(altered, data.copies.made_of)


def _normalise_rows(data: Data, X: Rows) -> None:
    """Normalise each batch as it is read, by what two passes over the recordings found."""
    found = SpeakerStatistics.of(X, data.speaker)
    if data.copies is not None and isinstance(data.copies.X, Rows):
        who = data.speaker[data.copies.source]
        data.copies = Copies(NormalisedRows(data.copies.X, who, found), data.copies.made_of)
    data.X = NormalisedRows(X, data.speaker, found)
