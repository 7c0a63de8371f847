"""Conclusions of a comparison of two runs, one sentence each."""

from __future__ import annotations

import math

LEVEL = 0.05
"""Corrected p values below this count as evidence."""


def conclusion(
    names: tuple[str, str],
    task: str,
    metric: str,
    difference: tuple[float, float, float],
    p: float,
) -> str:
    """Return which of two runs is better, or how large a difference could be missed.

    A run counts as better if the corrected p value is below 0.05 and the 95 % interval of the
    difference, which is not corrected, excludes 0. Otherwise, the end of the interval that is
    farther from 0 is the largest difference that is compatible with the data.

    Parameters
    ----------
    names : tuple of str
        The runs A and B.
    task, metric : str
        The task, and the title of the metric that was compared. Larger is better.
    difference : tuple of float
        B - A and the bounds of its 95 % interval, NaN if they are undefined.
    p : float
        The p value, corrected for the number of comparisons; NaN if it is undefined.

    Examples
    --------
    >>> conclusion(("svm", "kernel"), "emotion", "UAR", (0.043, 0.012, 0.075), 0.004)
    'emotion: kernel is better than svm by 0.043 UAR (95 % interval 0.012 to 0.075, corrected p = \
0.004).'
    >>> conclusion(("svm", "kernel"), "emotion", "UAR", (0.012, -0.020, 0.045), 0.52)
    'emotion: no significant difference between svm and kernel. The UAR of kernel minus that of \
svm is +0.012 (95 % interval -0.020 to +0.045, corrected p = 0.520), so a difference of up to \
0.045 could be missed.'
    """
    first, second = names
    value, low, high = difference
    if not math.isfinite(value):
        return (
            f"{task}: no conclusion on {first} and {second}, because their {metric} is undefined."
        )
    if not (math.isfinite(low) and math.isfinite(high)):
        return (
            f"{task}: the difference between {first} and {second} is not tested, because it has no "
            f"interval. The {metric} of {second} minus that of {first} is {value:+.3f}."
        )
    if low == high == 0:
        return f"{task}: no difference between {first} and {second} in {metric}, for any speaker."
    if p < LEVEL and low * high > 0:
        better, worse = (second, first) if value > 0 else (first, second)
        least, most = sorted((abs(low), abs(high)))
        return (
            f"{task}: {better} is better than {worse} by {abs(value):.3f} {metric} "
            f"(95 % interval {least:.3f} to {most:.3f}, corrected {p_text(p)})."
        )
    figures = (
        f"{task}: no significant difference between {first} and {second}. The {metric} of "
        f"{second} minus that of {first} is {value:+.3f} (95 % interval {low:+.3f} to {high:+.3f}, "
        f"corrected {p_text(p)})"
    )
    if low > 0 or high < 0:
        return (
            f"{figures}: the interval of this comparison alone excludes 0, but p corrected for the "
            f"number of comparisons is not below {LEVEL}."
        )
    return f"{figures}, so a difference of up to {max(abs(low), abs(high)):.3f} could be missed."


def p_text(p: float) -> str:
    """Write a p value.

    Examples
    --------
    >>> p_text(0.0312), p_text(0.0001), p_text(float("nan"))
    ('p = 0.031', 'p < 0.001', 'p undefined')
    """
    if math.isnan(p):
        return "p undefined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
