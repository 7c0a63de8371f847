"""Training a network: skorch's loop, with weighted tasks, early stopping and a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.dataset import Dataset, unpack_data
from skorch.helper import predefined_split
from torch import Tensor

from featser.models.exported import Head
from featser.models.streams.augment import Augment
from featser.models.streams.losses import task_losses
from featser.models.streams.networks import Network
from featser.models.streams.weighting import TaskWeighter
from featser.progress import Progress, silent

Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class Lesson:
    """What a network learns from.

    Parameters
    ----------
    x, present : ndarray of float32, shape (n, T, D) and (n, T)
        As :meth:`featser.models.exported.Scale.inputs` gives them.
    told : ndarray of float32, shape (n, k)
        Evidence of all tasks, one after the other (:mod:`featser.models.streams.losses`).
    heads : sequence of Head
    constants : sequence of float
        What each task's loss is divided by.
    """

    x: Float32s
    present: Float32s
    told: Float32s
    heads: Sequence[Head]
    constants: Sequence[float]

    def part(self, rows: NDArray[np.intp]) -> Dataset:
        """Return some rows as skorch takes them."""
        return Dataset({"x": self.x[rows], "present": self.present[rows]}, self.told[rows])


@dataclass(frozen=True)
class Course:
    """How a network is trained.

    Parameters
    ----------
    epochs, patience, batch_size : int
        At most so many epochs; fewer if so many bring nothing on the speakers left out.
    learning_rate, weight_decay : float
        Of AdamW. A rate that rises to three times this and falls again in one cycle was no
        better in the one fold of BanglaSER it was tried on.
    augment : Augment
    seed, threads : int
    progress : callable
        Called after each epoch.
    """

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    augment: Augment = field(default_factory=Augment)
    seed: int = 0
    threads: int = 1
    progress: Progress = silent


class _Enough(KeyboardInterrupt):
    """Training is over early; skorch ends its loop by what an interrupt raises."""


class _BestEpoch(Callback):  # type: ignore[misc,unused-ignore]
    """Keep the weights of the epoch that was best on left-out speakers, and stop some after it."""

    def __init__(self, patience: int, epochs: int, progress: Progress) -> None:
        self.patience, self.epochs, self.progress = patience, epochs, progress

    def on_train_begin(self, net: Any, **_: Any) -> None:
        self.best_, self.epoch_ = np.inf, 0
        self.weights_: dict[str, Any] | None = None

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        record = net.history[-1]
        if record["valid_loss"] < self.best_:
            self.best_, self.epoch_ = record["valid_loss"], record["epoch"]
            self.weights_ = deepcopy(net.module_.state_dict())
        self.progress(record["epoch"], self.epochs)
        if record["epoch"] - self.epoch_ >= self.patience:
            raise _Enough

    def on_train_end(self, net: Any, **_: Any) -> None:
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)


class TaskNet(NeuralNet):
    """skorch's network over several tasks: the weighter is its criterion.

    Parameters
    ----------
    lesson : Lesson
    augment : Augment
    **known : object
        skorch's own.
    """

    def __init__(self, *given: Any, lesson: Lesson, augment: Augment, **known: Any) -> None:
        self.lesson = lesson
        self.augment = augment
        super().__init__(*given, **known)

    def train_step_single(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Alter a batch, and leave the gradient of its weighted losses."""
        self._set_training(True)
        inputs, told = unpack_data(batch)
        x, present, told = self.augment(inputs["x"], inputs["present"], told)
        outputs, shared, *_rest = self.infer({"x": x, "present": present})
        losses, there = self._losses(outputs, told)
        if len(there) == 0:
            return {"loss": outputs.sum() * 0, "y_pred": outputs}
        weighter: TaskWeighter = self.criterion_
        loss = weighter.backward(losses, there, shared, self.module_.parameters())
        self._note(losses.detach(), there, weighter.weights)
        return {"loss": loss, "y_pred": outputs}

    def validation_step(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Return the mean of the tasks' losses, all weighted alike."""
        self._set_training(False)
        inputs, told = unpack_data(batch)
        with torch.no_grad():
            outputs = self.infer(inputs)[0]
            losses, _there = self._losses(outputs, told)
        loss = losses.mean() if len(losses) else outputs.new_ones(())
        return {"loss": loss, "y_pred": outputs}

    def on_epoch_begin(self, net: Any, **_: Any) -> None:
        """Begin a new record of the tasks' losses and weights."""
        super().on_epoch_begin(net, **_)
        count = len(self.lesson.heads)
        self.sums_, self.counts_ = torch.zeros(count), torch.zeros(count)
        self.weights_, self.batches_ = torch.zeros(count), 0

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Record the tasks' mean losses and weights, and tell the weighter."""
        losses = self.sums_ / self.counts_.clamp_min(1)
        self.history.record("task_losses", losses.tolist())
        self.history.record("task_weights", (self.weights_ / max(self.batches_, 1)).tolist())
        self.criterion_.end_epoch(losses)
        super().on_epoch_end(net, **_)

    def fit_loop(self, *given: Any, **known: Any) -> Any:
        """Train; remember whether it was the user who ended it."""
        self.interrupted_ = False
        try:
            return super().fit_loop(*given, **known)
        except KeyboardInterrupt as reason:
            self.interrupted_ = not isinstance(reason, _Enough)
            raise

    def _losses(self, outputs: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        return task_losses(outputs, told, self.lesson.heads, self.lesson.constants)

    def _note(self, losses: Tensor, there: Tensor, weights: Tensor) -> None:
        self.sums_[there] += losses
        self.counts_[there] += 1
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
    lesson: Lesson,
    folds: tuple[NDArray[np.intp], NDArray[np.intp]],
    course: Course,
) -> tuple[list[dict[str, Any]], bool]:
    """Train a network in place; it keeps the weights of its best epoch.

    Parameters
    ----------
    network : Network
    weighter : TaskWeighter
    lesson : Lesson
    folds : tuple of ndarray of int
        Rows to learn from, and rows of other speakers that say when to stop.
    course : Course

    Returns
    -------
    history : list of dict
        For each epoch its number, ``train_loss``, ``valid_loss``, ``task_losses`` and
        ``task_weights``.
    interrupted : bool
        Whether the user ended it.
    """
    learnt, left_out = folds
    best = _BestEpoch(course.patience, course.epochs, course.progress)
    net = TaskNet(
        network,
        criterion=weighter,
        lesson=lesson,
        augment=course.augment,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=course.weight_decay,
        lr=course.learning_rate,
        max_epochs=course.epochs,
        batch_size=course.batch_size,
        iterator_train__shuffle=True,
        iterator_valid__batch_size=256,
        train_split=predefined_split(lesson.part(left_out)),
        callbacks=[("best", best)],
        callbacks__print_log=None,
        verbose=0,
    )
    net.fit(lesson.part(learnt), y=None)
    finished = [record for record in net.history if "task_weights" in record]
    return [_plain(record) for record in finished], bool(net.interrupted_)


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "epoch": int(record["epoch"]),
        "train_loss": float(record["train_loss"]),
        "valid_loss": float(record["valid_loss"]),
        "task_losses": record["task_losses"],
        "task_weights": record["task_weights"],
    }
