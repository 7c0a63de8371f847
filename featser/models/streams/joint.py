"""One network for all tasks, with whatever prepares its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from featser.errors import TaskError
from featser.evaluation.rows import Rows
from featser.features.packed_frames import ColumnRange
from featser.models.encoders.encoded import FramesAlone
from featser.models.labels import Labels, SampleWeight
from featser.models.multitask import MultiTaskEstimator
from featser.models.routing import REQUESTED
from featser.speakers.normalization import prepared
from featser.tasks import Task


class PreparedHead(BaseEstimator):
    """A fitted preparation and a fitted head behind it; made by fitting, never fitted.

    Parameters
    ----------
    preparation : Pipeline of transformers
    head : ExportedHead
    """

    def __init__(self, preparation: Pipeline, head: Any) -> None:
        self.preparation = preparation
        self.head = head

    @property
    def classes_(self) -> NDArray[np.intp]:
        """The classes, shape (k,), of a task that has some."""
        classes: NDArray[np.intp] = self.head.classes_
        return classes

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the classes' probabilities, shape (n, k)."""
        probabilities: NDArray[np.float64] = self.head.predict_proba(self.preparation.transform(X))
        return probabilities

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, or the values, shape (n,)."""
        predictions: NDArray[Any] = self.head.predict(self.preparation.transform(X))
        return predictions


class JointNetwork(MultiTaskEstimator):
    """Tasks that share a network, each with a head of its own, losses weighted against each other.

    Parameters
    ----------
    tasks : sequence of Task
        What to predict.
    network : str
        One of :data:`featser.models.registry.NETWORKS`.
    weighting : str
        How the tasks' losses are weighted: one of :data:`featser.tasks.Joint`.
    frames : ColumnRange, optional
        Where packed frames stand, which alone are then read. Without it the network reads
        features, standardised, imputed and clipped.
    random_state : int
        Of the network and its training.

    Attributes
    ----------
    estimators_ : dict of str to PreparedHead
        For each task the preparation and its head of the shared network.
    history_ : list of dict
        Losses and weights by epoch.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(
        self,
        tasks: Sequence[Task],
        network: str = "attention",
        weighting: str = "equal",
        frames: ColumnRange | None = None,
        random_state: int = 0,
    ) -> None:
        self.tasks = tasks
        self.network = network
        self.weighting = weighting
        self.frames = frames
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: Labels,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> JointNetwork:
        """Fit to X, shape (n, d), and labels, a column a task; see :class:`MultiTaskEstimator`.

        Languages are not used.

        Raises
        ------
        ResourceError
            If torch is not there.
        TaskError
            As :meth:`MultiTaskEstimator.fit`.
        """
        from featser.models.streams.estimators import StreamEstimator
        from featser.models.streams.stream import refuse_without_torch

        refuse_without_torch()
        before = self._preparation()
        values = before.fit_transform(np.asarray(X))
        self.n_features_in_ = np.asarray(X).shape[1]
        width = None if self.frames is None else self.frames.width
        shared = StreamEstimator(
            self.tasks,
            self.network,
            width,
            weighting=self.weighting,
            random_state=self.random_state,
        ).fit(values, y, sample_weight, speaker, provenance)
        self.notes_ = list(shared.notes_)
        self.history_ = shared.history_
        self.calibrations_ = {}
        self.estimators_ = {
            name: PreparedHead(before, head) for name, head in shared.estimators_.items()
        }
        return self

    def fit_batches(
        self, X: Rows, y: pd.DataFrame, sample_weight: SampleWeight = None
    ) -> JointNetwork:
        """Refuse features in batches: the network needs all of them in memory.

        Raises
        ------
        TaskError
            Always.
        """
        raise TaskError(
            f"a network that tasks share ({self.network}) cannot be fitted in batches; "
            f"fit it with all features in memory (--no-batches)"
        )

    def _preparation(self) -> Pipeline:
        if self.frames is None:
            return Pipeline(prepared(None).steps[:-1])
        return Pipeline([("frames", FramesAlone(self.frames.first, self.frames.last))])
