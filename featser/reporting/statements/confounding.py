"""Class–speaker confounding: how many speakers have recordings of one class only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from featser.errors import counted
from featser.evaluation.protocols.groups import speaker_ids
from featser.reporting.numbers import count, percent
from featser.reporting.summary import RunSummary

CONFOUNDED_FROM = 0.5
"""The share of speakers with one class from which on classes and speakers count as confounded."""


@dataclass(frozen=True)
class SpeakerClasses:
    """How the classes of the primary task are distributed over speakers.

    Attributes
    ----------
    n_speakers : int
        Speakers with a label.
    n_single : int
        Those of them with recordings of one class only.
    n_repeated : int
        Speakers with at least two labelled utterances, who could have several classes.
    n_single_repeated : int
        Those of them with one class only.
    """

    n_speakers: int
    n_single: int
    n_repeated: int
    n_single_repeated: int

    @property
    def is_confounded(self) -> bool:
        """Whether at least half of the speakers who could have several classes have one.

        A speaker with a single utterance has one class in any corpus, and does not count.
        """
        return self.n_repeated > 0 and self.n_single_repeated >= CONFOUNDED_FROM * self.n_repeated

    @property
    def single_share(self) -> str:
        """The speakers with one class, as count and share.

        Examples
        --------
        >>> SpeakerClasses(29, 26, 29, 26).single_share
        '26 of 29 (90 %)'
        """
        share = percent(self.n_single / self.n_speakers)
        return f"{count(self.n_single)} of {count(self.n_speakers)} ({share})"

    @property
    def warning(self) -> str:
        """A sentence on the confounding; empty without it.

        Examples
        --------
        >>> SpeakerClasses(10, 1, 10, 1).warning
        ''
        """
        if not self.is_confounded:
            return ""
        have = "has" if self.n_single_repeated == 1 else "have"
        return (
            f"Classes and speakers are confounded: {count(self.n_single_repeated)} of "
            f"{counted(self.n_repeated, 'speaker')} with several recordings {have} only one "
            "class, so differences between speakers, or between their recording sessions, can pass "
            "for differences between classes."
        )


def classes_of_speakers(run: RunSummary) -> SpeakerClasses | None:
    """Count the classes of each speaker in the rows that a run uses.

    Parameters
    ----------
    run : RunSummary
        A run.

    Returns
    -------
    SpeakerClasses or None
        None if the primary task has no classes, or no row has a speaker.
    """
    task = run.primary
    if not task.categorical:
        return None
    rows = run.all_rows()
    speakers = speaker_ids(rows)
    used = rows[f"{task.name}.used"].to_numpy(dtype=bool) & rows[task.name].notna().to_numpy()
    used &= speakers != ""
    if not used.any():
        return None
    labels = pd.Series(rows.loc[used, task.name].astype(str).to_numpy(dtype=object))
    grouped = labels.groupby(speakers[used])
    is_single = grouped.nunique().to_numpy() == 1
    is_repeated = grouped.size().to_numpy() > 1
    return SpeakerClasses(
        n_speakers=len(is_single),
        n_single=int(is_single.sum()),
        n_repeated=int(is_repeated.sum()),
        n_single_repeated=int(np.logical_and(is_single, is_repeated).sum()),
    )
