"""Groups of features that vary together, joined so that they are permuted together.

What a group shares with another group is not lost when it is permuted alone. Joined groups lose it:
their fall has what they say together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.explanation.feature_groups import FeatureGroup

JOINED_FROM = 0.5
"""The mean correlation from which groups are joined."""
MOST_ROWS = 2000
"""Utterances that correlations are measured on, drawn at random from more."""
_FEWEST_ROWS = 8

Floats = NDArray[np.float64]


def joined_groups(
    groups: Sequence[FeatureGroup],
    features: NDArray[Any],
    speaker: NDArray[np.str_],
    random_state: int,
) -> list[FeatureGroup]:
    """Join the groups that are correlated; labels are not used.

    Parameters
    ----------
    groups : sequence of FeatureGroup
    features : ndarray of float, shape (n, d)
        NaN where undefined.
    speaker : ndarray of str, shape (n,)
        Correlations are those within speakers, since values are permuted within speakers.
    random_state : int
        For the choice of :data:`MOST_ROWS` utterances.

    Returns
    -------
    list of FeatureGroup
        In the order of their first members. A joined group is named after its members.

    Notes
    -----
    The correlation of two groups is that of the similarities of all pairs of utterances (linear
    CKA, with the unbiased estimate of HSIC), which does not grow with the number of features.
    Groups are joined by average linkage.

    References
    ----------
    Kornblith, Norouzi, Lee and Hinton, "Similarity of neural network representations revisited",
    ICML 2019. Song, Smola, Gretton, Bedo and Borgwardt, "Feature selection via dependence
    maximization", JMLR 13, 2012.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> X = random.normal(size=(60, 4))
    >>> X[:, 1] = X[:, 0] + 0.1 * X[:, 1]
    >>> groups = [FeatureGroup(name, name, np.array([at])) for at, name in enumerate("abcd")]
    >>> [group.name for group in joined_groups(groups, X, np.full(60, "s"), 0)]
    ['a + b', 'c', 'd']
    """
    if len(groups) < 2 or len(features) < _FEWEST_ROWS:
        return list(groups)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    correlations = group_correlations(groups, features, speaker, random_state)
    distances = squareform(np.clip(1 - correlations, 0, None), checks=False)
    cluster = fcluster(linkage(distances, "average"), 1 - JOINED_FROM, "distance")
    members = [
        [group for group, own in zip(groups, cluster, strict=True) if own == one]
        for one in dict.fromkeys(cluster.tolist())
    ]
    return [own[0] if len(own) == 1 else _joined(own) for own in members]


def group_correlations(
    groups: Sequence[FeatureGroup],
    features: NDArray[Any],
    speaker: NDArray[np.str_],
    random_state: int,
) -> Floats:
    """Return how far groups vary together within speakers, shape (groups, groups), at most 1.

    A group without any variation has no correlation with others.
    """
    rows = np.arange(len(features))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, MOST_ROWS, replace=False))
    _, who = np.unique(speaker[rows], return_inverse=True)
    similarities = [_similarities(features[np.ix_(rows, one.columns)], who) for one in groups]
    shared = np.array([[_hsic(one, two) for two in similarities] for one in similarities])
    own = np.sqrt(np.clip(np.diag(shared), 0, None))
    scale = np.outer(own, own)
    correlations: Floats = np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _similarities(values: NDArray[Any], who: NDArray[np.intp]) -> Floats:
    """Return the products of all pairs of rows, of features standardised within speakers."""
    table = np.asarray(values, dtype=np.float64)
    present = np.isfinite(table)
    counts = np.maximum(
        1, np.stack([present[who == one].sum(axis=0) for one in range(who.max() + 1)])
    )
    filled = np.where(present, table, 0.0)
    means = np.stack([filled[who == one].sum(axis=0) for one in range(who.max() + 1)]) / counts
    centred = np.where(present, table - means[who], 0.0)
    spread = centred.std(axis=0)
    varying = spread > 1e-12 * np.maximum(1, np.abs(means).max(axis=0))
    standardised = centred[:, varying] / spread[varying]
    products: Floats = standardised @ standardised.T / max(1, standardised.shape[1])
    np.fill_diagonal(products, 0.0)
    return products


def _hsic(one: Floats, two: Floats) -> float:
    """Return the unbiased estimate of HSIC of two matrices whose diagonals are 0."""
    n = len(one)
    sums, others = one.sum(axis=0), two.sum(axis=0)
    product = float((one * two).sum())
    product += float(sums.sum() * others.sum()) / ((n - 1) * (n - 2))
    product -= 2 * float(sums @ others) / (n - 2)
    return product / (n * (n - 3))


def _joined(members: Sequence[FeatureGroup]) -> FeatureGroup:
    cautions = [f"in part {one.caution} ({one.name})" for one in members if one.caution]
    return FeatureGroup(
        " + ".join(one.name for one in members),
        "correlated, permuted together",
        np.concatenate([one.columns for one in members]),
        "; ".join(cautions),
    )
