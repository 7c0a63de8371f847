"""Between which values the recordings of a training set lie, and which recordings do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from featser.models.abstention.measures import MEASURES, Measure, measured
from featser.models.abstention.reason import Reason

TRIMMED = 0.005
"""The share of training recordings that may lie outside the range, on each side."""


@dataclass(frozen=True, eq=False)
class TrainingRanges:
    """The range of each measure in a training set.

    Parameters
    ----------
    ranges : mapping of str to (float, float)
        By the names of :data:`~featser.models.abstention.measures.MEASURES`: values from the
        0.5 % to the 99.5 % quantile.

    Examples
    --------
    >>> ranges = TrainingRanges({"level": (-41.0, -18.0)})
    >>> (reason,), none = ranges.reasons(pd.DataFrame({"level": [-62.0, -44.0]}))
    >>> reason.text, none
    ('level -62 dB; training -41 to -18 dB', [])
    """

    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, facts: pd.DataFrame) -> TrainingRanges:
        """Estimate the ranges.

        Parameters
        ----------
        facts : DataFrame, n rows
            From :func:`featser.audit.measure.examination.facts_table`.
        """
        ranges = {}
        for name, values in measured(facts).items():
            finite = values[np.isfinite(values)]
            if len(finite):
                low, high = finite.quantile([TRIMMED, 1 - TRIMMED])
                ranges[str(name)] = (float(low), float(high))
        return cls(ranges)

    def reasons(self, values: pd.DataFrame, trimmed: bool = False) -> list[list[Reason]]:
        """Say of each recording which measures are outside the training range.

        Parameters
        ----------
        values : DataFrame, n rows
            From :func:`~featser.models.abstention.measures.measured`.
        trimmed : bool
            Whether features are of recordings without the silence around the speech.

        Returns
        -------
        list of list of Reason
            Empty for a recording that is like those of the training set.
        """
        compared = [name for name in self.ranges if MEASURES[name].is_compared(trimmed)]
        return self._reasons(values, compared)

    def reasons_of_windows(self, values: pd.DataFrame) -> list[list[Reason]]:
        """Say of each window of a long recording which measures are outside the training range.

        Parameters
        ----------
        values : DataFrame, n rows
            :data:`~featser.models.abstention.measures.WINDOW_MEASURES`; no others are compared.

        Examples
        --------
        >>> ranges = TrainingRanges({"level": (-41.0, -18.0), "length": (1.2, 9.0)})
        >>> ranges.reasons_of_windows(pd.DataFrame({"level": [-62.0]}))[0][0].text
        'level -62 dB; training -41 to -18 dB'
        """
        return self._reasons(values, [name for name in self.ranges if MEASURES[name].of_windows])

    def _reasons(self, values: pd.DataFrame, names: Iterable[str]) -> list[list[Reason]]:
        reasons: list[list[Reason]] = [[] for _ in range(len(values))]
        for name in names:
            measure, (low, high) = MEASURES[name], self.ranges[name]
            lowest, highest = measure.limits(low, high)
            for row, value in enumerate(values[name].tolist()):
                if value < lowest or value > highest:
                    reasons[row].append(_reason(measure, value, low, high))
        return reasons

    def to_dict(self) -> dict[str, list[float]]:
        """Return the ranges as plain data."""
        return {name: list(ends) for name, ends in self.ranges.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingRanges:
        """Return what :meth:`to_dict` described, without measures that this version lacks.

        Raises
        ------
        ValueError
            If a range is not one of two finite numbers in order.
        """
        ranges = {}
        for name, ends in data.items():
            if len(ends) != 2 or not np.isfinite(ends).all() or ends[0] > ends[1]:
                raise ValueError(f"the training range of '{name}' is {ends}, not from low to high")
            if name in MEASURES:
                ranges[name] = (float(ends[0]), float(ends[1]))
        return cls(ranges)


def _reason(measure: Measure, value: float, low: float, high: float) -> Reason:
    own, first, last = (measure.in_words(one) for one in (value, low, high))
    unit = f" {measure.unit or '%'}"
    span = first if first == last else f"{first.removesuffix(unit)} to {last}"
    return Reason(measure.name, f"{measure.name} {own}; training {span}", value, high)
