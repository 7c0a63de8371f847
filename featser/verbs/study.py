"""What `featser leakage` and `featser curve` work on: one task, evaluated in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.evaluation.copies import Copies
from featser.evaluation.crossval import CrossFit, cross_fit
from featser.evaluation.folds import Folds
from featser.evaluation.rows import Rows
from featser.features.store import Store
from featser.models.multitask import MultiTaskEstimator
from featser.progress import Progress, silent
from featser.tasks import Task
from featser.verbs.data import Data, load_data, read_rows
from featser.verbs.examined import by_bytes, examined
from featser.verbs.fit import unfitted
from featser.verbs.fits import Fits
from featser.verbs.planned import inner_units
from featser.verbs.settings import Settings, settings_of


@dataclass(frozen=True, eq=False)
class Study:
    """One task with classes, and all that it is learnt from.

    Attributes
    ----------
    data : Data
        Rows, features, copies.
    settings : Settings
        The model and the seed.
    sound : ndarray of str, shape (n,)
        Equal for utterances that hold the same sound.
    origin : str
        What the user named.
    fits : Fits or None
        Where fits are kept.
    """

    data: Data
    settings: Settings
    sound: NDArray[np.str_]
    origin: str
    fits: Fits | None

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

    def unit(self, protocol: str) -> NDArray[np.str_]:
        """Return what inner folds keep together: see :func:`inner_units`."""
        return inner_units(protocol, self.data, self.sound)

    @property
    def model(self) -> MultiTaskEstimator:
        """The model, unfitted."""
        return unfitted(self.data, self.settings, [self.task])

    def predict(
        self,
        protocol: str,
        folds: Folds,
        copies: Copies | None,
        jobs: int,
        progress: Progress,
    ) -> CrossFit:
        """Return out-of-fold predictions; see :func:`featser.evaluation.crossval.cross_fit`."""
        labels = self.data.table[[self.task.name]]
        unit = self.unit(protocol)
        return cross_fit(
            self.model, self.features, labels, folds, unit, [self.task], jobs, progress,
            copies, self.fits, final=False,
        )  # fmt: skip

    def told(self) -> list[str]:
        """Say which kept fits were damaged, or what could not be kept."""
        return [] if self.fits is None else self.fits.notes

    def described(self) -> dict[str, Any]:
        """Say what was studied."""
        return {
            "origin": self.origin,
            "task": self.task.name,
            "utterances": len(self.data.table),
            "speakers": len(set(self.data.speaker) - {""}),
            "model": self.settings.model,
            "features": list(self.settings.features),
            "seed": self.settings.seed,
        }


def in_memory(X: NDArray[np.float32] | Rows) -> NDArray[np.float32]:
    """Return features that a study has loaded, which are an array."""
    if isinstance(X, Rows):
        raise TaskError("a study needs all features in memory")
    return X


def study(
    source: str | Path | None,
    store: str | Path,
    primary: str | None,
    model: str | None,
    features: Sequence[str],
    corpus: str | None,
    data: Mapping[str, str | Path] | None,
    seed: int | None,
    jobs: int,
    audit: bool,
    cache: bool,
    examining: Progress = silent,
) -> Study:
    """Load what a study of one task needs; parameters as :func:`featser.fit` has them.

    Raises
    ------
    TaskError
        If the task has no classes.
    FeatserError
        As :func:`featser.fit`.
    """
    found, unusable = read_rows(source, store, corpus, data)
    primary = primary or found.primary
    # One task, by one model for all languages.
    settings = settings_of(
        found,
        features=features,
        tasks=(primary,),
        primary=primary,
        model=model,
        protocols=("speaker-independent",),
        speaker_norm="none",
        seed=seed,
        batches=False,
        coupling="independent",
        joint="none",
        two_pass="none",
    )
    material = load_data(found, unusable, Store(store), settings, jobs)
    task = material.tasks[0]
    if not task.categorical:
        raise TaskError(f"task '{task.name}' is a regression: accuracy and UAR need classes")
    seen = (
        examined(material.table, primary, jobs, settings.seed, examining, found.cards)
        if audit
        else by_bytes(material.table)
    )
    fits = Fits(store) if cache else None
    return Study(material, settings, seen.sound, found.origin, fits)
