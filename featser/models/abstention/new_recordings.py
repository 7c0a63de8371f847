"""New recordings compared with those that a model was fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio.decoding import announced_seconds
from featser.audit.measure.examination import Segment, examine, examine_all, facts_table
from featser.corpora.utterances import places
from featser.errors import UnusableAudio
from featser.io.location import is_remote
from featser.models.abstention.reason import Reason
from featser.models.abstention.training_domain import TrainingDomain
from featser.progress import Progress, silent

MOST_SECONDS = 600.0
"""Memory for measuring grows with the length."""

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
    *,
    trimmed: bool = False,
) -> list[list[Reason]]:
    """Measure recordings, and say in which ways each is unlike those of the training set.

    Of an utterance longer than :data:`MOST_SECONDS` that much is measured, from its beginning.

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
    trimmed : bool
        As :meth:`TrainingDomain.reasons` takes it.

    Returns
    -------
    list of list of Reason
        As :meth:`TrainingDomain.reasons` has them.
    """
    from joblib import effective_n_jobs

    if domain.ranges is None:
        return domain.reasons(None, X, trimmed)
    utterances = list(places(table))
    lengths = np.array([_length(*utterance) for utterance in utterances], dtype=np.float64)
    segments = [_beginning(*one) for one in zip(utterances, lengths.tolist(), strict=True)]
    if effective_n_jobs(n_jobs) > 1:
        recordings = examine_all(segments, n_jobs, progress)
    else:
        recordings = []
        for segment in segments:
            recordings.append(examine(*segment))
            progress(len(recordings), len(segments))
    facts = facts_table(recordings, pd.RangeIndex(len(recordings)))
    is_long = lengths > MOST_SECONDS
    facts.loc[is_long, "silence_s"] *= lengths[is_long] / facts.loc[is_long, "seconds"]
    facts.loc[is_long, "seconds"] = lengths[is_long]
    return domain.reasons(facts, X, trimmed)


def _length(file: str, start: float | None, end: float | None, channel: str) -> float:
    """Return the length of an utterance in seconds; NaN where its file announces none."""
    if end is not None:
        return end - (start or 0.0)
    if is_remote(file):  # which is read as a whole in any case
        return np.nan
    try:
        announced = announced_seconds(file)
    except UnusableAudio:  # it was usable when its features were computed: measuring says why
        return np.nan
    return np.nan if announced is None else announced - (start or 0.0)


def _beginning(utterance: Segment, length: float) -> Segment:
    """Return the part of an utterance that is measured."""
    file, start, _, channel = utterance
    if not length > MOST_SECONDS:
        return utterance
    first = start or 0.0
    return file, first, first + MOST_SECONDS, channel


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
