"""Scores of probabilities against the distribution of raters' votes, the soft truth.

Definitions, with ``q`` the shares of a recording's votes and ``p`` the probabilities of a model:

- **Cross-entropy**: ``−Σ_c q_c ln p_c``, averaged over recordings, in nats. It cannot be below the
  mean entropy of the votes. Probabilities below float32's resolution count as that.
- **Jensen–Shannon divergence**: ``H((p + q) / 2) − (H(p) + H(q)) / 2`` with entropies in bits,
  averaged over recordings, in [0, 1]; 0 where both distributions are the same (Lin, "Divergence
  measures based on the Shannon entropy", IEEE Transactions on Information Theory 37, 1991).

Recordings whose votes are tied count as well; they have no hard truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import metric_of
from featser.evaluation.statistics.jackknife_interval import interval_of_sums
from featser.evaluation.statistics.reliability import FLOOR
from featser.evaluation.statistics.resampling import resampling_units
from featser.ratings.ratings import Ratings, ratio

SOFT = ("cross_entropy", "js_divergence")
"""The metrics of probabilities against votes; of each, smaller is better."""


def vote_shares(ratings: Ratings, classes: Sequence[str]) -> Array:
    """Return the shares of each recording's votes among some classes.

    Parameters
    ----------
    ratings : Ratings
        Votes; those for other classes do not count.
    classes : sequence of str, length K
        The classes.

    Returns
    -------
    ndarray of float, shape (n_items, K)
        NaN where a recording has no vote for one of the classes.

    Examples
    --------
    >>> from featser.ratings.ratings import from_counts
    >>> vote_shares(from_counts([[3, 1, 4]], ("angry", "sad", "other")), ("sad", "angry")).tolist()
    [[0.25, 0.75]]
    """
    votes = ratings.as_classes()
    counts = np.zeros((votes.n_items, len(classes)))
    for position, name in enumerate(classes):
        if name in votes.classes:
            counts[:, position] = votes.counts[:, votes.classes.index(name)]
    return ratio(counts, counts.sum(axis=1, keepdims=True))


def cross_entropies(shares: npt.ArrayLike, probabilities: npt.ArrayLike) -> Array:
    """Return the cross-entropy of each row, in nats.

    Examples
    --------
    >>> cross_entropies([[0.5, 0.5], [1, 0]], [[0.5, 0.5], [0.5, 0.5]]).round(3).tolist()
    [0.693, 0.693]
    """
    q, p = np.asarray(shares, float), np.asarray(probabilities, float)
    return np.asarray(-(q * np.log(np.maximum(p, FLOOR))).sum(axis=1))


def js_divergences(shares: npt.ArrayLike, probabilities: npt.ArrayLike) -> Array:
    """Return the Jensen–Shannon divergence of each row, in bits.

    Examples
    --------
    >>> js_divergences([[1, 0], [0.5, 0.5]], [[0, 1], [0.5, 0.5]]).tolist()
    [1.0, 0.0]
    """
    q, p = np.asarray(shares, float), np.asarray(probabilities, float)
    divergence = _entropies((p + q) / 2) - (_entropies(p) + _entropies(q)) / 2
    return np.clip(divergence, 0.0, 1.0)


def soft_scores(
    shares: Array,
    probabilities: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> dict[str, dict[str, Any]]:
    """Score probabilities against shares of votes, with intervals over speakers.

    Parameters
    ----------
    shares : ndarray of float, shape (n_rows, K)
        From :func:`vote_shares`; rows without votes do not count.
    probabilities : array-like of float, shape (n_rows, K)
        A column for each class.
    speaker, level
        As in :func:`featser.evaluation.statistics.intervals.interval_by_speaker`.

    Returns
    -------
    dict of str to dict
        :data:`SOFT`, each with ``value``, ``low`` and ``high``; the cross-entropy also with
        ``lowest``, the mean entropy of the votes. Empty where no row has votes.

    Raises
    ------
    TaskError
        If the shapes differ.

    Examples
    --------
    >>> shares = np.array([[0.5, 0.5], [1.0, 0.0]] * 6)
    >>> scores = soft_scores(shares, shares, ["f1", "f2", "m1", "m2"] * 3)
    >>> round(scores["cross_entropy"]["value"], 3), scores["js_divergence"]["value"]
    (0.347, 0.0)
    """
    p = np.asarray(probabilities, dtype=float)
    if p.shape != shares.shape:
        raise TaskError(f"votes of shape {shares.shape}, but probabilities of shape {p.shape}")
    rows = ~np.isnan(shares).any(axis=1) & ~np.isnan(p).any(axis=1)
    if not rows.any():
        return {}
    q, p = shares[rows], p[rows]
    who = None if speaker is None else np.asarray(speaker, dtype=object)[rows]
    units = resampling_units(who, len(q))
    scores = {"cross_entropy": cross_entropies(q, p), "js_divergence": js_divergences(q, p)}
    figures = {}
    for name in SOFT:
        columns = [
            np.bincount(units.of_row, weights) for weights in (scores[name], np.ones(len(q)))
        ]
        sums = np.array(columns, dtype=float).T
        interval = interval_of_sums(_mean, sums, units, metric_of(name).scale, level)
        figures[name] = interval.to_dict()
    figures["cross_entropy"]["lowest"] = float(_entropies(q).mean() * np.log(2))
    return figures


def _mean(sums: Array) -> Array:
    return np.asarray(sums[..., 0] / sums[..., 1])


def _entropies(p: Array) -> Array:
    """Return the entropy of each row, in bits."""
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=1))
