"""Which of the tables that come with featser could help an experiment with few speakers."""

from __future__ import annotations

from collections.abc import Collection

from featser.auxiliary.auxiliary_files import read_auxiliary
from featser.auxiliary.auxiliary_labels import auxiliary_labels
from featser.auxiliary.auxiliary_lookup import shipped_files
from featser.tasks import Task

FEW_SPEAKERS = 12
"""With fewer than that, other corpora are suggested (``reports/auxiliary/``: draws of six)."""


def helpful_tables(task: Task, specs: Collection[str], corpora: Collection[str]) -> list[str]:
    """Return the tables that have two or more classes of a task, and the features of an experiment.

    Parameters
    ----------
    task : Task
        The primary task.
    specs : collection of str
        The extractors of the experiment.
    corpora : collection of str
        The corpora of its data, whose own tables are left out.

    Returns
    -------
    list of str
        Names, sorted; empty for a task without classes.

    Examples
    --------
    >>> emotion = Task("emotion", classes=("Anger", "Joy"))
    >>> helpful_tables(emotion, ["gemaps"], ["emodb"])
    ['banglaser']
    >>> helpful_tables(Task("emotion", classes=("yes", "no")), ["gemaps"], [])
    []
    """
    if not task.categorical:
        return []
    names = []
    for file in shipped_files():
        table = read_auxiliary(file.path)
        n_classes = auxiliary_labels(table, [task])[task.name].nunique()
        if n_classes > 1 and set(specs) <= set(table.extractors) and table.name not in corpora:
            names.append(table.name)
    return names
