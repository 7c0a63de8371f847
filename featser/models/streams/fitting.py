"""From features and labels to a fitted network: everything between the estimators and torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.models.exported.exported_network import Head, Scale
from featser.models.streams.batch_augmentation import Augment
from featser.models.streams.export import exported
from featser.models.streams.losses import constant_loss, evidence
from featser.models.streams.networks import Shape, make_network
from featser.models.streams.training import Course, TrainingData, seeded, train
from featser.models.streams.weighting import make_weighter
from featser.progress import silent

Floats = NDArray[np.float64]


def learn(
    settings: Any,
    X: NDArray[Any],
    heads: Sequence[Head],
    labels: Sequence[tuple[Floats, Floats]],
    folds: tuple[NDArray[np.intp], NDArray[np.intp]] | None,
    weighting: tuple[str, int, Sequence[float] | None],
) -> tuple[NDArray[np.uint8], Scale, list[dict[str, Any]], bool]:
    """Train a network.

    Parameters
    ----------
    settings : estimator
        With the parameters of a stream.
    X : ndarray, shape (n, d)
        Feature vectors or packed frames.
    heads : sequence of Head
    labels : sequence of (target, weight), each ndarray of float, shape (n,)
        For each head.
    folds : tuple of ndarray of int, optional
        Training rows and rows for early stopping; without it all are training rows.
    weighting : tuple
        The name, the primary task's position, and given weights.

    Returns
    -------
    graph : ndarray of uint8
        The fitted network.
    scale : Scale
    history : list of dict
    interrupted : bool

    Raises
    ------
    KeyboardInterrupt
        If the user ends it before the first epoch is over.
    """
    scale = Scale.estimate(X, settings.width)
    x, present = scale.inputs(X)
    targets = [evidence(head, *label) for head, label in zip(heads, labels, strict=True)]
    constants = [constant_loss(head, label) for head, label in zip(heads, targets, strict=True)]
    data = TrainingData(x, present, np.hstack(targets), heads, constants)
    length = x.shape[1] if settings.width is None else None
    shape = Shape(x.shape[2], length, heads, settings.dropout)
    name, primary, given = weighting
    with seeded(settings.random_state, settings.n_threads):
        network = make_network(settings.network, shape)
        weighter = make_weighter(name, len(heads), network.n_shared, primary, given)
        history, interrupted = train(network, weighter, data, folds, _course(settings))
        if interrupted and not history:
            raise KeyboardInterrupt
        return exported(network, shape), scale, history, interrupted


def _course(settings: Any) -> Course:
    return Course(
        epochs=settings.epochs,
        patience=settings.patience,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        augment=Augment(settings.masking, settings.masking, settings.mixup),
        seed=settings.random_state,
        threads=settings.n_threads,
        progress=settings.progress or silent,
    )
