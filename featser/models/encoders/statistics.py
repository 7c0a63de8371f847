"""Baum–Welch statistics of utterances under a background model, summed over frames."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featser.models.encoders.gmm import DiagonalGMM
from featser.models.encoders.sequences import Sequences

Floats = NDArray[np.float32]


class Statistics(NamedTuple):
    """Of n utterances, k components, d descriptors, about the components' means.

    Parameters
    ----------
    zeroth : ndarray of float32, shape (n, k)
        ``N = Σ_t γ_t``: how many frames each component has, γ being their posteriors.
    first : ndarray of float32, shape (n, k, d)
        ``Σ_t γ_t z_t`` of ``z = (x − μ) / σ``.
    second : ndarray of float32, shape (n, k, d), or None
        ``Σ_t γ_t z_t²``, if requested.
    """

    zeroth: Floats
    first: Floats
    second: Floats | None


def statistics(model: DiagonalGMM, frames: Sequences, squares: bool = False) -> Statistics:
    """Return the statistics of utterances under a fitted background model.

    Parameters
    ----------
    model : DiagonalGMM
        Fitted.
    frames : Sequences
        Their frames.
    squares : bool
        Whether to compute the second statistics.
    """
    values, bounds = frames
    posterior = model.posteriors(values)
    zeroth = np.add.reduceat(posterior, bounds[:-1], axis=0)
    shape = (len(zeroth), *model.means_.shape)
    first = np.empty(shape, np.float32)
    second = np.empty(shape, np.float32) if squares else None
    for row, (begin, end) in enumerate(pairwise(bounds)):
        share, own = posterior[begin:end].T, values[begin:end]
        first[row] = share @ own
        if second is not None:
            second[row] = share @ (own * own)
    mean = model.means_.astype(np.float32)
    deviation = np.sqrt(model.variances_).astype(np.float32)
    count = zeroth[:, :, None]
    if second is not None:
        second += mean * (mean * count - 2 * first)
        second /= deviation**2
    first -= mean * count
    first /= deviation
    return Statistics(zeroth, first, second)


def joined(parts: list[Statistics]) -> Statistics:
    """Put the statistics of parts of the utterances together."""
    zeroth, first, second = zip(*parts, strict=True)
    whole = None if second[0] is None else np.concatenate(second)
    return Statistics(np.concatenate(zeroth), np.concatenate(first), whole)
