"""Corpora under a speaker normalisation, and what models predict of them out of fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import CORPORA, PROTOCOL, Row

import featser
from featser.api.stored.auxiliary import add_auxiliary
from featser.augmentation.augmentation_presets import with_presets_named
from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.cross_fit import CrossFit, cross_fit
from featser.evaluation.protocols.folding import independent_units
from featser.evaluation.statistics.comparison import compare_task
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.evaluation.training_copies import Copies
from featser.experiment.audited import examined
from featser.experiment.loading.auxiliary_data import AuxiliaryData, load_auxiliary
from featser.experiment.loading.data import Data, load_data
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.loading.sources.source import Source
from featser.experiment.plan import Plan, plans_of
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.schema import Experiment
from featser.experiment.unfitted_model import unfitted_model
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.multitask import MultiTaskEstimator
from featser.speakers.normalization import SpeakerNormalizer
from featser.store.feature_store import Store
from featser.studies.study import in_memory
from featser.tasks import Task

NORMS = ("none", "transductive")
SEED = 0
QUICK = "kernel"
"""The model that families of features are compared with."""


@dataclass
class Case:
    """A corpus under one speaker normalisation, with all features in memory.

    Attributes
    ----------
    corpus, norm : str
    source : Source
        The rows as they were extracted, for copies of them.
    unusable : DataFrame
        Recordings without features.
    store : Path
        Where the features are.
    data : Data
        Rows, all features, tasks.
    settings : Experiment
        The model and the seed.
    plan : Plan
        Folds and labels.
    unit : ndarray of str, shape (n,)
        What must not be divided: speakers, joined where they share a recording.
    fits : Fits
        Where finished fits are cached.
    n_jobs : int
        Folds at once.
    """

    corpus: str
    norm: str
    source: Source
    unusable: pd.DataFrame
    store: Path
    data: Data
    settings: Experiment
    plan: Plan
    unit: np.ndarray
    fits: Fits
    n_jobs: int

    @property
    def emotion(self) -> Task:
        """The primary task."""
        return self.plan.tasks[0]

    @cached_property
    def described(self) -> Row:
        """What every row of the tables says."""
        return {"corpus": self.corpus, "norm": self.norm}

    def part(self, specs: Sequence[str]) -> Data:
        """Return the data with the features of some extractors alone."""
        X, first, columns, chosen = in_memory(self.data.X), 0, [], []
        for spec, extractor in zip(self.settings.features, self.data.extractors, strict=True):
            if spec in specs:
                columns.append(np.arange(first, first + extractor.dimension))
                chosen.append(extractor)
            first += extractor.dimension
        if len(chosen) < len(specs):
            raise ValueError(f"{specs} are not all among the features {self.settings.features}")
        return replace(self.data, X=X[:, np.concatenate(columns)], extractors=chosen)

    def model(self, data: Data, tasks: Sequence[Task], **changed: Any) -> MultiTaskEstimator:
        """Return the unfitted model, with settings changed as named."""
        return unfitted_model(data, self.settings.model_copy(update=changed), tasks)

    def predicted(
        self, specs: Sequence[str], tasks: Sequence[Task] = (), **changed: Any
    ) -> CrossFit:
        """Predict out of fold with some extractors, and settings changed as named."""
        data, tasks = self.part(specs), list(tasks) or [self.emotion]
        labels = self.plan.labels[[task.name for task in tasks]]
        return cross_fit(
            self.model(data, tasks, **changed), in_memory(data.X), labels, self.plan.folds,
            self.unit, tasks, self.n_jobs, cache=self.fits, final=False,
        )  # fmt: skip

    def copies(self, preset: str) -> Copies:
        """Return the altered copies of a preset, which the store must have."""
        source = replace(self.source, copies=None, augmentations=with_presets_named([preset]))
        asked = self.settings.model_copy(update={"augmented": True})
        data = load_data(source, self.unusable, Store(self.store), asked)
        if data.copies is None:
            raise ValueError(f"{self.store} has no copies of {preset}")
        return data.copies

    def auxiliary(self) -> tuple[AuxiliaryData, AuxiliaryRows]:
        """Return the other two corpora, and those of their rows that have a label of the task."""
        others = [name for name in CORPORA if name != self.corpus]
        loaded = load_auxiliary(
            others, self.data.extractors, in_memory(self.data.X), self.data.table, False
        )
        rows, notes = loaded.matched([self.emotion], self.data.table)
        if rows is None:
            raise ValueError(f"{others} have no label of {self.corpus}: {notes}")
        return loaded, rows

    def figure(self, predictions: pd.DataFrame, task: Task | None = None) -> Row:
        """Return a task's headline metric with its interval."""
        task = task or self.emotion
        labelled = predictions[predictions[f"{task.name}.true"].notna()]
        metrics = evaluate_with_intervals(
            task,
            labelled[f"{task.name}.true"].to_numpy(),
            labelled[f"{task.name}.pred"].to_numpy(),
            self.data.speaker[labelled.index],
        )
        return next(iter(metrics.values()))

    def gain(self, from_: pd.DataFrame, to: pd.DataFrame, task: Task | None = None) -> Row:
        """Return by how much the second predictions are better, with its interval."""
        task = task or self.emotion
        labelled = from_[f"{task.name}.true"].notna()
        a, b = from_[labelled], to[labelled]
        comparison = compare_task(
            task,
            a[f"{task.name}.true"].to_numpy(),
            a[f"{task.name}.pred"].to_numpy(),
            b[f"{task.name}.pred"].to_numpy(),
            self.data.speaker[a.index],
        )
        return comparison.difference.to_dict()


def extract_all(
    corpora: Path, work: Path, presets: Mapping[str, tuple[str, ...]], jobs: int
) -> None:
    """Extract every corpus with its copies, and write its table for the fits of the others."""
    for name in CORPORA:
        folder, data = work / f"store-{name}", {name: corpora / name}
        featser.extract(
            name, store=folder, features=DEFAULT_FEATURES, augment=presets[name], data=data,
            n_jobs=jobs,
        )  # fmt: skip
        add_auxiliary(name, store=folder, features=DEFAULT_FEATURES, data=data, n_jobs=jobs)


def cases_of(name: str, work: Path, jobs: int) -> Iterator[Case]:
    """Audit a corpus once, and yield it under each speaker normalisation."""
    store = work / f"store-{name}"
    source, unusable = read_rows(None, store, None, None)
    settings = Experiment(
        features=DEFAULT_FEATURES,
        primary=source.primary,
        model=QUICK,
        protocols=(PROTOCOL,),
        seed=SEED,
        batches=False,
        augmented=False,
    )
    data = load_data(source, unusable, Store(store), settings)
    sound = examined(data.table, settings.primary, jobs, SEED, cards=source.cards).sound
    (plan,) = plans_of(data, settings, sound)
    unit, fits = independent_units(data.speaker, sound), Fits(store)
    for norm in NORMS:
        X = in_memory(data.X)
        if norm == "transductive":
            X = SpeakerNormalizer().fit(X).transform(X, speaker=data.speaker)
        case = replace(data, X=X)
        yield Case(name, norm, source, unusable, store, case, settings, plan, unit, fits, jobs)
