"""Passing ``speaker`` and ``sample_weight`` to the estimators that ask for them."""

from __future__ import annotations

from typing import Any

from sklearn import config_context
from sklearn.utils.metadata_routing import get_routing_for_object

REQUESTED = {"sample_weight": True, "speaker": True, "lineage": True}
"""What an estimator that makes inner folds asks for: weights, who speaks, and which rows are
augmented copies of which (:func:`featser.evaluation.copies.lineage`)."""


def fit_routed(estimator: Any, X: Any, y: Any, **metadata: Any) -> Any:
    """Fit an estimator, giving it of the metadata what it requests and no more.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator, pipeline or meta-estimator.
    X, y : array-like
        As the estimator's ``fit`` takes them.
    **metadata : array-like or None
        Such as ``speaker=`` and ``sample_weight=``; None means that there is none.

    Returns
    -------
    estimator
        The fitted estimator.
    """
    there = {name: value for name, value in metadata.items() if value is not None}
    with config_context(enable_metadata_routing=True):
        wanted = get_routing_for_object(estimator).consumes("fit", there.keys())
        return estimator.fit(X, y, **{name: there[name] for name in wanted})


def consumes(estimator: Any, name: str) -> bool:
    """Return whether an estimator's ``fit``, or one inside it, asks for a kind of metadata."""
    with config_context(enable_metadata_routing=True):
        return name in get_routing_for_object(estimator).consumes("fit", [name])
