"""New recordings compared with those that a model was fitted on."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from featser.audit.measure.examination import examine, examine_all, facts_table
from featser.corpora.utterances import places
from featser.models.abstention.training_domain import TrainingDomain
from featser.progress import Progress, silent

NO_DOMAIN = (
    "the model does not say what its training recordings were like, so recordings unlike them are "
    "not marked: fit it again with this featser"
)
NO_RANGES = (
    "the training recordings of the model were not measured, so recordings unlike them are marked "
    "by their features alone"
)


def unlike_training(
    domain: TrainingDomain,
    table: pd.DataFrame,
    X: NDArray[Any],
    n_jobs: int = 1,
    progress: Progress = silent,
) -> list[str]:
    """Measure recordings, and say in which ways each is unlike those of the training set.

    Parameters
    ----------
    domain : TrainingDomain
        Of the model.
    table : DataFrame, n rows
        A manifest of the recordings, with ``channel``.
    X : ndarray, shape (n, d)
        Their features.
    n_jobs : int
        Worker processes; with one, this process measures.
    progress : callable
        Called with the recordings measured and in all.

    Returns
    -------
    list of str
        As :meth:`TrainingDomain.unlike` has them.
    """
    from joblib import effective_n_jobs

    if domain.ranges is None:
        return domain.unlike(None, X)
    segments = list(places(table))
    if effective_n_jobs(n_jobs) > 1:
        recordings = examine_all(segments, n_jobs, progress)
    else:
        recordings = []
        for segment in segments:
            recordings.append(examine(*segment))
            progress(len(recordings), len(segments))
    return domain.unlike(facts_table(recordings, pd.RangeIndex(len(recordings))), X)


def domain_notes(domain: TrainingDomain | None) -> list[str]:
    """Say what a model lacks to mark recordings unlike those of its training set.

    Examples
    --------
    >>> domain_notes(None)[0].startswith("the model does not say what its training recordings")
    True
    """
    if domain is None or (domain.ranges is None and domain.distance is None):
        return [NO_DOMAIN]
    return [NO_RANGES] if domain.ranges is None else []
