"""Training a network: skorch's loop, with weighted tasks, early stopping and a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from math import cos, pi
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from skorch.callbacks import Callback, LRScheduler
from skorch.dataset import Dataset, unpack_data
from skorch.helper import predefined_split
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from featser.models.exported.exported_network import Head
from featser.models.streams.batch_augmentation import Augment
from featser.models.streams.losses import task_losses
from featser.models.streams.networks import Network
from featser.models.streams.weighting import TaskWeighter
from featser.progress import Progress, silent

Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class TrainingData:
    """The training data of a network.

    Parameters
    ----------
    x, present : ndarray of float32, shape (n, T, D) and (n, T)
        As :meth:`featser.models.exported.exported_network.Scale.inputs` gives them.
    targets : ndarray of float32, shape (n, k)
        Evidence of all tasks, one after the other (:mod:`featser.models.streams.losses`).
    heads : sequence of Head
    constants : sequence of float
        What each task's loss is divided by.
    """

    x: Float32s
    present: Float32s
    targets: Float32s
    heads: Sequence[Head]
    constants: Sequence[float]

    def part(self, rows: NDArray[np.intp]) -> Dataset:
        """Return some rows as skorch takes them."""
        return Dataset({"x": self.x[rows], "present": self.present[rows]}, self.targets[rows])


@dataclass(frozen=True)
class Course:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch_size : int
    patience : int or None
        So many epochs without gain on the speakers left out end it. None: no speaker is left out,
        and the rate rises in the first tenth of all steps and then falls to nothing as a cosine.
    learning_rate, weight_decay : float
        Of AdamW; without ``patience`` the highest rate.
    augment : Augment
    seed, threads : int
    progress : callable
        Called after each epoch.

    Notes
    -----
    To leave no speaker out is the default since it was better on BanglaSER: there speakers are
    few, and a fifth of them missing costs more than to stop at the best epoch gains.
    """

    epochs: int
    patience: int | None
    batch_size: int
    learning_rate: float
    weight_decay: float
    augment: Augment = field(default_factory=Augment)
    seed: int = 0
    threads: int = 1
    progress: Progress = silent


class _Enough(KeyboardInterrupt):
    """Training is over early; skorch ends its loop by what an interrupt raises."""


class _ProgressCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Report each epoch."""

    def __init__(self, epochs: int, progress: Progress) -> None:
        self.epochs, self.progress = epochs, progress

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        self.progress(net.history[-1]["epoch"], self.epochs)


class _BestEpoch(_ProgressCallback):
    """Keep the weights of the epoch that was best on left-out speakers, and stop some after it."""

    def __init__(self, patience: int, epochs: int, progress: Progress) -> None:
        super().__init__(epochs, progress)
        self.patience = patience

    def on_train_begin(self, net: Any, **_: Any) -> None:
        self.best_, self.epoch_ = np.inf, 0
        self.weights_: dict[str, Any] | None = None

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        record = net.history[-1]
        if record["valid_loss"] < self.best_:
            self.best_, self.epoch_ = record["valid_loss"], record["epoch"]
            self.weights_ = deepcopy(net.module_.state_dict())
        super().on_epoch_end(net)
        if record["epoch"] - self.epoch_ >= self.patience:
            raise _Enough

    def on_train_end(self, net: Any, **_: Any) -> None:
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)


class TaskNet(NeuralNet):
    """skorch's network over several tasks: the weighter is its criterion.

    Parameters
    ----------
    training_data : TrainingData
    augment : Augment
    **options : object
        skorch's own.
    """

    def __init__(
        self, *given: Any, training_data: TrainingData, augment: Augment, **options: Any
    ) -> None:
        self.training_data = training_data
        self.augment = augment
        super().__init__(*given, **options)

    def train_step_single(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Alter a batch, and leave the gradient of its weighted losses."""
        self._set_training(True)
        inputs, targets = unpack_data(batch)
        x, present, targets = self.augment(inputs["x"], inputs["present"], targets)
        outputs, shared, *_rest = self.infer({"x": x, "present": present})
        losses, positions = self._losses(outputs, targets)
        if len(positions) == 0:
            return {"loss": outputs.sum() * 0, "y_pred": outputs}
        weighter: TaskWeighter = self.criterion_
        loss = weighter.backward(losses, positions, shared, self.module_.parameters())
        self._note(losses.detach(), positions, weighter.weights)
        return {"loss": loss, "y_pred": outputs}

    def validation_step(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Return the mean of the tasks' losses, all weighted alike."""
        self._set_training(False)
        inputs, targets = unpack_data(batch)
        with torch.no_grad():
            outputs = self.infer(inputs)[0]
            losses, _positions = self._losses(outputs, targets)
        loss = losses.mean() if len(losses) else outputs.new_ones(())
        return {"loss": loss, "y_pred": outputs}

    def on_epoch_begin(self, net: Any, **_: Any) -> None:
        """Begin a new record of the tasks' losses and weights."""
        super().on_epoch_begin(net, **_)
        count = len(self.training_data.heads)
        self.sums_, self.counts_ = torch.zeros(count), torch.zeros(count)
        self.weights_, self.batches_ = torch.zeros(count), 0

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Record the tasks' mean losses and weights, and pass them to the weighter."""
        losses = self.sums_ / self.counts_.clamp_min(1)
        self.history.record("task_losses", losses.tolist())
        self.history.record("task_weights", (self.weights_ / max(self.batches_, 1)).tolist())
        self.criterion_.end_epoch(losses)
        super().on_epoch_end(net, **_)

    def fit_loop(self, *given: Any, **options: Any) -> Any:
        """Train; remember whether it was the user who ended it."""
        self.interrupted_ = False
        try:
            return super().fit_loop(*given, **options)
        except KeyboardInterrupt as reason:
            self.interrupted_ = not isinstance(reason, _Enough)
            raise

    def _losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return task_losses(outputs, targets, self.training_data.heads, self.training_data.constants)

    def _note(self, losses: Tensor, positions: Tensor, weights: Tensor) -> None:
        self.sums_[positions] += losses
        self.counts_[positions] += 1
        self.weights_ += weights
        self.batches_ += 1


@contextmanager
def seeded(seed: int, threads: int) -> Iterator[None]:
    """Fix torch's random numbers and threads, and leave both as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)


def train(
    network: Network,
    weighter: TaskWeighter,
    training_data: TrainingData,
    folds: tuple[NDArray[np.intp], NDArray[np.intp]] | None,
    course: Course,
) -> tuple[list[dict[str, Any]], bool]:
    """Train a network in place.

    Parameters
    ----------
    network : Network
    weighter : TaskWeighter
    training_data : TrainingData
    folds : tuple of ndarray of int, optional
        Training rows, and rows of other speakers for early stopping; the weights of the best epoch
        are used. Without it all rows are training rows.
    course : Course

    Returns
    -------
    history : list of dict
        For each epoch its number, ``train_loss``, ``task_losses`` and ``task_weights``, and where
        rows are left out ``valid_loss``.
    interrupted : bool
        Whether the user ended it.
    """
    rows, schedule = _schedule(training_data, folds, course)
    net = TaskNet(
        network,
        criterion=weighter,
        training_data=training_data,
        augment=course.augment,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=course.weight_decay,
        lr=course.learning_rate,
        max_epochs=course.epochs,
        batch_size=course.batch_size,
        iterator_train__shuffle=True,
        iterator_valid__batch_size=256,
        callbacks__print_log=None,
        verbose=0,
        **schedule,
    )
    net.fit(training_data.part(rows), y=None)
    finished = [record for record in net.history if "task_weights" in record]
    return [_plain(record) for record in finished], bool(net.interrupted_)


def _schedule(
    training_data: TrainingData,
    folds: tuple[NDArray[np.intp], NDArray[np.intp]] | None,
    course: Course,
) -> tuple[NDArray[np.intp], dict[str, Any]]:
    """Return the training rows, and skorch's options for the rate and early stopping."""
    if folds is not None and course.patience is not None:
        training_rows, left_out = folds
        best = _BestEpoch(course.patience, course.epochs, course.progress)
        split = predefined_split(training_data.part(left_out))
        return training_rows, {"train_split": split, "callbacks": [("best", best)]}
    steps = course.epochs * -(-len(training_data.x) // course.batch_size)
    rate = LRScheduler(LambdaLR, step_every="batch", lr_lambda=partial(_share_of_rate, steps=steps))
    progress = _ProgressCallback(course.epochs, course.progress)
    callbacks = [("rate", rate), ("progress", progress)]
    return np.arange(len(training_data.x)), {"train_split": None, "callbacks": callbacks}


def _share_of_rate(step: int, steps: int) -> float:
    """Return the share of the highest rate that a step has: up in a tenth of all, then a cosine."""
    rising = min(1.0, (step + 1) / (0.1 * steps))
    return rising * 0.5 * (1 + cos(pi * step / steps))


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Return an epoch's record without skorch's own and torch's types."""
    losses = [name for name in ("train_loss", "valid_loss") if name in record]
    return {
        "epoch": int(record["epoch"]),
        **{name: float(record[name]) for name in losses},
        "task_losses": record["task_losses"],
        "task_weights": record["task_weights"],
    }
