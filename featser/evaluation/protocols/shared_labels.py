"""Which labels can be scored under a protocol: those that its test and training sets share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from featser.evaluation.protocols.folds import UNTESTED, Folds
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class Scored:
    """Labels as a protocol's folds can use them.

    Attributes
    ----------
    labels : DataFrame, n rows
        A column for each task; what is neither used for training nor scored is missing.
    tasks : list of Task
        Those that can be scored, in the order they came.
    refused : dict of str to str
        Why each other task cannot.
    notes : list of str
        Which classes are neither used for training nor scored, and where they occur.
    """

    labels: pd.DataFrame
    tasks: list[Task]
    refused: dict[str, str]
    notes: list[str]


def scored_labels(
    protocol: str, table: pd.DataFrame, folds: Folds, tasks: Sequence[Task]
) -> Scored:
    """Find the labels that a protocol's folds can be trained on and scored by.

    A task is refused where a fold has fewer than two of its classes for training, or where none
    of its labels is tested.

    Corpora are matched by the names of their classes. Under a protocol across corpora, a class
    counts where every fold's training and test set have it: then all folds solve the same task.

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
    scored_tasks: list[Task] = []
    refused: dict[str, str] = {}
    notes: list[str] = []
    for task in tasks:
        label = labels[task.name]
        alone = np.zeros(len(table), dtype=bool)
        if PROTOCOLS[protocol].across_corpora and task.categorical:
            shared = _shared(label, folds)
            alone = (label.notna() & ~label.isin(shared)).to_numpy()
            if len(shared) < 2:
                refused[task.name] = _too_few(protocol, table, task, shared)
                continue
        why = _unusable(protocol, label.mask(alone), folds, task)
        if why:
            refused[task.name] = why
            continue
        if alone.any():
            notes.append(_not_shared(protocol, table[alone], task))
            labels[task.name] = label.mask(alone)
        scored_tasks.append(task)
    return Scored(labels, scored_tasks, refused, notes)


def _shared(label: pd.Series[Any], folds: Folds) -> set[str]:
    """Return the classes that both sides of every fold have."""
    sides = [set(label.iloc[side].dropna()) for split in folds.splits() for side in split]
    return set.intersection(*sides)


def _unusable(protocol: str, label: pd.Series[Any], folds: Folds, task: Task) -> str:
    """Return why a label cannot be used under a protocol; empty if it can."""
    if label.iloc[folds.test != UNTESTED].isna().all():
        return f"no utterance that '{protocol}' tests has this label"
    for number, (train, test) in enumerate(folds.splits()):
        if PROTOCOLS[protocol].across_corpora and any(
            label.iloc[side].isna().all() for side in (train, test)
        ):
            return f"not all corpora have this label: no task under '{protocol}'"
        training_labels = label.iloc[train].dropna()
        if (training_labels.nunique() if task.categorical else len(training_labels)) < 2:
            what = "classes" if task.categorical else "numbers"
            return f"fold {number} of '{protocol}' has fewer than two {what} of it in training"
    return ""


def _too_few(protocol: str, table: pd.DataFrame, task: Task, shared: set[str]) -> str:
    held = table[[task.name, "corpus"]].dropna().drop_duplicates()
    listed = "; ".join(
        f"{corpus}: {', '.join(sorted(map(str, part)))}"
        for corpus, part in held.groupby("corpus")[task.name]
    )
    return (
        f"the corpora share {len(shared)} of its classes under '{protocol}' ({listed}): give equal "
        f"classes equal names, or leave a corpus out"
    )


def _not_shared(protocol: str, table: pd.DataFrame, task: Task) -> str:
    counts = table.groupby([task.name, "corpus"]).size().reset_index(name="n")
    unused_classes = ", ".join(
        f"{name} ({corpus}: {n})" for name, corpus, n in counts.to_numpy().tolist()
    )
    return (
        f"{protocol}: the corpora do not share all classes of '{task.name}'. Not used for "
        f"training or test: {unused_classes}"
    )
