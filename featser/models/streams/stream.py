"""What network estimators share: parameters, labels as evidence, and training in one call."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from featser.errors import ResourceError
from featser.evaluation.inner import shared_folds
from featser.models.balance import balanced_weights
from featser.models.exported import ExportedNetwork, Head
from featser.models.routing import REQUESTED
from featser.models.tuning import quarters
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

    def train(
        self,
        X: NDArray[Any],
        lessons: Sequence[Known],
        speaker: ArrayLike | None,
        lineage: NDArray[np.intp] | None,
        weighting: tuple[str, int, Sequence[float] | None] = ("equal", 0, None),
    ) -> bool:
        """Train on the rows that a task knows something of, and keep what predicts.

        Parameters
        ----------
        X : ndarray, shape (n, d)
        lessons : sequence of Known
            One for each head; folds are balanced by the first.
        speaker, lineage
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
        from featser.models.streams.learning import learn

        there = np.flatnonzero(np.any([known.weight > 0 for known in lessons], axis=0))
        folds = None
        if self.patience is not None:
            who = None if speaker is None else np.asarray(speaker)[there]
            descent = None if lineage is None else lineage[there]
            codes = [known.strata(there, descent) for known in lessons]
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
        return interrupted

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: not who is told of progress."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"progress": None}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.width is not None
        return tags

    @property
    def finite(self) -> bool | str:
        """What scikit-learn is told of undefined values: they are where there is no frame."""
        return True if self.width is None else "allow-nan"


class Known:
    """What one task's labels say: a head, targets and weights of all rows."""

    def __init__(self, head: Head, target: Floats, weight: Floats) -> None:
        self.head = head
        self.target = target
        self.weight = weight

    def strata(self, rows: NDArray[np.intp], lineage: NDArray[np.intp] | None) -> NDArray[np.intp]:
        """Return classes, or quarters of values, of some rows, of which lineage tells the copies.

        −1 where there is no label.
        """
        known = self.weight[rows] > 0
        codes = np.full(len(rows), -1, dtype=np.intp)
        told = self.target[rows][known]
        if self.head.kind != "regression":
            codes[known] = told.astype(np.intp)
        else:
            codes[known] = quarters(told, None if lineage is None else lineage[known])
        return codes


def of_classes(encoded: NDArray[np.intp], weight: Floats, ordinal: bool, even: bool) -> Known:
    """Return what labels from 0 to k − 1 say, every class counting the same if ``even``."""
    n_classes = int(encoded.max()) + 1
    told = balanced_weights(encoded, weight) if even else weight
    kind = "ordinal" if ordinal and n_classes > 2 else "classification"
    return Known(Head(kind, n_classes), encoded.astype(np.float64), told / told[told > 0].mean())


def of_values(target: Floats, weight: Floats) -> Known:
    """Return what values say."""
    centre = float(np.average(target, weights=weight))
    spread = float(np.sqrt(np.average((target - centre) ** 2, weights=weight)))
    head = Head("regression", centre=centre, spread=spread if spread > 0 else 1.0)
    return Known(head, target, weight / weight[weight > 0].mean())


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
