"""What a fit does under each protocol: the folds, and the labels that they can score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.enrolment_split import (
    enrolled_recordings,
    refuse_training_speakers,
)
from featser.evaluation.protocols.folding import independent_units, make_folds
from featser.evaluation.protocols.folds import ROLE, Folds, set_of_rows
from featser.evaluation.protocols.groups import joined
from featser.evaluation.protocols.overlap import Overlap, overlap_of
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.evaluation.protocols.shared_labels import Scored, scored_labels
from featser.evaluation.soft_labels import with_soft_labels
from featser.experiment.loading.data import Data
from featser.experiment.schema import Experiment
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class Plan:
    """Folds of a protocol, and what they can score.

    Attributes
    ----------
    protocol : str
    folds : Folds
    scored : Scored
        Labels and tasks.
    overlap : Overlap or None
        What training and test sets share, for folds that are carried out as given; None for
        others, which share nothing that is not in their names.
    """

    protocol: str
    folds: Folds
    scored: Scored
    overlap: Overlap | None = None

    @property
    def tasks(self) -> list[Task]:
        """The tasks that the folds can score."""
        return self.scored.tasks

    @property
    def labels(self) -> pd.DataFrame:
        """A column for each task, missing where it is neither fitted on nor scored.

        Shares of votes that are fitted on stand beside it, also where votes are tied
        (:mod:`featser.evaluation.soft_labels`).
        """
        return self.scored.labels

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        refused = [
            f"{self.protocol}: task '{name}' is not scored: {reason}"
            for name, reason in self.scored.refused.items()
        ]
        return [*self.folds.notes, *self.scored.notes, *refused]


def described_rows(table: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Describe all rows of the data as a protocol uses them, for the report.

    Parameters
    ----------
    table : DataFrame, n rows
        A manifest.
    plan : Plan
        Of these rows.

    Returns
    -------
    DataFrame, n rows
        What the manifest has of ``speaker``, ``corpus``, ``language`` and ``gender``;
        ``ROLE``, as ``set_of_rows`` has
        it; and for each task its label, and ``{task}.used``, whether the protocol fits on and
        scores that label.
    """
    names = ("speaker", "corpus", "language", "gender")
    tasks = [task.name for task in plan.tasks]
    rows = table[[name for name in names if name in table and name not in tasks]].copy()
    rows[ROLE] = set_of_rows(plan.folds)
    for name in tasks:
        rows[name] = table[name]
        rows[f"{name}.used"] = plan.labels[name].notna()
    return rows.reset_index(drop=True)


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


def left_out_inside(protocol: str, data: Data) -> str:
    """Return what is left out in a model's own inner folds, in words: see :func:`inner_units`."""
    if protocol == "sentence-independent":
        return "sentences"
    has_speakers = bool((data.speaker != "").any())
    return "speakers" if has_speakers and protocol != "random" else "recordings"


def plans_of(data: Data, experiment: Experiment, sound: NDArray[np.str_]) -> list[Plan]:
    """Make the folds of every protocol, and leave to the data the tasks that the first can score.

    Parameters
    ----------
    data : Data
        Its ``tasks`` lose those that the leading protocol cannot score; ``refused_tasks`` says why.
    experiment : Experiment
        The protocols, and the tasks that were asked for by name.
    sound : ndarray of str, shape (n,)
        Equal for utterances that hold the same sound.

    Raises
    ------
    ProtocolError
        If the data do not allow a protocol, or speakers who are to be enrolled are in training.
    TaskError
        If the primary task, or one that was asked for, cannot be scored.
    """
    split = experiment.corpus_split
    plans: list[Plan] = []
    for protocol in experiment.protocols:
        label = data.table[data.tasks[0].name]
        folds = make_folds(protocol, data.table, label, sound, experiment.seed, split)
        if enrolled_recordings(experiment.speaker_norm):
            refuse_training_speakers(protocol, data.speaker, folds)
        scored = scored_labels(protocol, data.table, folds, data.tasks)
        scored = replace(scored, labels=_with_votes(data, scored))
        _refuse_unscored(scored, (data.tasks[0].name, *experiment.tasks))
        if not plans:
            data.tasks = scored.tasks
            data.refused_tasks |= scored.refused
        as_given = PROTOCOLS[protocol].as_given
        overlap = overlap_of(folds, data.speaker, sound) if as_given else None
        plans.append(Plan(protocol, folds, scored, overlap))
    return plans


def _with_votes(data: Data, scored: Scored) -> pd.DataFrame:
    """Add the shares of votes to the labels of tasks that are fitted on them."""
    ratings = {one.label: one.ratings for one in data.rated if one.is_soft}
    labels = scored.labels
    for task in scored.tasks:
        if task.name in ratings:
            given = data.table[task.name]
            labels = with_soft_labels(labels, task, ratings[task.name], given)
    return labels


def _refuse_unscored(scored: Scored, names: Sequence[str]) -> None:
    for name in names:
        if name in scored.refused:
            raise TaskError(f"task '{name}' is refused: {scored.refused[name]}")
