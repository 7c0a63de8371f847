"""Networks as scikit-learn estimators: a classifier, a regressor, and several tasks at once.

``fit`` needs torch, skorch and onnx (``pip install "featser[streams]"``); a fitted one holds
nothing of them, and predicts on onnxruntime.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.errors import ResourceError, TaskError
from featser.evaluation.inner import shared_folds
from featser.evaluation.rows import Rows
from featser.models.balance import balanced_weights
from featser.models.exported import ExportedHead, ExportedNetwork, Head
from featser.models.multitask import MultiTaskEstimator, SampleWeight, lesson_of, primary_of
from featser.models.routing import REQUESTED
from featser.models.tuning import quarters
from featser.progress import Progress
from featser.tasks import Task

Floats = NDArray[np.float64]


class _Stream(BaseEstimator):
    """What all streams share: a network's parameters and its training."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(
        self,
        network: str = "cnn",
        width: int | None = None,
        epochs: int = 20,
        patience: int = 6,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
        masking: float = 0.2,
        mixup: float = 0.2,
        balanced: bool = True,
        n_folds: int = 5,
        n_threads: int = 1,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self.network = network
        self.width = width
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.masking = masking
        self.mixup = mixup
        self.balanced = balanced
        self.n_folds = n_folds
        self.n_threads = n_threads
        self.seed = seed
        self.progress = progress

    def _train(
        self,
        X: NDArray[Any],
        lessons: Sequence[_Known],
        speaker: ArrayLike | None,
        lineage: NDArray[np.intp] | None,
        weighting: tuple[str, int, Sequence[float] | None] = ("equal", 0, None),
    ) -> None:
        """Train on the rows that a task knows something of, and keep what predicts.

        An interrupt is passed on once the best weights so far are kept: the estimator is then
        fitted, if an epoch was finished at all.
        """
        refuse_without_torch()
        from featser.models.streams.learning import learn

        there = np.flatnonzero(np.any([known.weight > 0 for known in lessons], axis=0))
        codes = [known.strata(there) for known in lessons]
        who = None if speaker is None else np.asarray(speaker)[there]
        descent = None if lineage is None else lineage[there]
        folds = shared_folds(codes, who, self.n_folds, self.seed, descent)[0]
        graph, scale, self.history_, interrupted = learn(
            self,
            X[there],
            [known.head for known in lessons],
            [(known.target[there], known.weight[there]) for known in lessons],
            folds,
            weighting,
        )
        heads = [known.head for known in lessons]
        self.network_ = ExportedNetwork(graph, scale, heads, self.n_threads)
        if interrupted:
            raise KeyboardInterrupt

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: not who is told of progress."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"progress": None}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.width is not None
        return tags

    @property
    def _finite(self) -> bool | str:
        return True if self.width is None else "allow-nan"


class _Known:
    """What one task's labels say: a head, targets and weights of all rows."""

    def __init__(self, head: Head, target: Floats, weight: Floats) -> None:
        self.head = head
        self.target = target
        self.weight = weight

    def strata(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return classes, or quarters of values, of some rows; −1 where there is no label."""
        known = self.weight[rows] > 0
        codes = np.full(len(rows), -1, dtype=np.intp)
        told = self.target[rows][known]
        codes[known] = quarters(told) if self.head.kind == "regression" else told.astype(np.intp)
        return codes


def of_classes(encoded: NDArray[np.intp], weight: Floats, ordinal: bool, even: bool) -> _Known:
    """Return what labels from 0 to k − 1 say, every class counting the same if ``even``."""
    n_classes = int(encoded.max()) + 1
    told = balanced_weights(encoded, weight) if even else weight
    kind = "ordinal" if ordinal and n_classes > 2 else "classification"
    return _Known(Head(kind, n_classes), encoded.astype(np.float64), told / told[told > 0].mean())


def of_values(target: Floats, weight: Floats) -> _Known:
    """Return what values say."""
    centre = float(np.average(target, weights=weight))
    spread = float(np.sqrt(np.average((target - centre) ** 2, weights=weight)))
    head = Head("regression", centre=centre, spread=spread if spread > 0 else 1.0)
    return _Known(head, target, weight / weight[weight > 0].mean())


def refuse_without_torch() -> None:
    """Refuse training where one of its libraries is absent.

    Raises
    ------
    ResourceError
        With the command that installs them.
    """
    for name in ("torch", "skorch", "onnx", "onnxruntime"):
        if find_spec(name) is None:
            raise ResourceError(
                f"network streams need the package {name}, which is not installed: "
                f'pip install "featser[streams]"'
            )


class StreamClassifier(ClassifierMixin, _Stream):
    """A network that tells classes apart.

    Parameters
    ----------
    network : str
        One of :data:`featser.models.streams.networks.NETWORKS`: ``cnn``, ``cnn-lstm``,
        ``cnn-bilstm``, ``attention``, ``multiscale``.
    width : int, optional
        Descriptors of a frame, where X holds packed frames (:mod:`featser.models.frames`). Without
        it a row is a feature vector, which is read as a sequence.
    epochs, patience : int
        At most so many epochs; fewer if so many bring nothing on left-out speakers. The weights
        of the best one are kept.
    batch_size : int
    learning_rate, weight_decay : float
        Of AdamW; the rate rises to this and falls again in one cycle of ``epochs``.
    dropout : float
        Before the heads; half as much between convolutions.
    masking : float
        The greatest share of bands, and of time, that is masked in training.
    mixup : float
        α of the Beta distribution of mixtures of two utterances in training; 0 for none.
    balanced : bool
        Whether every class counts the same, however many utterances it has.
    n_folds : int
        One of so many divisions by speaker is left out, to know when to stop.
    n_threads, seed : int
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
    A KeyboardInterrupt during training is passed on once the best weights so far are kept.
    """

    def __init__(
        self,
        network: str = "cnn",
        width: int | None = None,
        epochs: int = 20,
        patience: int = 6,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
        masking: float = 0.2,
        mixup: float = 0.2,
        balanced: bool = True,
        n_folds: int = 5,
        n_threads: int = 1,
        seed: int = 0,
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
            seed,
            progress,
        )
        self.ordinal = ordinal

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
    ) -> StreamClassifier:
        """Fit to X, shape (n, d), and classes y, shape (n,), of speakers, shape (n,)."""
        checked = validate_data(self, X, y, ensure_all_finite=self._finite)
        values, target = checked
        check_classification_targets(target)
        self.classes_, encoded = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, y has one class: {self.classes_}")
        weight = _weights(sample_weight, len(encoded))
        known = of_classes(encoded, weight, self.ordinal, self.balanced)
        self._train(values, [known], speaker, lineage)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite=self._finite)
        return self.network_.heads[0].probabilities(self.network_.outputs(values))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes


class StreamRegressor(RegressorMixin, _Stream):
    """A network that tells values, trained for concordance (CCC).

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
        lineage: NDArray[np.intp] | None = None,
    ) -> StreamRegressor:
        """Fit to X, shape (n, d), and values y, shape (n,), of speakers, shape (n,)."""
        checked = validate_data(
            self, X, y, ensure_all_finite=self._finite, y_numeric=True, ensure_min_samples=2
        )
        values, target = checked[0], np.asarray(checked[1], dtype=np.float64)
        known = of_values(target, _weights(sample_weight, len(target)))
        self._train(values, [known], speaker, lineage)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return the predicted values, shape (n,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite=self._finite)
        return self.network_.heads[0].values(self.network_.outputs(values))


class StreamEstimator(_Stream, MultiTaskEstimator):
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
        As :class:`StreamClassifier` has them; ``history_`` also has the tasks' losses, as shares
        of a constant predictor's, and weights.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        network: str = "attention",
        width: int | None = None,
        weighting: str = "equal",
        weights: Sequence[float] | None = None,
        epochs: int = 20,
        patience: int = 6,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
        masking: float = 0.2,
        mixup: float = 0.2,
        balanced: bool = True,
        n_folds: int = 5,
        n_threads: int = 1,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        _Stream.__init__(
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
            seed,
            progress,
        )
        self.tasks = tasks
        self.weighting = weighting
        self.weights = weights

    def fit(
        self,
        X: ArrayLike,
        y: pd.DataFrame,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> StreamEstimator:
        """Fit one network to all tasks, and all languages alike.

        Parameters
        ----------
        X, y, sample_weight, speaker, lineage
            As :meth:`MultiTaskEstimator.fit` has them.

        Raises
        ------
        TaskError
            If a task has no column, an unknown class, or fewer than two classes to learn from.
        """
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite=self._finite)
        self.refuse_mismatch(values, y)
        told = [self._told(task, y, sample_weight) for task in self.tasks]
        self.notes_: list[str] = []
        primary = list(self.tasks).index(primary_of(self.tasks))
        # Folds are balanced by the first task, which is to be the primary one.
        order = sorted(range(len(told)), key=lambda place: place != primary)
        weights = None if self.weights is None else [self.weights[place] for place in order]
        try:
            self._train(
                values,
                [told[place][0] for place in order],
                speaker,
                lineage,
                (self.weighting, 0, weights),
            )
        finally:
            if hasattr(self, "network_"):
                self.estimators_ = {
                    self.tasks[place].name: ExportedHead(self.network_, head, told[place][1])
                    for head, place in enumerate(order)
                }
        return self

    def _told(
        self, task: Task, y: pd.DataFrame, sample_weight: SampleWeight
    ) -> tuple[_Known, NDArray[np.intp] | None]:
        rows, target, weight = lesson_of(task, y, sample_weight)
        counted = np.ones(len(rows)) if weight is None else weight
        classes = None
        if task.categorical:
            classes, encoded = np.unique(target.astype(np.intp), return_inverse=True)
            known = of_classes(encoded, counted, task.kind == "ordinal", self.balanced)
        else:
            known = of_values(target.astype(np.float64), counted)
        known.target, known.weight = (
            _spread(values, rows, len(y)) for values in (known.target, known.weight)
        )
        return known, classes

    def attention(self, X: ArrayLike) -> dict[str, NDArray[np.float32]]:
        """Return, for each task, its attention over time, shape (n, T'); rows sum to 1.

        Only the network ``attention`` has one. T' is about a quarter of the number
        of frames.
        """
        values = self._checked(X)
        found = self.network_.attention(values)
        return {name: found[:, model.position] for name, model in self.estimators_.items()}

    def fit_batches(
        self, X: Rows, y: pd.DataFrame, sample_weight: SampleWeight = None
    ) -> MultiTaskEstimator:
        """Refuse: a network needs all features at once."""
        raise TaskError("a network needs all features in memory; use fit, or XGBoost's batches")

    def refuse_mismatch(self, X: NDArray[Any] | Rows, y: pd.DataFrame) -> None:
        """Refuse tasks without labels, and features and labels of unlike length."""
        for task in self.tasks:
            if task.name not in y:
                raise TaskError(f"no labels for task '{task.name}'; there are: {list(y.columns)}")
        if len(X) != len(y):
            raise TaskError(f"{len(X)} rows of features, {len(y)} rows of labels")


def _spread(values: Floats, rows: NDArray[np.intp], length: int) -> Floats:
    """Return values at their rows, and 0 elsewhere."""
    spread = np.zeros(length)
    spread[rows] = values
    return spread


def _weights(sample_weight: ArrayLike | None, rows: int) -> Floats:
    told: Floats = _check_sample_weight(sample_weight, np.zeros((rows, 1)), dtype=np.float64)
    return told
