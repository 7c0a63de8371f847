"""What a recipe would cost: the plan of ``featser run --dry-run``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.labels import tasks_from
from featser.errors import TaskError, unknown
from featser.evaluation.protocols import make_folds
from featser.evaluation.units import speaker_ids
from featser.features.augmentation.spec import parse_augmentation
from featser.features.copies import Sound, plan_copies
from featser.features.extraction import identify
from featser.features.extractor import Extractor, make_extractor
from featser.features.pending import segments
from featser.features.store import Store, utterance_key
from featser.location import is_remote
from featser.models.estimators import members_of
from featser.recipe import Recipe
from featser.verbs.source import Source

TYPICAL_SECONDS = 3.5
"""What extractors' costs are told for, and how long a recording is taken to be that lies
elsewhere or cannot be opened."""

AUDIT_MS = 5.0
"""The audit of a recording on one core (reports/benchmarks/audit.json)."""

FIT_SECONDS = {
    "kernel": 0.5,
    "svm": 1.4,
    "logistic": 0.35,
    "lda": 0.35,
    "mlp": 1.5,
    "xgboost": 5.5,
    "forest": 6.0,
    "extra-trees": 2.5,
    "knn": 0.1,
}
"""Estimator → seconds of one core to fit 1000 utterances with 1000 values and eight classes.
Other sizes are taken in proportion, which is right within a factor of three or so."""

NETWORK_SECONDS = {
    "cnn": 48.0,
    "cnn-lstm": 52.0,
    "cnn-bilstm": 48.0,
    "attention": 30.0,
    "attention-together": 30.0,
    "multiscale": 40.0,
}
"""Network → seconds of one core to fit 1000 utterances: how many values a recording has matters
little, since a longer vector is read in longer steps (reports/benchmarks/streams.json)."""


@dataclass(frozen=True)
class CorpusPlan:
    """A corpus: its name, utterances, speakers, and seconds of sound."""

    name: str
    utterances: int
    speakers: int
    seconds: float


@dataclass(frozen=True)
class ExtractorPlan:
    """An extractor: values an utterance, what is missing in the store, bytes and seconds of it.

    Attributes
    ----------
    spec : str
    values : int
    missing : int
        Utterances and augmented copies that the store lacks.
    bytes : int
        Of those, in the store.
    seconds : float
        For those, on the cores that were asked for.
    """

    spec: str
    values: int
    missing: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """What a run would do.

    Attributes
    ----------
    corpora : list of CorpusPlan
    extractors : list of ExtractorPlan
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


def forecast(source: Source, recipe: Recipe, store: str | Path, jobs: int = -1) -> Forecast:
    """Say what a recipe would do and cost.

    Parameters
    ----------
    source : Source
        Its corpora, scanned.
    recipe : Recipe
        What is to be done.
    store : str or Path
        Where features are, or would be, kept.
    jobs : int
        Worker processes; −1 for one a core.

    Raises
    ------
    FeatserError
        If a protocol or the primary task is not possible with these data.
    """
    import joblib

    cores = joblib.effective_n_jobs(jobs)
    table = source.table
    kept = Store(store)
    keys = _keys(table, kept)
    seconds = _seconds(table)
    sounds = _sounds(table, keys, recipe, seconds)
    extractors = [make_extractor(spec) for spec in recipe.features]
    plans = [_extractor(one, sounds, kept, cores) for one in extractors]
    copies = len(sounds) - len({key for key in keys if key})
    tasks = _tasks(source, recipe)
    label = table[recipe.primary]
    sound = np.array([key or file for key, file in zip(keys, table["file"], strict=True)])
    folds = {
        name: make_folds(name, table, label, sound, recipe.seed, recipe.sides).count
        for name in recipe.protocols
    }
    members = members_of(recipe.model)
    values = sum(one.dimension for one in extractors if one.frame_width is None)
    rounds = sum(folds.values()) + len(folds)
    shared = recipe.joint != "none"
    each = _fit_seconds(members, len(sounds), values)
    models = rounds * (1 if shared else len(tasks))
    fit_seconds = None if each is None else each * models / min(cores, rounds)
    return Forecast(
        corpora=_corpora(table, seconds),
        extractors=plans,
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
    found = []
    for name in dict.fromkeys(table["corpus"].astype(str)):
        rows = (table["corpus"].astype(str) == name).to_numpy()
        count = len(set(speaker[rows]) - {""})
        found.append(CorpusPlan(name, int(rows.sum()), count, float(seconds[rows].sum())))
    return found


def _keys(table: pd.DataFrame, store: Store) -> list[str | None]:
    """Return each row's key in the store; a stand-in where it is of no use, or costs a download."""
    known = store.folder.is_dir()
    here = np.array([known and not is_remote(file) for file in table["file"]], dtype=bool)
    keys: list[str | None] = [utterance_key(*segment) for segment in segments(table)]
    for row, key in zip(np.flatnonzero(here).tolist(), identify(table[here])[1], strict=True):
        keys[row] = key
    return keys


def _sounds(
    table: pd.DataFrame, keys: Sequence[str | None], recipe: Recipe, seconds: NDArray[np.float64]
) -> dict[str, float]:
    """Return the seconds of every sound that can be read, and of every copy to be made of it."""
    rows = zip(segments(table), keys, speaker_ids(table), seconds.tolist(), strict=True)
    known = [(Sound(place, key, str(who)), long) for place, key, who, long in rows if key]
    lengths = {sound.key: long for sound, long in known}
    altered = [parse_augmentation(spec) for spec in recipe.augmentation]
    plan = plan_copies([sound for sound, _ in known], altered).table
    copies = zip(plan["key"], plan["source"], strict=True)
    return lengths | {str(key): lengths[str(source)] for key, source in copies}


def _extractor(
    extractor: Extractor, sounds: Mapping[str, float], store: Store, cores: int
) -> ExtractorPlan:
    there = store.has(extractor, list(sounds))
    lacking = [seconds for seconds, has in zip(sounds.values(), there, strict=True) if not has]
    cost = extractor.cost_ms / 1000 * sum(lacking) / TYPICAL_SECONDS / cores
    size = 4 * extractor.dimension * len(lacking)
    return ExtractorPlan(extractor.spec, extractor.dimension, len(lacking), size, cost)


def _tasks(source: Source, recipe: Recipe) -> tuple[str, ...]:
    possible, refused = tasks_from(source.table, source.cards, recipe.primary)
    names = [task.name for task in possible]
    for name in dict.fromkeys([recipe.primary, *recipe.tasks]):
        if name in refused:
            raise TaskError(f"task '{name}' is refused: {refused[name]}")
        if name not in names:
            raise TaskError(unknown("task", name, names))
    return tuple(dict.fromkeys([recipe.primary, *(recipe.tasks or names)]))


def _fit_seconds(members: Sequence[str], rows: int, values: int) -> float | None:
    """Return roughly what fitting all members once costs on one core."""
    if not set(members) <= {*FIT_SECONDS, *NETWORK_SECONDS}:
        return None
    networks = sum(NETWORK_SECONDS.get(name, 0.0) for name in members)
    others = sum(FIT_SECONDS.get(name, 0.0) for name in members)
    return (networks + others * values / 1000) * rows / 1000


def _slower(recipe: Recipe) -> tuple[str, ...]:
    weights = "equal" if isinstance(recipe.weights, list) else recipe.weights
    asked = {
        f"coupling {recipe.coupling}": recipe.coupling != "independent",
        f"weights {weights}": weights != "equal",
        f"select {recipe.select}": recipe.select != "none",
        f"encode {recipe.encode}": recipe.encode != "none",
        f"two-pass {recipe.two_pass}": recipe.two_pass not in ("none", "common"),
        f"fusion {recipe.fusion}": recipe.fusion != "none",
        "tune": recipe.tune,
    }
    return tuple(name for name, is_asked in asked.items() if is_asked)


def _seconds(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return how long utterances are, from the headers of their files."""
    with ThreadPoolExecutor(4) as pool:
        return np.array(list(pool.map(_length, segments(table))))


def _length(segment: tuple[str, float | None, float | None]) -> float:
    import soundfile

    file, start, end = segment
    if end is not None:
        return end - (start or 0.0)
    if is_remote(file):
        return TYPICAL_SECONDS
    try:
        return float(soundfile.info(file).duration) - (start or 0.0)
    except (OSError, soundfile.SoundFileError):  # extraction will say what is wrong with it
        return TYPICAL_SECONDS
