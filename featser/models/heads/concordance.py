"""Regression for concordance (CCC): predictions with the mean and spread of the labels.

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

from featser.evaluation.metrics.metrics import ccc
from featser.evaluation.protocols.folding import inner_folds
from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.tuning import quarters, settled

Floats = NDArray[np.float64]

MIN_ROWS = 8
"""Utterances with a value that are required, so that a quarter of them has two."""


class CCCMatched(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """A regressor whose predictions are stretched to the labels' mean and variance.

    The stretch is estimated from predictions on inner folds divided by speaker, since predictions
    for a regressor's own training rows are overconfident. To test it, each inner fold is also
    stretched by the estimate from the other folds; if this does not raise the CCC, predictions
    are not stretched.

    Parameters
    ----------
    estimator : regressor
        Its predictions are stretched. It receives weights and speakers if it requests them.
    tails : float
        0 to weigh all values alike; 1 to weigh them by the inverse of their density, so that rare
        extremes count as much as the middle; between them that to the power of ``tails``.
    n_folds, random_state : int
        Of the inner folds.

    Attributes
    ----------
    estimator_ : regressor
        Fitted on all rows.
    slope_, intercept_ : float
        The prediction is ``slope_ · estimator_'s + intercept_``; 1 and 0 without a gain.
    inner_ : tuple of float
        CCC on the inner folds without and with the stretch; NaN where there are too few rows.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(
        self, estimator: Any, tails: float = 0.0, n_folds: int = 4, random_state: int = 0
    ) -> None:
        self.estimator = estimator
        self.tails = tails
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
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
        metadata = {"sample_weight": weight, "speaker": speaker, "provenance": provenance}
        self.estimator_ = fit_routed(clone(self.estimator), values, target, **metadata)
        self.slope_, self.intercept_, self.inner_ = self._stretch(values, target, metadata)
        return self

    def _stretch(
        self, X: NDArray[Any], y: Floats, metadata: dict[str, Any]
    ) -> tuple[float, float, tuple[float, float]]:
        utterances = (
            len(y)
            if metadata["provenance"] is None
            else int((metadata["provenance"][:, 0] >= 0).sum())
        )
        if utterances < MIN_ROWS or y.min() == y.max():
            return 1.0, 0.0, (np.nan, np.nan)
        strata = quarters(y, metadata["provenance"])
        folds = inner_folds(
            strata, metadata["speaker"], self.n_folds, self.random_state, metadata["provenance"]
        )
        predicted = []
        unfitted = settled(self.estimator, self.estimator_)
        for train, test in folds:
            part = {
                name: None if v is None else np.asarray(v)[train] for name, v in metadata.items()
            }
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
        """Return an unfitted copy whose regressor has the settings that were chosen in this one."""
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
    """Return the CCC of all folds, as predicted and with each stretched by the other folds."""
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
