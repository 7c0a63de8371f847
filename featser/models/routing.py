"""Passing ``speaker`` and ``sample_weight`` to the estimators that request them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

REQUESTED = {"sample_weight": True, "speaker": True, "provenance": True}
"""Metadata that an estimator with inner folds requests: weights, speakers, and which rows are
augmented copies (:func:`featser.evaluation.training_copies.trace_provenance`)."""


SOFT_LABELS = {"soft_labels": True}
"""Metadata of classifiers that can be fitted on soft labels: the share of each class in each row's
label, shape (n, k), the classes of y in their order."""


def fit_routed(estimator: Any, X: Any, y: Any, **metadata: Any) -> Any:
    """Fit an estimator with the metadata that it requests.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator, pipeline or meta-estimator.
    X, y : array-like
        As the estimator's ``fit`` takes them.
    **metadata : array-like or None
        Such as ``speaker=`` and ``sample_weight=``; None is not passed.

    Returns
    -------
    estimator
        The fitted estimator.

    Raises
    ------
    ValueError
        If there are sample weights, not all equal, or soft labels, that the estimator would
        ignore.
    """
    given = {name: value for name, value in metadata.items() if value is not None}
    with config_context(enable_metadata_routing=True):
        requested = set(get_routing_for_object(estimator).consumes("fit", given.keys()))
        if "sample_weight" in given and "sample_weight" not in requested:
            requested |= _weights_for(estimator, given["sample_weight"])
        if "soft_labels" in given and "soft_labels" not in requested:
            raise ValueError(
                f"{_name(estimator)} would ignore the soft labels: use hard labels, or another "
                f"estimator"
            )
        return estimator.fit(X, y, **{name: given[name] for name in requested})


def _weights_for(estimator: Any, sample_weight: Any) -> set[str]:
    """Return what to pass of weights to an estimator that has not requested them."""
    request = getattr(getattr(estimator, "_metadata_request", None), "fit", None)
    if request is not None and request.requests.get("sample_weight") is False:
        return set()  # declined on purpose
    if has_fit_parameter(estimator, "sample_weight"):
        return {"sample_weight"}
    refuse_ignored_weights(estimator, sample_weight)
    return set()


def refuse_ignored_weights(estimator: Any, sample_weight: Any) -> None:
    """Refuse sample weights that an estimator would ignore.

    Parameters
    ----------
    estimator : estimator
        Takes no weights.
    sample_weight : array-like, shape (n,), or None
        Equal weights are accepted, since they change nothing.

    Raises
    ------
    ValueError
        With the estimator and what to do.
    """
    if sample_weight is None or len(np.unique(np.asarray(sample_weight))) < 2:
        return
    raise ValueError(
        f"{_name(estimator)} would ignore the sample weights: use another estimator, or, if it "
        f"takes weights, request them by set_fit_request(sample_weight=True)"
    )


def _name(estimator: Any) -> str:
    return type(estimator[-1] if hasattr(estimator, "steps") else estimator).__name__


def consumes(estimator: Any, name: str) -> bool:
    """Return whether ``fit`` of an estimator, or of one inside it, requests a kind of metadata."""
    with config_context(enable_metadata_routing=True):
        return name in get_routing_for_object(estimator).consumes("fit", [name])
