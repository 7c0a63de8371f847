"""What the page on a comparison takes: two runs' predictions of a task, and how they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.evaluation.statistics.comparison import Difference
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """How two runs differ in one task.

    Attributes
    ----------
    task : Task
    a, b : int
        The numbers of the runs.
    rows : DataFrame
        One row for each utterance that is compared: ``file``, ``start``, ``end``, ``speaker``,
        ``true``, and what either run predicted: ``a``, ``b``.
    result : Difference
        ``b - a``.
    p_holm : float
        Corrected p value.
    conclusion : str
        In words.
    """

    task: Task
    a: int
    b: int
    rows: pd.DataFrame
    result: Difference
    p_holm: float
    conclusion: str

    @property
    def letters(self) -> tuple[str, str]:
        """The letters of the two runs."""
        return run_letter(self.a), run_letter(self.b)

    @property
    def speakers(self) -> npt.NDArray[np.str_]:
        """The speaker of each row; empty where none is named."""
        return self.rows["speaker"].to_numpy(dtype=np.str_)

    def values(self, column: str) -> npt.NDArray[Any]:
        """Return ``true``, ``a`` or ``b`` as metrics take them."""
        return self.rows[column].to_numpy(dtype=object if self.task.categorical else np.float64)


@dataclass(frozen=True, eq=False)
class ComparisonSummary:
    """A comparison of runs for a page.

    Attributes
    ----------
    runs : sequence of tuple of str
        Of each run its name, protocol, model, features and speaker normalisation.
    common : int
        Utterances that all of them predicted.
    pairs : list of ComparedPair
    notes : list of str
    settings : list of tuple
        Settings that differ: the name, and the value of each run.
    command : str
        What made the page.
    """

    runs: Sequence[tuple[str, ...]]
    common: int
    pairs: list[ComparedPair]
    notes: list[str] = field(default_factory=list)
    settings: list[tuple[str, list[str]]] = field(default_factory=list)
    command: str = ""


def run_letter(number: int) -> str:
    """Return the letter of a run; after the last letter, its number from 1.

    Examples
    --------
    >>> run_letter(0), run_letter(25), run_letter(26)
    ('A', 'Z', '27')
    """
    return ascii_uppercase[number] if number < len(ascii_uppercase) else str(number + 1)
