"""The out-of-fold predictions of one task of a run, without its features and recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import ProtocolError, RunError, TaskError, shortened, unknown
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.groups import speaker_ids
from featser.experiment.runs.run_reading import read_description, read_predictions, utterances
from featser.tasks import Task

ROUNDING = 1e-5
"""How far a probability, stored as float32, may lie outside of 0 to 1."""

SUM_TOLERANCE = 0.01
"""How far the sum of a row's probabilities may be from 1."""


@dataclass(frozen=True, eq=False)
class PredictedTask:
    """What a run predicted of one task with classes, under one protocol.

    Attributes
    ----------
    folder : Path
    task : Task
    protocol : str
    protocols : list of str
        All that the run has, the leading one first.
    table : DataFrame, n rows
        The rows with a label and a prediction, of ``predictions.parquet``.
    described : dict
        The run's ``run.json``.
    """

    folder: Path
    task: Task
    protocol: str
    protocols: list[str]
    table: pd.DataFrame
    described: dict[str, Any]

    @property
    def labels(self) -> NDArray[np.intp]:
        """The class of each row's label, shape (n,)."""
        return self._codes("true")

    @property
    def predictions(self) -> NDArray[np.intp]:
        """The class that was predicted of each row, shape (n,)."""
        return self._codes("pred")

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The probability of each class, shape (n, k)."""
        columns = [f"{self.task.name}.p[{name}]" for name in self.task.classes]
        return self.table[columns].to_numpy(dtype=np.float64)

    @property
    def speaker(self) -> NDArray[np.str_]:
        """Who speaks, distinguished across corpora, shape (n,); empty where it is not known."""
        return speaker_ids(self.table)

    @property
    def corpus(self) -> NDArray[np.str_]:
        """The corpus of each row, shape (n,); empty where it is not named."""
        if "corpus" not in self.table:
            return np.full(len(self.table), "", dtype=np.str_)
        return as_text(self.table["corpus"])

    @property
    def keys(self) -> pd.MultiIndex:
        """Which utterance each row is of: file, start and end."""
        return pd.MultiIndex.from_frame(utterances(self.table))

    def with_protocol(self, protocol: str) -> PredictedTask:
        """Return the predictions of another protocol of the run."""
        return predicted_task(self.folder, self.task.name, protocol)

    def _codes(self, column: str) -> NDArray[np.intp]:
        places = {name: place for place, name in enumerate(self.task.classes)}
        values = self.table[f"{self.task.name}.{column}"].astype(str)
        return np.asarray(values.map(places), dtype=np.intp)


def predicted_task(
    folder: str | Path, task: str | None = None, protocol: str | None = None
) -> PredictedTask:
    """Read the predictions of one task of a run.

    Parameters
    ----------
    folder : str or Path
        A folder that ``featser fit`` wrote.
    task : str, optional
        A task with classes; the primary one by default.
    protocol : str, optional
        The leading one by default.

    Raises
    ------
    TaskError
        If the run has no such task, or it has no classes.
    ProtocolError
        If the run has no such protocol.
    FeatserError
        If the folder is no run, or damaged.
    """
    folder = Path(folder)
    table, described = read_predictions(folder), read_description(folder)
    chosen = _chosen(folder, _tasks(folder, described), task)
    protocols = [str(name) for name in dict.fromkeys(table["protocol"])]
    if not protocols:
        raise RunError(f"{folder}/predictions.parquet: holds no prediction")
    name = protocols[0] if protocol is None else protocol
    if name not in protocols:
        raise ProtocolError(f"{folder}: {unknown('protocol', name, protocols)}")
    for problem in _problems(table, chosen):
        raise RunError(
            f"{folder}/predictions.parquet: {problem}. Run `featser fit` with `-o {folder}` again"
        )
    is_scored = table[f"{chosen.name}.true"].notna() & table[f"{chosen.name}.pred"].notna()
    rows = table[(table["protocol"] == name) & is_scored].reset_index(drop=True)
    return PredictedTask(folder, chosen, name, protocols, rows, described)


def _tasks(folder: Path, described: Mapping[str, Any]) -> list[Task]:
    try:
        tasks = [Task.from_dict(one) for one in described["tasks"]]
    except (KeyError, TypeError, TaskError) as error:
        raise RunError(
            f"{folder}/run.json: field 'tasks' is missing or not valid. Run `featser fit` with "
            f"`-o {folder}` again"
        ) from error
    return sorted(tasks, key=lambda task: task.role != "primary")


def _chosen(folder: Path, tasks: list[Task], name: str | None) -> Task:
    chosen = next((task for task in tasks if name in (None, task.name)), None)
    if chosen is None:
        raise TaskError(f"{folder}: {unknown('task', str(name), [task.name for task in tasks])}")
    if not chosen.categorical:
        others = ", ".join(task.name for task in tasks if task.categorical) or "none of this run"
        raise TaskError(
            f"{folder}: task '{chosen.name}' is a regression, and this needs classes. Tasks with "
            f"classes: {others}"
        )
    return chosen


def _problems(table: pd.DataFrame, task: Task) -> Iterator[str]:
    """Yield what is wrong with the columns of a task; each check relies on those before it."""
    for column in [f"{task.name}.true", f"{task.name}.pred"]:
        if column not in table:
            yield f"lacks the column '{column}'"
        values = set(table[column].dropna().astype(str))
        if others := sorted(values - set(task.classes)):
            yield f"column '{column}' has the class '{others[0]}', which run.json does not name"
    is_scored = table[f"{task.name}.true"].notna() & table[f"{task.name}.pred"].notna()
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    for column in columns:
        if column not in table:
            yield f"lacks the column '{column}', the probability of a class of run.json"
        shares = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
        is_other = ~((shares >= -ROUNDING) & (shares <= 1.0 + ROUNDING))
        for row in np.flatnonzero(is_other & is_scored.to_numpy())[:1]:
            yield (
                f"column '{column}' has the value {shortened(str(table[column].iloc[row]))} in "
                f"{_place(table, row)}: a probability is a number between 0 and 1"
            )
    sums = table.loc[is_scored, columns].to_numpy(dtype=np.float64).sum(axis=1)
    for place in np.flatnonzero(np.abs(sums - 1.0) > SUM_TOLERANCE)[:1]:
        row = int(np.flatnonzero(is_scored)[place])
        yield (
            f"the columns '{columns[0]}' to '{columns[-1]}' add up to {sums[place]:.4g} in "
            f"{_place(table, row)}: the probabilities of all classes add up to 1"
        )


def _place(table: pd.DataFrame, row: int) -> str:
    """Name a row, counted from 1, by its recording too."""
    return f"row {row + 1} ({shortened(str(table['file'].iloc[row]))})"
