"""The report's section on the data: counts, training and test set, labels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from featser.evaluation.protocols.folds import NEITHER, ROLE, TEST, TRAINING, TRAINING_AND_TEST
from featser.evaluation.protocols.groups import speaker_ids
from featser.reporting.numbers import ABSENT, count
from featser.reporting.summary import RunSummary, text_of
from featser.reporting.tables import NOT_GIVEN, Table
from featser.tasks import Task

_ORDER = {name: place for place, name in enumerate((TRAINING, TEST, TRAINING_AND_TEST, NEITHER))}


def facts(run: RunSummary) -> dict[str, str]:
    """Return counts and names of all data of a run, tested or not."""
    rows = run.all_rows()
    return {
        "utterances": count(len(rows)),
        "speakers": _speakers(rows),
        "corpora": _names(rows, "corpus"),
        "languages": _names(rows, "language"),
    }


def sets(run: RunSummary) -> Table | None:
    """Describe the training set and the test set; None where every row is in both."""
    rows = run.all_rows()
    names = _sets_of(rows)
    if not names:
        return None
    subsets = [(name, rows[rows[ROLE] == name]) for name in names]
    columns = ["set", "utterances", "speakers", "corpora", "languages"]
    lines = [
        [
            name,
            count(len(subset)),
            _speakers(subset),
            _names(subset, "corpus"),
            _names(subset, "language"),
        ]
        for name, subset in subsets
    ]
    return Table("Training and test set", columns, lines, {0, 3, 4})


def labels_per_task(run: RunSummary) -> Table:
    """Count for each task the utterances with a label, those without, and those scored."""
    rows = run.all_rows()
    trained = rows[ROLE].isin([TRAINING, TRAINING_AND_TEST]).to_numpy()
    excluded = {task.name: _excluded(rows, task) for task in run.ordered_tasks}
    has_excluded = any(mask.any() for mask in excluded.values())
    has_training = bool(_sets_of(rows))
    columns = ["task", "kind", "classes or range", "labelled"]
    columns += ["excluded of these"] * has_excluded
    columns += ["label missing"]
    columns += ["used for training"] * has_training
    lines = []
    for task in run.ordered_tasks:
        labelled = rows[task.name].notna().to_numpy()
        used = rows[f"{task.name}.used"].to_numpy(dtype=bool)
        unused = set(text_of(rows, task.name)[excluded[task.name]])
        classes = [name for name in task.classes if name not in unused]
        values = ", ".join(classes) if task.categorical else _range(rows, task)
        line = [task.name, task.kind, values, count(int(labelled.sum()))]
        line += [count(int(excluded[task.name].sum()))] * has_excluded
        line += [count(int((~labelled).sum()))]
        line += [count(int((used & trained).sum()))] * has_training
        lines.append([*line, count(int(run.scored(task).sum()))])
    notes = [
        "Excluded: utterances of classes that not all of these corpora have; they are neither "
        "used for training nor scored."
    ] * has_excluded
    return Table("Labels of each task", [*columns, "scored"], lines, {0, 1, 2}, notes=notes)


def class_counts(run: RunSummary) -> list[Table]:
    """Count the utterances of each class of each task, by set, gender and corpus."""
    rows = run.all_rows()
    groups = [by for by in ("gender", "corpus") if len(set(text_of(rows, by)) - {""}) > 1]
    if _sets_of(rows) and not ("corpus" in groups and _fixed_by_corpus(rows)):
        groups.insert(0, ROLE)
    tables = []
    for task in run.ordered_tasks:
        if task.categorical:
            # A single corpus still gives the counts of the classes.
            chosen = [by for by in groups if by != task.name] or ["corpus"]
            tables += [_class_counts(rows, task, by) for by in chosen]
    return tables


def _class_counts(rows: pd.DataFrame, task: Task, by: str) -> Table:
    group = text_of(rows, by).replace("", NOT_GIVEN)
    label = text_of(rows, task.name)
    groups = sorted(group.unique(), key=lambda name: (_ORDER.get(name, 0), name))
    excluded = set(label[_excluded(rows, task)])
    classes = [*task.classes, *sorted(excluded - set(task.classes))]
    grid = np.array([[((label == c) & (group == g)).sum() for g in groups] for c in classes])
    names = [f"{name} (excluded)" if name in excluded else name for name in classes]
    lines = [*zip(names, grid.tolist(), strict=True), ("all", grid.sum(axis=0).tolist())]
    cells = [[name, *map(count, line), count(sum(line))] for name, line in lines]
    caption = f"Utterances by {task.name} and {by}"
    return Table(caption, [task.name, *groups, "all"], cells, n_totals=1)


def _excluded(rows: pd.DataFrame, task: Task) -> np.ndarray:
    """Return a mask of the rows whose label the protocol does not use, shape (n,)."""
    used = rows[f"{task.name}.used"].to_numpy(dtype=bool)
    excluded: np.ndarray = rows[task.name].notna().to_numpy(dtype=bool) & ~used
    return excluded


def _sets_of(rows: pd.DataFrame) -> list[str]:
    """Return the names of the sets; none if every row is used for both training and test."""
    present = set(rows[ROLE])
    names = [name for name in _ORDER if name in present]
    return [] if names == [TRAINING_AND_TEST] else names


def _fixed_by_corpus(rows: pd.DataFrame) -> bool:
    """Return whether every corpus is in one set as a whole."""
    return bool((rows[ROLE].groupby(text_of(rows, "corpus")).nunique() == 1).all())


def _speakers(rows: pd.DataFrame) -> str:
    named = set(speaker_ids(rows)) - {""}
    return count(len(named)) if named else "not known"


def _names(rows: pd.DataFrame, column: str) -> str:
    return ", ".join(sorted(set(text_of(rows, column)) - {""})) or NOT_GIVEN


def _range(rows: pd.DataFrame, task: Task) -> str:
    values = rows[task.name].dropna().astype(float)
    return f"{values.min():.3g} to {values.max():.3g}" if len(values) else ABSENT
