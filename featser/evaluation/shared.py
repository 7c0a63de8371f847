"""Which labels can be scored under a protocol: those that its test and training parts share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from featser.evaluation.folds import Folds
from featser.evaluation.protocols import ACROSS_CORPORA
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class Scored:
    """Labels as a protocol's folds can use them.

    Attributes
    ----------
    labels : DataFrame, n rows
        A column for each task; what is neither learnt nor scored is missing.
    tasks : list of Task
        Those that can be scored, in the order they came.
    refused : dict of str to str
        Why each other task cannot.
    notes : list of str
        Which classes are neither learnt nor scored, and where they occur.
    """

    labels: pd.DataFrame
    tasks: list[Task]
    refused: dict[str, str]
    notes: list[str]


def scored_labels(
    protocol: str, table: pd.DataFrame, folds: Folds, tasks: Sequence[Task]
) -> Scored:
    """Find the labels that a protocol's folds can learn and score.

    Corpora are matched by the names of their classes. Under a protocol across corpora, a class
    counts where every fold's training and test part have it: then all folds solve the same task.

    Parameters
    ----------
    protocol : str
        How the folds were made.
    table : DataFrame, n rows
        A manifest.
    folds : Folds
        Its folds.
    tasks : sequence of Task
        What is to be predicted.

    Returns
    -------
    Scored
        With labels that no fold could score set to missing.
    """
    labels = table[[task.name for task in tasks]].copy()
    kept: list[Task] = []
    refused: dict[str, str] = {}
    notes: list[str] = []
    for task in tasks:
        if protocol not in ACROSS_CORPORA:
            if labels[task.name].iloc[folds.test >= 0].isna().all():
                refused[task.name] = f"no utterance that '{protocol}' tests has this label"
                continue
        elif not task.categorical:
            if any(labels[task.name].iloc[part].isna().all() for part in _parts(folds)):
                refused[task.name] = f"not all corpora have this label: no task under '{protocol}'"
                continue
        else:
            shared = set(task.classes)
            for part in _parts(folds):
                shared &= set(labels[task.name].iloc[part])
            if len(shared) < 2:
                refused[task.name] = _too_few(protocol, table, task, shared)
                continue
            alone = ~labels[task.name].isin(shared) & labels[task.name].notna()
            if alone.any():
                notes.append(_not_shared(protocol, table[alone], task))
                labels.loc[alone, task.name] = None
        kept.append(task)
    return Scored(labels, kept, refused, notes)


def _parts(folds: Folds) -> Iterator[pd.Index]:
    for train, test in folds.splits():
        yield pd.Index(train)
        yield pd.Index(test)


def _too_few(protocol: str, table: pd.DataFrame, task: Task, shared: set[str]) -> str:
    held = table[[task.name, "corpus"]].dropna().drop_duplicates()
    told = "; ".join(
        f"{corpus}: {', '.join(sorted(map(str, part)))}"
        for corpus, part in held.groupby("corpus")[task.name]
    )
    return (
        f"the corpora share {len(shared)} of its classes under '{protocol}' ({told}): give equal "
        f"classes equal names, or leave a corpus out"
    )


def _not_shared(protocol: str, table: pd.DataFrame, task: Task) -> str:
    counts = table.groupby([task.name, "corpus"]).size().reset_index(name="n")
    told = ", ".join(f"{name} ({corpus}: {n})" for name, corpus, n in counts.to_numpy().tolist())
    return (
        f"{protocol}: the corpora do not share all classes of '{task.name}'; neither learnt nor "
        f"scored, nor known to the model: {told}"
    )
