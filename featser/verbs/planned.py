"""What a fit does under each protocol: the folds, and the labels that they can score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import ProtocolError, TaskError
from featser.evaluation.enrolment import enrolled_recordings, refuse_heard_speakers
from featser.evaluation.folds import Folds
from featser.evaluation.protocols import independent_units, make_folds
from featser.evaluation.shared import Scored, scored_labels
from featser.evaluation.units import as_text, joined
from featser.tasks import Task
from featser.verbs.data import Data
from featser.verbs.settings import Settings


@dataclass(frozen=True, eq=False)
class Plan:
    """Folds of a protocol, and what they can score.

    Attributes
    ----------
    protocol : str
    folds : Folds
    scored : Scored
        Labels and tasks.
    """

    protocol: str
    folds: Folds
    scored: Scored

    @property
    def tasks(self) -> list[Task]:
        """The tasks that the folds can score."""
        return self.scored.tasks

    @property
    def labels(self) -> pd.DataFrame:
        """A column for each task, missing where it is neither learnt nor scored."""
        return self.scored.labels

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        refused = [
            f"{self.protocol}: task '{name}' is not scored: {reason}"
            for name, reason in self.scored.refused.items()
        ]
        return [*self.folds.notes, *self.scored.notes, *refused]


def inner_units(protocol: str, data: Data, sound: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return what a model's own inner folds keep together: what the protocol keeps apart.

    Settings that are chosen on new speakers are not those for speakers who are known, so the two
    optimistic protocols leave speakers out of it.

    Parameters
    ----------
    protocol : str
        How the outer folds are made.
    data : Data
        Its speakers, and the column ``sentence`` of its table.
    sound : ndarray of str, shape (n,)
        Equal for utterances that hold the same sound.

    Returns
    -------
    ndarray of str, shape (n,)
        Sounds under ``random``; sentences under ``sentence-independent``; else speakers, joined
        where they share a sound.
    """
    if protocol == "random":
        return sound
    if protocol == "sentence-independent":
        return joined(as_text(data.table["sentence"]), sound)
    return independent_units(data.speaker, sound)


def plans_of(data: Data, settings: Settings, sound: NDArray[np.str_]) -> list[Plan]:
    """Make the folds of every protocol, and leave to the data the tasks that the first can score.

    Parameters
    ----------
    data : Data
        Its ``tasks`` lose those that the leading protocol cannot score; ``refused_tasks`` says why.
    settings : Settings
        The protocols, and the tasks that were asked for by name.
    sound : ndarray of str, shape (n,)
        Equal for utterances that hold the same sound.

    Raises
    ------
    ProtocolError
        If the data do not allow a protocol, sides are named for none, or speakers who are to be
        enrolled are learnt from.
    TaskError
        If the primary task, or one that was asked for, cannot be scored.
    """
    sides = settings.sides
    if (sides.train or sides.test) and "cross-corpus" not in settings.protocols:
        raise ProtocolError(
            f"--train and --test are for `--protocol cross-corpus`; the protocols are "
            f"{', '.join(settings.protocols)}"
        )
    plans: list[Plan] = []
    for protocol in settings.protocols:
        label = data.table[data.tasks[0].name]
        folds = make_folds(protocol, data.table, label, sound, settings.seed, sides)
        if enrolled_recordings(settings.speaker_norm):
            refuse_heard_speakers(protocol, data.speaker, folds)
        scored = scored_labels(protocol, data.table, folds, data.tasks)
        _refuse_wanted(scored, (data.tasks[0].name, *settings.tasks))
        if not plans:
            data.tasks = scored.tasks
            data.refused_tasks |= scored.refused
        plans.append(Plan(protocol, folds, scored))
    return plans


def _refuse_wanted(scored: Scored, wanted: Sequence[str]) -> None:
    for name in wanted:
        if name in scored.refused:
            raise TaskError(f"task '{name}' is refused: {scored.refused[name]}")
