"""The model that an experiment asks for, unfitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featser.experiment.loading.data import Data
from featser.experiment.schema import Experiment
from featser.experiment.variants.fused_streams import fused
from featser.experiment.variants.language_first import routed
from featser.models.building import make_batched, make_estimator
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.encoders import make_encoder
from featser.models.multitask import MultiTaskEstimator
from featser.models.streams.joint import JointNetwork
from featser.tasks import Task


def unfitted_model(data: Data, experiment: Experiment, tasks: Sequence[Task]) -> MultiTaskEstimator:
    """Return the model that the experiment asks for, with an estimator for each task."""
    if experiment.joint != "none":
        return JointNetwork(
            tuple(tasks), experiment.model, experiment.joint, data.frames, experiment.seed
        )
    estimators = {task.name: _estimator(data, experiment, task) for task in tasks}
    if experiment.coupling == "independent":
        return MultiTaskEstimator(tuple(tasks), estimators)
    return CoupledEstimator(
        tuple(tasks), estimators, experiment.coupling, random_state=experiment.seed
    )


def _estimator(data: Data, experiment: Experiment, task: Task) -> Any:
    if data.batched:
        return make_batched(experiment.model, task, experiment.seed)
    if experiment.fusion == "pooled" or (experiment.fusion != "none" and task.categorical):
        return fused(data, experiment, task)
    estimator = make_estimator(
        experiment.model,
        task,
        experiment.seed,
        experiment.weights,
        data.blocks,
        experiment.select,
        experiment.tune,
        data.frames,
        _encoder(data, experiment),
        auxiliary=data.auxiliary is not None,
    )
    return routed(estimator, data, experiment) if task.categorical else estimator


def _encoder(data: Data, experiment: Experiment) -> Any:
    if data.frames is None or experiment.encode == "none":
        return None
    return make_encoder(experiment.encode, data.frames.width, experiment.seed)
