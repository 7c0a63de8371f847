"""Format numbers for reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ABSENT = "n/a"
"""Shown for an undefined value."""


def number(value: float | None) -> str:
    """Write a metric with three decimals; ``n/a`` where it is undefined (NaN or None).

    Examples
    --------
    >>> number(0.12345)
    '0.123'
    >>> number(None)
    'n/a'
    """
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
        The value alone without an interval or with one of width 0; ``n/a`` without a value.
    """
    if figure is None:
        return ABSENT
    value = number(figure.get("value"))
    if not shows_interval(figure):
        return value
    return f"{value} [{number(figure['low'])}, {number(figure['high'])}]"


def shows_interval(figure: Mapping[str, Any] | None) -> bool:
    """Return whether :func:`estimate` writes an interval: one with a value and a width above 0.

    Examples
    --------
    >>> shows_interval({"value": 1.0, "low": 1.0, "high": 1.0})
    False
    """
    if figure is None or number(figure.get("value")) == ABSENT:
        return False
    low, high = figure.get("low"), figure.get("high")
    return ABSENT not in (number(low), number(high)) and low != high


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
    """Write a duration in the two units that fit it.

    Examples
    --------
    >>> duration(75.0)
    '1 min 15 s'
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
