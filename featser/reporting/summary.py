"""What a report is made of: a run's results as plain data, and the checks before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.errors import ManifestError, ProtocolError, TaskError, unknown
from featser.evaluation.pairs import is_missing
from featser.tasks import Task

Figures = dict[str, dict[str, Any]]
"""A task's metrics: name → ``value``, ``low``, ``high`` (None or NaN where undefined)."""


def _no_rows(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})


@dataclass
class RunSummary:
    """All that a report tells about one run. It holds no model and no features.

    Attributes
    ----------
    title : str
        The report's title.
    command : str
        The command that made the run.
    protocol : str
        How the folds of ``predictions`` were made.
    speaker_norm : str
        Whether features were normalised by speaker: ``none``, ``transductive``, by all of the
        test speaker's own, or such as ``enrol:8``, by some of them.
    seed : int
        The run's seed; also that of the intervals that the report computes for groups.
    tasks : list of Task
        The tasks; the primary one (or else the first) leads the report.
    metrics : dict
        protocol → task name → metric → ``{"value", "low", "high"}``, as
        :func:`featser.evaluation.uncertainty.evaluate_with_intervals` gives them.
    predictions : DataFrame
        One row for each utterance: ``file``, ``start``, ``end``, ``speaker``, ``corpus``,
        ``language``, ``fold``, perhaps ``gender``; for each task ``{task}.true`` and
        ``{task}.pred`` (NaN where there is none) and ``{task}.p[{class}]``.
    folds : DataFrame
        ``fold``, ``speaker``, ``n``: how many utterances of whom are tested in which fold.
    unusable : DataFrame
        ``file``, ``reason``.
    refused_tasks : dict of str to str
        Labels that were not made tasks, and why.
    notes : list of str
        Warnings, shown first.
    features : DataFrame
        ``extractor``, ``families``, ``dimension``, ``fingerprint``.
    model : str
        What was trained, in one line.
    environment : dict of str to str
        Versions of what computed the run.
    reproduce : list of str
        Commands that give the run again.
    seconds : float
        How long the run took.
    findings : list of dict
        What the audit of the data found, errors first: ``kind``, ``severity``, ``message`` and
        ``table``, a list of rows with the same names.
    """

    title: str
    command: str
    protocol: str
    speaker_norm: str
    seed: int
    tasks: list[Task]
    metrics: dict[str, dict[str, Figures]]
    predictions: pd.DataFrame
    folds: pd.DataFrame = field(default_factory=lambda: _no_rows("fold", "speaker", "n"))
    unusable: pd.DataFrame = field(default_factory=lambda: _no_rows("file", "reason"))
    refused_tasks: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    features: pd.DataFrame = field(
        default_factory=lambda: _no_rows("extractor", "families", "dimension", "fingerprint")
    )
    model: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    reproduce: list[str] = field(default_factory=list)
    seconds: float = 0.0
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def primary(self) -> Task:
        """The primary task, or the first where none is."""
        return next((task for task in self.tasks if task.role == "primary"), self.tasks[0])

    @property
    def ordered_tasks(self) -> list[Task]:
        """The tasks, the primary one first."""
        return [self.primary, *(task for task in self.tasks if task is not self.primary)]

    @property
    def protocols(self) -> list[str]:
        """The protocols that have metrics, the run's own first."""
        return [self.protocol, *(name for name in self.metrics if name != self.protocol)]

    def figures(self, task: Task, protocol: str | None = None) -> Figures:
        """Return a task's metrics under a protocol (the run's own), empty if it has none."""
        return self.metrics.get(protocol or self.protocol, {}).get(task.name, {})

    def check(self) -> None:
        """Refuse a summary that no report can be made of.

        Raises
        ------
        TaskError
            If there is no task, or the primary task has no metrics.
        ProtocolError
            If there are no metrics for the run's protocol.
        ManifestError
            If the predictions lack a task's columns.
        """
        if not self.tasks:
            raise TaskError(f"report '{self.title}': there is no task to report on")
        if self.protocol not in self.metrics:
            raise ProtocolError(
                f"report '{self.title}': {unknown('protocol', self.protocol, self.metrics)}"
            )
        if not self.figures(self.primary):
            raise TaskError(
                f"report '{self.title}': task '{self.primary.name}' has no metrics under "
                f"'{self.protocol}'"
            )
        for task in self.tasks:
            for column in (f"{task.name}.true", f"{task.name}.pred"):
                if column not in self.predictions:
                    raise ManifestError(
                        f"report '{self.title}': the predictions have no column '{column}'"
                    )

    def known(self, column: str) -> pd.Series[Any]:
        """Return a column of the predictions as text, empty where missing or absent."""
        if column not in self.predictions:
            return pd.Series("", index=self.predictions.index, dtype=object)
        texts = ["" if is_missing(value) else str(value) for value in self.predictions[column]]
        return pd.Series(texts, index=self.predictions.index, dtype=object)

    def speakers(self) -> npt.NDArray[np.str_]:
        """Return who speaks in each row, told apart across corpora; empty where not known."""
        from featser.evaluation.protocols import speaker_ids

        return speaker_ids(self.predictions)

    def scored(self, task: Task) -> npt.NDArray[np.bool_]:
        """Return which rows have both a label and a prediction for the task."""
        pair = self.predictions[[f"{task.name}.true", f"{task.name}.pred"]]
        missing: npt.NDArray[np.bool_] = np.asarray(pair.isna(), dtype=np.bool_)
        return np.logical_not(missing.any(axis=1))
