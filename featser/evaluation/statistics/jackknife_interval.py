"""A metric with its interval over speakers, and the note that says what limits the interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.scales import Scale
from featser.evaluation.statistics.jackknife import bounds_of_sums, jackknife_bounds
from featser.evaluation.statistics.resampling import ResamplingUnits

_NO_VALUE = "the metric is undefined"
_UNDEFINED = "no interval: the metric is undefined without one of the {units}"
_AT_THE_END = "no interval: the value is at the end of its range, where {units} show no spread"


@dataclass(frozen=True)
class Interval:
    """A metric with its interval.

    Attributes
    ----------
    value : float
        The metric on all rows.
    low, high : float
        Bounds of the interval; NaN where there is none. An interval need not be symmetric.
    note : str
        Why there is no interval, or what limits it; empty if all is as it should be.
    """

    value: float
    low: float
    high: float
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return ``value``, ``low`` and ``high``, and the note where there is one."""
        figure: dict[str, Any] = {"value": self.value, "low": self.low, "high": self.high}
        if self.note:
            figure["note"] = self.note
        return figure


def interval_of(
    value: float, left_out: Array, units: ResamplingUnits, scale: Scale, level: float
) -> Interval:
    """Return a metric with its interval, from its values without each unit.

    Parameters
    ----------
    value : float
        On all rows.
    left_out : ndarray of float, shape (units.count,)
        Without each unit. Not used where the units are too few.
    units : ResamplingUnits
        What was left out.
    scale : Scale
        On which the interval is symmetric.
    level : float
        Such as 0.95.
    """
    if not units.enough:
        return Interval(value, math.nan, math.nan, units.note)
    low, high = jackknife_bounds(value, left_out, units.effective - 1, scale, level)
    return _noted(value, float(low), float(high), units, scale)


def interval_of_sums(
    formula: Callable[[Array], Array],
    sums: Array,
    units: ResamplingUnits,
    scale: Scale,
    level: float,
    *,
    half_error: Array | None = None,
    is_biased: bool = False,
) -> Interval:
    """Return a metric with its interval, from what each unit contributes to its sums.

    Parameters
    ----------
    formula : callable
        From sums of shape (..., *sums) to the metric, of shape (...).
    sums : ndarray of float, shape (units.count, *sums)
        The contributions.
    units, scale, level
        As :func:`interval_of` takes them.
    half_error, is_biased
        As :func:`~featser.evaluation.statistics.jackknife.bounds_of_sums` takes them.
    """
    if not units.enough:
        value = float(formula(sums.sum(axis=0)))
        return Interval(value, math.nan, math.nan, units.note)
    value, low, high = map(
        float,
        bounds_of_sums(
            formula,
            sums,
            units.effective - 1,
            scale,
            level,
            half_error=half_error,
            is_biased=is_biased,
        ),
    )
    return _noted(value, low, high, units, scale)


def _noted(value: float, low: float, high: float, units: ResamplingUnits, scale: Scale) -> Interval:
    """Say what limits an interval, or why there is none."""
    if np.isfinite([low, high]).all():
        return Interval(value, low, high, units.note)
    if not math.isfinite(value):
        return Interval(value, math.nan, math.nan, _NO_VALUE)
    why = _AT_THE_END if value in (scale.low, scale.high) else _UNDEFINED
    return Interval(value, math.nan, math.nan, why.format(units=units.words))
