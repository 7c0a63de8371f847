"""Active learning: a model is fitted on what raters said, and says of what it is uncertain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import StoreError, TaskError, counted
from featser.experiment.loading.data import identify_rows
from featser.extraction.extraction import usable
from featser.features.extractor import Extractor
from featser.features.registry import make_extractors
from featser.models.building import make_estimator
from featser.serve.annotating.clip_orders import entropy
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.queue_work.manifest_queue import annotated_source
from featser.store.feature_store import Store
from featser.tasks import Task
from featser.workers.task import Step

MODEL = "logistic"
LEAST_LABELLED = 2
REFIT_S = 900.0


def refit(job: QueueJob, begin: Step) -> list[float | None]:
    """Fit on the majority of the votes; return the entropy of each recording's prediction.

    Parameters
    ----------
    job : QueueJob
        With the options ``label``, ``store``, and ``votes``: position → values.
    begin : Step
        Is called first.

    Returns
    -------
    list of float or None
        In nats; None for recordings without features.

    Raises
    ------
    TaskError
        If less than two classes have been given.
    StoreError
        If the store has features for none of the recordings.
    """
    begin("fitting", 0.0, REFIT_S)
    X = features_of_queue(job.source, str(job.options["store"]))
    has_features = np.asarray(np.isfinite(X).any(axis=1), dtype=bool)
    voted = majority_of(job.options["votes"])
    rows = np.array([place for place in sorted(voted) if has_features[place]], dtype=np.intp)
    labels = np.array([voted[int(place)] for place in rows], dtype=object)
    probabilities = fitted_probabilities(
        X, rows, labels, str(job.options["label"]), np.flatnonzero(has_features)
    )
    scores: list[float | None] = [None] * len(X)
    for place, row in zip(np.flatnonzero(has_features), probabilities, strict=True):
        scores[int(place)] = entropy(row.tolist())
    return scores


def fitted_probabilities(
    X: NDArray[np.float32],
    rows: NDArray[np.intp],
    labels: NDArray[Any],
    label: str,
    asked: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Fit on some rows, and return the probabilities of others.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features.
    rows : ndarray of int, shape (n_labelled,)
        Those with labels.
    labels : ndarray of str, shape (n_labelled,)
        Their labels.
    label : str
        What the label is called.
    asked : ndarray of int, shape (n_asked,)
        The rows to predict.

    Returns
    -------
    ndarray of float, shape (n_asked, n_classes)

    Raises
    ------
    TaskError
        If there are less than two classes.
    """
    classes = tuple(sorted(map(str, set(labels))))
    if len(classes) < LEAST_LABELLED:
        raise TaskError(
            f"`{label}`: a model needs recordings of two classes at least, and "
            f"{counted(len(rows), 'recording')} with features {'has' if len(rows) == 1 else 'have'}"
            f" one of {list(classes)}: annotate more in another order first"
        )
    estimator = make_estimator(MODEL, Task(label, classes=classes), calibrated=False)
    estimator.fit(X[rows], labels)
    return np.asarray(estimator.predict_proba(X[asked]), dtype=np.float64)


def majority_of(votes: dict[int, Sequence[str]]) -> dict[int, str]:
    """Return the value with most votes of each recording; those with a tie are left out.

    Examples
    --------
    >>> majority_of({0: ["sad", "sad", "angry"], 1: ["sad", "angry"]})
    {0: 'sad'}
    """
    winners = {}
    for place, values in votes.items():
        counts = Counter(values).most_common(2)
        if len(counts) == 1 or counts[0][1] > counts[1][1]:
            winners[place] = counts[0][0]
    return winners


@lru_cache(maxsize=1)
def features_of_queue(source: QueueSource, store: str) -> NDArray[np.float32]:
    """Read the features of all recordings; rows without are NaN. A worker reads them once.

    Raises
    ------
    StoreError
        If the store has features for none of them.
    """
    read = annotated_source(source)
    identify_rows(read, store)
    held = Store(store)
    extractors = [one for one in make_extractors(read.features) if len(one.blocks) == 1]
    has_features = usable(read.table, extractors, held)
    if not has_features.any():
        raise StoreError(
            f"{store}: it has no features of {read.origin}: run `featser extract {read.origin} "
            f"--store {store}` first"
        )
    X = np.full((len(read.table), _width(extractors)), np.nan, dtype=np.float32)
    keys = read.table["key"][has_features].tolist()
    X[has_features] = np.hstack([held.read(extractor, keys) for extractor in extractors])
    return X


def _width(extractors: Sequence[Extractor]) -> int:
    return sum(extractor.dimension for extractor in extractors)
