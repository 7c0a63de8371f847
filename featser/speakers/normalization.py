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
        with np.errstate(invalid="ignore", divide="ignore"):
            fitted: Standardise = super().fit(X, y, sample_weight)
        return fitted


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
