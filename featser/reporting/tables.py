"""The report's tables, computed from predictions and metrics; templates define the layout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.evaluation.metrics import metrics
from featser.evaluation.missing import is_missing
from featser.reporting import baselines
from featser.reporting.numbers import ABSENT, count, estimate, number
from featser.reporting.plots import Mark
from featser.reporting.summary import RunSummary
from featser.reporting.wording import as_sentence, headline_metric, metric_title
from featser.tasks import Task

NOT_GIVEN = "not given"
_MOST_ROWS = 50
IN_OTHER_TABLES = ("recall[", "gap[", "enrolled[", "fold[", "human.", "against_raters.")
"""Beginnings of the names of figures that have tables of their own."""


@dataclass
class Table:
    """A table as text.

    Attributes
    ----------
    caption : str
        The caption.
    columns : list of str
        The header.
    rows : list of list of str
        The cells; the first of each row is its header.
    text : set of int
        The columns that contain text instead of numbers.
    protocols : list of tuple of str and int
        Protocols above the columns, each with the number of columns it spans; the first column
        has none.
    notes : list of str
        Notes below the table.
    n_totals : int
        How many of the last rows are totals or means: they stay last when a reader sorts the table.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    text: set[int] = field(default_factory=lambda: {0})
    protocols: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_totals: int = 0


def of_frame(caption: str, frame: pd.DataFrame, *, numbers: Sequence[str] = ()) -> Table:
    """Turn a DataFrame into a table; ``numbers`` names the columns that are set as numbers."""
    # Not with pandas' own map: its text columns refuse file names that are not valid Unicode.
    lines = frame.astype(object).to_numpy().tolist()
    rows = [[NOT_GIVEN if _is_nothing(cell) else str(cell) for cell in line] for line in lines]
    columns = [str(name) for name in frame.columns]
    text = {i for i, name in enumerate(columns) if name not in numbers}
    return Table(caption, columns, rows, text)


def of_finding(finding: dict[str, Any]) -> Table | None:
    """Return the first rows of a finding of the audit; None if it has none."""
    rows = finding["table"]
    if not rows:
        return None
    frame = pd.DataFrame(rows[:_MOST_ROWS])
    frame = frame[[name for name in frame if not all(map(_is_nothing, frame[name]))]]
    numbers = [str(name) for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    table = of_frame(str(finding["kind"]), frame, numbers=numbers)
    if len(rows) > _MOST_ROWS:
        table.notes.append(
            f"The first {_MOST_ROWS} of {count(len(rows))} rows; audit.json contains all."
        )
    return table


def results(run: RunSummary, task: Task) -> Table:
    """Return a task's metrics under each protocol, with their baselines.

    Recalls and figures by enrolled recordings or by fold have their own tables.
    """
    by_protocol = {protocol: run.figures(task, protocol) for protocol in run.protocols}
    by_protocol = {protocol: figures for protocol, figures in by_protocol.items() if figures}
    names = [
        name
        for name in dict.fromkeys(name for figures in by_protocol.values() for name in figures)
        if baselines.baseline_of(name) is None and not name.startswith(IN_OTHER_TABLES)
    ]
    rows = []
    for name in names:
        row = [metric_title(name)]
        for figures in by_protocol.values():
            row += [estimate(figures.get(name)), _baselines(figures, name)]
        rows.append(row)
    columns = ["metric", *["model", "baselines"] * len(by_protocol)]
    groups = [(protocol, 2) for protocol in by_protocol]
    notes = _notes(list(by_protocol.values()))
    return Table(f"Metrics of {task.name}", columns, rows, protocols=groups, notes=notes)


def used_classes(run: RunSummary, task: Task) -> tuple[str, ...]:
    """Return the classes that a scored row has or is predicted as, under the run's own protocol.

    Across corpora, classes that not all corpora have are neither trained on nor scored.
    """
    rows = run.predictions[run.scored(task)]
    occurring = {*rows[f"{task.name}.true"].astype(str), *rows[f"{task.name}.pred"].astype(str)}
    return tuple(name for name in task.classes if name in occurring) or task.classes


def recalls(run: RunSummary, task: Task) -> Table:
    """Give the recall of each class with its interval, under each protocol."""
    by_protocol = {protocol: run.figures(task, protocol) for protocol in run.protocols}
    by_protocol = {protocol: figures for protocol, figures in by_protocol.items() if figures}
    truth = run.predictions.loc[run.scored(task), f"{task.name}.true"].astype(str)
    classes = _classes_with_recall(task, by_protocol.values(), used_classes(run, task))
    rows = [
        [
            name,
            *(estimate(figures.get(f"recall[{name}]")) for figures in by_protocol.values()),
            count(int((truth == name).sum())),
        ]
        for name in classes
    ]
    columns = ["class", *["recall"] * len(by_protocol), "utterances"]
    groups = [(protocol, 1) for protocol in by_protocol]
    notes = dict.fromkeys(
        note for figures in by_protocol.values() for note in _notes_on_recalls(task, figures)
    )
    caption = f"Recall by class of {task.name}"
    return Table(caption, columns, rows, protocols=groups, notes=list(notes))


def _classes_with_recall(
    task: Task, by_protocol: Iterable[Mapping[str, Mapping[str, Any]]], used: Collection[str]
) -> list[str]:
    """Return the classes that are used, or scored under another protocol."""
    names = {
        name
        for figures in by_protocol
        for name in task.classes
        if number(figures.get(f"recall[{name}]", {}).get("value")) != ABSENT
    }
    return [name for name in task.classes if name in names or name in used]


def recalls_by_speaker(run: RunSummary, task: Task) -> dict[str, tuple[float, ...]]:
    """Return the recalls of each class, one for each speaker who has the class, ascending."""
    rows = run.scored(task)
    true, pred = pairs(run, task, rows)
    table = pd.DataFrame({"true": true, "speaker": run.speakers()[rows], "right": true == pred})
    named = table[table["speaker"] != ""].astype({"right": float})
    means = named.groupby(["true", "speaker"])["right"].mean()
    return {
        name: tuple(sorted(means.xs(name, level="true").tolist()))
        for name in means.index.get_level_values("true").unique()
    }


def _notes_on_recalls(task: Task, figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the notes on recalls that do not concern the headline metric as well."""
    of_headline = str(figures.get(headline_metric(task), {}).get("note", ""))
    for name in task.classes:
        note = figures.get(f"recall[{name}]", {}).get("note", "")
        if note and note not in of_headline:
            yield f"{name}: {note}."


def confusion(run: RunSummary, task: Task) -> npt.NDArray[np.int64]:
    """Count the task's confusions over all scored rows, shape (K, K); zeros if there are none.

    K is the number of :func:`used_classes`.
    """
    classes = used_classes(run, task)
    true, pred = pairs(run, task, run.scored(task))
    if not len(true):
        return np.zeros((len(classes), len(classes)), dtype=np.int64)
    return metrics.confusion_matrix(true, pred, classes)


def confusion_table(
    counts: npt.NDArray[np.int64], task: Task, classes: Sequence[str] | None = None
) -> Table:
    """Write a confusion matrix of some or all classes: counts, and each row's shares."""
    classes = task.classes if classes is None else classes
    rows = []
    for name, line in zip(classes, counts, strict=True):
        whole = int(line.sum())
        cells = [f"{n} ({number(n / whole)})" if n else "0" for n in line.tolist()]
        rows.append([name, *cells, count(whole)])
    caption = f"Confusions of {task.name}: rows are the truth, columns the prediction"
    unused = [name for name in task.classes if name not in classes]
    left_out = (
        f"Left out, for no scored utterance has or is predicted as them: {', '.join(unused)}."
    )
    notes = [left_out] if unused else []
    return Table(caption, ["true", *classes, "all"], rows, notes=notes)


def by_speaker(run: RunSummary, task: Task) -> list[tuple[str, float, int, int]]:
    """Compute the headline metric for each speaker, from worst to best.

    Returns
    -------
    list of tuple
        Speaker, metric (NaN where undefined), number of utterances, and for classes the number
        of the speaker's classes (0 for regression). Empty without speakers.
    """
    names, scored = run.speakers(), run.scored(task)
    rows_by_speaker = []
    for name in np.unique(names[scored & (names != "")]).tolist():
        rows = scored & (names == name)
        true, pred = pairs(run, task, rows)
        value = metrics.evaluate_task(task, true, pred)[headline_metric(task)]
        rows_by_speaker.append(
            (name, value, int(rows.sum()), len(set(true)) if task.categorical else 0)
        )
    return sorted(rows_by_speaker, key=lambda row: (np.isnan(row[1]), row[1], row[0]))


def speaker_marks(
    speakers: Sequence[tuple[str, float, int, int]], most: int, *, hollow: bool
) -> list[Mark]:
    """Return the dots of :func:`by_speaker`: all, or the lowest and highest ``most // 2``."""
    defined = [row for row in speakers if not np.isnan(row[1])]
    if len(defined) > most:
        defined = defined[: most // 2] + defined[-(most // 2) :]
    return [Mark(name, value, aside=f"(n = {n})", hollow=hollow) for name, value, n, _ in defined]


def speaker_table(speakers: Sequence[tuple[str, float, int, int]], task: Task) -> Table:
    """Write :func:`by_speaker` as a table."""
    title = metric_title(headline_metric(task))
    columns = ["speaker", title, "utterances"] + ["classes"] * task.categorical
    rows = [
        [name, number(value), count(n)] + [str(classes)] * task.categorical
        for name, value, n, classes in speakers
    ]
    return Table(f"{title} of {task.name} by speaker", columns, rows)


def folds(run: RunSummary) -> Table:
    """List which speakers are tested in which fold."""
    rows = []
    for fold, rows_of_fold in run.folds.groupby("fold", sort=False):
        speakers = [str(name) for name in rows_of_fold["speaker"] if not _is_nothing(name)]
        rows.append(
            [
                str(fold),
                ", ".join(dict.fromkeys(speakers)) or NOT_GIVEN,
                count(int(rows_of_fold["n"].sum())),
            ]
        )
    return Table("Test set of each fold", ["fold", "speakers", "utterances"], rows, {0, 1})


def pairs(
    run: RunSummary, task: Task, rows: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return truth and prediction of the chosen rows, as metrics take them."""
    dtype = object if task.categorical else np.float64
    true, pred = (run.predictions.loc[rows, f"{task.name}.{end}"] for end in ("true", "pred"))
    return true.to_numpy(dtype=dtype), pred.to_numpy(dtype=dtype)


def _is_nothing(cell: object) -> bool:
    return is_missing(cell) or cell == ""


def _baselines(figures: Mapping[str, Mapping[str, Any]], metric: str) -> str:
    informative = baselines.shown(figures)
    texts = [
        f"{name} {number(informative[f'{head}.{metric}']['value'])}"
        for head, name in baselines.SHORT.items()
        if f"{head}.{metric}" in informative
    ]
    return ", ".join(texts) or "–"


def notes_on_figures(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the notes on a task's metrics, each once, and none that a longer one begins with.

    Examples
    --------
    >>> notes_on_figures({"uar": {"note": "few; rare class"}, "accuracy": {"note": "few"}})
    ['few; rare class']
    """
    notes = [
        str(figure["note"])
        for name, figure in figures.items()
        if figure.get("note") and not name.startswith(("recall[", "gap["))
    ]
    return [
        note
        for note in dict.fromkeys(notes)
        if not any(other.startswith(f"{note}; ") for other in notes)
    ]


def _notes(protocol_figures: Sequence[dict[str, dict[str, Any]]]) -> list[str]:
    """Collect the notes on metrics and baselines, each once."""
    notes: dict[str, None] = {}
    for figures in protocol_figures:
        notes |= dict.fromkeys(map(as_sentence, notes_on_figures(figures)))
        notes |= dict.fromkeys(
            f"{metric_title(name)}: {figure['explanation']}."
            for name, figure in baselines.shown(figures).items()
            if "explanation" in figure
        )
        notes |= dict.fromkeys(map(as_sentence, baselines.left_out(figures)))
    return list(notes)
