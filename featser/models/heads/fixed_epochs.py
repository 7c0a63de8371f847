"""Multilayer perceptrons that are trained for a fixed number of epochs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor


class FixedEpochsClassifier(MLPClassifier):
    """A multilayer perceptron trained for ``max_iter`` epochs without a convergence warning."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Fit to X, shape (n, d), and classes y, shape (n,)."""
        with _without_convergence_warning():
            return super().fit(X, y, sample_weight=sample_weight)


class FixedEpochsRegressor(MLPRegressor):
    """A multilayer perceptron trained for ``max_iter`` epochs without a convergence warning."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Fit to X, shape (n, d), and values y, shape (n,)."""
        with _without_convergence_warning():
            return super().fit(X, y, sample_weight=sample_weight)


@contextmanager
def _without_convergence_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
