"""The input of a report: a run's results as plain data, and their validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.errors import ManifestError, ProtocolError, TaskError, unknown
from featser.evaluation.missing import is_missing
from featser.evaluation.protocols.folds import ROLE, TRAINING_AND_TEST
from featser.reporting.methods.method_facts import MethodFacts
from featser.reporting.settings_section import Setting
from featser.tasks import Task

if TYPE_CHECKING:
    from featser.evaluation.statistics.resampling import ResamplingUnits
    from featser.ratings.agreement.agreement import Agreement

Figures = dict[str, dict[str, Any]]
"""A task's metrics: name → ``value``, ``low``, ``high`` (None or NaN where undefined)."""


@dataclass(frozen=True)
class RatedSummary:
    """The ratings of a task's label.

    Attributes
    ----------
    note : str
        How the label was made of them.
    agreement : Agreement
        How far the raters agree.
    names : sequence of str
        The name of each recording, by its row.
    """

    note: str
    agreement: Agreement
    names: Sequence[str]


def _no_rows(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})


def text_of(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    """Return a column of a table as text, empty where missing or absent."""
    if column not in table:
        return pd.Series("", index=table.index, dtype=object)
    texts = ["" if is_missing(value) else str(value) for value in table[column]]
    return pd.Series(texts, index=table.index, dtype=object)


@dataclass
class RunSummary:
    """The results of one run for a report, without model and features.

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
        The run's seed.
    tasks : list of Task
        The tasks; the primary one (or else the first) leads the report.
    metrics : dict
        protocol → task name → metric → ``{"value", "low", "high"}``, as
        :func:`featser.evaluation.statistics.intervals.evaluate_with_intervals` gives them.
    predictions : DataFrame
        One row for each utterance: ``file``, ``start``, ``end``, ``speaker``, ``corpus``,
        ``language``, ``fold``, perhaps ``gender``; for each task ``{task}.true`` and
        ``{task}.pred`` (NaN where there is none) and ``{task}.p[{class}]``.
    rows : DataFrame, optional
        All utterances of the data, tested or not: ``ROLE``; for each
        task ``{task}``, its label, and ``{task}.used``, whether it was used for training and
        scored; perhaps ``speaker``, ``corpus``, ``language``, ``gender``. By default the
        utterances of ``predictions``.
    folds : DataFrame
        ``fold``, ``speaker``, ``n``: the number of utterances per test fold and speaker.
    unusable : DataFrame
        ``file``, ``reason``.
    refused_tasks : dict of str to str
        Labels that are not tasks, with the reason.
    notes : list of str
        Warnings, shown first.
    features : DataFrame
        ``extractor``, ``families``, ``dimension``, ``fingerprint``.
    model : str
        The model, in one line.
    environment : dict of str to str
        Versions of the software.
    reproduce : list of str
        Commands that reproduce the run.
    settings : list of Setting
        All settings, by group.
    seconds : float
        Duration of the run.
    findings : list of dict
        Findings of the audit, errors first: ``kind``, ``severity``, ``message`` and
        ``table``, a list of rows with the same names.
    shared : dict of str to list of str
        Protocols with published folds, and what their training and test sets share, in words.
    rated : list of RatedSummary
        Tasks whose labels have ratings by several raters.
    methods : MethodFacts
        How the run was made, for methods paragraph, model card and datasheet.
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
    settings: list[Setting] = field(default_factory=list)
    seconds: float = 0.0
    findings: list[dict[str, Any]] = field(default_factory=list)
    rows: pd.DataFrame | None = None
    shared: dict[str, list[str]] = field(default_factory=dict)
    rated: list[RatedSummary] = field(default_factory=list)
    methods: MethodFacts = field(default_factory=MethodFacts)

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
        """Raise an error if the summary is incomplete.

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
            raise TaskError(f"report '{self.title}': it has no task")
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

    def column_text(self, column: str) -> pd.Series[Any]:
        """Return a column of the predictions as text, empty where missing or absent."""
        return text_of(self.predictions, column)

    def all_rows(self) -> pd.DataFrame:
        """Return all utterances of the data as ``rows`` has them."""
        if self.rows is not None:
            return self.rows
        tested = self.predictions.assign(**{ROLE: TRAINING_AND_TEST})
        for task in self.tasks:
            tested[task.name] = tested[f"{task.name}.true"]
            tested[f"{task.name}.used"] = tested[task.name].notna()
        return tested

    def speakers(self) -> npt.NDArray[np.str_]:
        """Return the speaker of each row, distinct across corpora; empty if missing."""
        from featser.evaluation.protocols.folding import speaker_ids

        return speaker_ids(self.predictions)

    @property
    def has_speakers(self) -> bool:
        """Whether any row has a speaker."""
        return bool((self.speakers() != "").any())

    @property
    def resampled(self) -> ResamplingUnits:
        """The units that intervals over all rows leave out one at a time."""
        from featser.evaluation.statistics.resampling import resampling_units

        return resampling_units(self.speakers(), len(self.predictions))

    def scored(self, task: Task) -> npt.NDArray[np.bool_]:
        """Return which rows have both a label and a prediction for the task."""
        pair = self.predictions[[f"{task.name}.true", f"{task.name}.pred"]]
        missing: npt.NDArray[np.bool_] = np.asarray(pair.isna(), dtype=np.bool_)
        return np.logical_not(missing.any(axis=1))
