"""Enrolment inside the folds: training speakers by all of theirs, test speakers by a few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from featser.evaluation.copies import TrainingPart, utterances_of
from featser.evaluation.crossval import View
from featser.evaluation.enrolment import Enrolment
from featser.evaluation.rows import Rows
from featser.models.enrolment import EnrolmentNormalizer
from featser.models.frames import Place


@dataclass(frozen=True, eq=False)
class EnrolledSpeakers:
    """How features are made comparable inside a fold: see :class:`EnrolmentNormalizer`.

    What is known of speakers in general is learnt from a training part. Its own speakers are
    enrolled with all of their recordings in it, by whose statistics augmented copies go as well;
    test speakers with those of each draw.

    Parameters
    ----------
    speaker : ndarray of str, shape (n,)
        Who speaks.
    enrolments : sequence of Enrolment
        Each gives test speakers another number of recordings.
    frames : Place, optional
        Where packed frames stand among the features.
    """

    speaker: NDArray[np.str_]
    enrolments: Sequence[Enrolment]
    frames: Place | None = None

    def learn(self, part: TrainingPart) -> tuple[EnrolmentNormalizer, TrainingPart]:
        """Return what is learnt from a training part, and the part normalised by it."""
        X, who = np.asarray(part.X), self.speaker[part.row]
        own = slice(None) if part.lineage is None else utterances_of(part.lineage)
        normalizer = EnrolmentNormalizer(frames=self.frames).fit(X[own], speaker=who[own])
        known = normalizer.enrol(X[own], who[own])
        return normalizer, replace(part, X=known.transform(X, who))

    def views(
        self,
        normalizer: EnrolmentNormalizer,
        features: NDArray[np.float32] | Rows,
        test: NDArray[np.intp],
    ) -> Iterator[View]:
        """Yield the test part as each draw makes it, without what the draw enrols."""
        X = np.asarray(features)
        there = np.isin(self.speaker, self.speaker[test])
        for enrolment in self.enrolments:
            draws = zip(enrolment.enrolled, enrolment.scored, strict=True)
            for number, (enrolled, scored) in enumerate(draws):
                rows = test[scored[test]]
                few = np.flatnonzero(enrolled & there)
                known = normalizer.enrol(X[few], self.speaker[few])
                made = known.transform(X[rows], self.speaker[rows])
                yield View(rows, made, {"enrolled": enrolment.recordings, "draw": number})
