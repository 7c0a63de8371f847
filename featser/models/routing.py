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
        If there are sample weights, not all equal, which the estimator would ignore.
    """
    given = {name: value for name, value in metadata.items() if value is not None}
    with config_context(enable_metadata_routing=True):
        requested = set(get_routing_for_object(estimator).consumes("fit", given.keys()))
        if "sample_weight" in given and "sample_weight" not in requested:
            requested |= _weights_for(estimator, given["sample_weight"])
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
    name = type(estimator[-1] if hasattr(estimator, "steps") else estimator).__name__
    raise ValueError(
        f"{name} would ignore the sample weights: use another estimator, or, if it takes weights, "
        f"request them by set_fit_request(sample_weight=True)"
    )


def consumes(estimator: Any, name: str) -> bool:
    """Return whether ``fit`` of an estimator, or of one inside it, requests a kind of metadata."""
    with config_context(enable_metadata_routing=True):
        return name in get_routing_for_object(estimator).consumes("fit", [name])
