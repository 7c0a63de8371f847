"""Masking and mixing of batches, in training alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augment:
    """How batches are altered.

    Parameters
    ----------
    bands : float
        The greatest share of a frame's descriptors that is masked, one block for each utterance.
    time : float
        The greatest share of an utterance's length that is masked, in two blocks.
    mixup : float
        α of the Beta distribution that two utterances' shares in a mixture are drawn from; 0 for
        none. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.

    Notes
    -----
    Masks are those of SpecAugment (Park et al., Interspeech 2019), with 0, which after
    standardising is the mean, in place of what is masked.
    """

    bands: float = 0.0
    time: float = 0.0
    mixup: float = 0.0

    def __call__(
        self, x: Tensor, present: Tensor, evidence: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return altered x, shape (n, T, D), presence, shape (n, T), and evidence, shape (n, k)."""
        if self.bands > 0 and x.shape[2] > 1:
            x = x * _unmasked(len(x), x.shape[2], self.bands)[:, None, :]
        if self.time > 0:
            for _ in range(2):
                x = x * _unmasked(len(x), x.shape[1], self.time / 2)[:, :, None]
        if self.mixup > 0:
            share = torch.distributions.Beta(self.mixup, self.mixup).sample()
            other = torch.randperm(len(x))
            x = share * x + (1 - share) * x[other]
            evidence = share * evidence + (1 - share) * evidence[other]
            present = torch.maximum(present, present[other])
        return x, present, evidence


def _unmasked(rows: int, length: int, share: float) -> Tensor:
    """Return 1 for what stays and 0 for one block for each row, shape (rows, length)."""
    size = torch.rand(rows, 1) * share * length
    start = torch.rand(rows, 1) * (length - size)
    place = torch.arange(length)[None]
    return ((place < start) | (place >= start + size)).to(torch.float32)
