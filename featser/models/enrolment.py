"""Normalising a speaker by a few recordings that were made beforehand, as far as they tell."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.models.frames import Place, averaged
from featser.models.normalise import FLOATS, standardised_by

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """What some speakers' recordings tell of each feature; undefined values are left out.

    Attributes
    ----------
    names : ndarray of str, shape (s,)
        The speakers, sorted.
    count : ndarray of float, shape (s, d)
        How many recordings have the feature.
    mean, variance : ndarray of float, shape (s, d)
        Of those recordings (the variance divides by their number); 0 where there is none.
    """

    names: NDArray[np.str_]
    count: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, values: NDArray[np.floating[Any]], speaker: NDArray[np.str_]) -> Moments:
        """Find them in features of shape (n, d), whose speakers have shape (n,)."""
        names, number = np.unique(speaker, return_inverse=True)
        count, mean, variance = np.zeros((3, len(names), values.shape[1]))
        for who in range(len(names)):
            own = values[number == who].astype(np.float64)
            known = np.isfinite(own)
            count[who] = known.sum(axis=0)
            several = np.maximum(count[who], 1)
            mean[who] = np.where(known, own, 0).sum(axis=0) / several
            variance[who] = np.where(known, (own - mean[who]) ** 2, 0).sum(axis=0) / several
        return cls(names, count, mean, variance)


class EnrolmentNormalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Each feature's mean and deviation within a speaker made 0 and 1, from a few recordings.

    A speaker is *enrolled* by some unlabelled recordings. Of n of them, the speaker's mean of a
    feature has the weight ``n / (n + tau)`` and what speakers have on average, learnt from the
    training part, the rest; and so the variance. Without any recording a speaker is taken for the
    average one. That is the posterior mean of a normal model in which speakers' means vary around
    a common one (Efron and Morris, "Data analysis using Stein's estimator and its
    generalizations", JASA 70, 1975), where ``tau`` is the variance within speakers over that
    between them; both are estimated by moments.

    Parameters
    ----------
    least, most : float
        The limits of ``tau``, in recordings. The model takes features one by one; for emotions,
        which are told from many together, it trusts a speaker's recordings too little, and a
        limit of 2 gave the best figures inside the training parts of three corpora.
    frames : Place, optional
        Where packed frames stand. Of each of their descriptors the speaker's mean becomes 0, and
        its spread stays; what is learnt of it below is of utterances' means, behind what is learnt
        of the features, whose number is d then less that of the frames' columns.

    Attributes
    ----------
    mean_ : ndarray, shape (d,)
        The mean over the training part's speakers of their means.
    variance_ : ndarray, shape (d,)
        The variance within a speaker, on average.
    tau_ : ndarray, shape (d,)
        How many recordings what is known beforehand is worth; ``most`` where speakers do not
        differ, or are fewer than two.
    enrolled_ : dict of str to tuple of ndarray
        Mean and deviation of those who were enrolled; none after ``fit``.
    n_features_in_ : int

    Examples
    --------
    >>> normalizer = EnrolmentNormalizer().fit(X, speaker=speaker)  # doctest: +SKIP
    >>> normalizer.enrol(X_few, speaker="anna").transform(X_new, speaker="anna")  # doctest: +SKIP
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"speaker": True}
    __metadata_request__transform: ClassVar[dict[str, bool]] = {"speaker": True}

    def __init__(self, least: float = 0.5, most: float = 2.0, frames: Place | None = None) -> None:
        self.least = least
        self.most = most
        self.frames = frames

    def fit(
        self, X: ArrayLike, y: Any = None, speaker: ArrayLike | None = None
    ) -> EnrolmentNormalizer:
        """Learn how speakers are on average, and how they vary.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features of the training part; NaN where a value is undefined.
        y : None
            Labels are not looked at.
        speaker : array-like of str, shape (n,), or str, optional
            Who speaks; without it all rows are one speaker's.
        """
        values = validate_data(self, X, ensure_all_finite="allow-nan", dtype=FLOATS)
        found = Moments.of(self._told(values), _names(speaker, len(values)))
        there = found.count > 0
        speakers = np.maximum(there.sum(axis=0), 1)
        self.mean_ = found.mean.sum(axis=0) / speakers
        # Variances of single recordings are 0 and say nothing; the others' are made unbiased.
        several = found.count > 1
        unbiased = found.variance * found.count / np.maximum(found.count - 1, 1)
        self.variance_ = unbiased.sum(axis=0) / np.maximum(several.sum(axis=0), 1)
        self.tau_ = self._tau(found, there, speakers)
        self.enrolled_: dict[str, tuple[Floats, Floats]] = {}
        return self

    def _tau(self, found: Moments, there: NDArray[np.bool_], speakers: NDArray[np.intp]) -> Floats:
        spread = np.where(there, (found.mean - self.mean_) ** 2, 0).sum(axis=0)
        spread /= np.maximum(speakers - 1, 1)
        # Part of what means differ by is that each is of some recordings only.
        chance = np.where(there, 1 / np.maximum(found.count, 1), 0).sum(axis=0) / speakers
        between = np.maximum(spread - self.variance_ * chance, 0)
        differ = between * self.most > self.variance_
        tau = np.where(differ, self.variance_ / np.where(differ, between, 1), self.most)
        limited: Floats = tau.clip(self.least, self.most)
        return limited

    def fit_transform(
        self, X: ArrayLike, y: Any = None, speaker: ArrayLike | None = None
    ) -> NDArray[np.floating[Any]]:
        """Fit, and return X as all of their rows enrol its speakers; none without speakers."""
        self.fit(X, y, speaker=speaker)
        known = self if speaker is None else self.enrol(X, speaker)
        return known.transform(X, speaker)

    def enrol(self, X: ArrayLike, speaker: ArrayLike | None = None) -> EnrolmentNormalizer:
        """Return a copy that knows speakers by these recordings, and by nothing else.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features of unlabelled recordings; n may be 0.
        speaker : array-like of str, shape (n,), or str, optional
            Who speaks; without it all rows are one speaker's.
        """
        check_is_fitted(self)
        known = copy.copy(self)
        known.enrolled_ = {}
        if len(np.asarray(X)) == 0:
            return known
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=FLOATS)
        found = Moments.of(self._told(values), _names(speaker, len(values)))
        weight = found.count / (found.count + self.tau_)
        mean = weight * found.mean + (1 - weight) * self.mean_
        variance = weight * found.variance + (1 - weight) * self.variance_
        for position, name in enumerate(found.names.tolist()):
            known.enrolled_[name] = mean[position], np.sqrt(variance[position])
        return known

    def transform(
        self, X: ArrayLike, speaker: ArrayLike | None = None
    ) -> NDArray[np.floating[Any]]:
        """Return X, shape (n, d), normalised as each row's speaker was enrolled.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.
        speaker : array-like of str, shape (n,), or str, optional
            Who speaks; those who were not enrolled are taken for the average speaker.

        Returns
        -------
        ndarray, shape (n, d)
            A feature that does not vary becomes 0; NaN stays NaN.
        """
        check_is_fitted(self)
        values: NDArray[np.floating[Any]] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=FLOATS, copy=True
        )
        who = _names(speaker, len(values))
        average = self.mean_, np.sqrt(self.variance_)
        for name in np.unique(who).tolist():
            mean, deviation = self.enrolled_.get(name, average)
            rows = who == name
            values[rows] = self._normalised(values[rows].astype(np.float64), mean, deviation)
        return values

    def _told(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what moments are of, shape (n, d'): features, and utterances' mean frames."""
        if self.frames is None:
            return values
        return np.hstack([self.frames.rest(values), averaged(values, self.frames)])

    def _normalised(self, values: Floats, mean: Floats, deviation: Floats) -> Floats:
        place = self.frames
        if place is None:
            return standardised_by(values, mean, deviation)
        own = mean.shape[0] - place.width
        normalised = np.empty_like(values)
        rest = np.r_[: place.first, place.last : values.shape[1]]
        normalised[:, rest] = standardised_by(values[:, rest], mean[:own], deviation[:own])
        frames = place.of(values).reshape(len(values), -1, place.width) - mean[own:]
        normalised[:, place.first : place.last] = frames.reshape(len(values), -1)
        return normalised

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt as plain data; who was enrolled is not part of it."""
        check_is_fitted(self)
        learnt = {name: getattr(self, f"{name}_").tolist() for name in _LEARNT}
        place = None if self.frames is None else asdict(self.frames)
        return {"least": self.least, "most": self.most, "frames": place, **learnt}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> EnrolmentNormalizer:
        """Make one that was learnt before, of :meth:`to_dict`'s data."""
        place = told.get("frames")
        normalizer = cls(told["least"], told["most"], None if place is None else Place(**place))
        for name in _LEARNT:
            setattr(normalizer, f"{name}_", np.array(told[name], dtype=np.float64))
        columns = 0 if place is None else place["last"] - place["first"] - place["width"]
        normalizer.n_features_in_ = len(told["mean"]) + columns
        normalizer.enrolled_ = {}
        return normalizer

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


_LEARNT = ("mean", "variance", "tau")


def _names(speaker: ArrayLike | None, rows: int) -> NDArray[np.str_]:
    """Return who speaks in each row, where one name stands for all."""
    return np.broadcast_to(np.asarray("" if speaker is None else speaker).astype(str), (rows,))
