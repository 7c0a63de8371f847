"""The ways to smooth a timeline, one row each: help, errors and documentation read them.

A new one is two functions, of the frames' classes and of their numbers, and a row of
:data:`SMOOTHERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.errors import InputError, unknown
from featser.timelines.frame_evidence import FrameEvidence
from featser.timelines.hidden_markov import (
    LEAST,
    estimated_change,
    most_probable_path,
    posteriors,
)
from featser.timelines.local_level import estimated_variances, smoothed_level

Doubles = NDArray[np.float64]
MEAN_S = 3.0
"""Seconds of a moving average for which none are given."""


@dataclass(frozen=True, eq=False)
class SmoothedClasses:
    """The classes of frames.

    Attributes
    ----------
    probabilities : ndarray, shape (frames, K)
        NaN in frames without speech.
    codes : ndarray of int, shape (frames,)
        The predicted class; undefined where there is no speech.
    note : str
        What was estimated; empty if nothing was.
    """

    probabilities: Doubles
    codes: NDArray[np.int64]
    note: str = ""


@dataclass(frozen=True)
class Smoother:
    """A way to smooth.

    Attributes
    ----------
    name : str
        What users write.
    argument : str
        What may follow the name after a colon; empty for nothing.
    meaning : str
        For help and documentation.
    check : callable
        Returns what is wrong with an argument; an empty text if nothing is.
    classes : callable
        Smooths classes, with the argument or None.
    numbers : callable
        Smooths numbers, shape (frames,), NaN without speech; with the hop and the argument.
    """

    name: str
    argument: str
    meaning: str
    check: Callable[[float], str]
    classes: Callable[[FrameEvidence, float | None], SmoothedClasses]
    numbers: Callable[[Doubles, float, float | None], Doubles]


@dataclass(frozen=True)
class Smoothing:
    """A chosen way to smooth, with its argument."""

    smoother: Smoother
    argument: float | None = None

    def classes(self, evidence: FrameEvidence) -> SmoothedClasses:
        """Smooth the classes of a task."""
        return self.smoother.classes(evidence, self.argument)

    def numbers(self, evidence: FrameEvidence) -> Doubles:
        """Smooth the numbers of a task; frames without speech stay NaN."""
        values = evidence.mean[:, 0]
        smoothed = self.smoother.numbers(values, evidence.hop_s, self.argument)
        return np.where(np.isfinite(values), smoothed, np.nan)


def _most_probable(probabilities: Doubles) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.nan_to_num(probabilities).argmax(axis=1)
    return codes


def _plain_classes(evidence: FrameEvidence, argument: float | None) -> SmoothedClasses:
    return SmoothedClasses(evidence.mean, _most_probable(evidence.mean))


def _plain_numbers(values: Doubles, hop_s: float, argument: float | None) -> Doubles:
    return values


def moving_average(values: Doubles, width: int) -> Doubles:
    """Average each row and those around it, ``width`` in all, that are not NaN.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Rows are NaN or not as a whole; those that are stay NaN.
    width : int
        Odd.

    Examples
    --------
    >>> moving_average(np.array([[1.0], [4.0], [np.nan], [6.0]]), 3)[:, 0].tolist()
    [2.5, 2.5, nan, 6.0]
    """
    present: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
    filled = np.where(present[:, None], values, 0.0)
    sums = np.vstack([np.zeros(values.shape[1]), np.cumsum(filled, axis=0)])
    counts = np.append(0, np.cumsum(present))
    at = np.arange(len(values))
    first, last = np.maximum(at - width // 2, 0), np.minimum(at + width // 2 + 1, len(values))
    result = np.full(values.shape, np.nan)
    count = (counts[last] - counts[first])[:, None]
    np.divide(sums[last] - sums[first], count, out=result, where=present[:, None] & (count > 0))
    return result


def _width(seconds: float | None, hop_s: float) -> int:
    """Return the odd number of frames nearest to some seconds."""
    return 2 * round((MEAN_S if seconds is None else seconds) / hop_s / 2 - 0.5) + 1


def _mean_classes(evidence: FrameEvidence, argument: float | None) -> SmoothedClasses:
    averaged = moving_average(evidence.mean, _width(argument, evidence.hop_s))
    return SmoothedClasses(averaged, _most_probable(averaged))


def _mean_numbers(values: Doubles, hop_s: float, argument: float | None) -> Doubles:
    return moving_average(values[:, None], _width(argument, hop_s))[:, 0]


def _chain_classes(evidence: FrameEvidence, argument: float | None) -> SmoothedClasses:
    observed, note = evidence.log_likelihood, ""
    change = argument
    if change is None:
        change = estimated_change(observed)
        note = (
            "no change of the class was found in the recording"
            if change <= LEAST
            else f"the class changes from a frame to the next with probability {change:.3g}, "
            f"estimated from the recording: on average every {evidence.hop_s / change:,.3g} s"
        )
    probabilities = posteriors(observed, change)
    probabilities[np.isnan(evidence.mean[:, 0])] = np.nan
    return SmoothedClasses(probabilities, most_probable_path(observed, change), note)


def _level_numbers(values: Doubles, hop_s: float, argument: float | None) -> Doubles:
    if not np.isfinite(values).any():
        return values
    return smoothed_level(values, estimated_variances(values))


def _any(value: float) -> str:
    return "takes no number"


def _seconds(value: float) -> str:
    return "" if 0 < value < np.inf else "give seconds, more than 0"


def _probability(value: float) -> str:
    return "" if 0 < value < 1 else "give a probability, more than 0 and less than 1"


SMOOTHERS = (
    Smoother(
        "none", "", "the mean of the windows that cover a frame", _any,
        _plain_classes, _plain_numbers,
    ),
    Smoother(
        "hmm", "P",
        "a hidden Markov chain of the classes that changes with probability P from a frame to the "
        "next (estimated if P is left out); numbers by a Kalman smoother",
        _probability, _chain_classes, _level_numbers,
    ),
    Smoother(
        "mean", "SECONDS", f"a moving average of so many seconds [{MEAN_S:g}]", _seconds,
        _mean_classes, _mean_numbers,
    ),
)  # fmt: skip


def parse_smoothing(text: str) -> Smoothing:
    """Read ``NAME`` or ``NAME:NUMBER``.

    Parameters
    ----------
    text : str
        Such as ``none``, ``hmm``, ``hmm:0.05`` or ``mean:4``.

    Raises
    ------
    InputError
        If there is no such smoother, or the number is not valid.

    Examples
    --------
    >>> parse_smoothing("hmm:0.05").argument
    0.05
    >>> parse_smoothing("mean").smoother.name
    'mean'
    """
    name, colon, number = text.partition(":")
    by_name = {smoother.name: smoother for smoother in SMOOTHERS}
    if name not in by_name:
        raise InputError(unknown("smoother", name, by_name), "smooth")
    if not colon:
        return Smoothing(by_name[name])
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    problem = by_name[name].check(value)
    if problem:
        raise InputError(f"'{text}': {problem}", "smooth")
    return Smoothing(by_name[name], value)


def refuse_smoothing(smoothing: Smoothing) -> None:
    """Refuse smoothing where there are no frames.

    Raises
    ------
    InputError
        If it is another than ``none``.
    """
    if smoothing.smoother.name != "none":
        raise InputError(
            f"'{smoothing.smoother.name}' smooths frames, and with --segments each segment is "
            f"predicted once: leave one of the two out",
            "smooth",
        )


def smoothing_help() -> str:
    """Return a sentence for each smoother, for help."""
    return "; ".join(
        f"{row.name}{f'[:{row.argument}]' if row.argument else ''}: {row.meaning}"
        for row in SMOOTHERS
    )
