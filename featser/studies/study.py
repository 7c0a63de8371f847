"""The data of `featser leakage` and `featser curve`: one task, evaluated in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.evaluation.cross_fit import CrossFit, cross_fit
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.rows import Rows
from featser.evaluation.training_copies import Copies
from featser.experiment.announced_data import announce_data
from featser.experiment.audited import by_bytes, examined
from featser.experiment.explained import check_fields
from featser.experiment.loading.data import Data, load_data
from featser.experiment.loading.recipe_labels import names_of
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.loading.sources.folder_sources import corpus_or_pattern
from featser.experiment.plan import inner_units
from featser.experiment.resolved import experiment_of
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.schema import Experiment
from featser.experiment.unfitted_model import unfitted_model
from featser.models.building import refuse_missing_packages
from featser.models.multitask import MultiTaskEstimator
from featser.progress import Progress, stage
from featser.ratings.methods import method_of
from featser.store.feature_store import Store
from featser.tasks import Task

ONE_MODEL: dict[str, Any] = {
    "protocols": ("speaker-independent",),
    "speaker_norm": "none",
    "batches": False,
    "coupling": "independent",
    "joint": "none",
    "two_pass": "none",
}
"""Fields of a recipe that a study overrides: it has one task and one model."""


@dataclass(frozen=True, eq=False)
class Study:
    """One task with classes, and the data and experiment it is evaluated with.

    Attributes
    ----------
    data : Data
        Rows, features, copies.
    experiment : Experiment
        The model and the seed.
    sound : ndarray of str, shape (n,)
        Equal for utterances with the same audio.
    origin : str
        The source that the user gave.
    fits : Fits or None
        The cache of fits.
    left_out : tuple of str
        Auxiliary corpora of the recipe, which a study does not use.
    """

    data: Data
    experiment: Experiment
    sound: NDArray[np.str_]
    origin: str
    fits: Fits | None
    left_out: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """The task."""
        return self.data.tasks[0]

    @property
    def label(self) -> pd.Series[Any]:
        """Its labels."""
        return self.data.table[self.task.name]

    @property
    def features(self) -> NDArray[np.float32]:
        """The features, shape (n, d): a study holds them in memory."""
        return in_memory(self.data.X)

    @property
    def has_speakers(self) -> bool:
        """Whether the data name any speaker."""
        return bool((self.data.speaker != "").any())

    def unit(self, protocol: str) -> NDArray[np.str_]:
        """Return the groups that inner folds do not divide: see :func:`inner_units`."""
        return inner_units(protocol, self.data, self.sound)

    @property
    def model(self) -> MultiTaskEstimator:
        """The model, unfitted."""
        return unfitted_model(self.data, self.experiment, [self.task])

    def predict(
        self,
        protocol: str,
        folds: Folds,
        copies: Copies | None,
        jobs: int,
        progress: Progress,
    ) -> CrossFit:
        """Return out-of-fold predictions; see :func:`featser.evaluation.cross_fit.cross_fit`."""
        labels = self.data.table[[self.task.name]]
        unit = self.unit(protocol)
        return cross_fit(
            self.model, self.features, labels, folds, unit, [self.task], jobs, progress,
            copies, self.fits, final=False,
        )  # fmt: skip

    @property
    def cache_notes(self) -> list[str]:
        """Which cached fits were damaged, or could not be stored."""
        return [] if self.fits is None else self.fits.notes

    def described(self) -> dict[str, Any]:
        """Say what was studied."""
        passed_over = {"auxiliary_left_out": list(self.left_out)} if self.left_out else {}
        return {
            "origin": self.origin,
            "task": self.task.name,
            "utterances": len(self.data.table),
            "speakers": len(set(self.data.speaker) - {""}),
            "model": self.experiment.model,
            "features": list(self.experiment.features),
            "seed": self.experiment.seed,
            **passed_over,
        }


def in_memory(X: NDArray[np.float32] | Rows) -> NDArray[np.float32]:
    """Return features that a study has loaded, which are an array."""
    if isinstance(X, Rows):
        raise TaskError("a study needs all features in memory")
    return X


def study(
    source: str | Path | None,
    *,
    store: str | Path,
    data: Mapping[str, str | Path] | None,
    corpus: str | None,
    n_jobs: int,
    cache: bool,
    **fields: Any,
) -> Study:
    """Load what a study of one task needs; parameters as :func:`featser.fit` has them.

    Raises
    ------
    TaskError
        If the task has no classes.
    FeatserError
        As :func:`featser.fit`.
    """
    names = names_of(fields)
    corpus = corpus_or_pattern(source, corpus, fields.pop("pattern", None))
    check_fields(fields)
    refuse_missing_packages(fields.get("model") or "vote")
    source_rows, unusable = read_rows(source, store, corpus, data, names)
    announce_data(source_rows, store)
    experiment = experiment_of(source_rows, **fields, **ONE_MODEL)
    asked = experiment.aux
    soft = {label for label, method in experiment.aggregate.items() if method_of(method).is_soft}
    if experiment.primary in soft:
        raise TaskError(
            f"--aggregate {experiment.primary}=soft is for `featser fit`: a study is fitted on one "
            f"class for each utterance; use majority"
        )
    experiment = experiment.model_copy(update={"tasks": (experiment.primary,), "aux": ()})
    loaded = load_data(source_rows, unusable, Store(store), experiment, n_jobs)
    task = loaded.tasks[0]
    if not task.categorical:
        raise TaskError(f"task '{task.name}' is a regression: accuracy and UAR need classes")
    audited = (
        examined(
            loaded.table,
            experiment.primary,
            n_jobs,
            experiment.seed,
            stage("Examining recordings"),
            source_rows.cards,
        )
        if experiment.audit
        else by_bytes(loaded.table)
    )
    loaded.forget_credentials()
    fits = Fits(store) if cache else None
    return Study(loaded, experiment, audited.sound, source_rows.origin, fits, asked)
