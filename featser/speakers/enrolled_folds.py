"""Enrolment inside the folds: training speakers by all of theirs, test speakers by a few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from featser.evaluation.cross_fit import View
from featser.evaluation.protocols.enrolment_split import Enrolment
from featser.evaluation.rows import Rows
from featser.evaluation.training_copies import TrainingSet, utterances_of
from featser.features.packed_frames import ColumnRange
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer


@dataclass(frozen=True, eq=False)
class EnrolledSpeakers:
    """How features are made comparable inside a fold: see :class:`EnrolmentNormalizer`.

    The average speaker is estimated on a training set. The speakers of the training set are
    enrolled with all of their recordings in it, and their augmented copies are normalised by the
    same statistics; test speakers are enrolled with the recordings of each draw.

    Parameters
    ----------
    speaker : ndarray of str, shape (n,)
        Who speaks.
    enrolments : sequence of Enrolment
        Each gives test speakers another number of recordings.
    frames : ColumnRange, optional
        Where packed frames stand among the features.
    """

    speaker: NDArray[np.str_]
    enrolments: Sequence[Enrolment]
    frames: ColumnRange | None = None

    def fit(self, training: TrainingSet) -> tuple[EnrolmentNormalizer, TrainingSet]:
        """Return a normaliser fitted on a training set, and the set normalised by it."""
        X, who = np.asarray(training.X), self.speaker[training.row]
        own = slice(None) if training.provenance is None else utterances_of(training.provenance)
        normalizer = EnrolmentNormalizer(frames=self.frames).fit(X[own], speaker=who[own])
        enrolled = normalizer.enrol(X[own], who[own])
        return normalizer, replace(training, X=enrolled.transform(X, who))

    def views(
        self,
        normalizer: EnrolmentNormalizer,
        features: NDArray[np.float32] | Rows,
        test: NDArray[np.intp],
    ) -> Iterator[View]:
        """Yield the test set as each draw normalises it, without the enrolled recordings."""
        X = np.asarray(features)
        of_test_speakers = np.isin(self.speaker, self.speaker[test])
        for enrolment in self.enrolments:
            draws = zip(enrolment.enrolled, enrolment.scored, strict=True)
            for number, (enrolled, scored) in enumerate(draws):
                rows = test[scored[test]]
                few = np.flatnonzero(enrolled & of_test_speakers)
                enrolled_normalizer = normalizer.enrol(X[few], self.speaker[few])
                made = enrolled_normalizer.transform(X[rows], self.speaker[rows])
                yield View(rows, made, {"enrolled": enrolment.recordings, "draw": number})
