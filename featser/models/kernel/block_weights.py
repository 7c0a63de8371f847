"""Weights of the blocks of a kernel: the share of sets of blocks, chosen on left-out speakers.

The share with the least squared error on left-out speakers is taken. The error varies less between
shares than UAR does, so that the choice follows noise less: with UAR the gain on left-out speakers
was several times the gain on the test set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.models.kernel.kernel_ridge import Floats, LeftOut, RidgePath, rooted
from featser.models.shared_work import shared

MOST_LANDMARKS = 1000
"""With more landmarks than this, shares are compared on the first of a random order."""


@dataclass(frozen=True)
class Blocks:
    """Widths of blocks of features, and which of them belong to a set.

    Attributes
    ----------
    widths : list of int
        How many features each block has.
    in_set : list of bool
        Whether each block belongs to a set of several.

    Examples
    --------
    >>> blocks = Blocks.of([88, 12, (300, 300)], 700)
    >>> blocks.weights(0.5)
    [0.25, 0.25, 0.25, 0.25]
    """

    widths: list[int]
    in_set: list[bool]

    @classmethod
    def of(cls, blocks: Sequence[int | Sequence[int]] | None, n_features: int) -> Blocks:
        """Read blocks as ``KernelClassifier`` has them; features beyond them are one more.

        Raises
        ------
        ValueError
            If they do not divide the features.
        """
        widths: list[int] = []
        in_set: list[bool] = []
        for block in [n_features] if blocks is None else blocks:
            own = [int(width) for width in np.atleast_1d(block)]
            widths += own
            in_set += [len(own) > 1] * len(own)
        rest = n_features - sum(widths)
        if rest < 0 or min(widths) < 1:
            raise ValueError(f"blocks {widths} do not divide {n_features} features")
        return cls(widths + [rest] * (rest > 0), in_set + [False] * (rest > 0))

    @property
    def has_choice(self) -> bool:
        """Whether some blocks belong to a set and others do not."""
        return any(self.in_set) and not all(self.in_set)

    def weights(self, share: float | None) -> list[float] | None:
        """Return the weight of each block when the sets have a share of the kernel, 0 to 1.

        None, for equal weights, where there is no share to choose.
        """
        if share is None:
            return None
        several = sum(self.in_set)
        others = len(self.in_set) - several
        return [share / several if inside else (1 - share) / others for inside in self.in_set]


def mixed(grams: Mapping[float, Floats], share: float) -> Floats:
    """Return the kernel of a share, from those of the shares 0 and 1 where it is neither.

    Parameters
    ----------
    grams : mapping of float to ndarray
        Kernels by share.
    share : float
        0 to 1.
    """
    if share in grams:
        return grams[share]
    return np.asarray((1 - share) * grams[0.0] + share * grams[1.0])


def best_share(
    grams: Mapping[float, Floats],
    shares: Sequence[float],
    landmarks: NDArray[np.intp],
    target: Floats,
    weight: Floats,
    groups: Sequence[LeftOut],
    penalties: Sequence[float],
    dtype: Any,
) -> float:
    """Choose the share of the sets by the squared error on left-out speakers.

    Parameters
    ----------
    grams : mapping of float to ndarray of float, shape (m, n)
        The kernels of the shares 0 and 1 between landmarks and rows.
    shares : sequence of float
        To choose from.
    landmarks : ndarray of int, shape (m,)
        The landmarks among the rows.
    target : ndarray of float, shape (n, k)
    weight : ndarray of float, shape (n,)
    groups : sequence of (left, predicted)
        As ``left_out_groups`` returns them.
    penalties : sequence of float
        The least error of all penalties counts.
    dtype : dtype
        Of the features.
    """
    few = np.arange(len(landmarks))
    if len(few) > MOST_LANDMARKS:
        few = np.sort(np.random.default_rng(0).choice(few, MOST_LANDMARKS, replace=False))
    errors = []
    for share in shares:
        compared = mixed({key: gram[few] for key, gram in grams.items()}, share)
        _, inputs = shared(rooted, compared, landmarks[few], dtype)
        path = RidgePath(inputs, target, weight / weight.mean())
        errors.append(_least_error(path, path.without(groups), penalties))
    return float(shares[int(np.argmin(errors))])


def _least_error(
    path: RidgePath, predicted_with: Callable[[float], Floats], penalties: Sequence[float]
) -> float:
    """Return the error of the best penalty, found downhill from the middle one.

    The error falls and then rises along the penalties, so that few of them need be tried.
    """
    ordered = sorted(penalties)
    errors: dict[int, float] = {}
    best, tried = len(ordered) // 2, -1
    while best != tried:
        tried = best
        for at in (tried, tried - 1, tried + 1):
            if at not in errors and 0 <= at < len(ordered):
                errors[at] = _error(path, predicted_with(ordered[at]))
        best = min(errors, key=errors.__getitem__)
    return errors[best]


def _error(path: RidgePath, left_out: Floats) -> float:
    """Return the mean squared error of left-out predictions."""
    is_predicted = np.isfinite(left_out[:, 0])
    square = (left_out[is_predicted] - path.target[is_predicted]) ** 2
    return float(np.average(square.sum(axis=1), weights=path.weight[is_predicted]))
