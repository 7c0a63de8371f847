"""What goes with a class: differences of interpretable features, adjusted for the speaker.

Of each speaker, the mean of a feature in one class is compared with the mean over the other classes
(of their means, so that large classes do not count more). The figure is the mean of these
differences over speakers, so that nothing of it is due to how speakers differ from each other. Its
interval and p value come from the spread between speakers. The p values of all classes and features
are adjusted together for the false discovery rate.

References
----------
Benjamini and Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical
Society B 57, 1995.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.metrics.scales import IDENTITY
from featser.evaluation.statistics.jackknife import (
    leave_one_out,
    standard_error,
    t_bounds,
    t_test,
)
from featser.evaluation.statistics.resampling import FEWEST_SPEAKERS
from featser.features.interpretable_features import InterpretableFeature
from featser.reporting.tables import Table

DISCOVERY_RATE = 0.05
"""The share of false discoveries among all that are reported."""

MOST_NAMED = 4
"""How many features a sentence names of each class."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClassDifference:
    """How one feature differs in one class from the other classes, within speakers.

    Attributes
    ----------
    label : str
        The class.
    feature : InterpretableFeature
    difference, low, high : float
        In the feature's unit, with the 95 % interval over speakers.
    scale : float
        The feature's standard deviation within speakers.
    p, p_adjusted : float
        Of no difference; and adjusted for all classes and features (Benjamini and Hochberg).
    n_speakers : int
        Speakers with the class and another one.
    """

    label: str
    feature: InterpretableFeature
    difference: float
    low: float
    high: float
    scale: float
    p: float
    n_speakers: int
    p_adjusted: float = float("nan")

    @property
    def is_discovery(self) -> bool:
        """Whether it is reported at the false discovery rate of :data:`DISCOVERY_RATE`."""
        return self.p_adjusted <= DISCOVERY_RATE

    @property
    def standardised(self) -> tuple[float, float, float]:
        """Difference and bounds in standard deviations within speakers."""
        return self.difference / self.scale, self.low / self.scale, self.high / self.scale

    def __str__(self) -> str:
        value, low, high = self.standardised
        text = f"{self.feature.words} {value:+.1f} SD [{low:.1f}, {high:.1f}]"
        if not self.feature.unit:
            return text
        return f"{text} ({self.difference:+.3g} {self.feature.unit})"


def class_differences(
    values: NDArray[Any],
    features: Sequence[InterpretableFeature],
    labels: NDArray[Any],
    speaker: NDArray[np.str_],
    classes: Sequence[str],
) -> list[ClassDifference]:
    """Compare each class with the others, feature by feature, within speakers.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        The features as they were extracted; NaN where a value is undefined.
    features : sequence of InterpretableFeature, length d
    labels : ndarray, shape (n,)
        Classes; missing where there is no label.
    speaker : ndarray of str, shape (n,)
        Who speaks. Rows without a speaker are left out.
    classes : sequence of str
        Those to compare.

    Returns
    -------
    list of ClassDifference
        Those with :data:`~featser.evaluation.statistics.resampling.FEWEST_SPEAKERS` speakers or
        more, class by class, the largest standardised difference first.
    """
    used = (speaker != "") & ~pd.isna(labels)
    exact = np.where(np.isfinite(values[used]), values[used], np.nan).astype(np.float64)
    table = pd.DataFrame(exact)
    means = table.groupby([speaker[used], labels[used].astype(str)]).mean()
    scales = _deviation_within(table, speaker[used])
    compared = [
        difference
        for label in classes
        for difference in _of_class(str(label), means, features, scales)
    ]
    adjusted = _adjusted(compared)
    order = {str(label): place for place, label in enumerate(classes)}
    return sorted(adjusted, key=lambda one: (order[one.label], -abs(one.standardised[0])))


def _deviation_within(table: pd.DataFrame, speaker: NDArray[np.str_]) -> Floats:
    """Return each feature's standard deviation around the means of the speakers."""
    by_speaker = table.groupby(speaker)
    centred = table - by_speaker.transform("mean")
    freedom = np.maximum(table.notna().sum() - by_speaker.count().gt(0).sum(), 1)
    squares = np.nansum(np.square(centred.to_numpy(dtype=float)), axis=0)
    return np.asarray(np.sqrt(squares / np.asarray(freedom)), dtype=np.float64)


def _of_class(
    label: str, means: pd.DataFrame, features: Sequence[InterpretableFeature], scales: Floats
) -> list[ClassDifference]:
    of_label = means.index.get_level_values(1) == label
    own = means[of_label].droplevel(1)
    others = means[~of_label].groupby(level=0).mean()
    differences = (own - others.reindex(own.index)).to_numpy(dtype=float)
    compared = []
    for feature, column, scale in zip(features, differences.T, scales, strict=True):
        of_speakers = column[np.isfinite(column)]
        if len(of_speakers) < FEWEST_SPEAKERS or not scale > 0:
            continue
        n = len(of_speakers)
        value, error = (
            float(of_speakers.mean()),
            standard_error(leave_one_out(of_speakers) / (n - 1)),
        )
        if not error > 0:
            continue
        low, high = t_bounds(value, error, n - 1, IDENTITY, 0.95)
        p = float(t_test(value, error, n - 1))
        compared.append(
            ClassDifference(label, feature, value, float(low), float(high), float(scale), p, n)
        )
    return compared


def _adjusted(compared: Sequence[ClassDifference]) -> list[ClassDifference]:
    """Adjust the p values of all comparisons together."""
    from scipy.stats import false_discovery_control

    if not compared:
        return []
    adjusted = false_discovery_control([one.p for one in compared], method="bh")
    return [replace(one, p_adjusted=float(p)) for one, p in zip(compared, adjusted, strict=True)]


def named_differences(differences: Sequence[ClassDifference], label: str) -> list[ClassDifference]:
    """Return the largest discoveries of a class, one for each descriptor."""
    largest: dict[str, ClassDifference] = {}
    for one in differences:
        if one.label == label and one.is_discovery and one.feature.is_readable:
            largest.setdefault(one.feature.descriptor, one)
    return list(largest.values())[:MOST_NAMED]


def difference_sentences(
    differences: Sequence[ClassDifference], classes: Sequence[str]
) -> list[str]:
    """Say of each class what goes with it.

    Examples
    --------
    >>> difference_sentences([], ["angry"])
    ['angry: no difference beyond chance.']
    """
    sentences = []
    for label in map(str, classes):
        named = ", ".join(map(str, named_differences(differences, label)))
        sentences.append(f"{label}: {named or 'no difference beyond chance'}.")
    return sentences


def difference_table(differences: Sequence[ClassDifference], classes: Sequence[str]) -> Table:
    """Return the largest discoveries of each class."""
    rows = []
    for label in map(str, classes):
        for one in named_differences(differences, label):
            value, low, high = one.standardised
            rows.append(
                [
                    label,
                    one.feature.words,
                    f"{value:+.2f} [{low:.2f}, {high:.2f}]",
                    f"{one.difference:+.3g} {one.feature.unit}".strip(),
                    "< 0.001" if one.p_adjusted < 0.001 else f"{one.p_adjusted:.3f}",
                    str(one.n_speakers),
                ]
            )
    columns = ["class", "feature", "SD within speakers", "difference", "adjusted p", "speakers"]
    return Table("Differences of a class from the other classes", columns, rows, text={0, 1})


def difference_frame(differences: Sequence[ClassDifference]) -> pd.DataFrame:
    """Return all comparisons, a row for each class and feature."""
    return pd.DataFrame([_flat(one) for one in differences])


def _flat(one: ClassDifference) -> dict[str, Any]:
    value, low, high = one.standardised
    return {
        "class": one.label,
        "feature": one.feature.name,
        "words": one.feature.words,
        "unit": one.feature.unit,
        "difference": one.difference,
        "difference.low": one.low,
        "difference.high": one.high,
        "sd": value,
        "sd.low": low,
        "sd.high": high,
        "p": one.p,
        "p_adjusted": one.p_adjusted,
        "speakers": one.n_speakers,
    }
