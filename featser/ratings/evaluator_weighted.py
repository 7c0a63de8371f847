"""The evaluator weighted estimator: a mean in which raters count by how well they agree.

The weight of a rater is the correlation of the rater's ratings with the mean of all raters, over
the recordings that the rater rated. Raters whose correlation is negative or cannot be computed
(fewer than three ratings, or all the same) have no weight. The mean includes the rater's own
ratings, so a rater of very wild ratings correlates with it: agreement compares raters with the
others alone.

References
----------
Grimm and Kroschel, "Evaluation of natural emotions using self assessment manikins", IEEE Workshop
on Automatic Speech Recognition and Understanding, 2005.
"""

from __future__ import annotations

import numpy as np

from featser.errors import TaskError
from featser.ratings.ratings import Array, Ratings, ratio

FEWEST_RATINGS = 3
"""Two ratings always correlate with 1 or −1."""


def means(ratings: Ratings) -> Array:
    """Return the mean rating of each recording; NaN without ratings.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> means(from_matrix([[1, 2, 3], [4, np.nan, 5]])).tolist()
    [2.0, 4.5]
    """
    return weighted_means(ratings, np.ones(len(ratings.value)))


def weighted_means(ratings: Ratings, weight: Array) -> Array:
    """Return the weighted mean rating of each recording; NaN where no rating has weight."""
    n = ratings.n_items
    above = np.bincount(ratings.item, weights=weight * ratings.value, minlength=n)
    below = np.bincount(ratings.item, weights=weight, minlength=n)
    return ratio(above, below)


def rater_weights(ratings: Ratings) -> Array:
    """Return the weight of each rater, from 0 to 1.

    Parameters
    ----------
    ratings : Ratings
        Numbers by named raters.

    Raises
    ------
    TaskError
        If ratings are classes, or have no raters.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> rater_weights(from_matrix([[1, 2, 3], [2, 3, 3], [4, 5, 3]])).round(2).tolist()
    [1.0, 1.0, 0.0]
    """
    if ratings.is_categorical:
        raise TaskError("the evaluator weighted estimator needs numbers: use majority")
    if not ratings.is_named:
        raise TaskError("the evaluator weighted estimator needs to know the raters: use mean")
    mean = means(ratings)[ratings.item]
    return np.clip(correlations(ratings, mean), 0.0, 1.0)


def correlations(ratings: Ratings, reference: Array) -> Array:
    """Return each rater's correlation with a reference; 0 where it cannot be computed.

    Parameters
    ----------
    ratings : Ratings
        Numbers.
    reference : ndarray of float, shape (n_ratings,)
        What each rating is compared with; NaN leaves the rating out.
    """
    result = np.zeros(len(ratings.raters))
    order = np.argsort(ratings.rater, kind="stable")
    bounds = np.searchsorted(ratings.rater[order], np.arange(len(ratings.raters) + 1))
    for rater in range(len(ratings.raters)):
        chosen = order[bounds[rater] : bounds[rater + 1]]
        chosen = chosen[~np.isnan(reference[chosen])]
        own, other = ratings.value[chosen], reference[chosen]
        if len(chosen) >= FEWEST_RATINGS and np.ptp(own) > 0 and np.ptp(other) > 0:
            result[rater] = np.corrcoef(own, other)[0, 1]
    return result


def evaluator_weighted(ratings: Ratings) -> Array:
    """Return the evaluator weighted estimate of each recording; NaN where no rater has weight.

    Parameters and errors are :func:`rater_weights`'s.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> evaluator_weighted(from_matrix([[1, 2, 3], [2, 3, 3], [4, 5, 3]])).round(2).tolist()
    [1.5, 2.5, 4.5]
    """
    return weighted_means(ratings, rater_weights(ratings)[ratings.rater])
