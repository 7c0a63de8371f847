"""Streams put together in ``featser fit``: what they need, and the estimator of a task."""

from __future__ import annotations

from typing import Any

from featser.errors import TaskError
from featser.experiment.declaration.combination_checks import PAIRED
from featser.experiment.loading.data import Data
from featser.experiment.schema import Experiment
from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.fusion.gated_vote import make_aligned, make_gated, pooled_members
from featser.models.registry import NETWORKS, members_of
from featser.tasks import Task


def refuse_fusion(data: Data, experiment: Experiment) -> None:
    """Refuse to put streams together where the data do not allow it.

    Raises
    ------
    TaskError
        If the primary task has no classes.
    """
    if experiment.fusion in PAIRED and not data.tasks[0].categorical:
        raise TaskError(
            f"--fusion {experiment.fusion} needs classes; task '{data.tasks[0].name}' has none"
        )


def fused(data: Data, experiment: Experiment, task: Task) -> Any:
    """Return the unfitted estimator of a task, its streams put together as the settings ask.

    Parameters
    ----------
    data : Data
        Its extractors are the streams.
    experiment : Experiment
        ``fusion`` and ``model``.
    task : Task
        With classes, unless streams are pooled.
    """
    blocks = {extractor.spec: extractor.dimension for extractor in data.extractors}
    if experiment.fusion == "aligned":
        return make_aligned(experiment.model, task, list(blocks.values()), experiment.seed)
    if experiment.fusion == "gated":
        return make_gated(experiment.model, task, blocks, experiment.seed)
    names = {extractor.spec: extractor.names for extractor in data.extractors}
    members = pooled_members(members_of(experiment.model), task, names, experiment.seed)
    if not task.categorical:
        return VoteRegressor(members, experiment.weights, random_state=experiment.seed)
    # Networks are trained once: calibration on inner folds would take several times as long.
    calibrated = set(NETWORKS).isdisjoint(members_of(experiment.model))
    return VoteClassifier(
        members, experiment.weights, random_state=experiment.seed, calibrated=calibrated
    )
