"""Conformal prediction sets: the classes that left-out speakers do not rule out.

The score of a class is one minus its probability. A class is in the prediction set of a recording
unless its score is above nearly all scores that recordings of this class had when their speaker was
left out of training. Each class is calibrated by itself (Mondrian; Vovk, "Conditional validity of
inductive conformal predictors", 2013), and each speaker has the same weight, however many
recordings there are (Lee, Barber and Willett, "Distribution-free inference with hierarchical data",
2023), because recordings of one speaker are not independent. With K speakers of a class who have
n_k recordings of it, the p-value of a score s is

    p(s) = (1 + Σ_k share of the recordings of speaker k with a score of s or more) / (K + 1)

and the set at coverage 1 − α has the classes with p > α. If a new speaker and those of the
calibration are exchangeable, the set has the true class of a recording of the new speaker with a
probability of 1 − α or more, for each class. With fewer than 1/α − 1 speakers no class is ruled
out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.errors import TaskError

COVERAGES = (0.8, 0.9, 0.95)
"""Coverages that the report evaluates."""

BETWEEN = " | "
"""What stands between the classes of a prediction set in tables."""

_ROUNDING = 1e-6
"""Sums of weights in single precision differ by less from what they stand for."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """The calibration scores of a task's classes.

    Parameters
    ----------
    scores : mapping of str to sequence of sequence of float
        For each class of the task, in their order, a list for each speaker who has it: the scores
        of the speaker's recordings of this class.

    Examples
    --------
    >>> calibration = Calibration({"angry": [[0.1, 0.2], [0.3]], "sad": [[0.4]]})
    >>> calibration.p_values([[0.8, 0.2]]).round(2).tolist()
    [[0.83, 0.5]]
    """

    scores: Mapping[str, Sequence[Sequence[float]]]

    @classmethod
    def of(
        cls,
        classes: Sequence[str],
        encoded: NDArray[np.intp],
        probabilities: Floats,
        speaker: ArrayLike | None,
    ) -> Calibration:
        """Calibrate on probabilities of left-out recordings.

        Parameters
        ----------
        classes : sequence of str
            Of the task.
        encoded : ndarray of int, shape (n,)
            The position of each recording's class.
        probabilities : ndarray of float, shape (n, k)
            Of all classes; NaN where a recording was not left out.
        speaker : array-like, shape (n,), optional
            Whose recording it is. Without it each recording is a speaker of its own.
        """
        rows = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
        score = _scores(probabilities[rows, encoded[rows]])
        who = np.arange(len(encoded)) if speaker is None else _codes(speaker)
        of_row = who[rows]
        return cls(
            {
                name: _by_speaker(score[is_own], of_row[is_own])
                for name, is_own in zip(
                    classes, encoded[rows] == np.arange(len(classes))[:, None], strict=True
                )
            }
        )

    @property
    def n_speakers(self) -> dict[str, int]:
        """How many speakers each class is calibrated on."""
        return {name: len(speakers) for name, speakers in self.scores.items()}

    @property
    def is_scored(self) -> NDArray[np.bool_]:
        """Which classes have scores: across corpora those that all corpora have, shape (k,)."""
        return np.array([count > 0 for count in self.n_speakers.values()], dtype=bool)

    def p_values(self, probabilities: ArrayLike) -> Floats:
        """Return the p-value of each class.

        Parameters
        ----------
        probabilities : array-like, shape (n, k)
            Of the classes, in their order.

        Returns
        -------
        ndarray of float, shape (n, k)
            In (0, 1]; 1 for a class without calibration scores.
        """
        given = _scores(np.asarray(probabilities, dtype=np.float64))
        values = np.empty(given.shape)
        for column, (scores, tail) in enumerate(self._sorted):
            values[:, column] = tail[np.searchsorted(scores, given[:, column], side="left")]
        return values

    @cached_property
    def _sorted(self) -> list[tuple[NDArray[np.float32], Floats]]:
        """Each class's scores, ascending, and the p-value of a score up to each of them."""
        result = []
        for speakers in self.scores.values():
            score = np.array([one for scores in speakers for one in scores], dtype=np.float32)
            weight = np.array([1 / len(scores) for scores in speakers for _ in scores])
            order = np.argsort(score, kind="stable")
            above = np.append(np.cumsum(weight[order][::-1])[::-1], 0.0)
            result.append((score[order], (1 + above) / (len(speakers) + 1)))
        return result

    def without_verdict(self, coverage: float) -> list[str]:
        """Return the classes with too few speakers for sets of this coverage to leave them out."""
        needed = speakers_needed(coverage)
        return [name for name, count in self.n_speakers.items() if count < needed]

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain data."""
        return {name: [list(one) for one in speakers] for name, speakers in self.scores.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], classes: Sequence[str]) -> Calibration:
        """Return what :meth:`to_dict` described.

        Raises
        ------
        ValueError
            If the scores are not those of the classes, in their order, or not in [0, 1].
        """
        if list(data) != list(classes):
            raise ValueError(f"calibration scores are of {list(data)}, not of {list(classes)}")
        for name, speakers in data.items():
            if not all(one and all(0 <= score <= 1 for score in one) for one in speakers):
                raise ValueError(f"calibration scores of '{name}' are missing or not in [0, 1]")
        return cls(data)


def _codes(speaker: ArrayLike) -> NDArray[np.intp]:
    return np.unique(np.asarray(speaker), return_inverse=True)[1]


def _scores(probabilities: Floats) -> NDArray[np.float32]:
    """Return scores in the precision of tables of predictions."""
    return np.clip(1 - np.asarray(probabilities, dtype=np.float32), 0, 1)


def _by_speaker(score: NDArray[np.float32], of_row: NDArray[np.intp]) -> list[list[float]]:
    rounded = np.round(score.astype(np.float64), 6)  # as a bundle stores them
    return [rounded[of_row == one].tolist() for one in np.unique(of_row)]


def speakers_needed(coverage: float) -> int:
    """Return how many calibration speakers a class needs for sets that leave it out.

    Examples
    --------
    >>> [speakers_needed(coverage) for coverage in (0.8, 0.9, 0.95)]
    [4, 9, 19]
    """
    return math.ceil(1 / (1 - coverage + _ROUNDING) - 1)


def in_set(p_values: ArrayLike, coverage: float) -> NDArray[np.bool_]:
    """Return which classes are in the prediction set.

    Parameters
    ----------
    p_values : array-like, shape (n, k)
        From :meth:`Calibration.p_values`.
    coverage : float
        Such as 0.9.

    Raises
    ------
    TaskError
        If the coverage is not between 0 and 1.

    Examples
    --------
    >>> in_set([[0.5, 0.1], [0.05, 0.1]], 0.9).tolist()
    [[True, False], [False, False]]
    """
    check_coverage(coverage)
    return np.asarray(np.asarray(p_values) > 1 - coverage + _ROUNDING)


def check_coverage(coverage: float) -> None:
    """Refuse a coverage that is not between 0 and 1.

    Raises
    ------
    TaskError
        With what is valid.
    """
    if not 0 < coverage < 1:
        raise TaskError(
            f"coverage {coverage:g} is not between 0 and 1: give a share, such as 0.9 for sets "
            f"that have the true class of 90 % of the recordings"
        )
