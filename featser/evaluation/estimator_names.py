"""What the estimators of a model are called in messages."""

from __future__ import annotations

from typing import Any


def estimator_names(model: Any) -> str:
    """Return the classes of a model's estimators, for messages.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> estimator_names(make_pipeline(StandardScaler(), Ridge()))
    'Ridge'
    """
    estimators = getattr(model, "estimators", None)
    members = estimators.values() if isinstance(estimators, dict) else [model]
    return ", ".join(sorted({_innermost_name(member) for member in members}))


def _innermost_name(estimator: Any) -> str:
    """Return the class of what a pipeline ends with, or of what another estimator wraps."""
    while hasattr(estimator, "steps") or hasattr(estimator, "estimator"):
        steps = getattr(estimator, "steps", None)
        estimator = steps[-1][1] if steps else estimator.estimator
    return type(estimator).__name__
