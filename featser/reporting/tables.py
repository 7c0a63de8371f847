"""The report's tables, computed from predictions and metrics; how they look is the template's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.evaluation import metrics
from featser.evaluation.pairs import is_missing
from featser.reporting.numbers import ABSENT, count, estimate, number, percent
from featser.reporting.plots import Mark
from featser.reporting.summary import RunSummary
from featser.reporting.wording import headline_metric, metric_title
from featser.tasks import Task

_BASELINE_NAMES = {
    "chance": "chance",
    "majority": "majority",
    "mean": "mean",
    "duration": "duration only",
}
_NOT_TOLD = "not given"
_MOST_ROWS = 50


@dataclass
class Table:
    """A table as text.

    Attributes
    ----------
    caption : str
        What the table shows.
    columns : list of str
        The header.
    rows : list of list of str
        The cells; the first of each row is its header.
    text : set of int
        The columns that hold words and not numbers.
    protocols : list of tuple of str and int
        Protocols that stand above columns, each with how many columns it spans; the first column
        has none.
    notes : list of str
        What has to be known to read it.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    text: set[int] = field(default_factory=lambda: {0})
    protocols: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def of_frame(caption: str, frame: pd.DataFrame, *, numbers: Sequence[str] = ()) -> Table:
    """Turn a DataFrame into a table; ``numbers`` names the columns that are set as numbers."""
    # Not with pandas' own map: its text columns refuse file names that are not valid Unicode.
    lines = frame.astype(object).to_numpy().tolist()
    rows = [[_NOT_TOLD if _is_nothing(cell) else str(cell) for cell in line] for line in lines]
    columns = [str(name) for name in frame.columns]
    text = {i for i, name in enumerate(columns) if name not in numbers}
    return Table(caption, columns, rows, text)


def of_finding(finding: dict[str, Any]) -> Table | None:
    """Show what a finding of the audit is about: its first rows; None where it has none."""
    rows = finding["table"]
    if not rows:
        return None
    frame = pd.DataFrame(rows[:_MOST_ROWS])
    numbers = [str(name) for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    found = of_frame(str(finding["kind"]), frame, numbers=numbers)
    if len(rows) > _MOST_ROWS:
        found.notes.append(f"The first {_MOST_ROWS} of {count(len(rows))}; audit.json has all.")
    return found


def labels_per_task(run: RunSummary) -> Table:
    """Tell for each task how many utterances have a label, and how many were scored."""
    rows = []
    for task in run.ordered_tasks:
        labelled = int(run.predictions[f"{task.name}.true"].notna().sum())
        scored = int(run.scored(task).sum())
        total = len(run.predictions)
        values = ", ".join(task.classes) if task.categorical else _range(run, task)
        cells = [task.kind, values, count(labelled), count(total - labelled), count(scored)]
        rows.append([task.name, *cells])
    columns = ["task", "kind", "classes or range", "labelled", "label missing", "scored"]
    return Table("Labels of each task", columns, rows, {0, 1, 2})


def class_counts(run: RunSummary, task: Task, by: str) -> Table:
    """Count the utterances of each class, by ``gender`` or another column of the predictions."""
    group = run.known(by).replace("", _NOT_TOLD)
    true = run.known(f"{task.name}.true")
    groups = sorted(group.unique())
    grid = np.array([[((true == c) & (group == g)).sum() for g in groups] for c in task.classes])
    lines = [*zip(task.classes, grid.tolist(), strict=True), ("all", grid.sum(axis=0).tolist())]
    rows = [[name, *map(count, line), count(sum(line))] for name, line in lines]
    return Table(f"Utterances by {task.name} and {by}", [task.name, *groups, "all"], rows)


def results(run: RunSummary, task: Task) -> Table:
    """Set a task's metrics under each protocol beside their baselines.

    Recalls, and figures by enrolled recordings, have tables of their own.
    """
    told = {protocol: run.figures(task, protocol) for protocol in run.protocols}
    told = {protocol: figures for protocol, figures in told.items() if figures}
    names = [
        name
        for name in dict.fromkeys(name for figures in told.values() for name in figures)
        if _baseline_of(name) is None and not name.startswith(("recall[", "enrolled["))
    ]
    rows = []
    for name in names:
        row = [metric_title(name)]
        for figures in told.values():
            row += [estimate(figures.get(name)), _baselines(figures, name)]
        rows.append(row)
    columns = ["metric", *["model", "baselines"] * len(told)]
    groups = [(protocol, 2) for protocol in told]
    notes = _notes(list(told.values()))
    return Table(f"Metrics of {task.name}", columns, rows, protocols=groups, notes=notes)


def recalls(run: RunSummary, task: Task) -> Table:
    """Give the recall of each class with its interval, under each protocol."""
    told = {protocol: run.figures(task, protocol) for protocol in run.protocols}
    told = {protocol: figures for protocol, figures in told.items() if figures}
    truth = run.predictions.loc[run.scored(task), f"{task.name}.true"].astype(str)
    rows = [
        [
            name,
            *(estimate(figures.get(f"recall[{name}]")) for figures in told.values()),
            count(int((truth == name).sum())),
        ]
        for name in task.classes
    ]
    columns = ["class", *["recall"] * len(told), "utterances"]
    groups = [(protocol, 1) for protocol in told]
    lacking = [
        f"{name}: {percent(figures[f'recall[{name}]']['undefined'])} of the draws have no "
        f"utterance of this class and were left out ({protocol})."
        for protocol, figures in told.items()
        for name in task.classes
        if 0 < figures.get(f"recall[{name}]", {}).get("undefined", 0) < 1
    ]
    return Table(f"Recall by class of {task.name}", columns, rows, protocols=groups, notes=lacking)


def confusion(run: RunSummary, task: Task) -> npt.NDArray[np.int64]:
    """Count the task's confusions over all scored rows, shape (K, K); zeros if there are none."""
    true, pred = pairs(run, task, run.scored(task))
    if not len(true):
        return np.zeros((len(task.classes), len(task.classes)), dtype=np.int64)
    return metrics.confusion_matrix(true, pred, task.classes)


def confusion_table(counts: npt.NDArray[np.int64], task: Task) -> Table:
    """Write a confusion matrix as a table: counts, and each row's shares."""
    rows = []
    for name, line in zip(task.classes, counts, strict=True):
        whole = int(line.sum())
        cells = [f"{n} ({number(n / whole)})" if n else "0" for n in line.tolist()]
        rows.append([name, *cells, count(whole)])
    caption = f"Confusions of {task.name}: rows are the truth, columns the prediction"
    return Table(caption, ["true", *task.classes, "all"], rows)


def by_speaker(run: RunSummary, task: Task) -> list[tuple[str, float, int, int]]:
    """Compute the headline metric for each speaker, from worst to best.

    Returns
    -------
    list of tuple
        Speaker, metric (NaN where undefined), number of utterances, and for classes the number
        of those the speaker has (for numbers 0). Empty where speakers are not known.
    """
    names, scored = run.speakers(), run.scored(task)
    found = []
    for name in np.unique(names[scored & (names != "")]).tolist():
        rows = scored & (names == name)
        true, pred = pairs(run, task, rows)
        value = metrics.evaluate_task(task, true, pred)[headline_metric(task)]
        found.append((name, value, int(rows.sum()), len(set(true)) if task.categorical else 0))
    return sorted(found, key=lambda row: (np.isnan(row[1]), row[1], row[0]))


def speaker_marks(
    found: Sequence[tuple[str, float, int, int]], most: int, *, hollow: bool
) -> list[Mark]:
    """Return the dots of :func:`by_speaker`: all, or the lowest and highest ``most // 2``."""
    defined = [row for row in found if not np.isnan(row[1])]
    if len(defined) > most:
        defined = defined[: most // 2] + defined[-(most // 2) :]
    return [Mark(who, value, aside=f"(n = {n})", hollow=hollow) for who, value, n, _ in defined]


def speaker_table(found: Sequence[tuple[str, float, int, int]], task: Task) -> Table:
    """Write :func:`by_speaker` as a table."""
    title = metric_title(headline_metric(task))
    columns = ["speaker", title, "utterances"] + ["classes"] * task.categorical
    rows = [
        [name, number(value), count(n)] + [str(classes)] * task.categorical
        for name, value, n, classes in found
    ]
    return Table(f"{title} of {task.name} by speaker", columns, rows)


def folds(run: RunSummary) -> Table:
    """List which speakers are tested in which fold."""
    rows = []
    for fold, part in run.folds.groupby("fold", sort=True):
        who = [str(name) for name in part["speaker"] if not _is_nothing(name)]
        rows.append(
            [str(fold), ", ".join(dict.fromkeys(who)) or _NOT_TOLD, count(int(part["n"].sum()))]
        )
    return Table("Test part of each fold", ["fold", "speakers", "utterances"], rows, {0, 1})


def pairs(
    run: RunSummary, task: Task, rows: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return truth and prediction of the chosen rows, as metrics take them."""
    dtype = object if task.categorical else np.float64
    true, pred = (run.predictions.loc[rows, f"{task.name}.{end}"] for end in ("true", "pred"))
    return true.to_numpy(dtype=dtype), pred.to_numpy(dtype=dtype)


def _is_nothing(cell: object) -> bool:
    return is_missing(cell) or cell == ""


def _range(run: RunSummary, task: Task) -> str:
    values = run.predictions[f"{task.name}.true"].dropna().astype(float)
    return f"{values.min():.3g} to {values.max():.3g}" if len(values) else ABSENT


def _baseline_of(name: str) -> tuple[str, str] | None:
    head, dot, metric = name.partition(".")
    return (head, metric) if dot and head in _BASELINE_NAMES else None


def _baselines(figures: dict[str, dict[str, Any]], metric: str) -> str:
    told = [
        f"{name} {number(figures[f'{head}.{metric}']['value'])}"
        for head, name in _BASELINE_NAMES.items()
        if f"{head}.{metric}" in figures
    ]
    return ", ".join(told) or "–"


def _notes(told: Sequence[dict[str, dict[str, Any]]]) -> list[str]:
    """Gather the notes on intervals, each once, with whom it concerns where not all."""
    notes: dict[str, None] = {}
    for figures in told:
        for name, figure in figures.items():
            note = figure.get("note", "")
            if note and not name.startswith("recall["):
                notes[f"{note[0].upper()}{note[1:]}."] = None
    return list(notes)
