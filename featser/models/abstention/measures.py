"""What is measured of a recording to tell whether a training set had recordings like it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Facts = Mapping[str, Floats]

LENGTH = "length"
"""The name of the measure of whole recordings in seconds."""

WIDEST_HZ = 8_000.0
"""A bandwidth above counts as this one: features are computed at 16 kHz."""


@dataclass(frozen=True)
class Measure:
    """A measure of recordings.

    Attributes
    ----------
    name : str
        As reasons and bundles name it.
    unit : str
        After values in words; empty for shares.
    of : callable
        From facts, columns of :func:`featser.audit.measure.examination.facts_table` by name, to a
        value for each recording.
    margin : float
        How far outside the training range a recording counts as unlike: a difference, or a factor
        where ``is_ratio``.
    is_ratio : bool
        Whether values are compared by their ratio.
    digits : int
        Decimal places in words.
    compared : {'always', 'untrimmed', 'trimmed'}
        Whether it is compared where features are of recordings without the silence around the
        speech.
    of_windows : bool
        Whether windows of a long recording are compared too: those that say nothing of silence and
        length, which depend on where a window lies, and need no pause, which it may lack.
    """

    name: str
    unit: str
    of: Callable[[Facts], Floats]
    margin: float
    is_ratio: bool = False
    digits: int = 0
    compared: Literal["always", "untrimmed", "trimmed"] = "always"
    of_windows: bool = False

    def is_compared(self, trimmed: bool) -> bool:
        """Return whether it is compared where recordings are trimmed, or are not."""
        return self.compared in ("always", "trimmed" if trimmed else "untrimmed")

    def limits(self, low: float, high: float) -> tuple[float, float]:
        """Return between which values recordings are like those of a training range."""
        if self.is_ratio:
            return low / self.margin, high * self.margin
        return low - self.margin, high + self.margin

    def in_words(self, value: float) -> str:
        """Return a value with its unit.

        Examples
        --------
        >>> MEASURES["level"].in_words(-41.3), MEASURES["silence"].in_words(0.5)
        ('-41 dB', '50 %')
        """
        if not self.unit:
            return f"{100 * value:.{self.digits}f} %"
        return f"{value:.{self.digits}f} {self.unit}"


def _level(facts: Facts) -> Floats:
    return facts["level"]


def _bandwidth(facts: Facts) -> Floats:
    return facts["bandwidth"].clip(1.0, WIDEST_HZ)


def _silence(facts: Facts) -> Floats:
    return facts["silence_s"] / facts["seconds"]


def _length(facts: Facts) -> Floats:
    return facts["seconds"]


def _inner_silence(facts: Facts) -> Floats:
    return (facts["silence_s"] - _edges(facts)) / _speech_length(facts)


def _speech_length(facts: Facts) -> Floats:
    return (facts["seconds"] - _edges(facts)).clip(min=1e-3)


def _edges(facts: Facts) -> Floats:
    return facts["leading_silence_s"] + facts["trailing_silence_s"]


def _noise(facts: Facts) -> Floats:
    return facts["level"] - facts["floor"]


def _clipping(facts: Facts) -> Floats:
    return facts["clipped"]


_ROWS = (
    Measure("level", "dB", _level, 6.0, of_windows=True),
    Measure("bandwidth", "Hz", _bandwidth, 2**0.5, is_ratio=True, of_windows=True),
    Measure("silence", "", _silence, 0.15, compared="untrimmed"),
    Measure(LENGTH, "s", _length, 2**0.5, is_ratio=True, digits=1, compared="untrimmed"),
    Measure("silence within speech", "", _inner_silence, 0.15, compared="trimmed"),
    Measure(
        "length of speech", "s", _speech_length, 2**0.5, is_ratio=True, digits=1, compared="trimmed"
    ),
    Measure("level above noise", "dB", _noise, 6.0, compared="untrimmed"),
    Measure("clipping", "", _clipping, 0.001, digits=1, of_windows=True),
)

MEASURES: dict[str, Measure] = {row.name: row for row in _ROWS}
"""Name → measure. Level above noise is the RMS level less the noise floor: an estimate of the
signal-to-noise ratio, too low where speech has no pauses."""


WINDOW_MEASURES = tuple(name for name, row in MEASURES.items() if row.of_windows)


def measured(facts: pd.DataFrame, names: Iterable[str] = tuple(MEASURES)) -> pd.DataFrame:
    """Return a column for each measure.

    Parameters
    ----------
    facts : DataFrame, n rows
        From :func:`featser.audit.measure.examination.facts_table`; NaN where a recording cannot be
        used.
    names : iterable of str
        Of the measures.
    """
    columns = {str(name): column.to_numpy() for name, column in facts.items()}
    return pd.DataFrame({name: MEASURES[name].of(columns) for name in names})
