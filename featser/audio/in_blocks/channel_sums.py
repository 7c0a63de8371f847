"""What shows how the channels of a recording compare, summed over blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.audio.channels import CANCELLED, ChannelDifference, difference_of
from featser.audio.frame_levels import block_length, block_sums, powers_of_sums

Sums = NDArray[np.float64]


class ChannelSums:
    """Sums over the samples of all channels.

    Parameters
    ----------
    n_channels : int
    rate : int
        Samples per second.

    Examples
    --------
    >>> sums = ChannelSums(2, 16_000)
    >>> mean = sums.add(np.tile(np.array([0.5, -0.5], np.float32), (16_000, 1)))
    >>> sums.is_cancelled
    True
    """

    def __init__(self, n_channels: int, rate: int) -> None:
        self._length = block_length(rate)
        self._n_samples = 0
        self._totals = np.zeros(n_channels)
        self._products = np.zeros((n_channels, n_channels))
        self._mixed = 0.0
        self._blocks: list[list[tuple[Sums, Sums]]] = [[] for _ in range(n_channels)]
        self._rest = np.zeros((0, n_channels), np.float32)

    def add(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add samples of all channels, shape (n, n_channels), and return their average."""
        mean = np.asarray(samples.mean(axis=1))
        values = samples.astype(np.float64)
        self._n_samples += len(samples)
        self._totals += values.sum(axis=0)
        self._products += values.T @ values
        self._mixed += float(np.square(mean, dtype=np.float64).sum())
        following = np.concatenate((self._rest, samples))
        whole = len(following) // self._length * self._length
        for channel, blocks in enumerate(self._blocks):
            one = np.ascontiguousarray(following[:whole, channel])
            blocks.append(block_sums(one, self._length))
        self._rest = following[whole:].copy()
        return mean

    @property
    def loudest(self) -> int:
        """The channel of the greatest power, from 0."""
        return int(np.argmax(np.diag(self._products)))

    @property
    def is_cancelled(self) -> bool:
        """Whether the average of the channels has lost the sound."""
        return self._mixed < CANCELLED**2 * float(np.diag(self._products).max())

    def difference(self) -> ChannelDifference | None:
        """Return how the channels compare; None where there is one."""
        if len(self._totals) == 1:
            return None
        products = self._products - np.outer(self._totals, self._totals) / self._n_samples
        powers = np.diag(products).copy()
        of_loudest = products[int(np.argmax(powers))]
        return difference_of(powers, lambda channel: float(of_loudest[channel]), self._frame_powers)

    def _frame_powers(self, channel: int) -> Sums:
        sums, squares = (np.concatenate(one) for one in zip(*self._blocks[channel], strict=True))
        return powers_of_sums(sums, squares, self._length)
