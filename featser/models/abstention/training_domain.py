"""What the training recordings of a model were like, and whether a new recording is unlike them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.rows import Rows
from featser.features.extractor import Extractor
from featser.models.abstention.feature_distance import DISTANCE, FeatureDistance
from featser.models.abstention.measures import LENGTH, MEASURES, WINDOW_MEASURES, measured
from featser.models.abstention.reason import BETWEEN, Reason, in_words
from featser.models.abstention.training_ranges import TrainingRanges
from featser.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class TrainingDomain:
    """Ranges of measures, and the distance in feature space.

    Parameters
    ----------
    ranges : TrainingRanges or None
        None where the recordings were not measured.
    distance : FeatureDistance or None
        None where there were too few.
    """

    ranges: TrainingRanges | None = None
    distance: FeatureDistance | None = None

    @classmethod
    def of(
        cls,
        X: NDArray[Any] | Rows,
        extractors: Sequence[Extractor],
        speaker: ArrayLike,
        facts: pd.DataFrame | None,
        progress: Progress = silent,
    ) -> TrainingDomain:
        """Describe a training set.

        Parameters
        ----------
        X : ndarray, or Rows, shape (n, d)
            Features.
        extractors : sequence of Extractor
            In the order of the columns of X.
        speaker : array-like of str, shape (n,)
            Who speaks; empty where that is missing.
        facts : DataFrame, n rows, optional
            From :func:`featser.audit.measure.examination.facts_table`.
        progress : callable
            Called with the fits of the distance done and in all.
        """
        distance = FeatureDistance.of(X, compared_columns(extractors), speaker, progress=progress)
        return cls(None if facts is None else TrainingRanges.of(facts), distance)

    def reasons(
        self, facts: pd.DataFrame | None, X: NDArray[Any], trimmed: bool = False
    ) -> list[list[Reason]]:
        """Say in which ways each recording is unlike those of the training set.

        Parameters
        ----------
        facts : DataFrame, n rows, optional
            As :meth:`of` takes them.
        X : ndarray, shape (n, d)
            Features.
        trimmed : bool
            Whether these are of recordings without the silence around the speech, so that it is
            not compared either.

        Returns
        -------
        list of list of Reason
            Empty for a recording that is like them.
        """
        reasons: list[list[Reason]] = [[] for _ in range(len(X))]
        if self.ranges is not None and facts is not None:
            reasons = self.ranges.reasons(measured(facts), trimmed)
        if self.distance is not None:
            reasons = [a + b for a, b in zip(reasons, self.distance.reasons(X), strict=True)]
        return reasons

    def unlike(
        self, facts: pd.DataFrame | None, X: NDArray[Any], trimmed: bool = False
    ) -> list[str]:
        """Return :meth:`reasons` as text.

        Returns
        -------
        list of str
            Such as "level -62 dB; training -41 to -18 dB", several with "; also " between them;
            empty for a recording that is like them.
        """
        return [in_words(one) for one in self.reasons(facts, X, trimmed)]

    def unlike_windows(
        self, facts: pd.DataFrame, X: NDArray[Any], distance: FeatureDistance | None
    ) -> list[str]:
        """Say in which ways each window of a long recording is unlike the training recordings.

        Parameters
        ----------
        facts : DataFrame, n rows
            What :data:`~featser.models.abstention.measures.WINDOW_MEASURES` are computed from.
        X : ndarray, shape (n, d)
            Features.
        distance : FeatureDistance, optional
            Fitted on windows: features of windows are farther from those of whole recordings.
        """
        reasons: list[list[Reason]] = [[] for _ in range(len(X))]
        if self.ranges is not None:
            reasons = self.ranges.reasons_of_windows(measured(facts, WINDOW_MEASURES))
        if distance is not None:
            reasons = [a + b for a, b in zip(reasons, distance.reasons(X), strict=True)]
        return [in_words(one) for one in reasons]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "ranges": None if self.ranges is None else self.ranges.to_dict(),
            "distance": None if self.distance is None else self.distance.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], n_features: int) -> TrainingDomain:
        """Return what :meth:`to_dict` described.

        Raises
        ------
        ValueError
            If something does not fit together.
        """
        ranges, distance = data.get("ranges"), data.get("distance")
        return cls(
            None if ranges is None else TrainingRanges.from_dict(ranges),
            None if distance is None else FeatureDistance.from_dict(distance, n_features),
        )


def reason_names(unlike: str) -> list[str]:
    """Return the measures that reasons name, without their values.

    Parameters
    ----------
    unlike : str
        As :meth:`TrainingDomain.unlike` has it.

    Examples
    --------
    >>> reason_names("level -62 dB; training -41 to -18 dB; also feature distance 3.1; training up")
    ['level', 'feature distance']
    """
    names = sorted((*MEASURES, DISTANCE), key=len, reverse=True)
    reasons = unlike.split(BETWEEN) if unlike else []
    return [next(name for name in names if one.startswith(name)) for one in reasons]


def is_longer(reasons: Iterable[Reason]) -> bool:
    """Return whether a recording is longer than those of the training set.

    Parameters
    ----------
    reasons : iterable of Reason
        Of one recording, as :meth:`TrainingDomain.reasons` has them.

    Examples
    --------
    >>> ranges = TrainingRanges({"length": (1.5, 7.5)})
    >>> [is_longer(one) for one in ranges.reasons(pd.DataFrame({"length": [70.0, 0.2, 3.0]}))]
    [True, False, False]
    """
    return any(one.measure == LENGTH and one.is_above for one in reasons)


def compared_columns(extractors: Sequence[Extractor]) -> list[tuple[int, int]]:
    """Return the columns that distances are computed from.

    Packed frames are left out, and extractors with several blocks, whose thousands of random
    features would outweigh all others, unless there are no others.

    Examples
    --------
    >>> from featser.features.registry import make_extractors
    >>> compared_columns(make_extractors(["mfcc:basic", "frames"]))
    [(0, 40)]
    """
    ends = np.cumsum([one.dimension for one in extractors], dtype=int).tolist()
    ranges = [(end - one.dimension, end) for end, one in zip(ends, extractors, strict=True)]
    whole = [
        (columns, one)
        for columns, one in zip(ranges, extractors, strict=True)
        if one.frame_width is None
    ]
    single = [columns for columns, one in whole if len(one.blocks) == 1]
    return single or [columns for columns, _ in whole]
