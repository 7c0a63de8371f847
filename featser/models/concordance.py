"""Regression that is judged by concordance (CCC): predictions of the labels' mean and spread.

``CCC = 2 cov / (σx² + σy² + (μx − μy)²)``. Of all ``a·x + b`` the CCC with y is highest where mean
and variance are those of y: any b but the one that matches the means adds to the denominator, and
with ``cov = ρ σx σy`` the derivative of ``2 a cov / (a² σx² + σy²)`` is 0 at ``a = σy / σx``, where
CCC is ρ (for ρ > 0). Regressors that minimise squared error predict too narrowly, by a factor ρ.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.metrics import ccc
from featser.evaluation.protocols import inner_folds
from featser.models.routing import REQUESTED, fit_routed
from featser.models.tuning import quarters, settled

Floats = NDArray[np.float64]

MIN_ROWS = 8
"""Utterances with a value that a match needs: a quarter of the values has two then."""


class CCCMatched(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """A regressor whose predictions are stretched to the labels' mean and variance.

    The stretch follows from predictions on inner folds divided by speaker: on its own training
    rows a regressor is too sure. It is kept only where it helps on speakers that it was not
    found with: each inner fold is also stretched by what the others give, and where the CCC of
    all is no higher than without, predictions stay as they are.

    Parameters
    ----------
    estimator : regressor
        What is stretched. It sees weights and speakers if it requests them.
    tails : float
        0 to weigh all values alike; 1 to weigh them by the inverse of their density, so that rare
        extremes count as much as the middle; between them that to the power of ``tails``.
    n_folds, seed : int
        Of the inner folds.

    Attributes
    ----------
    estimator_ : regressor
        Fitted on all rows.
    slope_, intercept_ : float
        The prediction is ``slope_ · estimator_'s + intercept_``; 1 and 0 where nothing is gained.
    inner_ : tuple of float
        CCC on the inner folds without and with the stretch; NaN where there are too few rows.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(self, estimator: Any, tails: float = 0.0, n_folds: int = 4, seed: int = 0) -> None:
        self.estimator = estimator
        self.tails = tails
        self.n_folds = n_folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
    ) -> CCCMatched:
        """Fit to X, shape (n, d), and values y, shape (n,), of speakers, shape (n,)."""
        checked = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=None, y_numeric=True
        )
        values, target = checked[0], np.asarray(checked[1], dtype=np.float64)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, target[:, None], dtype=np.float64)
        if self.tails:
            weight = tail_weights(target, self.tails) * (1.0 if weight is None else weight)
        known = {"sample_weight": weight, "speaker": speaker, "lineage": lineage}
        self.estimator_ = fit_routed(clone(self.estimator), values, target, **known)
        self.slope_, self.intercept_, self.inner_ = self._stretch(values, target, known)
        return self

    def _stretch(
        self, X: NDArray[Any], y: Floats, known: dict[str, Any]
    ) -> tuple[float, float, tuple[float, float]]:
        utterances = (
            len(y) if known["lineage"] is None else int((known["lineage"][:, 0] >= 0).sum())
        )
        if utterances < MIN_ROWS or y.min() == y.max():
            return 1.0, 0.0, (np.nan, np.nan)
        strata = quarters(y, known["lineage"])
        folds = inner_folds(strata, known["speaker"], self.n_folds, self.seed, known["lineage"])
        predicted = []
        unfitted = settled(self.estimator, self.estimator_)
        for train, test in folds:
            part = {name: None if v is None else np.asarray(v)[train] for name, v in known.items()}
            fitted = fit_routed(clone(unfitted), X[train], y[train], **part)
            predicted.append(np.asarray(fitted.predict(X[test]), dtype=np.float64))
        truth = [y[test] for _, test in folds]
        inner = _without_and_with(truth, predicted)
        if not inner[1] > inner[0]:
            return 1.0, 0.0, inner
        return *matching(np.concatenate(truth), np.concatenate(predicted)), inner

    def predict(self, X: ArrayLike) -> Floats:
        """Return the values, shape (n,)."""
        check_is_fitted(self, "estimator_")
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=None)
        predicted = np.asarray(self.estimator_.predict(X), dtype=np.float64)
        return np.asarray(self.slope_ * predicted + self.intercept_)

    def settled(self) -> CCCMatched:
        """Return an unfitted one whose regressor has the settings that this one's has chosen."""
        check_is_fitted(self, "estimator_")
        twin: CCCMatched = clone(self)
        twin.estimator = settled(self.estimator, self.estimator_)
        return twin

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags


def matching(y: Floats, predicted: Floats) -> tuple[float, float]:
    """Return slope and intercept that give predictions the mean and variance of y.

    Parameters
    ----------
    y, predicted : ndarray of float, shape (n,)

    Returns
    -------
    slope, intercept : float
        1 and 0 where predictions do not rise with y: no stretch makes them concordant.
    """
    covariance = float(np.mean((y - y.mean()) * (predicted - predicted.mean())))
    if not covariance > 0:
        return 1.0, 0.0
    slope = float(y.std() / predicted.std())
    return slope, float(y.mean() - slope * predicted.mean())


def tail_weights(y: ArrayLike, power: float = 1.0) -> Floats:
    """Return weights that grow where values are rare, their mean 1.

    Parameters
    ----------
    y : array-like of float, shape (n,)
        Values.
    power : float
        Of the inverse density.

    Returns
    -------
    ndarray of float, shape (n,)
        The density is smoothed by a Gaussian kernel whose width is Silverman's rule, ``0.9
        min(σ, IQR / 1.34) n^(−1/5)``; a weight is at most ten times the smallest before they
        are divided by their mean.
    """
    values = np.asarray(y, dtype=np.float64)
    low, high = np.quantile(values, [0.25, 0.75])
    spread = min(float(values.std()), float(high - low) / 1.34) or float(values.std())
    if spread == 0:
        return np.ones(len(values))
    points, place, count = np.unique(values, return_inverse=True, return_counts=True)
    distance = (points[:, None] - points) / (0.9 * spread * len(values) ** -0.2)
    density = np.exp(-(distance**2) / 2) @ count
    weight = (density.max() / density) ** power
    capped = np.minimum(weight, 10.0)[place]
    return np.asarray(capped / capped.mean())


def _without_and_with(truth: list[Floats], predicted: list[Floats]) -> tuple[float, float]:
    """Return the CCC of all folds as predicted, and each stretched by what the others give."""
    stretched = []
    for number, own in enumerate(predicted):
        others = [k for k in range(len(predicted)) if k != number]
        slope, intercept = matching(
            np.concatenate([truth[k] for k in others]),
            np.concatenate([predicted[k] for k in others]),
        )
        stretched.append(slope * own + intercept)
    y = np.concatenate(truth)
    return ccc(y, np.concatenate(predicted)), ccc(y, np.concatenate(stretched))
