"""The data of a fit: rows, features and tasks, read from a source and a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.label_columns import integer_class_notes
from featser.corpora.label_kinds import with_kinds
from featser.corpora.manifest import task_notes
from featser.credentials import without_credentials
from featser.errors import StoreError, TaskError
from featser.evaluation.protocols.folding import speaker_ids
from featser.evaluation.rows import Rows
from featser.evaluation.training_copies import Copies
from featser.experiment.loading.augmented_copies import named_copies
from featser.experiment.loading.auxiliary_data import AuxiliaryData, load_auxiliary
from featser.experiment.loading.last_extraction import (
    refuse_lost,
)
from featser.experiment.loading.rated_labels import (
    RatedLabel,
    of_tasks,
    refuse_soft_numbers,
    with_aggregates,
)
from featser.experiment.loading.requested_tasks import requested_tasks
from featser.experiment.loading.sources.source import Source
from featser.experiment.loading.store_rows import (
    StoreRows,
    available_memory,
    dimension,
    in_batches,
    refuse_too_much,
)
from featser.experiment.schema import Experiment
from featser.extraction.extraction import usable
from featser.features.extractor import Extractor
from featser.features.packed_frames import ColumnRange
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES, TRIM
from featser.models.building import refuse_missing_packages
from featser.models.registry import reading_frames, weighs_blocks
from featser.speakers.batch_normalization import NormalisedRows, SpeakerStatistics
from featser.speakers.frame_normalization import normalise_copies, normalised_by_speaker
from featser.speakers.normalization import refuse_poor_coverage
from featser.store.feature_store import Store
from featser.tasks import Task


@dataclass
class Data:
    """What a model is fitted on: utterances with features, labels and speakers.

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
    auxiliary : AuxiliaryData or None
        Rows of other corpora, for training alone.
    rated : list of RatedLabel
        The tasks whose labels have ratings by several raters.
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
    auxiliary: AuxiliaryData | None = None
    rated: list[RatedLabel] = field(default_factory=list)

    @property
    def batched(self) -> bool:
        """Whether features are read from the store in batches."""
        return isinstance(self.X, Rows)

    @property
    def frames(self) -> ColumnRange | None:
        """Which columns are packed frames."""
        return frames_of(self.extractors)

    @property
    def blocks(self) -> list[int | tuple[int, ...]]:
        """How many features each extractor has, packed frames left out; of several blocks each."""
        features = [extractor for extractor in self.extractors if extractor.frame_width is None]
        return [one.dimension if len(one.blocks) == 1 else one.blocks for one in features]

    def forget_credentials(self) -> None:
        """Remove credentials from addresses, once no recording is read any more."""
        self.table["file"] = [without_credentials(str(file)) for file in self.table["file"]]


def frames_of(extractors: Sequence[Extractor]) -> ColumnRange | None:
    """Return which columns of some extractors' features, side by side, are packed frames.

    Raises
    ------
    TaskError
        If several extractors give frames.
    """
    first, packed = 0, []
    for extractor in extractors:
        last = first + extractor.dimension
        if extractor.frame_width is not None:
            packed.append((extractor.spec, ColumnRange(first, last, extractor.frame_width)))
        first = last
    if len(packed) > 1:
        names = [name for name, _ in packed]
        raise TaskError(f"frames of one extractor can be read, not of {names}")
    return packed[0][1] if packed else None


def load_data(
    source: Source, unusable: pd.DataFrame, store: Store, experiment: Experiment, jobs: int = 1
) -> Data:
    """Bring the manifest's rows, their features and the tasks together.

    Raises
    ------
    StoreError
        If no row has all features, or some that were extracted have them no more.
    TaskError
        If a task is not supported by the labels, or the model cannot be fitted in batches.
    ResourceError
        If fitting so many folds at once would exhaust the memory, or a package that the model
        needs is not installed.
    """
    refuse_missing_packages(experiment.model)
    extractors = extractors_in_use(make_extractors(experiment.features), experiment)
    refuse_lost(source, unusable, store, extractors)
    has_features = usable(source.table, extractors, store)
    if not has_features.any():
        raise StoreError(_none_extracted(source, store, extractors))
    usable_rows = source.table[has_features].reset_index(drop=True)
    table, rated = with_aggregates(usable_rows, experiment.aggregate, experiment.kinds)
    table = with_kinds(table, experiment.kinds)
    keys = table["key"].tolist()
    tasks, refused = requested_tasks(table.drop(columns="key"), source.cards, experiment)
    X = _features(store, extractors, keys, experiment, jobs)
    refusals = _refusals(source.table[~has_features], unusable)
    data = Data(table, X, tasks, refused, speaker_ids(table), extractors, refusals)
    data.rated = of_tasks(rated, tasks)
    refuse_soft_numbers(data.rated)
    data.notes += [one.note() for one in data.rated]
    data.notes += task_notes(table, tasks)
    data.notes += integer_class_notes(table, tasks, source.cards, experiment.kinds)
    data.notes += source.all_notes()
    data.notes += _unread_note(extractors, experiment)
    if data.batched:
        size = 4 * len(keys) * dimension(extractors)
        data.notes.append(
            f"the features, {size / 1e9:.2g} GB, were read from the store in batches; trees need "
            f"them neither standardised nor imputed, and were fitted to them as they are"
        )
    if experiment.augmented:
        _add_copies(data, _copies_of(source, has_features), store)
    _refuse_idle_frames(data, experiment)
    if experiment.speaker_norm != "none":
        _refuse_unsuited(data, experiment.speaker_norm)
    if experiment.aux:
        _add_auxiliary(data, experiment)
    if experiment.speaker_norm == "transductive":
        _normalise(data)
    return data


def _add_auxiliary(data: Data, experiment: Experiment) -> None:
    """Read the rows of auxiliary corpora, which are normalised as those of the data will be."""
    by_speaker = experiment.speaker_norm != "none"
    data.auxiliary = load_auxiliary(
        experiment.aux, data.extractors, np.asarray(data.X), data.table, by_speaker
    )
    data.notes += data.auxiliary.notes


def extractors_in_use(extractors: Sequence[Extractor], experiment: Experiment) -> list[Extractor]:
    """Return the extractors whose features a model reads.

    Extractors with several blocks have thousands of features, which drown all others in models
    that do not weigh blocks. A selection of features decides by itself, and so does a fusion.
    """
    single = [extractor for extractor in extractors if len(extractor.blocks) == 1]
    decided = experiment.select != "none" or experiment.fusion != "none"
    if decided or not single or weighs_blocks(experiment.model):
        return list(extractors)
    return single


def _unread_note(extractors: Sequence[Extractor], experiment: Experiment) -> list[str]:
    used = {extractor.spec for extractor in extractors}
    unread = [one.spec for one in make_extractors(experiment.features) if one.spec not in used]
    if not unread:
        return []
    return [
        f"--model {experiment.model} does not read {', '.join(unread)} beside other features; "
        f"kernel does"
    ]


def _none_extracted(source: Source, store: Store, extractors: Sequence[Extractor]) -> str:
    """Say how to get the features that no utterance has."""
    specs = [extractor.spec for extractor in extractors]
    message = (
        f"{store.folder}: none of the {len(source.table)} utterances of {source.origin} has the "
        f"features {', '.join(specs)}"
    )
    if not Path(store.folder).exists():
        message += " (there is no such store: --store names another)"
    stored = {str(described.get("spec")) for described in store.extractors()}
    if all(f"{TRIM}:{spec}" in stored for spec in specs):
        return f"{message}; it has them without silence around the speech: add --trim"
    usual = [extractor.spec for extractor in make_extractors(DEFAULT_FEATURES)]
    command = source.read.extraction_command(store.folder, () if specs == usual else specs)
    return f"{message}; run `{command}` first"


def _features(
    store: Store,
    extractors: Sequence[Extractor],
    keys: list[str],
    experiment: Experiment,
    jobs: int,
) -> NDArray[np.float32] | Rows:
    size = 4 * len(keys) * dimension(extractors)
    packed = frames_of(extractors) is not None
    in_memory = packed or bool(experiment.fields_in_memory())
    asked = False if in_memory and experiment.batches is None else experiment.batches
    batches = in_batches(asked, experiment.model, size)
    if batches and packed:
        raise TaskError("frames are read with all features in memory: leave --batches out")
    refuse_too_much(experiment.model, size, jobs, available_memory(), batches)
    if not batches:
        return read_features(store, extractors, keys)
    return StoreRows(store, extractors, keys)


def read_features(
    store: Store, extractors: Sequence[Extractor], keys: list[str]
) -> NDArray[np.float32]:
    """Read features side by side, shape (n, d), without holding any of them twice."""
    X = np.empty((len(keys), dimension(extractors)), dtype=np.float32)
    first = 0
    for extractor in extractors:
        X[:, first : first + extractor.dimension] = store.read(extractor, keys)
        first += extractor.dimension
    return X


def _copies_of(source: Source, has_features: NDArray[np.bool_]) -> pd.DataFrame:
    if source.copies is None:
        return named_copies(source.table, has_features, source.augmentations)
    return source.copies


def _add_copies(data: Data, table: pd.DataFrame, store: Store) -> None:
    """Read the augmented copies whose source, and whatever is mixed into them, is in the data."""
    row_of = {key: row for row, key in reversed(list(enumerate(data.table["key"])))}
    origins = [
        [row_of.get(key, -1) for key in (source, *donors.split())]
        for source, donors in zip(table["source"], table["donors"], strict=True)
    ]
    keys = table["key"].astype(str).tolist()
    is_usable = np.array([min(rows) >= 0 for rows in origins], dtype=bool)
    for extractor in data.extractors:
        is_usable &= store.has(extractor, keys)
    if not is_usable.any():
        return
    usable_rows = np.flatnonzero(is_usable)
    made_of = np.full((len(usable_rows), max(map(len, origins))), -1, dtype=np.intp)
    for position, copy in enumerate(usable_rows):
        made_of[position, : len(origins[copy])] = origins[copy]
    copy_keys = [keys[copy] for copy in usable_rows]
    read = StoreRows if data.batched else read_features
    data.copies = Copies(read(store, data.extractors, copy_keys), made_of)
    kinds = table["augmentation"].iloc[usable_rows].value_counts(sort=False)
    counts = ", ".join(f"{count} of {name}" for name, count in kinds.items())
    data.notes.append(
        f"training sets contain augmented copies as well ({counts}), but none of recordings of "
        f"the test set; all figures are of unaltered recordings"
    )


def _refusals(absent: pd.DataFrame, unusable: pd.DataFrame) -> pd.DataFrame:
    """Say why each row without features has none."""
    reasons = unusable[["file", "reason"]].drop_duplicates("file")
    shown = [without_credentials(file) for file in absent["file"]]
    table = pd.DataFrame({"file": pd.Series(shown, dtype="str")}).merge(
        reasons, on="file", how="left"
    )
    table["reason"] = table["reason"].fillna("its features were not extracted yet")
    return table


def _refuse_idle_frames(data: Data, experiment: Experiment) -> None:
    """Refuse frames that nothing would read, and reading frames where there are none."""
    networks = reading_frames(experiment.model)
    if data.frames is None and experiment.encode != "none":
        raise TaskError(
            f"--encode {experiment.encode} reads packed frames: add the features `-f frames`, to "
            f"`featser extract` too"
        )
    if data.frames is not None and experiment.encode == "none" and not networks:
        raise TaskError(
            f"--model {experiment.model} does not read the features `frames`: encode them "
            f"(--encode fisher), or leave them out"
        )


def _refuse_unsuited(data: Data, norm: str) -> None:
    """Refuse normalising by speaker where the data do not bear it."""
    if (data.speaker == "").any():
        raise TaskError(
            f"--speaker-norm {norm} needs every utterance's speaker; "
            f"{int((data.speaker == '').sum())} have none"
        )
    primary = data.tasks[0]
    if primary.categorical:
        has_label = data.table[primary.name].notna().to_numpy()
        refuse_poor_coverage(data.table.loc[has_label, primary.name], data.speaker[has_label], norm)


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
    statistics = SpeakerStatistics.of(X, data.speaker)
    if data.copies is not None and isinstance(data.copies.X, Rows):
        who = data.speaker[data.copies.source]
        data.copies = Copies(NormalisedRows(data.copies.X, who, statistics), data.copies.made_of)
    data.X = NormalisedRows(X, data.speaker, statistics)
