r"""Shapley values of groups: by how much each group moves an output away from the average.

The value of a set of groups is the mean output of rows that have these groups from the explained
row, and all others from a row of a background sample. The Shapley value of a group is what it adds
to the value, averaged over all orders in which groups can be added. The values of all groups sum
to the difference between the output of the row and the mean output of the background.

With few groups all sets are evaluated. With more, random orders are drawn for each background row,
each with its reverse, so that what a group adds early and late is averaged (antithetic sampling).

References
----------
Shapley, "A value for n-person games", 1953. Štrumbelj and Kononenko, "Explaining prediction models
and individual predictions with feature contributions", Knowledge and Information Systems 41, 2014.
Mitchell et al., "Sampling permutations for Shapley value estimation", Journal of Machine Learning
Research 23, 2022.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np

from featser.explanation.altered_rows import Floats, Indices

MOST_EXACT = 20_000
"""With no more rows than this to predict, all sets of groups are evaluated."""

PAIRS = 4
"""Random orders for each background row, each with its reverse; two or more."""

Evaluate = Callable[[Indices], Floats]
"""Takes for each row and group where it comes from, shape (m, groups): 0, the explained row, or
1 … b, a background row. Returns the outputs, shape (m, k)."""


@dataclass(frozen=True, eq=False)
class Shapley:
    """Shapley values of groups.

    Attributes
    ----------
    values : ndarray of float, shape (groups, k)
        In the unit of the outputs.
    errors : ndarray of float, shape (groups, k)
        Standard errors of sampling orders; 0 where all sets were evaluated.
    is_exact : bool
        Whether all sets were evaluated.
    """

    values: Floats
    errors: Floats
    is_exact: bool


def rows_to_predict(n_groups: int, n_background: int) -> int:
    """Return for how many rows outputs are needed.

    Examples
    --------
    >>> rows_to_predict(7, 48), rows_to_predict(13, 48)
    (6048, 4608)
    """
    exact = (2**n_groups - 2) * n_background
    return exact if exact <= MOST_EXACT else 2 * PAIRS * (n_groups - 1) * n_background


def shapley_values(
    evaluate: Evaluate, whole: Floats, empty: Floats, n_groups: int, random_state: int = 0
) -> Shapley:
    """Compute the Shapley values of groups.

    Parameters
    ----------
    evaluate : callable
        Gives the outputs of mixed rows.
    whole : ndarray of float, shape (k,)
        The outputs of the explained row.
    empty : ndarray of float, shape (b, k)
        Those of the background rows.
    n_groups : int
        1 or more.
    random_state : int
        Random seed of the orders.

    Returns
    -------
    Shapley

    Examples
    --------
    >>> X = np.array([[3.0, 5.0], [1.0, 1.0], [2.0, 1.0]])
    >>> product = lambda sources: X[sources, [0, 1]].prod(axis=1)[:, None]
    >>> shapley_values(product, np.array([15.0]), np.array([[1.0], [2.0]]), 2).values.ravel()
    array([4.5, 9. ])
    """
    if n_groups == 1:
        values = (whole - empty.mean(axis=0))[None]
        return Shapley(values, np.zeros_like(values), True)
    if (2**n_groups - 2) * len(empty) <= MOST_EXACT:
        return _exact(evaluate, whole, empty, n_groups)
    return _sampled(evaluate, whole, empty, n_groups, np.random.default_rng(random_state))


def _exact(evaluate: Evaluate, whole: Floats, empty: Floats, n_groups: int) -> Shapley:
    n_background, width = empty.shape
    is_in = (np.arange(2**n_groups)[:, None] >> np.arange(n_groups)) & 1 == 1
    mixed = np.where(is_in[1:-1, None], 0, np.arange(1, n_background + 1)[:, None])
    outputs = evaluate(mixed.reshape(-1, n_groups)).reshape(-1, n_background, width)
    value = np.concatenate([empty.mean(axis=0)[None], outputs.mean(axis=1), whole[None]])
    size = is_in.sum(axis=1)
    values = np.empty((n_groups, width))
    for group in range(n_groups):
        without = np.flatnonzero(~is_in[:, group])
        added = value[without | 1 << group] - value[without]
        share = [1 / (n_groups * comb(n_groups - 1, int(n))) for n in size[without]]
        values[group] = np.asarray(share) @ added
    return Shapley(values, np.zeros_like(values), True)


def _sampled(
    evaluate: Evaluate,
    whole: Floats,
    empty: Floats,
    n_groups: int,
    random: np.random.Generator,
) -> Shapley:
    n_background, width = empty.shape
    shape = (n_background, PAIRS, 2)
    drawn = random.permuted(np.tile(np.arange(n_groups), (n_background, PAIRS, 1)), axis=-1)
    orders = np.stack([drawn, drawn[..., ::-1]], axis=2)  # (b, pairs, 2, groups)
    ranks = np.argsort(orders, axis=-1)
    steps = np.arange(1, n_groups)[:, None]
    background = np.arange(1, n_background + 1).reshape(-1, 1, 1, 1, 1)
    sources = np.where(ranks[..., None, :] < steps, 0, background)
    inner = evaluate(sources.reshape(-1, n_groups)).reshape(*shape, n_groups - 1, width)
    first = np.broadcast_to(empty[:, None, None, None], (*shape, 1, width))
    last = np.broadcast_to(whole, (*shape, 1, width))
    added = np.diff(np.concatenate([first, inner, last], axis=3), axis=3)
    by_group = np.take_along_axis(added, ranks[..., None], axis=3).mean(axis=2)
    values = by_group.mean(axis=(0, 1))
    # Background rows are those of the definition, not a sample: only the orders are random.
    variance = by_group.var(axis=1, ddof=1) / PAIRS
    return Shapley(values, np.sqrt(variance.sum(axis=0)) / n_background, False)
