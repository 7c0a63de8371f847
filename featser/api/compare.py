"""``featser compare``: whether one run is better than another, on the utterances both predicted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.arguments.path_rules import output_files, several_files
from featser.api.validation import validated
from featser.errors import FeatserError, TaskError, counted
from featser.evaluation.metrics.registry import title_of
from featser.evaluation.statistics.comparison import Difference, compare_task, holm
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.compared.compared_labels import scored_against
from featser.experiment.compared.compared_runs import (
    Compared,
    described_differences,
    differing_settings,
    open_runs,
)
from featser.experiment.runs.invocation import typed_command
from featser.io.atomic_write import write_text
from featser.io.result_display import Display, ShownResult
from featser.reporting.comparison.compared_pair import (
    ComparedPair,
    ComparisonSummary,
    run_letter,
)
from featser.reporting.comparison.comparison_page import write_comparison_page
from featser.reporting.statements.conclusions import conclusion
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class Pair:
    """How two runs differ in one task.

    Attributes
    ----------
    task, a, b : str
        The task, and the two runs.
    utterances, speakers : int
        How many were compared.
    result : Difference
        ``b - a``.
    p_holm : float
        The p value, corrected for there being several comparisons.
    """

    task: str
    a: str
    b: str
    utterances: int
    speakers: int
    result: Difference
    p_holm: float

    @property
    def conclusion(self) -> str:
        """Which run is better and by how much, or how large a difference could be missed."""
        interval = self.result.difference
        return conclusion(
            (self.a, self.b),
            self.task,
            title_of(self.result.metric),
            (interval.value, interval.low, interval.high),
            self.p_holm,
        )

    @property
    def unit(self) -> str:
        """What is left out at once."""
        return "speaker" if self.speakers else "utterance"


@dataclass(frozen=True, eq=False)
class ComparedRows:
    """The predictions of a task that are compared.

    Attributes
    ----------
    task : Task
    utterances : DataFrame
        ``file``, ``start``, ``end``, ``speaker`` and ``true``.
    predictions : list of ndarray
        What each run predicted, in their order.
    """

    task: Task
    utterances: pd.DataFrame
    predictions: list[NDArray[Any]]

    def of_pair(self, one: int, two: int) -> pd.DataFrame:
        """Return the utterances with the predictions of two runs, ``a`` and ``b``."""
        return self.utterances.assign(a=self.predictions[one], b=self.predictions[two])


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ShownResult):
    """What a comparison of runs gives.

    Attributes
    ----------
    runs : list of Compared
    common : int
        Utterances that all of them predicted.
    pairs : list of Pair
        Every two runs, in every task that all have.
    rows : dict of str to ComparedRows
        The predictions of each task that is compared.
    notes : list of str
        What a reader must know, such as protocols that differ.
    labels_of : str
        The run or manifest whose labels all runs are scored against; empty where each run has its
        own, which are the same.
    """

    runs: list[Compared]
    common: int
    pairs: list[Pair]
    rows: dict[str, ComparedRows] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    labels_of: str = ""

    def display(self) -> Display:
        """Return what was compared, and the conclusions."""
        runs = ", ".join(run.name for run in self.runs)
        text = f"{len(self.runs)} runs ({runs}), {counted(self.common, 'utterance')} in all of them"
        return Display(text, ["conclusion"], [[pair.conclusion] for pair in self.pairs])

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        runs = [
            {"run": run.name, "protocol": run.protocol, "utterances": len(run.predictions)}
            | run.described
            for run in self.runs
        ]
        pairs = [asdict(pair) | {"conclusion": pair.conclusion} for pair in self.pairs]
        described = {
            "runs": runs,
            "common": self.common,
            "labels_of": self.labels_of,
            "pairs": pairs,
            "notes": self.notes,
        }
        return dict(to_json(described))


@validated(output=output_files(".json", ".html"))
def compare(
    runs: Sequence[str | Path],
    output: str | Path | Sequence[str | Path] | None = None,
    protocol: str | None = None,
    labels_of: str | Path | None = None,
) -> Comparison:
    """Compare runs pair by pair, on the utterances that all of them predicted.

    Parameters
    ----------
    runs : sequence of path
        Two folders or more that ``featser fit`` wrote.
    output : path or sequence of path, optional
        Files to write: a page with figures, and the utterances, classes and speakers that differ
        (``.html``), or the figures as ``.json``.
    protocol : str, optional
        Whose predictions to compare; by default the first of the first run that all have, else
        each run's leading one.
    labels_of : str or Path, optional
        Whose labels all runs are scored against, where their labels differ: a run, by its folder
        or its letter (``A`` is the first), or a manifest. By default each run has its own, which
        must be the same.

    Returns
    -------
    Comparison
        With p values corrected for the number of pairs and tasks.

    Raises
    ------
    FeatserError
        If a folder is no run, runs have no utterance or task in common, or their truths differ and
        ``labels_of`` is not given.
    """
    names = [str(run) for run in runs]
    if len(set(names)) < max(2, len(names)):
        raise FeatserError(f"compare two runs or more, each once; got {', '.join(names) or 'none'}")
    opened = open_runs(names, protocol)
    common = opened[0].predictions.index
    for run in opened[1:]:
        common = common.intersection(run.predictions.index, sort=False)
    if common.empty:
        raise FeatserError(
            f"{' and '.join(names)} have no utterance in common, by file, start and end (such as "
            f"{opened[0].predictions['file'].iloc[0]}, {opened[1].predictions['file'].iloc[0]}): "
            f"compare runs of the same recordings, in the same place"
        )
    notes: list[str] = []
    if labels_of is not None:
        opened, notes = scored_against(opened, common, labels_of)
    pairs, rows, more = _compared(opened, common)
    whose = "" if labels_of is None else str(labels_of)
    result = Comparison(opened, len(common), pairs, rows, [*notes, *more], whose)
    for file in several_files(output):
        _write(result, Path(file))
    return result


def _write(result: Comparison, file: Path) -> None:
    if file.suffix.lower() == ".html":
        write_comparison_page(file, _summary(result))
        return
    text = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(file, text)


def _summary(result: Comparison) -> ComparisonSummary:
    """Return what the page shows."""
    names = [run.name for run in result.runs]
    runs = [
        (
            run.name,
            run.protocol,
            str(run.described.get("model", "not known")),
            ", ".join(run.described.get("features", ())) or "not known",
            str(run.described.get("speaker_norm", "not known")),
        )
        for run in result.runs
    ]
    pairs = [
        ComparedPair(
            rows.task,
            names.index(pair.a),
            names.index(pair.b),
            rows.of_pair(names.index(pair.a), names.index(pair.b)),
            pair.result,
            pair.p_holm,
            pair.conclusion,
        )
        for pair in result.pairs
        for rows in [result.rows[pair.task]]
    ]
    settings = [
        (key, [values.get(name, "not recorded") for name in names])
        for key, values in differing_settings([run for run in result.runs if run.described])
    ]
    command = typed_command() or f"featser.compare({names!r})"
    return ComparisonSummary(runs, result.common, pairs, result.notes, settings, command)


def _compared(
    runs: Sequence[Compared], common: pd.Index[Any]
) -> tuple[list[Pair], dict[str, ComparedRows], list[str]]:
    parts = [run.predictions.loc[common] for run in runs]
    names = [_tasks_of(part) for part in parts]
    shared = [task for task in names[0] if all(task in others for others in names)]
    notes = _uncompared_tasks(runs, parts, shared)
    if not shared:
        reasons = "".join(f"; {note}" for note in notes)
        raise TaskError(f"{' and '.join(run.name for run in runs)} have no task in common{reasons}")
    notes += described_differences(runs, parts)
    speaker = _speakers(parts)
    rows: list[tuple[str, str, str, int, int, Difference]] = []
    compared: dict[str, ComparedRows] = {}
    for name in shared:
        task = _task(name, parts)
        has_label = _same_truth(name, runs, parts)
        if not has_label.any():
            notes.append(
                f"task '{name}' is not compared: no common utterance has a label and a prediction "
                f"in all runs"
            )
            continue
        if not has_label.all():
            left_out = counted(int((~has_label).sum()), "common utterance")
            notes.append(
                f"task '{name}': {left_out} without a label or a prediction in at least one run, "
                f"not compared"
            )
        who = speaker[has_label]
        dtype = object if task.categorical else float
        true = parts[0][f"{name}.true"].to_numpy(dtype=dtype)[has_label]
        pred = [part[f"{name}.pred"].to_numpy(dtype=dtype)[has_label] for part in parts]
        utterances = parts[0].index[has_label].to_frame(index=False)
        compared[name] = ComparedRows(task, utterances.assign(speaker=who, true=true), pred)
        for one, two in combinations(range(len(runs)), 2):
            difference = compare_task(task, true, pred[one], pred[two], who)
            counts = int(has_label.sum()), len(set(who) - {""})
            rows.append((name, runs[one].name, runs[two].name, *counts, difference))
    corrected = holm([row[-1].p for row in rows])
    pairs = [Pair(*row, float(p)) for row, p in zip(rows, corrected, strict=True)]
    notes += dict.fromkeys(
        f"{pair.task}: {pair.result.difference.note}"
        for pair in pairs
        if pair.result.difference.note
    )
    return pairs, compared, notes


def _uncompared_tasks(
    runs: Sequence[Compared], parts: Sequence[pd.DataFrame], shared: Sequence[str]
) -> list[str]:
    """Say which tasks of a run are not compared, and which runs have no prediction of them."""
    tasks = dict.fromkeys(name for run in runs for name in _tasks_of(run.predictions))
    notes = []
    for task in tasks:
        lacking = [
            run.name for run, part in zip(runs, parts, strict=True) if task not in _tasks_of(part)
        ]
        if task not in shared:
            notes.append(
                f"task '{task}' is not compared: no prediction of it for the common utterances in "
                f"{', '.join(lacking)}"
            )
    return notes


def _speakers(parts: Sequence[pd.DataFrame]) -> NDArray[np.str_]:
    """Return who speaks, as the run says that names most; the first of those that name as many."""
    named = [part["who"].to_numpy(dtype=np.str_) for part in parts]
    return max(named, key=lambda names: np.count_nonzero(names != ""))


def _tasks_of(table: pd.DataFrame) -> list[str]:
    names = [str(name).removesuffix(".pred") for name in table if str(name).endswith(".pred")]
    return [name for name in names if table[f"{name}.pred"].notna().any()]


def _task(name: str, parts: Sequence[pd.DataFrame]) -> Task:
    """Read from the columns what kind of task it is: one with probabilities has classes."""
    head = f"{name}.p["
    classes = dict.fromkeys(
        str(column)[len(head) : -1]
        for part in parts
        for column in part
        if str(column).startswith(head)
    )
    return Task(name, "classification", tuple(classes)) if classes else Task(name, "regression")


def _same_truth(
    name: str, runs: Sequence[Compared], parts: Sequence[pd.DataFrame]
) -> NDArray[np.bool_]:
    """Return which rows have a label in all runs; refuse labels that differ."""
    first = parts[0][f"{name}.true"]
    has_truth = first.notna().to_numpy() & parts[0][f"{name}.pred"].notna().to_numpy()
    for number, (run, part) in enumerate(zip(runs[1:], parts[1:], strict=True), 1):
        truth = part[f"{name}.true"]
        has_label = truth.notna().to_numpy()
        differing = has_truth & has_label & (first != truth).to_numpy()
        if differing.any():
            row = int(np.flatnonzero(differing)[0])
            raise TaskError(
                f"task '{name}': {runs[0].name} and {run.name} have different truths for "
                f"{counted(int(differing.sum()), 'utterance')}: {first.index[row][0]} is "
                f"'{first.iloc[row]}' in one, '{truth.iloc[row]}' in the other; score all runs "
                f"against the labels of one (--labels-of A or --labels-of {run_letter(number)}) "
                f"or of a manifest (--labels-of FILE)"
            )
        has_truth &= has_label & part[f"{name}.pred"].notna().to_numpy()
    return np.asarray(has_truth, dtype=bool)
