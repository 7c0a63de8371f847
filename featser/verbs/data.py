"""What a fit works with: its settings, and the rows, features and tasks it learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.card import Card
from featser.corpora.manifest import task_notes, tasks_from
from featser.errors import StoreError, TaskError, unknown
from featser.evaluation.copies import Copies
from featser.evaluation.protocols import Sides, speaker_ids
from featser.features.extraction import REFUSAL_COLUMNS, identify, usable
from featser.features.extractor import Extractor, make_extractor
from featser.features.store import Store
from featser.models.estimators import members_of
from featser.models.normalise import (
    SpeakerNormalizer,
    normalise_copies,
    refuse_poor_coverage,
)
from featser.tasks import Task
from featser.verbs.source import Source, read_source, recall, recall_copies, recall_unusable


@dataclass(frozen=True)
class Settings:
    """How to fit; every field of it that a recipe or the user left open has its default.

    Attributes
    ----------
    features, tasks : tuple of str
    primary, model : str
    weights : 'equal', 'inner' or list of float
    protocols : tuple of str
    speaker_norm : {'none', 'transductive'}
    seed : int
    augmented : bool
        Whether training parts have the augmented copies that were extracted.
    sides : Sides
        The corpora of ``cross-corpus``, and what becomes of ``dev`` in a ``fixed-split``.
    """

    features: tuple[str, ...]
    tasks: tuple[str, ...]
    primary: str
    model: str
    weights: Literal["equal", "inner"] | Sequence[float]
    protocols: tuple[str, ...]
    speaker_norm: Literal["none", "transductive"]
    seed: int
    augmented: bool = True
    sides: Sides = field(default_factory=Sides)


@dataclass
class Data:
    """What a model learns from: utterances with features, labels and speakers.

    Attributes
    ----------
    table : DataFrame, n rows
        The manifest's rows that have all features.
    X : ndarray of float32, shape (n, d)
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
    X: NDArray[np.float32]
    tasks: list[Task]
    refused_tasks: dict[str, str]
    speaker: NDArray[np.str_]
    extractors: list[Extractor]
    unusable: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    copies: Copies | None = None


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
    found.copies, found.augmentations = recall_copies(store)
    unreadable = pd.DataFrame(refusals, columns=REFUSAL_COLUMNS)
    return found, pd.concat([unreadable, recall_unusable(store)], ignore_index=True)


def load_data(source: Source, unusable: pd.DataFrame, store: Store, settings: Settings) -> Data:
    """Bring the manifest's rows, their features and the tasks together.

    Raises
    ------
    StoreError
        If no row has all features.
    TaskError
        If a task is not supported by the labels.
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
    X = np.hstack([store.read(extractor, keys) for extractor in extractors])
    refusals = _refusals(source.table[~there], unusable)
    data = Data(table, X, tasks, refused, speaker_ids(table), extractors, refusals)
    data.notes += task_notes(table, tasks)
    data.notes += source.told()
    if settings.augmented:
        _add_copies(data, source.copies, store)
    if settings.speaker_norm == "transductive":
        _normalise(data)
    return data


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
    X = np.hstack([store.read(extractor, wanted) for extractor in data.extractors])
    data.copies = Copies(X, made_of)
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


def _normalise(data: Data) -> None:
    primary = data.tasks[0]
    if primary.categorical:
        known = data.table[primary.name].notna().to_numpy()
        refuse_poor_coverage(data.table.loc[known, primary.name], data.speaker[known])
    if (data.speaker == "").any():
        raise TaskError(
            f"--speaker-norm transductive needs every utterance's speaker; "
            f"{int((data.speaker == '').sum())} have none"
        )
    if data.copies is not None:
        altered = normalise_copies(data.copies.X, data.copies.source, data.X, data.speaker)
        data.copies = Copies(altered, data.copies.made_of)
    normalizer = SpeakerNormalizer().fit(data.X)
    data.X = normalizer.transform(data.X, speaker=data.speaker)


def describe_model(settings: Settings, tasks: Sequence[Task]) -> str:
    """Say in a line what was trained."""
    names = members_of(settings.model)
    if len(names) == 1:
        return names[0]
    if isinstance(settings.weights, str):
        how = {"equal": "equal weights", "inner": "weights from inner folds"}[settings.weights]
    else:
        how = f"weights {', '.join(f'{weight:g}' for weight in settings.weights)}"
    return f"soft vote of {', '.join(names)}; {how}; one for each of {len(tasks)} tasks"
