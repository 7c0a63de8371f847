"""What a recipe would cost: the plan of ``featser run --dry-run``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.augmentation.copy_plan import Sound, plan_copies
from featser.augmentation.spec import parse_augmentations
from featser.corpora.utterances import places, utterance_key
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.groups import speaker_ids
from featser.experiment.loading.data import extractors_in_use
from featser.experiment.loading.rated_labels import labelled
from featser.experiment.loading.requested_tasks import requested_tasks
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.extraction.extraction import identify
from featser.extraction.extraction_forecast import (
    ExtractorPlan,
    RecordingNeeds,
    extractor_plan,
    lengths,
    long_recordings,
)
from featser.features.registry import make_extractors
from featser.io.location import is_remote
from featser.models.registry import find_model, members_of
from featser.store.feature_store import Store

AUDIT_MS = 5.0
"""The audit of a recording on one core (reports/benchmarks/audit.json)."""


@dataclass(frozen=True)
class CorpusPlan:
    """A corpus: its name, utterances, speakers, and seconds of sound."""

    name: str
    utterances: int
    speakers: int
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """What a run would do.

    Attributes
    ----------
    corpora : list of CorpusPlan
    extractors : list of ExtractorPlan
    long : list of RecordingNeeds
        Recordings of ten minutes or more.
    copies : int
        Augmented copies, of all utterances together.
    audit_seconds : float
    folds : dict of str to int
        protocol → folds.
    tasks, members : tuple of str
        What is predicted, and by which estimators.
    shared : bool
        Whether one model has all tasks, and not each its own.
    fit_seconds : float or None
        Roughly, on the cores that were asked for; None where a member's cost is not known.
    slower : tuple of str
        Settings of the recipe that make fitting several times as long.
    cores : int
        Worker processes.
    """

    corpora: list[CorpusPlan]
    extractors: list[ExtractorPlan]
    long: list[RecordingNeeds]
    copies: int
    audit_seconds: float
    folds: dict[str, int]
    tasks: tuple[str, ...]
    members: tuple[str, ...]
    shared: bool
    fit_seconds: float | None
    slower: tuple[str, ...]
    cores: int

    @property
    def fits(self) -> int:
        """How many models are fitted: for each task and member in every fold, and on all."""
        return self.rounds * self.models * len(self.members)

    @property
    def models(self) -> int:
        """How many models each member has: one for each task, or one that they share."""
        return 1 if self.shared else len(self.tasks)

    @property
    def rounds(self) -> int:
        """How often everything is fitted: in every fold, and for each protocol once on all."""
        return sum(self.folds.values()) + len(self.folds)

    @property
    def extract_seconds(self) -> float:
        """At most: extractors that share spectra and contours cost less together."""
        return sum(one.seconds for one in self.extractors)

    @property
    def bytes(self) -> int:
        """What the store grows by."""
        return sum(one.bytes for one in self.extractors)


def forecast(source: Source, recipe: Experiment, store: str | Path, jobs: int = -1) -> Forecast:
    """Say what a recipe would do and cost.

    Parameters
    ----------
    source : Source
        Its corpora, scanned.
    recipe : Experiment
        What is to be done.
    store : str or Path
        Where features are, or would be, kept.
    jobs : int
        Worker processes; −1 for one per core.

    Raises
    ------
    FeatserError
        If a protocol or the primary task is not possible with these data.
    """
    import joblib

    cores = joblib.effective_n_jobs(jobs)
    table = source.table
    opened = Store(store)
    keys = _keys(table, opened)
    seconds = lengths(table)
    sounds = _sounds(table, keys, recipe, seconds)
    extractors = make_extractors(recipe.features)
    plans = [extractor_plan(one, sounds, opened, cores) for one in extractors]
    copies = len(sounds) - len({key for key in keys if key})
    tasks = _tasks(source, recipe)
    label = table[recipe.primary]
    sound = np.array([key or file for key, file in zip(keys, table["file"], strict=True)])
    folds = {
        name: make_folds(name, table, label, sound, recipe.seed, recipe.corpus_split).count
        for name in recipe.protocols
    }
    members = members_of(recipe.model)
    read = extractors_in_use(extractors, recipe)
    values = sum(one.dimension for one in read if one.frame_width is None)
    rounds = sum(folds.values()) + len(folds)
    shared = recipe.joint != "none"
    each = _fit_seconds(members, len(sounds), values)
    models = rounds * (1 if shared else len(tasks))
    fit_seconds = None if each is None else each * models / min(cores, rounds)
    return Forecast(
        corpora=_corpora(table, seconds),
        extractors=plans,
        long=long_recordings(table, seconds, extractors),
        copies=copies,
        audit_seconds=AUDIT_MS * len(table) / 1000 / cores,
        folds=folds,
        tasks=tasks,
        members=members,
        shared=shared,
        fit_seconds=fit_seconds,
        slower=_slower(recipe),
        cores=cores,
    )


def _corpora(table: pd.DataFrame, seconds: NDArray[np.float64]) -> list[CorpusPlan]:
    speaker = speaker_ids(table)
    plans = []
    for name in dict.fromkeys(table["corpus"].astype(str)):
        rows = (table["corpus"].astype(str) == name).to_numpy()
        count = len(set(speaker[rows]) - {""})
        plans.append(CorpusPlan(name, int(rows.sum()), count, float(seconds[rows].sum())))
    return plans


def _keys(table: pd.DataFrame, store: Store) -> list[str | None]:
    """Return each row's key in the store; a stand-in where it is of no use, or costs a download."""
    has_store = store.folder.is_dir()
    here = np.array([has_store and not is_remote(file) for file in table["file"]], dtype=bool)
    keys: list[str | None] = [
        utterance_key(file, start, end, channel=channel)
        for file, start, end, channel in places(table)
    ]
    for row, key in zip(np.flatnonzero(here).tolist(), identify(table[here])[1], strict=True):
        keys[row] = key
    return keys


def _sounds(
    table: pd.DataFrame,
    keys: Sequence[str | None],
    recipe: Experiment,
    seconds: NDArray[np.float64],
) -> dict[str, float]:
    """Return the seconds of every sound that can be read, and of every copy to be made of it."""
    rows = zip(places(table), keys, speaker_ids(table), seconds.tolist(), strict=True)
    readable = [(Sound(place, key, str(who)), long) for place, key, who, long in rows if key]
    lengths = {sound.key: long for sound, long in readable}
    altered = parse_augmentations(recipe.augmentation)
    plan = plan_copies([sound for sound, _ in readable], altered).table
    copies = zip(plan["key"], plan["source"], strict=True)
    return lengths | {str(key): lengths[str(source)] for key, source in copies}


def _tasks(source: Source, recipe: Experiment) -> tuple[str, ...]:
    table = labelled(source.table, recipe.aggregate, recipe.kinds)
    tasks, _ = requested_tasks(table, source.cards, recipe)
    return tuple(task.name for task in tasks)


def _fit_seconds(members: Sequence[str], rows: int, values: int) -> float | None:
    """Return roughly what fitting all members once costs on one core."""
    seconds = [find_model(name).fit_seconds(rows, values) for name in members]
    estimates = [one for one in seconds if one is not None]
    return sum(estimates) if len(estimates) == len(seconds) else None


def _slower(recipe: Experiment) -> tuple[str, ...]:
    weights = "equal" if isinstance(recipe.weights, tuple) else recipe.weights
    asked = {
        f"coupling {recipe.coupling}": recipe.coupling != "independent",
        f"weights {weights}": weights not in ("auto", "equal"),
        f"select {recipe.select}": recipe.select != "none",
        f"encode {recipe.encode}": recipe.encode != "none",
        f"two-pass {recipe.two_pass}": recipe.two_pass not in ("none", "common"),
        f"fusion {recipe.fusion}": recipe.fusion != "none",
        "tune": recipe.tune,
    }
    return tuple(name for name, is_asked in asked.items() if is_asked)
