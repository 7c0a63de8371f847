"""Soft labels: shares of raters' votes as columns beside a task's hard label.

A model that is fitted on soft labels sees, for each utterance, the share of the votes that each
class got, instead of the class with most votes (Fayek, Lech and Cavedon, "Modeling subjectiveness
in emotion recognition with deep neural networks: ensembles vs soft labels", IJCNN 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from featser.evaluation.metrics.pairs import Array
from featser.evaluation.statistics.soft_truth import vote_shares
from featser.ratings.ratings import Ratings, ratio
from featser.tasks import Task


def share_columns(task: Task) -> list[str]:
    """Return the columns of a table of labels that hold a task's soft labels.

    Examples
    --------
    >>> share_columns(Task("emotion", classes=("angry", "sad")))
    ['emotion.share[angry]', 'emotion.share[sad]']
    """
    return [f"{task.name}.share[{name}]" for name in task.classes]


def label_columns(tasks: Sequence[Task], labels: pd.DataFrame) -> list[str]:
    """Return the columns of a table of labels that tasks are fitted on, soft labels last."""
    soft = [name for task in tasks for name in share_columns(task) if name in labels]
    return [*(task.name for task in tasks), *soft]


def with_soft_labels(
    labels: pd.DataFrame, task: Task, ratings: Ratings, given: pd.Series
) -> pd.DataFrame:
    """Add the shares of the votes on a task's label to a table of labels.

    Parameters
    ----------
    labels : DataFrame, n rows
        A column for each task, missing where a label is neither fitted on nor scored.
    task : Task
        With classes.
    ratings : Ratings
        The votes; items are the rows of ``labels``.
    given : Series, n rows
        The task's labels before any was taken out, so that tied votes can be distinguished from
        labels that a protocol does not use.

    Returns
    -------
    DataFrame, n rows
        With the columns of :func:`share_columns`. Votes for classes that no label has, are left
        out. Rows without other votes, and those whose label is not used, have NaN.

    Examples
    --------
    >>> from featser.ratings.ratings import from_counts
    >>> votes = from_counts([[3, 1], [1, 1], [0, 2]], ("angry", "sad"))
    >>> labels = pd.DataFrame({"emotion": ["angry", None, "sad"]})
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> soft = with_soft_labels(labels, task, votes, labels["emotion"])
    >>> soft[share_columns(task)].to_numpy().tolist()
    [[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]]
    """
    shares = vote_shares(ratings, task.classes)
    used = set(labels[task.name].dropna())
    shares[:, [name not in used for name in task.classes]] = 0.0
    shares = ratio(shares, shares.sum(axis=1, keepdims=True))
    shares[(given.notna() & labels[task.name].isna()).to_numpy()] = np.nan
    columns = pd.DataFrame(shares, index=labels.index, columns=share_columns(task))
    return pd.concat([labels, columns], axis=1)


def soft_labels_of(task: Task, labels: pd.DataFrame) -> Array | None:
    """Return a task's soft labels, shape (n, K), NaN in rows without; None where there are none.

    Examples
    --------
    >>> soft_labels_of(Task("emotion", classes=("angry", "sad")), pd.DataFrame({"emotion": []}))
    """
    columns = share_columns(task)
    if not columns or not set(columns) <= set(labels.columns):
        return None
    return labels[columns].to_numpy(dtype=np.float64)
