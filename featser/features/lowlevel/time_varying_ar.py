r"""Autoregressive moving-average models whose coefficients move within the window.

.. math:: x_t + \sum_{i=1}^p a_i(t)\, x_{t-i} = e_t + \sum_{j=1}^q c_j(t)\, e_{t-j},
   \qquad a_i(t) = \sum_{k=0}^{K-1} a_{ik} G_k(t)

with Legendre polynomials :math:`G_k` over the window, of mean square 1, and the same for
:math:`c_j`. It is linear in :math:`a_{ik}`, and in :math:`c_{jk}` once the innovations :math:`e_t`
are known: they are taken from a longer model without the moving average. Sources: T. Subba Rao,
J. R. Stat. Soc. B 32(2), 1970, and Y. Grenier, IEEE Trans. ASSP 31(4), 1983 (functional series);
E. J. Hannan and J. Rissanen, Biometrika 69(1), 1982 (two stages). All windows of a signal are
solved together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from featser.features.lowlevel.frames import framed

Array = NDArray[np.float64]

WHITE = 1e-7
"""Share of a past sample's power that is added to it as white noise: what resampling left empty
above some frequency could otherwise be predicted from anything."""

WHITE_INNOVATIONS = 0.1
"""The same for past innovations. Where the autoregressive part is enough they add nothing, and
the moving average is to be none rather than anything that the autoregressive part cancels."""

BLOCK = 256
"""Windows that are solved together: 15 s of speech, some 50 MB."""


@dataclass(frozen=True)
class Settings:
    """What is fitted, to which windows.

    Parameters
    ----------
    window, hop : int
        Samples in a window, and from one to the next.
    order : int
        Number of autoregressive coefficients, ``p``.
    functions : int
        Polynomials for each coefficient, ``K``; 1 for coefficients that do not move.
    moving_average : int
        Number of moving-average coefficients, ``q``; 0 for none.
    long_order : int
        Autoregressive coefficients of the model that the innovations are taken from; at least
        ``order``.
    """

    window: int = 960
    hop: int = 480
    order: int = 10
    functions: int = 3
    moving_average: int = 4
    long_order: int = 20

    @property
    def history(self) -> int:
        """Samples before a window that its first prediction needs."""
        return self.long_order if self.moving_average else self.order

    @property
    def least(self) -> int:
        """Samples of a signal with one window."""
        return self.history + self.window


@dataclass(frozen=True)
class Fitted:
    """The models of ``n`` windows; a window without sound has zeros throughout.

    Attributes
    ----------
    ar : ndarray, shape (n, p, K)
        ``a_ik``.
    ma : ndarray, shape (n, q, K)
        ``c_jk``.
    power : ndarray, shape (n,)
        Mean square of the samples.
    residual : ndarray, shape (n,)
        Mean square of the prediction errors.
    scatter : ndarray, shape (n, p, K)
        Variance of each ``a_ik`` as an estimate from so few samples.
    """

    ar: Array
    ma: Array
    power: Array
    residual: Array
    scatter: Array


def fit_windows(samples: NDArray[np.floating[Any]], settings: Settings) -> Fitted:
    """Fit the model to every window of a signal, by least squares.

    Parameters
    ----------
    samples : ndarray, shape (m,)
        At least :attr:`Settings.least` of them. The first window begins where its first
        prediction has all the samples that it needs: nothing is padded.
    settings : Settings
        What to fit.

    Returns
    -------
    Fitted
        Of ``1 + (m - least) // hop`` windows.
    """
    spans = framed(np.asarray(samples, np.float64), settings.least, settings.hop)
    blocks = [
        _fit_block(spans[first : first + BLOCK], settings) for first in range(0, len(spans), BLOCK)
    ]
    return Fitted(
        *(np.concatenate([getattr(block, one.name) for block in blocks]) for one in fields(Fitted))
    )


def _fit_block(spans: Array, settings: Settings) -> Fitted:
    p, past = settings.order, settings.history
    lagged = _lagged(spans, past)
    sums = _sample_moments(lagged, settings.functions)
    needed = sums[:, :, : p + 1, : p + 1]
    if settings.moving_average:
        innovations = _errors(lagged, _solved(sums, settings.functions, past).weights)
        needed = _joined(needed, lagged[:, : p + 1], innovations, settings)
    solution = _solved(needed, settings.functions, p)
    residual = solution.errors / settings.window
    return Fitted(
        ar=-solution.weights[:, :p],
        ma=solution.weights[:, p:],
        power=sums[0, :, 0, 0] / settings.window,
        residual=residual,
        scatter=solution.scatter[:, :p] * residual[:, None, None],
    )


def index_of_movement(fitted: Fitted) -> Array:
    r"""Index of non-stationarity for each function of time: :math:`\sum_i a_{ik}^2`, k from 1.

    Its sum over ``k`` is the variance of the coefficients in time, summed over them. What the
    scatter of estimates would give where nothing moves is taken away, so that it is zero on
    average in a stationary signal, and may be below.

    Returns
    -------
    ndarray, shape (n, K − 1)
        Of each window.
    """
    moving: Array = (fitted.ar**2 - fitted.scatter)[:, :, 1:].sum(axis=1)
    return moving


def coefficients_at(coefficients: Array, times: Array) -> Array:
    """Values of the coefficients within the window.

    Parameters
    ----------
    coefficients : ndarray, shape (n, p, K)
        ``a_ik`` or ``c_jk``.
    times : ndarray, shape (t,)
        From −1, the beginning of the window, to 1, its end.

    Returns
    -------
    ndarray, shape (n, p, t)
        ``a_i`` at each time.
    """
    functions = coefficients.shape[2]
    values: Array = coefficients @ (_legendre(times, functions) * _unit(functions)[:, None])
    return values


@dataclass(frozen=True)
class _Solution:
    """Weights of the regressors, shape (n, r, K), squared errors, and variance in their units."""

    weights: Array
    errors: Array
    scatter: Array


def _lagged(spans: Array, lags: int) -> Array:
    """Return windows as they are and up to ``lags`` samples earlier, (n, 1 + lags, window)."""
    length = spans.shape[1] - lags
    return np.ascontiguousarray(sliding_window_view(spans, length, axis=1)[:, ::-1])


def _moments(first: Array, second: Array, functions: int) -> Array:
    """Sum products over each window, weighted by each of the ``2K − 1`` lowest polynomials.

    Returns
    -------
    ndarray, shape (2 K − 1, n, r, s)
        For rows of ``first``, shape (n, r, window), and of ``second``, shape (n, s, window).
    """
    weights = _over_window(first.shape[2], 2 * functions - 1)
    across = second.transpose(0, 2, 1)
    return np.stack([(first * weight) @ across for weight in weights])


def _sample_moments(lagged: Array, functions: int) -> Array:
    """Return ``_moments(lagged, lagged, functions)``, all of it from its first row.

    A lag more in both factors is the same sum a sample earlier: the polynomials are those of
    their neighbours, and one product enters where another leaves.
    """
    count, length = 2 * functions - 1, lagged.shape[2]
    first = _moments(lagged[:, :1], lagged, functions)
    sums = np.empty((*first.shape[:2], lagged.shape[1], lagged.shape[1]))
    sums[:, :, :1], sums[:, :, :, :1] = first, first.swapaxes(2, 3)
    shift, ends = _earlier(length, count)
    last = lagged[:, :, -1]
    # A lag more at the window's first sample is the sample before it.
    before = lagged[:, 1:, 0]
    for lag in range(lagged.shape[1] - 1):
        enters = before[:, lag : lag + 1] * before
        leaves = last[:, lag : lag + 1] * last[:, :-1]
        row = sums[:, :, lag, :-1] + np.multiply.outer(ends[0], enters)
        row -= np.multiply.outer(ends[1], leaves)
        sums[:, :, lag + 1, 1:] = np.tensordot(shift, row, axes=1)
    return sums


def _solved(sums: Array, functions: int, past: int) -> _Solution:
    """Least squares for the first row on the others, of which the first ``past`` are samples."""
    windows, regressors = sums.shape[1], sums.shape[2] - 1
    size = regressors * functions
    normal = np.tensordot(_triple(functions), sums[:, :, 1:, 1:], axes=(0, 0))
    normal = normal.transpose(2, 3, 0, 4, 1).reshape(windows, size, size)
    target = sums[:functions, :, 1:, 0] * _unit(functions)[:, None, None]
    target = target.transpose(1, 2, 0).reshape(windows, size, 1)
    power = np.diagonal(normal, axis1=1, axis2=2)
    scale = 1 / np.sqrt(np.where(power > 0, power, 1))[:, :, None]
    white = np.repeat([WHITE, WHITE_INNOVATIONS], [past, regressors - past]).repeat(functions)
    even = normal * scale * scale.transpose(0, 2, 1)
    matrix = even.copy()
    matrix[:, range(size), range(size)] = np.where(power > 0, 1 + white, 1)
    inverse = np.linalg.inv(matrix)
    weights = scale * (inverse @ (scale * target))
    errors = sums[0, :, 0, 0] + np.sum(weights * (normal @ weights - 2 * target), axis=(1, 2))
    scatter = np.sum((inverse @ even) * inverse, axis=2) * scale[:, :, 0] ** 2
    shape = windows, regressors, functions
    return _Solution(weights.reshape(shape), np.maximum(errors, 0), scatter.reshape(shape))


def _errors(lagged: Array, weights: Array) -> Array:
    """Prediction errors within each window, shape (n, window)."""
    functions = weights.shape[2]
    courses = _over_window(lagged.shape[2], functions) * _unit(functions)[:, None]
    parts = weights.transpose(0, 2, 1) @ lagged[:, 1:]
    errors: Array = lagged[:, 0] - np.sum(parts * courses, axis=1)
    return errors


def _joined(sums: Array, lagged: Array, innovations: Array, settings: Settings) -> Array:
    """Moments of samples and of past innovations, which are zero before the window."""
    past = settings.moving_average
    spans = np.pad(innovations[:, :-1], ((0, 0), (past, 0)))
    before = _lagged(spans, past - 1)
    own = _moments(before, before, settings.functions)
    across = _moments(before, lagged, settings.functions)
    return np.block([[sums, across.swapaxes(2, 3)], [across, own]])


def _legendre(times: Array, count: int) -> Array:
    """Return the lowest Legendre polynomials at some times, shape (count, times)."""
    return np.ascontiguousarray(np.polynomial.legendre.legvander(times, count - 1).T)


@lru_cache(maxsize=16)
def _over_window(length: int, count: int) -> Array:
    """Return the same at the middles of ``length`` samples, read-only."""
    return _frozen(_legendre((2 * np.arange(length) + 1) / length - 1, count))


@lru_cache(maxsize=16)
def _earlier(length: int, count: int) -> tuple[Array, Array]:
    """Return the polynomials a sample later in terms of themselves, and at the window's ends.

    Returns
    -------
    shift : ndarray, shape (count, count)
        ``P_m(t + 1) = Σ_n shift[m, n] P_n(t)``.
    ends : ndarray, shape (2, count)
        The polynomials at the sample before the window, and at its last.
    """
    times = np.linspace(-1, 1, count)
    here, later = _legendre(times, count), _legendre(times + 2 / length, count)
    shift = np.asarray(np.linalg.solve(here.T, later.T), np.float64).T
    ends = _legendre(np.array([-1 - 1 / length, 1 - 1 / length]), count).T
    return _frozen(shift), _frozen(np.ascontiguousarray(ends))


@lru_cache(maxsize=16)
def _unit(count: int) -> Array:
    """Return what makes the mean square of each polynomial 1, shape (count,), read-only."""
    return _frozen(np.sqrt(2 * np.arange(count) + 1.0))


@lru_cache(maxsize=16)
def _triple(functions: int) -> Array:
    """Return the share of each of the ``2K − 1`` lowest polynomials in each ``G_k G_l``."""
    shares = np.zeros((2 * functions - 1, functions, functions))
    one = np.eye(functions)
    for k in range(functions):
        for other in range(functions):
            product = np.polynomial.legendre.legmul(one[k], one[other])
            shares[: len(product), k, other] = product
    unit = _unit(functions)
    return _frozen(shares * unit[:, None] * unit)


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values
