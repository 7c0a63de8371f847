"""Networks as scikit-learn estimators: a classifier, a regressor, and several tasks at once.

``fit`` needs torch, skorch and onnx (``pip install "featser[streams]"``); a fitted one holds
nothing of them, and predicts on onnxruntime.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.errors import TaskError
from featser.evaluation.rows import Rows
from featser.models.exported.exported_network import ExportedHead
from featser.models.labels import (
    Labels,
    SampleWeight,
    hard_rows,
    label_table,
    primary_of,
    refuse_unlike,
)
from featser.models.multitask import MultiTaskEstimator
from featser.models.streams.stream import (
    Stream,
    TaskLabels,
    of_classes,
    of_values,
    refuse_without_torch,
)
from featser.progress import Progress
from featser.tasks import Task

Floats = NDArray[np.float64]


class StreamClassifier(ClassifierMixin, Stream):
    """A network for classes.

    Parameters
    ----------
    network : str
        One of :data:`featser.models.streams.networks.NETWORKS`: ``cnn``, ``cnn-lstm``,
        ``cnn-bilstm``, ``attention``, ``attention-together``, ``multiscale``.
    width : int, optional
        Descriptors of a frame, where X holds packed frames (``packed_frames``). Without
        it a row is a feature vector, which is read as a sequence.
    epochs : int
        Number of epochs; without ``patience`` the network is trained on all speakers.
    patience : int, optional
        Some speakers are left out, and training ends after so many epochs without an improvement
        on them; the weights of the best epoch are used.
    batch_size : int
    learning_rate, weight_decay : float
        Of AdamW. Without ``patience`` this is the highest rate: it rises to it and falls again
        (:class:`featser.models.streams.training.Course`).
    dropout : float
        Before the heads; half as much between convolutions.
    masking : float
        The greatest share of bands, and of time, that is masked in training.
    mixup : float
        α of the Beta distribution of mixtures of two utterances in training; 0 for none.
    balanced : bool
        Whether every class counts the same, however many utterances it has.
    n_folds : int
        With ``patience``: one of so many divisions by speaker is left out.
    n_threads, random_state : int
        With one thread the same seed gives the same bits.
    progress : callable, optional
        Called with the epoch and the number of epochs after each.
    ordinal : bool
        Whether the classes, sorted, have an order: ``P(class > k)`` from one score against rising
        thresholds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    network_ : ExportedNetwork
        The fitted network, an ONNX graph.
    history_ : list of dict
        Losses by epoch.

    Notes
    -----
    A KeyboardInterrupt during training is passed on once the best weights so far, or without
    ``patience`` the last, are kept.
    """

    def __init__(
        self,
        network: str = "cnn",
        width: int | None = None,
        epochs: int = 20,
        patience: int | None = None,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
        masking: float = 0.2,
        mixup: float = 0.2,
        balanced: bool = True,
        n_folds: int = 5,
        n_threads: int = 1,
        random_state: int = 0,
        progress: Progress | None = None,
        ordinal: bool = False,
    ) -> None:
        super().__init__(
            network,
            width,
            epochs,
            patience,
            batch_size,
            learning_rate,
            weight_decay,
            dropout,
            masking,
            mixup,
            balanced,
            n_folds,
            n_threads,
            random_state,
            progress,
        )
        self.ordinal = ordinal

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> StreamClassifier:
        """Fit to X, shape (n, d), and classes y, shape (n,), of speakers, shape (n,)."""
        checked = validate_data(self, X, y, ensure_all_finite=self.finite)
        values, target = checked
        check_classification_targets(target)
        self.classes_, encoded = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, y has one class: {self.classes_}")
        weight = _weights(sample_weight, len(encoded))
        labelled = of_classes(encoded, weight, self.ordinal, self.balanced)
        if self.train(values, [labelled], speaker, provenance):
            raise KeyboardInterrupt
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite=self.finite)
        return self.network_.heads[0].probabilities(self.network_.outputs(values))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes


class StreamRegressor(RegressorMixin, Stream):
    """A network for values, trained for concordance (CCC).

    Parameters
    ----------
    network, width, …
        As :class:`StreamClassifier` has them; there are no classes to balance.

    Attributes
    ----------
    network_, history_
        As :class:`StreamClassifier` has them.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> StreamRegressor:
        """Fit to X, shape (n, d), and values y, shape (n,), of speakers, shape (n,)."""
        checked = validate_data(
            self, X, y, ensure_all_finite=self.finite, y_numeric=True, ensure_min_samples=2
        )
        values, target = checked[0], np.asarray(checked[1], dtype=np.float64)
        labelled = of_values(target, _weights(sample_weight, len(target)))
        if self.train(values, [labelled], speaker, provenance):
            raise KeyboardInterrupt
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return the predicted values, shape (n,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite=self.finite)
        return self.network_.heads[0].values(self.network_.outputs(values))


class StreamEstimator(Stream, MultiTaskEstimator):
    """One network for several tasks of any kind, a head for each; labels may be missing.

    Parameters
    ----------
    tasks : sequence of Task
        As :class:`~featser.models.multitask.MultiTaskEstimator` has them.
    weighting : str
        How the tasks' losses are weighted: one of
        :data:`featser.models.streams.weighting.WEIGHTERS`.
    weights : sequence of float, optional
        The tasks' weights for ``fixed``.
    network, width, …
        As :class:`StreamClassifier` has them.

    Attributes
    ----------
    estimators_ : dict of str to ExportedHead
        For each task its head of the network that all share.
    network_, history_
        As :class:`StreamClassifier` has them; ``history_`` also has ``task_losses``, as shares of
        a constant predictor's, and ``task_weights``, both in the order of ``tasks``.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        network: str = "attention",
        width: int | None = None,
        weighting: str = "equal",
        weights: Sequence[float] | None = None,
        epochs: int = 20,
        patience: int | None = None,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
        masking: float = 0.2,
        mixup: float = 0.2,
        balanced: bool = True,
        n_folds: int = 5,
        n_threads: int = 1,
        random_state: int = 0,
        progress: Progress | None = None,
    ) -> None:
        Stream.__init__(
            self,
            network,
            width,
            epochs,
            patience,
            batch_size,
            learning_rate,
            weight_decay,
            dropout,
            masking,
            mixup,
            balanced,
            n_folds,
            n_threads,
            random_state,
            progress,
        )
        self.tasks = tasks
        self.weighting = weighting
        self.weights = weights

    def fit(
        self,
        X: ArrayLike,
        y: Labels,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> StreamEstimator:
        """Fit one network to all tasks, and all languages alike.

        Parameters
        ----------
        X, y, sample_weight, speaker, provenance
            As :meth:`MultiTaskEstimator.fit` has them.

        Raises
        ------
        TaskError
            If a task has no column, an unknown class, or fewer than two classes.
        """
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite=self.finite)
        labels = label_table(self.tasks, y)
        refuse_unlike(self.tasks, values, labels)
        task_labels = [self._labels_of(task, labels, sample_weight) for task in self.tasks]
        self.notes_: list[str] = []
        primary = list(self.tasks).index(primary_of(self.tasks))
        # Folds are balanced by the first task, which is to be the primary one.
        order = sorted(range(len(task_labels)), key=lambda place: place != primary)
        weights = None if self.weights is None else [self.weights[place] for place in order]
        interrupted = self.train(
            values,
            [task_labels[place][0] for place in order],
            speaker,
            provenance,
            (self.weighting, 0, weights),
        )
        for record in self.history_:
            for name in ("task_losses", "task_weights"):
                record[name] = [
                    record[name][order.index(place)] for place in range(len(task_labels))
                ]
        self.estimators_ = {
            self.tasks[place].name: ExportedHead(self.network_, head, task_labels[place][1])
            for head, place in enumerate(order)
        }
        if interrupted:
            raise KeyboardInterrupt
        return self

    def _labels_of(
        self, task: Task, y: pd.DataFrame, sample_weight: SampleWeight
    ) -> tuple[TaskLabels, NDArray[np.intp] | None]:
        rows, target, weight = hard_rows(task, y, sample_weight)
        counted = np.ones(len(rows)) if weight is None else weight
        classes = None
        if task.categorical:
            classes, encoded = np.unique(target.astype(np.intp), return_inverse=True)
            labelled = of_classes(encoded, counted, task.kind == "ordinal", self.balanced)
        else:
            labelled = of_values(target.astype(np.float64), counted)
        labelled.target, labelled.weight = (
            _spread(values, rows, len(y)) for values in (labelled.target, labelled.weight)
        )
        return labelled, classes

    def attention(self, X: ArrayLike) -> dict[str, NDArray[np.float32]]:
        """Return, for each task, its attention over time, shape (n, T'); rows sum to 1.

        Only the network ``attention`` has one. T' is about a quarter of the number
        of frames.
        """
        values = self._checked(X)
        weights = self.network_.attention(values)
        return {name: weights[:, model.position] for name, model in self.estimators_.items()}

    def fit_batches(
        self, X: Rows, y: pd.DataFrame, sample_weight: SampleWeight = None
    ) -> MultiTaskEstimator:
        """Refuse: a network needs all features at once."""
        raise TaskError("a network needs all features in memory; use fit, or XGBoost's batches")


def _spread(values: Floats, rows: NDArray[np.intp], length: int) -> Floats:
    """Return values at their rows, and 0 elsewhere."""
    spread = np.zeros(length)
    spread[rows] = values
    return spread


def _weights(sample_weight: ArrayLike | None, rows: int) -> Floats:
    weights: Floats = _check_sample_weight(sample_weight, np.zeros((rows, 1)), dtype=np.float64)
    return weights


def network_classifier(network: str, random_state: int) -> StreamClassifier:
    """Return an unfitted network for classes.

    Raises
    ------
    ResourceError
        If a library is absent that fitting needs.
    """
    refuse_without_torch()
    return StreamClassifier(network, random_state=random_state)


def network_regressor(network: str, random_state: int) -> StreamRegressor:
    """Return an unfitted network for numbers.

    Raises
    ------
    ResourceError
        If a library is absent that fitting needs.
    """
    refuse_without_torch()
    return StreamRegressor(network, random_state=random_state)
