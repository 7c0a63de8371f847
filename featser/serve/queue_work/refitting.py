"""Active learning: a model is fitted on what raters said, and says of what it is uncertain."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from featser.errors import StoreError, TaskError, counted
from featser.experiment.loading.source_rows import identify_rows
from featser.extraction.extraction import usable
from featser.features.extractor import Extractor
from featser.features.registry import make_extractors
from featser.models.building import make_estimator
from featser.serve.annotating.clip_orders import entropy
from featser.serve.annotating.queue_jobs import QueueJob, QueueSource
from featser.serve.queue_work.manifest_queue import annotated_source
from featser.speakers.normalization import prepared
from featser.store.feature_store import Store
from featser.tasks import Task
from featser.workers.task import Step

MODEL = "logistic"
LEAST_LABELLED = 2
NOISE = 0.5
"""The variance of mean ratings of like recordings, as a share of the variance of all."""
AT_ONCE = 500
"""Recordings whose deviations are computed at a time, for the memory that they take."""
REFIT_S = 900.0


def refit(job: QueueJob, begin: Step) -> list[float | None]:
    """Fit on what raters said; return how uncertain the prediction of each recording is.

    Classes are fitted to the majority of the votes, and their uncertainty is the entropy in nats.
    Scales are fitted to the mean of the ratings, and theirs is the standard deviation.

    Parameters
    ----------
    job : QueueJob
        With the options ``label``, ``is_scale``, ``store``, and ``votes``: position → values.
    begin : Step
        Is called first.

    Returns
    -------
    list of float or None
        None for recordings without features.

    Raises
    ------
    TaskError
        If less than two classes, or different levels, have been given.
    StoreError
        If the store has features for none of the recordings.
    """
    begin("fitting", 0.0, REFIT_S)
    X = features_of_queue(job.source, str(job.options["store"]))
    has_features = np.asarray(np.isfinite(X).any(axis=1), dtype=bool)
    is_scale, label = job.options["is_scale"], str(job.options["label"])
    given = (means_of if is_scale else majority_of)(job.options["votes"])
    rows = np.array([place for place in sorted(given) if has_features[place]], dtype=np.intp)
    asked = np.flatnonzero(has_features)
    values = [given[int(place)] for place in rows]
    if is_scale:
        uncertain = fitted_deviations(X, rows, np.array(values, dtype=float), label, asked).tolist()
    else:
        labels = np.array(values, dtype=object)
        shares = fitted_probabilities(X, rows, labels, label, asked)
        uncertain = [entropy(row.tolist()) for row in shares]
    scores: list[float | None] = [None] * len(X)
    for place, score in zip(asked, uncertain, strict=True):
        scores[int(place)] = score
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


def fitted_deviations(
    X: NDArray[np.float32],
    rows: NDArray[np.intp],
    means: NDArray[np.float64],
    label: str,
    asked: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Fit on some rows, and return the standard deviations of the predictions of others.

    Parameters
    ----------
    X, rows, label, asked
        As :func:`fitted_probabilities` takes them.
    means : ndarray of float, shape (n_rated,)
        The mean rating of each of the rows.

    Returns
    -------
    ndarray of float, shape (n_asked,)
        In levels of the scale. They grow with the distance to the rows with ratings.

    Raises
    ------
    TaskError
        If there are less than two different means.

    Notes
    -----
    The model is a Gaussian process whose kernel is that of support vector machines by default
    (``gamma`` is 1 by the number of features). Nothing of it is tuned: with few ratings there is
    nothing to tune it on.
    """
    if len(set(means.tolist())) < LEAST_LABELLED:
        raise TaskError(
            f"`{label}`: a model needs recordings with different ratings, and "
            f"{counted(len(rows), 'recording')} with features "
            f"{'has' if len(rows) == 1 else 'have'} {sorted(set(means.tolist()))}: annotate more "
            f"in another order first"
        )
    kernel = RBF(math.sqrt(X.shape[1] / 2), "fixed")
    process = GaussianProcessRegressor(kernel, alpha=NOISE, optimizer=None, normalize_y=True)
    estimator = prepared(process).fit(X[rows], means)
    parts = np.array_split(asked, 1 + len(asked) // AT_ONCE)
    deviations = [estimator.predict(X[part], return_std=True)[1] for part in parts if len(part)]
    return np.concatenate(deviations)


def means_of(votes: dict[int, Sequence[str]]) -> dict[int, float]:
    """Return the mean of the ratings of each recording.

    Examples
    --------
    >>> means_of({0: ["7", "8"], 1: ["-1"]})
    {0: 7.5, 1: -1.0}
    """
    return {place: fmean(map(float, values)) for place, values in votes.items()}


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
    annotated = annotated_source(source)
    identify_rows(annotated, store)
    held = Store(store)
    extractors = [one for one in make_extractors(annotated.features) if len(one.blocks) == 1]
    has_features = usable(annotated.table, extractors, held)
    if not has_features.any():
        raise StoreError(
            f"{store}: it has no features of {annotated.origin}: run "
            f"`{annotated.read.extraction_command(store)}` first"
        )
    X = np.full((len(annotated.table), _width(extractors)), np.nan, dtype=np.float32)
    keys = annotated.table["key"][has_features].tolist()
    X[has_features] = np.hstack([held.read(extractor, keys) for extractor in extractors])
    return X


def _width(extractors: Sequence[Extractor]) -> int:
    return sum(extractor.dimension for extractor in extractors)
