"""Base of network estimators: parameters, labels of tasks, and training in one call."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from featser.errors import ResourceError
from featser.evaluation.protocols.inner_folds import shared_folds
from featser.models.exported.exported_network import ExportedNetwork, Head
from featser.models.heads.balance import balanced_weights
from featser.models.routing import REQUESTED
from featser.models.selection.tuning import quarters
from featser.progress import Progress

Floats = NDArray[np.float64]


class Stream(BaseEstimator):
    """Base of all streams: a network's parameters and its training."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

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
        self.random_state = random_state
        self.progress = progress

    def train(
        self,
        X: NDArray[Any],
        tasks: Sequence[TaskLabels],
        speaker: ArrayLike | None,
        provenance: NDArray[np.intp] | None,
        weighting: tuple[str, int, Sequence[float] | None] = ("equal", 0, None),
    ) -> bool:
        """Train on the rows that have a label of a task, and store the exported network.

        Parameters
        ----------
        X : ndarray, shape (n, d)
        tasks : sequence of TaskLabels
            One for each head; folds are balanced by the first.
        speaker, provenance
            As ``fit`` has them.
        weighting : tuple
            A way of weighting tasks, the primary one's position, and given weights.

        Returns
        -------
        bool
            Whether the user interrupted it, which ``fit`` is to pass on. The best weights so far
            are kept, or the last; before the first epoch is over there are none, and
            KeyboardInterrupt comes from here.
        """
        refuse_without_torch()
        from featser.models.streams.fitting import learn

        rows = np.flatnonzero(np.any([task.weight > 0 for task in tasks], axis=0))
        folds = None
        if self.patience is not None:
            who = None if speaker is None else np.asarray(speaker)[rows]
            copies = None if provenance is None else provenance[rows]
            codes = [task.strata(rows, copies) for task in tasks]
            folds = shared_folds(codes, who, self.n_folds, self.random_state, copies)[0]
        graph, scale, self.history_, interrupted = learn(
            self,
            X[rows],
            [task.head for task in tasks],
            [(task.target[rows], task.weight[rows]) for task in tasks],
            folds,
            weighting,
        )
        heads = [task.head for task in tasks]
        self.network_ = ExportedNetwork(graph, scale, heads, self.n_threads)
        return interrupted

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the callback of progress."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"progress": None}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.width is not None
        return tags

    @property
    def finite(self) -> bool | str:
        """Whether X must be finite; packed frames have undefined values after the last frame."""
        return True if self.width is None else "allow-nan"


class TaskLabels:
    """The labels of one task: a head, and targets and weights of all rows."""

    def __init__(self, head: Head, target: Floats, weight: Floats) -> None:
        self.head = head
        self.target = target
        self.weight = weight

    def strata(
        self, rows: NDArray[np.intp], provenance: NDArray[np.intp] | None
    ) -> NDArray[np.intp]:
        """Return classes, or quarters of values, of some rows; −1 without a label.

        ``provenance`` identifies augmented copies.
        """
        labelled = self.weight[rows] > 0
        codes = np.full(len(rows), -1, dtype=np.intp)
        targets = self.target[rows][labelled]
        if self.head.kind != "regression":
            codes[labelled] = targets.astype(np.intp)
        else:
            codes[labelled] = quarters(
                targets, None if provenance is None else provenance[labelled]
            )
        return codes


def of_classes(encoded: NDArray[np.intp], weight: Floats, ordinal: bool, even: bool) -> TaskLabels:
    """Return the labels of classes from 0 to k − 1, with equal class weights if ``even``."""
    n_classes = int(encoded.max()) + 1
    weights = balanced_weights(encoded, weight) if even else weight
    kind = "ordinal" if ordinal and n_classes > 2 else "classification"
    return TaskLabels(
        Head(kind, n_classes), encoded.astype(np.float64), weights / weights[weights > 0].mean()
    )


def of_values(target: Floats, weight: Floats) -> TaskLabels:
    """Return the labels of a regression."""
    centre = float(np.average(target, weights=weight))
    spread = float(np.sqrt(np.average((target - centre) ** 2, weights=weight)))
    head = Head("regression", centre=centre, spread=spread if spread > 0 else 1.0)
    return TaskLabels(head, target, weight / weight[weight > 0].mean())


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
