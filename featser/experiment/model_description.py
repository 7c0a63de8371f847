"""What was fitted, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from featser.experiment.schema import Experiment
from featser.models.names import described
from featser.models.registry import members_of
from featser.tasks import NamedWeights, Task

_WEIGHTS: dict[NamedWeights, str] = {
    "auto": "weights stacked on left-out {left_out} where that needs no fit, else equal",
    "equal": "equal weights",
    "inner": "weights by UAR or CCC on left-out {left_out}",
    "stacked": "weights stacked on left-out {left_out}",
}


def describe_model(
    experiment: Experiment,
    tasks: Sequence[Task],
    batched: bool = False,
    left_out: str = "speakers",
    auxiliary: Sequence[str] = (),
) -> str:
    """Say in a line what was trained.

    Parameters
    ----------
    experiment : Experiment
    tasks : sequence of Task
    batched : bool
        Whether features were read in batches.
    left_out : str
        On what settings were chosen, such as ``speakers`` that inner folds leave out.
    auxiliary : sequence of str
        The auxiliary corpora with rows that are used.
    """
    description = _describe_estimator(experiment, tasks, batched, left_out)
    if auxiliary:
        description += f"; auxiliary corpora {', '.join(auxiliary)}"
    if experiment.encode != "none":
        description += f"; frames encoded by {experiment.encode}"
    if experiment.select != "none":
        description += f"; features selected by {experiment.select}"
    if experiment.two_pass != "none":
        description += f"; two-pass {experiment.two_pass}"
    if experiment.fusion != "none":
        description += f"; streams {experiment.fusion}"
    return (
        description
        if experiment.coupling == "independent"
        else f"{description}; coupling {experiment.coupling}"
    )


def _describe_estimator(
    experiment: Experiment, tasks: Sequence[Task], batched: bool, left_out: str
) -> str:
    if experiment.joint != "none":
        how = f"losses weighted: {experiment.joint}"
        return f"one network {experiment.model} for {len(tasks)} tasks; {how}"
    kinds = [(task.name, task.categorical) for task in tasks]
    names = [described(name, kinds) for name in members_of(experiment.model)]
    how_set = f", settings chosen on left-out {left_out}" if experiment.tune else ""
    if len(names) == 1:
        if batched:
            return f"{names[0]}, fitted batch by batch, without preparation"
        return f"{names[0]}{how_set}"
    how = describe_weights(experiment, left_out)
    return f"soft vote of {', '.join(names)}{how_set}; {how}; one vote per task"


def describe_weights(experiment: Experiment, left_out: str = "speakers") -> str:
    """Say how the members of a vote are weighted.

    Parameters
    ----------
    experiment : Experiment
    left_out : str
        On what weights are estimated, as :func:`describe_model` has it.

    Examples
    --------
    >>> describe_weights(Experiment(weights="equal")), describe_weights(Experiment(weights=(1, 2)))
    ('equal weights', 'weights 1, 2')
    """
    if isinstance(experiment.weights, str):
        return _WEIGHTS[experiment.weights].format(left_out=left_out)
    return f"weights {', '.join(f'{weight:g}' for weight in experiment.weights)}"
