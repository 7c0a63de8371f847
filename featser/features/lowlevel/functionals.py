"""Functionals: statistics of a contour over the utterance.

A preset is a tuple of names; :func:`functionals` applies it to many contours at once. A statistic
that is undefined (the skewness of a constant, the delta of fewer than nine frames) is NaN. There
are no warnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import FeatureError, unknown
from featser.features.lowlevel.blocks import by_rows
from featser.features.lowlevel.descriptors import delta
from featser.features.lowlevel.frame_settings import Floats

QUANTILES: dict[str, float] = {"p05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "p95": 0.95}

BASIC = ("mean", "std")

STANDARD = (
    *BASIC,
    "min",
    "max",
    "q25",
    "q50",
    "q75",
    "p05",
    "p95",
    "slope",
    "delta.mean",
    "delta.std",
    "delta.min",
    "delta.max",
)

FULL = (
    *STANDARD,
    "skewness",
    "kurtosis",
    "linear_error",
    "quadratic_error",
    "peak_rate",
    "rise_time",
    "fall_time",
)

PRESETS: dict[str, tuple[str, ...]] = {"basic": BASIC, "standard": STANDARD, "full": FULL}
"""The functionals of each preset, in the order of their values.

``mean``, ``std`` (of the population), ``min``, ``max``, quantiles by linear interpolation;
``slope`` of the least-squares line, per second; ``delta.…`` of the contour's
``delta``, per frame; ``skewness`` and (excess) ``kurtosis``;
``linear_error`` and ``quadratic_error``, the root mean squared distance from the least-squares
line and parabola; ``peak_rate``, local maxima above the mean, per second; ``rise_time`` and
``fall_time``, the fraction of frame steps that go up and down. After Eyben, Real-time Speech and
Music Classification by Large Audio Feature Space Extraction, Springer 2016, section 2.4.
"""

DEFAULT_PRESET = "standard"


def functionals(values: Floats, preset: str, frame_rate: float) -> Floats:
    """Apply a preset to contours.

    Parameters
    ----------
    values : ndarray of float32, shape (d, frames)
        One contour in each row.
    preset : str
        ``"basic"``, ``"standard"`` or ``"full"``.
    frame_rate : float
        Frames per second, for slopes and rates.

    Returns
    -------
    ndarray of float32, shape (d, k)
        The statistics of each contour, in the order of ``PRESETS[preset]``.

    Raises
    ------
    FeatureError
        If the preset does not exist, or the values are not a matrix with a frame or more.

    Examples
    --------
    >>> import numpy as np
    >>> contour = np.array([[1, 2, 3, 4]], np.float32)
    >>> functionals(contour, "basic", 100.0)[:, 0].tolist()
    [2.5]
    """
    if preset not in PRESETS:
        raise FeatureError(unknown("preset of functionals", preset, PRESETS))
    if values.ndim != 2 or values.shape[1] == 0:
        raise FeatureError(f"contours of shape {values.shape}: expected (contours, frames)")
    return by_rows(lambda rows: _functionals(rows, preset, frame_rate), values)


def _functionals(values: Floats, preset: str, frame_rate: float) -> Floats:
    values = np.ascontiguousarray(values, dtype=np.float32)
    # Relative to its first value a constant is exactly zero, and so are its deviations; a large
    # offset costs no precision.
    first = values[:, 0]
    moved = values - first[:, None]
    mean = moved.mean(axis=1)
    centred = moved - mean[:, None]
    table: Table = {"mean": first + mean, "std": np.sqrt(np.mean(centred * centred, axis=1))}
    if preset != "basic":
        table |= _order(values) | _trend(centred, frame_rate) | _dynamics(values)
    if preset == "full":
        table |= _shape(centred, table["std"])
        table |= _fit_errors(centred)
        table |= _movement(centred, frame_rate)
    return np.stack([table[name] for name in PRESETS[preset]], axis=1).astype(np.float32)


def functional_names(contours: Iterable[str], preset: str) -> tuple[str, ...]:
    """Names of the values of :func:`functionals`, row by row, such as ``mfcc_03.delta.std``.

    Raises
    ------
    FeatureError
        If the preset does not exist.

    Examples
    --------
    >>> functional_names(["rms"], "basic")[:2]
    ('rms.mean', 'rms.std')
    """
    if preset not in PRESETS:
        raise FeatureError(unknown("preset of functionals", preset, PRESETS))
    return tuple(f"{contour}.{name}" for contour in contours for name in PRESETS[preset])


Table = dict[str, Floats]


def quantile_of_sorted(ordered: NDArray[Any], share: float) -> NDArray[Any]:
    """Return a quantile of sorted values, interpolated between two neighbours in rank.

    Parameters
    ----------
    ordered : ndarray of float, shape (..., n)
        Values in ascending order.
    share : float
        The quantile, 0 to 1.

    Returns
    -------
    ndarray of float, shape (...)

    Examples
    --------
    >>> float(quantile_of_sorted(np.array([1.0, 2.0, 4.0]), 0.75))
    3.0
    """
    last = ordered.shape[-1] - 1
    rank = share * last
    below = int(rank)
    step = ordered[..., min(below + 1, last)] - ordered[..., below]
    return np.asarray(ordered[..., below] + step * ordered.dtype.type(rank - below))


def _order(values: Floats) -> Table:
    """Extremes and quantiles of one sort; a quantile lies between two neighbours in rank."""
    ordered = np.sort(values, axis=1)
    last = values.shape[1] - 1
    table = {"min": ordered[:, 0], "max": ordered[:, last]}
    for name, share in QUANTILES.items():
        table[name] = quantile_of_sorted(ordered, share)
    # NaN sorts last: a contour with one has none of these statistics.
    undefined = np.isnan(table["max"])
    for statistic in table.values():
        statistic[undefined] = np.nan
    return table


def regression_slope(values: NDArray[Any], time: NDArray[Any]) -> NDArray[Any]:
    """Return the slope of the least-squares line through values.

    Parameters
    ----------
    values : ndarray of float, shape (..., n)
        The values.
    time : ndarray of float, shape (n,) or (..., n)
        Their times, less the mean time.

    Returns
    -------
    ndarray of float, shape (...)

    Examples
    --------
    >>> float(regression_slope(np.array([1.0, 3.0, 5.0]), np.array([-1.0, 0.0, 1.0])))
    2.0
    """
    return np.asarray(np.sum(time * values, axis=-1) / np.sum(time * time, axis=-1))


def _trend(centred: Floats, frame_rate: float) -> Table:
    frames = centred.shape[1]
    if frames < 2:
        return {"slope": _undefined(centred)}
    line = _legendre(frames, 1)[0]
    # The unit-length line rises by 1/‖t − t̄‖ a frame.
    rise = np.float32(frame_rate / np.linalg.norm(np.arange(frames) - (frames - 1) / 2))
    return {"slope": _along(centred, line)[:, 0] * rise}


def _dynamics(values: Floats) -> Table:
    change = delta(values)
    return {
        "delta.mean": change.mean(axis=1),
        "delta.std": change.std(axis=1),
        "delta.min": change.min(axis=1),
        "delta.max": change.max(axis=1),
    }


def _shape(centred: Floats, std: Floats) -> Table:
    scaled = np.full(centred.shape, np.nan, np.float32)
    np.divide(centred, std[:, None], out=scaled, where=std[:, None] > 0)
    square = scaled * scaled
    return {
        "skewness": np.mean(square * scaled, axis=1),
        "kurtosis": np.mean(square * square, axis=1) - 3,
    }


def _fit_errors(centred: Floats) -> Table:
    frames = centred.shape[1]
    if frames < 3:
        return {"linear_error": _undefined(centred), "quadratic_error": _undefined(centred)}
    line, parabola = _legendre(frames, 2)
    # The residuals themselves: as differences of sums of squares they would cancel.
    rest = centred - _along(centred, line) * line
    linear = np.sqrt(np.mean(rest * rest, axis=1))
    rest -= _along(rest, parabola) * parabola
    return {"linear_error": linear, "quadratic_error": np.sqrt(np.mean(rest * rest, axis=1))}


def _movement(centred: Floats, frame_rate: float) -> Table:
    frames = centred.shape[1]
    if frames < 3:
        return {name: _undefined(centred) for name in ("peak_rate", "rise_time", "fall_time")}
    steps = np.diff(centred, axis=1)
    peaks = (steps[:, :-1] > 0) & (steps[:, 1:] <= 0) & (centred[:, 1:-1] > 0)
    table = {
        "peak_rate": np.count_nonzero(peaks, axis=1) * (frame_rate / frames),
        "rise_time": np.count_nonzero(steps > 0, axis=1) / (frames - 1),
        "fall_time": np.count_nonzero(steps < 0, axis=1) / (frames - 1),
    }
    undefined = np.isnan(centred[:, 0])
    return {name: np.where(undefined, np.nan, rate) for name, rate in table.items()}


def _along(values: Floats, direction: Floats) -> Floats:
    """Inner product of each row with a direction, shape (d, 1)."""
    # Not BLAS: its sums depend on how many rows there are, and a family alone has the values
    # that it has among others.
    products: Floats = np.sum(values * direction, axis=1, keepdims=True)
    return products


def _legendre(frames: int, degree: int) -> Floats:
    """Orthonormal polynomials over the frames, degrees 1 to ``degree``, shape (degree, frames)."""
    make = _cached_polynomials if frames <= _CACHED_FRAMES else _polynomials
    return make(frames, degree)


def _polynomials(frames: int, degree: int) -> Floats:
    time = np.linspace(-1, 1, frames)
    basis, _ = np.linalg.qr(np.vander(time, degree + 1, increasing=True))
    basis *= np.sign(basis[-1])
    rows: Floats = np.ascontiguousarray(basis.T[1:], dtype=np.float32)
    rows.setflags(write=False)
    return rows


_CACHED_FRAMES = 1000
_cached_polynomials = lru_cache(maxsize=64)(_polynomials)
"""Windows of a long recording have equal numbers of frames."""


def _undefined(values: Floats) -> NDArray[np.float32]:
    return np.full(len(values), np.nan, np.float32)
