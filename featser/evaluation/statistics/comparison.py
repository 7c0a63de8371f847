"""Whether one run is better than another on the same utterances: paired, by speaker.

All functions are pure. Utterances of one speaker are correlated, so speakers are drawn (bootstrap)
and speakers are swapped (permutation). McNemar's test assumes independent utterances; it is
included since papers report it, and its p values are the smallest of the three.

References
----------
McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12, 1947; its exact form is the sign test. Holm, "A simple sequentially
rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979. Davison and
Hinkley, "Bootstrap Methods and their Application", 1997, §3.8 and §4.3. Phipson and Smyth,
"Permutation p-values should never be zero", Statistical Applications in Genetics and Molecular
Biology 9, 2010.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import scores, statistics_of
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import headline
from featser.evaluation.statistics.intervals import Interval, drawn_weights, interval_of
from featser.evaluation.statistics.resampling import ResamplingUnits, resampling_units
from featser.tasks import Task

PERMUTATIONS = 10_000
_CELLS_AT_ONCE = 2_000_000
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Permutation:
    """A permutation test.

    Attributes
    ----------
    p : float
        Two-sided; NaN where the metric is undefined.
    swaps : int
        How many ways of swapping were looked at.
    exact : bool
        Whether those were all there are.
    """

    p: float
    swaps: int
    exact: bool


@dataclass(frozen=True)
class Difference:
    """How much better one run's headline metric is than another's, on the same rows.

    Attributes
    ----------
    metric : str
        The task's headline metric.
    a, b : float
        The metric of either run.
    difference : Interval
        ``b - a``, and its interval by bootstrap over speakers, with the same draws for both.
    permutation : Permutation
        Of swapping the two runs' predictions, speaker by speaker.
    mcnemar : float
        The exact p of McNemar's test of accuracy; NaN for numbers.
    only_a, only_b : int
        Utterances that one run alone has right; 0 for numbers.
    """

    metric: str
    a: float
    b: float
    difference: Interval
    permutation: Permutation
    mcnemar: float
    only_a: int
    only_b: int


def compare_task(
    task: Task,
    true: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    n: int = 1000,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """Compare two runs' predictions of the same utterances.

    Parameters
    ----------
    task : Task
        What was predicted; its headline metric is compared.
    true, a, b : array-like, shape (n_rows,)
        Truth, and what either run predicted, without missing values.
    speaker : array-like, shape (n_rows,), or None
        As in :func:`featser.evaluation.statistics.intervals.bootstrap_by_speaker`.
    n : int
        Draws of the bootstrap.
    permutations : int
        Draws of the permutation test, where there are more ways of swapping than that.
    seed : int
        Of both.
    level : float
        The share of draws inside the interval, in (0, 1).

    Returns
    -------
    Difference
        ``b - a``.

    Raises
    ------
    TaskError
        If lengths differ, a value is missing, or a class is unknown.
    """
    truth = np.asarray(true, dtype=object if task.categorical else float)
    units = resampling_units(speaker, len(truth))
    sums = _sums(task, truth, a, b, units)
    name = headline(task.kind)
    one, two = (float(scores(task, side.sum(axis=0))[name]) for side in sums)
    draws = np.array([])
    if units.enough:
        draws = _differences(task, sums, drawn_weights(units.count, n, seed))
    only_a, only_b = _discordant(task, truth, a, b)
    return Difference(
        name,
        one,
        two,
        interval_of(two - one, draws, units, level),
        _permuted(task, sums, two - one, permutations, seed),
        mcnemar(only_a, only_b) if task.categorical else math.nan,
        only_a,
        only_b,
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p of McNemar's test.

    Parameters
    ----------
    only_a, only_b : int
        Utterances that one classifier alone has right, and that the other alone has.

    Returns
    -------
    float
        Twice the smaller tail of the binomial distribution with n = ``only_a + only_b`` and
        p = 1/2, at most 1; 1 where they never differ.

    Examples
    --------
    >>> mcnemar(5, 5)
    1.0
    >>> round(mcnemar(10, 1), 3)
    0.012
    """
    from scipy.stats import binomtest

    total = only_a + only_b
    return float(binomtest(min(only_a, only_b), total).pvalue) if total else 1.0


def holm(p: npt.ArrayLike) -> Array:
    """Return p values corrected for there being several: Holm's step-down procedure.

    Parameters
    ----------
    p : array-like of float, shape (m,)
        P values; NaN where a test could not be made, which then is none of the several.

    Returns
    -------
    ndarray of float, shape (m,)
        The k-th smallest times ``m - k + 1``, never smaller than the one before it, at most 1;
        NaN stays NaN.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.5]).round(2).tolist()
    [0.03, 0.08, 0.5]
    """
    given = np.asarray(p, dtype=float)
    corrected = np.full(given.shape, np.nan)
    defined = np.flatnonzero(np.isfinite(given))
    order = defined[np.argsort(given[defined], kind="stable")]
    steps = given[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected


def _sums(
    task: Task,
    true: npt.NDArray[np.generic],
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    units: ResamplingUnits,
) -> Array:
    """Return what each unit contributes to the metric in either run, shape (2, U, ...)."""
    dtype = object if task.categorical else float
    one, two = np.asarray(a, dtype=dtype), np.asarray(b, dtype=dtype)
    if not len(true) == len(one) == len(two):
        raise TaskError(
            f"{len(true)} true values, {len(one)} and {len(two)} predicted: give one for each row"
        )
    # In one call: moments count from a middle value, which must be the same for both runs.
    both = statistics_of(
        task,
        np.concatenate([true, true]),
        np.concatenate([one, two]),
        np.concatenate([units.of_row, units.of_row + units.count]),
    )
    return both.reshape(2, units.count, *both.shape[1:])


def _differences(task: Task, sums: Array, weights: Iterator[Array]) -> Array:
    """Return the difference of the metric in every draw, shape (n,)."""
    name = headline(task.kind)
    units = sums.shape[1]
    flat = sums.reshape(2, units, -1)
    differences = []
    for block in weights:
        totals = block @ flat
        values = scores(task, totals.reshape(2, len(block), *sums.shape[2:]))[name]
        differences.append(values[1] - values[0])
    return np.concatenate(differences)


def _permuted(
    task: Task, sums: Array, observed: float, permutations: int, seed: int
) -> Permutation:
    """Swap the two runs' predictions of each unit, or not, and count equally large differences."""
    if not math.isfinite(observed):
        return Permutation(math.nan, 0, exact=False)
    name = headline(task.kind)
    one, two = (side.reshape(sums.shape[1], -1) for side in sums)
    # Swapping a unit to which both runs contribute the same changes nothing: it is not tried.
    gain = (two - one)[(one != two).any(axis=1)]
    base = one.sum(axis=0), two.sum(axis=0)
    exact = 2 ** len(gain) <= permutations
    extreme = tried = 0
    for swapped in _swaps(len(gain), None if exact else permutations, seed):
        moved = swapped @ gain
        totals = np.stack([base[0] + moved, base[1] - moved])
        values = scores(task, totals.reshape(2, len(swapped), *sums.shape[2:]))[name]
        away = np.abs(values[1] - values[0])
        extreme += int((away >= abs(observed) - _ROUNDING).sum())
        tried += len(swapped)
    # Of draws, the one that was observed counts as well: no p of zero.
    p = extreme / tried if exact else (extreme + 1) / (tried + 1)
    return Permutation(p, tried, exact)


def _swaps(units: int, permutations: int | None, seed: int) -> Iterator[Array]:
    """Yield, in blocks, which units are swapped (1) and which not: all ways, or random ones."""
    if permutations is None:
        every = np.arange(2**units)[:, None] >> np.arange(units)
        yield (every & 1).astype(float)
        return
    random = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // max(1, units))
    for start in range(0, permutations, at_once):
        block = min(at_once, permutations - start)
        yield random.integers(0, 2, size=(block, units)).astype(float)


def _discordant(
    task: Task, true: npt.NDArray[np.generic], a: npt.ArrayLike, b: npt.ArrayLike
) -> tuple[int, int]:
    if not task.categorical:
        return 0, 0
    right_a = np.asarray(a, dtype=object) == true
    right_b = np.asarray(b, dtype=object) == true
    return int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
