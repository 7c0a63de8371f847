"""How numbers are written in reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ABSENT = "n/a"
"""What stands where a value is undefined."""


def number(value: float | None) -> str:
    """Write a metric with three decimals; ``n/a`` where it is undefined (NaN or None)."""
    if value is None or not math.isfinite(value):
        return ABSENT
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text


def estimate(figure: Mapping[str, Any] | None) -> str:
    """Write a metric with its interval: ``0.612 [0.580, 0.645]``.

    Parameters
    ----------
    figure : mapping, optional
        ``value``, ``low`` and ``high``; None where the metric was not computed.

    Returns
    -------
    str
        The value alone where there is no interval or it has no width; ``n/a`` without a value.
    """
    if figure is None:
        return ABSENT
    value, low, high = (figure.get(key) for key in ("value", "low", "high"))
    bounds = [number(low), number(high)]
    if number(value) == ABSENT or ABSENT in bounds or low == high:
        return number(value)
    return f"{number(value)} [{bounds[0]}, {bounds[1]}]"


def has_interval(figure: Mapping[str, Any] | None) -> bool:
    """Return whether a metric has two finite bounds."""
    return figure is not None and ABSENT not in (number(figure["low"]), number(figure["high"]))


def percent(value: float) -> str:
    """Write a share in [0, 1] as whole per cent."""
    return f"{100 * value:.0f} %"


def count(n: int) -> str:
    """Write a count with a thin space between thousands."""
    return f"{n:,}".replace(",", "\u2009")


def duration(seconds: float) -> str:
    """Write a duration in the two units that fit it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
