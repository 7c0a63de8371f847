"""CCC in the tails: whether extremes are distinguished, or drawn to the middle.

Most labels lie in the middle of their scale, so CCC over all rows is ruled by them, while extremes,
which matter most, are few and are what regressors miss (R. P. Ribeiro and N. Moniz, "Imbalanced
regression and extreme value prediction", Machine Learning 109, 2020). Here the rows are chosen by
the truth and CCC (Lin 1989) is taken over them alone.

CCC grows with the spread of the truth (G. Atkinson and A. Nevill, "Comment on the use of
concordance correlation to assess the agreement between two variables", Biometrics 53, 1997), and
the two ends of a scale lie far apart: so CCC in the tails stands beside another model's in the same
tails, never beside CCC over all rows. :func:`tail_reach` says how far predictions follow the
extremes, and does compare across labels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import ccc
from featser.evaluation.metrics.pairs import number_pairs

SHARE = 0.1
"""The share of rows in either tail, as long as no values are equal."""


def in_tails(true: npt.ArrayLike, share: float = SHARE) -> npt.NDArray[np.int_]:
    """Say which rows have extreme values.

    Parameters
    ----------
    true : array-like of float, shape (n,)
        True values.
    share : float
        Of the rows, in either tail, in (0, 0.5).

    Returns
    -------
    ndarray of int, shape (n,)
        −1 where the value is at or below the ``share`` quantile, 1 at or above the ``1 - share``
        one, 0 between; equal values are on one side, so a tail of a label with few values may be
        larger. 0 everywhere if both quantiles are one value: nothing is extreme then.

    Raises
    ------
    TaskError
        If nothing is given, a value is missing or infinite, or ``share`` cannot be.
    """
    if not 0 < share < 0.5:
        raise TaskError(f"share = {share}: a tail has a share of the rows above 0 and below 0.5")
    values, _ = number_pairs(true, true)
    low, high = np.quantile(values, [share, 1 - share])
    if low == high:
        return np.zeros(len(values), dtype=np.int_)
    return np.where(values <= low, -1, np.where(values >= high, 1, 0))


def tail_ccc(true: npt.ArrayLike, pred: npt.ArrayLike, share: float = SHARE) -> float:
    """Return CCC over the rows of both tails, in [-1, 1]; NaN where there are none.

    Parameters
    ----------
    true, pred : array-like of float, shape (n,)
        True values, and predicted values.
    share : float
        As :func:`in_tails` has it.

    Raises
    ------
    TaskError
        As :func:`in_tails` and :func:`featser.evaluation.metrics.metrics.ccc`.
    """
    truth, guess = number_pairs(true, pred)
    is_in_tails = in_tails(truth, share) != 0
    return ccc(truth[is_in_tails], guess[is_in_tails]) if is_in_tails.any() else float("nan")


def tail_reach(true: npt.ArrayLike, pred: npt.ArrayLike, share: float = SHARE) -> float:
    """Return how far apart predictions hold the tails, as a share of how far they are apart.

    The difference of the predictions' means in the upper and the lower tail, divided by the
    truth's: 1 where extremes are met on average, 0 where they are not distinguished, between
    them where predictions are drawn to the middle. NaN where there are no tails.

    Parameters and errors are those of :func:`tail_ccc`.
    """
    truth, guess = number_pairs(true, pred)
    tail = in_tails(truth, share)
    if not tail.any():
        return float("nan")
    high, low = tail == 1, tail == -1
    return float(
        (guess[high].mean() - guess[low].mean()) / (truth[high].mean() - truth[low].mean())
    )
