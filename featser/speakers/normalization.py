"""Making features comparable: within a speaker, and before an estimator."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError
from featser.evaluation.protocols.groups import speaker_names
from featser.evaluation.training_copies import auxiliary_corpus

MIN_COVERAGE = 0.8
FLOATS = [np.float64, np.float32]
AT_ONCE = 512
"""Features whose moments are computed at the same time."""


class _OfMissing(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A transformer that estimates nothing and accepts missing values."""

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check X, shape (n, d); nothing is estimated."""
        validate_data(self, X, ensure_all_finite="allow-nan")
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class SpeakerNormalizer(_OfMissing):
    """Scale each feature to mean 0 and standard deviation 1 within each speaker.

    Transductive: ``transform`` uses the statistics of the rows it is given, so all unlabelled
    recordings of a speaker must be passed together. Nothing is estimated from other speakers, so
    nothing leaks between folds by speaker; but the results presume that all of a test speaker's
    recordings are available, and must be reported as transductive.

    A feature that does not vary within a speaker becomes 0; NaN stays NaN.
    """

    __metadata_request__transform: ClassVar[dict[str, bool]] = {"speaker": True}

    def transform(
        self, X: ArrayLike, speaker: ArrayLike | None = None
    ) -> NDArray[np.floating[Any]]:
        """Return X, shape (n, d), normalised within each of the speakers, shape (n,).

        Without speakers all rows are taken to be one speaker's. Where some rows have a speaker and
        others do not, that is a :class:`~featser.errors.TaskError`.
        """
        check_is_fitted(self, "n_features_in_")
        values: NDArray[np.floating[Any]] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=FLOATS, copy=True
        )
        groups: NDArray[Any] = np.zeros(len(values))
        if speaker is not None:
            groups = speaker_names(speaker, "normalising by speaker")
        for rows in pd.Series(range(len(groups))).groupby(groups).indices.values():
            values[rows] = standardised(values[rows])
        return values


def standardised(
    values: NDArray[np.floating[Any]], by: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.float64]:
    """Return values, shape (n, d), normalised by their own moments, or by another table's."""
    exact = values.astype(np.float64)
    own = exact if by is None else by.astype(np.float64)
    is_defined = np.isfinite(own)
    count = np.maximum(is_defined.sum(axis=0), 1)
    mean = np.where(is_defined, own, 0).sum(axis=0) / count
    deviation = np.sqrt(np.where(is_defined, (own - mean) ** 2, 0).sum(axis=0) / count)
    return standardised_by(exact, mean, deviation)


def standardised_by(
    values: NDArray[np.float64], mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return values less the mean, in deviations; 0 where a feature does not vary."""
    steady = deviation <= 1e-6 * np.abs(mean) + 1e-12
    centred = (values - mean) / np.where(steady, 1, deviation)
    return np.where(steady & np.isfinite(values), 0, centred)


class Clip(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Limit standardised features to a number of standard deviations.

    An unseen recording room can put a feature a hundred deviations out, where no kernel or
    network has training data.

    Parameters
    ----------
    limit : float
        In standard deviations.
    """

    def __init__(self, limit: float = 8.0) -> None:
        self.limit = limit

    def fit(self, X: ArrayLike, y: Any = None) -> Clip:
        """Check X, shape (n, d); nothing is estimated."""
        validate_data(self, X)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return X, shape (n, d), inside [−limit, limit]."""
        check_is_fitted(self, "n_features_in_")
        values: NDArray[np.floating[Any]] = validate_data(self, X, reset=False)
        return values.clip(-self.limit, self.limit)


class Impute(_OfMissing):
    """Put 0, the mean of standardised features, in place of missing values.

    scikit-learn's ``SimpleImputer`` does the same, but keeps a Python object for each feature:
    loading a model with 13,000 features takes a second longer.
    """

    def transform(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return X, shape (n, d), without missing values."""
        check_is_fitted(self, "n_features_in_")
        values: NDArray[np.floating[Any]] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=FLOATS
        )
        return np.where(np.isnan(values), values.dtype.type(0), values)


class Standardise(StandardScaler):
    """Scale each feature to mean 0 and deviation 1, without a warning for features without values.

    Utterances of less than two seconds have no modulation of half a hertz, for instance.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {
        "sample_weight": False,
        "provenance": True,
    }

    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        sample_weight: Any = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> Standardise:
        """Estimate mean and deviation of X, shape (n, d); NaN is left out.

        Of rows of auxiliary corpora, which ``provenance``, shape (n, 1 + k), identifies, none is
        used: there may be more of them, recorded otherwise.
        """
        if provenance is not None:
            own = auxiliary_corpus(provenance, len(provenance)) < 0
            X = np.asarray(X)[own]
            sample_weight = None if sample_weight is None else np.asarray(sample_weight)[own]
        if sample_weight is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                weighted: Standardise = super().fit(X, y, sample_weight)
            return weighted
        values: NDArray[np.floating[Any]] = validate_data(
            self, X, ensure_all_finite="allow-nan", dtype=FLOATS
        )
        count, self.mean_, self.var_ = moments_of(values)
        # As scikit-learn does: a count for all features where it is the same.
        self.n_samples_seen_ = count if np.ptp(count) else count[0]
        self.scale_ = np.where(_is_steady(count, self.mean_, self.var_), 1.0, np.sqrt(self.var_))
        return self


def moments_of(
    values: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the count, mean and variance of each feature, NaN left out.

    A fifteenth of the time that scikit-learn takes for the same numbers: some features at a time
    stay in the processor's cache.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Features.

    Returns
    -------
    count, mean, variance : ndarray, shape (d,)
        In double precision; mean and variance of a feature without values are NaN.

    Examples
    --------
    >>> moments_of(np.array([[1.0, np.nan], [3.0, 5.0]]))
    (array([2, 1]), array([2., 5.]), array([1., 0.]))
    """
    counts, means, variances = [], [], []
    for first in range(0, values.shape[1], AT_ONCE):
        part = values[:, first : first + AT_ONCE].astype(np.float64)
        missing = np.isnan(part)
        count = len(part) - missing.sum(axis=0)
        part[missing] = 0
        with np.errstate(invalid="ignore"):
            mean = part.sum(axis=0) / count
            part -= mean
            part[missing] = 0
            variance = np.einsum("ij,ij->j", part, part) / count
        counts.append(count)
        means.append(mean)
        variances.append(variance)
    return np.concatenate(counts), np.concatenate(means), np.concatenate(variances)


def _is_steady(
    count: NDArray[np.int64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which features vary no more than rounding does, as scikit-learn decides it."""
    rounding = np.finfo(np.float64).eps
    is_steady: NDArray[np.bool_] = (
        variance <= count * rounding * variance + (count * mean * rounding) ** 2
    )
    return is_steady


def prepared(model: Any, selector: Any = None) -> Pipeline:
    """Return a pipeline of standardising, mean imputation, clipping and an estimator.

    Standardising ignores NaN; an undefined value then becomes 0, the training set's mean.

    Parameters
    ----------
    model : estimator
        The last step of the pipeline.
    selector : transformer, optional
        Chooses features, after clipping: :mod:`featser.models.selection.selectors`.
    """
    return Pipeline(
        [
            ("scale", Standardise()),
            ("impute", Impute()),
            ("clip", Clip()),
            *([] if selector is None else [("select", selector)]),
            ("model", model),
        ]
    )


def refuse_poor_coverage(label: pd.Series, speaker: ArrayLike, norm: str = "transductive") -> None:
    """Refuse normalising by speaker where speakers do not have all classes.

    A speaker's mean then depends on the classes, and subtracting it removes them in part: on
    URDU, whose speakers have one to four of four classes, UAR falls from .63 to .21.

    Parameters
    ----------
    label : Series of str, shape (n,)
        The primary task's classes.
    speaker : array-like, shape (n,)
        Who speaks.
    norm : str
        The normalisation, for the message.

    Raises
    ------
    TaskError
        If speakers have, on average, fewer than 80 % of the classes; with the table.
    """
    table = pd.crosstab(np.asarray(speaker), label.to_numpy())
    coverage = float((table > 0).mean(axis=1).mean()) if len(table) else 0.0
    if coverage < MIN_COVERAGE:
        raise TaskError(
            f"--speaker-norm {norm} is refused: speakers have {100 * coverage:.0f} % of "
            f"the classes of '{label.name}' on average ({100 * MIN_COVERAGE:.0f} % are needed), "
            f"so subtracting their means would remove differences between the classes. Use "
            f"`--speaker-norm none`. Utterances by speaker and class:\n"
            f"{table.to_string()}"
        )
