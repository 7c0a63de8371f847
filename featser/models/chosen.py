"""Settings and weights that fitted models have chosen on inner folds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.kernel.multiple_kernels import KernelClassifier, KernelRegressor
from featser.models.selection.tuning import TunedClassifier, TunedRegressor
from featser.models.transfer.auxiliary_weight import AuxiliaryWeighted

Chosen = dict[str, dict[str, Any]]
"""Name of an estimator, such as ``svm``, or ``weights`` of a vote → its choice; plain data."""

ALONE = ""
"""The name of a single estimator."""

WEIGHTS = "weights"
AUXILIARY = "auxiliary corpora"
BY_WHOM = {"common": "the target", "own": "each corpus"}


def chosen_by(fitted: Any, name: str = ALONE) -> Chosen:
    """Return the choices of a fitted estimator, and of those inside it, on left-out speakers.

    Parameters
    ----------
    fitted : estimator
        Such as :func:`featser.models.building.make_estimator` makes them.
    name : str
        Name of its own choice; members of a vote have their own names.

    Returns
    -------
    dict
        Empty where the estimator has nothing to choose.
    """
    if hasattr(fitted, "steps"):
        return chosen_by(fitted.steps[-1][1], name)
    if isinstance(fitted, TunedClassifier | TunedRegressor):
        return {name: {key: _plain(value) for key, value in fitted.setting_.items()}}
    if isinstance(fitted, KernelClassifier | KernelRegressor):
        return _chosen_by_kernel(fitted, name)
    if isinstance(fitted, AuxiliaryWeighted):
        return _chosen_of_auxiliary(fitted) | chosen_by(fitted.estimator_, name)
    if isinstance(fitted, VoteClassifier | VoteRegressor):
        return _chosen_by_vote(fitted, name)
    return _chosen_inside(fitted, name)


def describe_choices(chosen: Mapping[str, Mapping[str, Chosen]]) -> list[str]:
    """Describe what was chosen in how many folds, and in the model of all data.

    Parameters
    ----------
    chosen : mapping
        ``all`` or a fold's number → task → what :func:`chosen_by` returns.

    Returns
    -------
    list of str
        A line for each task and estimator; empty without choices.
    """
    whose = dict.fromkeys(
        (task, name)
        for tasks in chosen.values()
        for task, choice in tasks.items()
        for name in choice
    )
    return [_line(task, name, chosen) for task, name in whose]


def _chosen_by_vote(vote: Any, name: str) -> Chosen:
    names = [name for name, _ in vote.members]
    if len(names) == 1:
        return chosen_by(vote.members_[0], name)
    choices: Chosen = {}
    for own_name, member in zip(names, vote.members_, strict=True):
        choices |= chosen_by(member, own_name)
    if vote.weighting_ in ("inner", "stacked"):
        shares = [round(float(weight), 2) for weight in vote.weights_]
        choices[WEIGHTS] = dict(zip(names, shares, strict=True))
    return choices


def _chosen_by_kernel(fitted: Any, name: str) -> Chosen:
    choice: dict[str, Any] = {}
    if not isinstance(fitted.gamma, int | float):
        choice |= {"gamma": fitted.gamma_, "penalty": fitted.penalty_}
    if fitted.share_ is not None:
        choice["share of random convolutions"] = fitted.share_
    return {name: choice} if choice else {}


def _chosen_of_auxiliary(fitted: AuxiliaryWeighted) -> Chosen:
    if not fitted.inner_:
        return {}
    choice: dict[str, Any] = {"weight": fitted.weight_}
    if fitted.scaling_ is not None:
        choice["standardised by"] = BY_WHOM[fitted.scaling_]
    return {AUXILIARY: choice}


def _chosen_inside(fitted: Any, name: str) -> Chosen:
    """Return the choices inside a wrapper, or inside the estimators of steps or languages."""
    choices: Chosen = {}
    if hasattr(fitted, "estimator_"):
        choices |= chosen_by(fitted.estimator_, name)
    for number, step in enumerate(getattr(fitted, "estimators_", ()), start=1):
        choices |= chosen_by(step, f"{name} step {number}".strip())
    for language, model in getattr(fitted, "models_", {}).items():
        inside = chosen_by(model, name)
        choices |= {f"{who} for {language}".strip(): choice for who, choice in inside.items()}
    return choices


def _line(task: str, name: str, chosen: Mapping[str, Mapping[str, Chosen]]) -> str:
    folds = [tasks for key, tasks in chosen.items() if key != "all"]
    fold_choices = [_words(tasks[task][name]) for tasks in folds if name in tasks.get(task, {})]
    parts = list(_counted(fold_choices)) if name != WEIGHTS else []
    final = chosen.get("all", {}).get(task, {}).get(name)
    if final is not None:
        parts.append(f"{_words(final)} in the model of all data")
    return f"{task}: {name or 'chosen'}: {'; '.join(parts)}"


def _counted(fold_choices: list[str]) -> Iterator[str]:
    for words, count in Counter(fold_choices).most_common():
        yield f"{words} in {count} of {len(fold_choices)} folds"


def _words(choice: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in choice.items())


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
