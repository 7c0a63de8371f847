"""A package that adds a model to featser: naive Bayes with equal priors, for classes only."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.naive_bayes import GaussianNB

from featser.models.model import Model


class EvenBayes(GaussianNB):
    """Gaussian naive Bayes with equal prior probabilities of all classes."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> EvenBayes:
        """Fit to X, shape (n, d), and classes y, shape (n,)."""
        count = len(np.unique(np.asarray(y)))
        self.priors = np.full(count, 1 / count)
        super().fit(X, y, sample_weight=sample_weight)
        return self


def make_classifier(random_state: int, smoothing: float) -> EvenBayes:
    """Return an unfitted classifier; nothing in it is random."""
    return EvenBayes(var_smoothing=smoothing).set_fit_request(sample_weight=True)


BAYES = Model(
    "bayes",
    "naive Bayes with equal priors",
    classifier="featser_bayes:make_classifier",
    arguments={"smoothing": 0.01},
    grid="featser_bayes:GRID",
    cost=0.05,
    classes=("featser_bayes.EvenBayes",),
)
GRID = [{"var_smoothing": 0.1}, {"var_smoothing": 1.0}]
UNMADE = Model("unmade", "names a function that is not there", classifier="featser_bayes:absent")
