"""Labels as weighted evidence that batches can mix, and each task's loss on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from featser.models.exported.exported_network import Head

Floats = NDArray[np.float64]


def columns_of(head: Head) -> int:
    """Return how many columns of evidence a task has."""
    return {"classification": head.n_classes, "ordinal": 2 * head.size}.get(head.kind, 2)


def evidence(head: Head, target: Floats, weight: Floats) -> NDArray[np.float32]:
    """Return a task's labels times their weights.

    Parameters
    ----------
    head : Head
    target : ndarray of float, shape (n,)
        Positions among the head's classes, or values; anything where the weight is 0.
    weight : ndarray of float, shape (n,)
        0 where the label is missing.

    Returns
    -------
    ndarray of float32, shape (n, k)
        Classes: ``w`` in the class's column. Ordered classes: for each step ``w`` if above, then
        for each step ``w`` if not. Values: ``w·y``, standardised, and ``w``. A mixture of two
        rows is a mixture of two labels, and a missing one adds nothing.
    """
    targets = np.where(weight > 0, target, 0.0)
    if head.kind == "regression":
        standard = (targets - head.centre) / head.spread
        return np.stack([weight * standard, weight], axis=1).astype(np.float32)
    if head.kind == "classification":
        columns = np.eye(head.n_classes)[targets.astype(np.intp)]
    else:
        above = targets[:, None] > np.arange(head.size)
        columns = np.hstack([above, ~above]).astype(np.float64)
    return np.asarray(columns * weight[:, None], dtype=np.float32)


def constant_loss(head: Head, targets: NDArray[np.float32]) -> float:
    """Return the loss of the best constant prediction.

    For classes the entropy of their weighted shares, for ordered ones of each step's two sides,
    for values 1, as a constant's CCC is 0.
    """
    sums = targets.astype(np.float64).sum(axis=0)
    if head.kind == "regression":
        return 1.0
    sides = sums[None] if head.kind == "classification" else sums.reshape(2, -1).T
    share = sides / sides.sum(axis=1, keepdims=True)
    return float(-(share * np.log(np.where(share > 0, share, 1.0))).sum())


def task_losses(
    outputs: Tensor, targets: Tensor, heads: Sequence[Head], constants: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Return the losses of the tasks with labels in a batch, and which tasks these are.

    Parameters
    ----------
    outputs : Tensor, shape (n, all sizes)
        The network's.
    targets : Tensor, shape (n, all columns)
        Evidence.
    heads : sequence of Head
    constants : sequence of float
        What each loss is divided by.

    Returns
    -------
    losses : Tensor, shape (m,)
    positions : Tensor of int, shape (m,)
    """
    parts, positions = [], []
    head_outputs = outputs.split([head.size for head in heads], dim=1)
    labels = targets.split([columns_of(head) for head in heads], dim=1)
    for place, (head, output, label) in enumerate(zip(heads, head_outputs, labels, strict=True)):
        if _enough(head, label):
            parts.append(_loss(head, output, label) / constants[place])
            positions.append(place)
    losses = torch.stack(parts) if parts else outputs.new_zeros(0)
    return losses, torch.tensor(positions, dtype=torch.int64)


def _enough(head: Head, label: Tensor) -> bool:
    """Return whether a batch has a label of a task; a regression needs two."""
    if head.kind == "regression":
        return int((label[:, 1] > 0).sum()) > 1
    return bool(label.sum() > 0)


def _loss(head: Head, output: Tensor, label: Tensor) -> Tensor:
    if head.kind == "regression":
        return 1 - weighted_ccc(output[:, 0], label[:, 0], label[:, 1])
    if head.kind == "classification":
        return -(label * functional.log_softmax(output, dim=1)).sum() / label.sum()
    above, under = label.split(head.size, dim=1)
    surprise = above * functional.softplus(-output) + under * functional.softplus(output)
    return (surprise.sum(dim=0) / label.sum(dim=0).view(2, -1).sum(dim=0)).sum()


def weighted_ccc(predicted: Tensor, weighted: Tensor, weight: Tensor) -> Tensor:
    """Return ``2 cov / (σx² + σy² + (μx − μy)²)`` of predictions and values times weights."""
    share = weight / weight.sum()
    value = weighted / weight.clamp_min(1e-8)
    mean_x, mean_y = (share * predicted).sum(), (share * value).sum()
    apart_x, apart_y = predicted - mean_x, value - mean_y
    covariance = (share * apart_x * apart_y).sum()
    spread = (share * (apart_x**2 + apart_y**2)).sum()
    return 2 * covariance / (spread + (mean_x - mean_y) ** 2 + 1e-8)
