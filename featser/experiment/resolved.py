"""The experiment that a command carries out: what the user says, else the recipe, else defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featser.audio.channels import MIX
from featser.experiment.loading.requested_tasks import primary_of
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.features.registry import trimmed_specs


def experiment_of(source: Source, **fields: Any) -> Experiment:
    """Return the experiment on a source.

    Parameters
    ----------
    source : Source
        Its recipe, if it has one, and what it was extracted with.
    **fields
        Fields of :class:`~featser.experiment.schema.Experiment`; what is None or empty is open.

    Raises
    ------
    FeatserError
        If a value is not valid, or two exclude each other.
    """
    values: dict[str, Any] = {"primary": source.primary}
    if source.recipe is not None:
        values |= dict(source.recipe)
    if source.features:
        values["features"] = source.features
    asked = {name: value for name, value in fields.items() if not is_open(value)}
    values |= asked
    experiment = with_trimmed_features(Experiment(**values))
    if source.recipe is None and is_open(fields.get("primary")):
        primary, note = primary_of(source, experiment.tasks, experiment.kinds, experiment.aggregate)
        experiment = experiment.model_copy(update={"primary": primary})
        source.notes += [note] if note else []
    experiment = with_primary_in_tasks(with_asked_primary(experiment, asked))
    # The source decides these, and a source is valid already.
    of_source = {
        "corpora": source.corpora,
        "columns": source.columns,
        "labels": source.labels,
        "channel": source.channel or MIX,
        "augmentation": source.augmentations,
    }
    return experiment.model_copy(update=of_source)


def with_trimmed_features(experiment: Experiment) -> Experiment:
    """Return an experiment whose extractors remove silence first if it asks for that.

    Examples
    --------
    >>> with_trimmed_features(Experiment(features="mfcc:basic", trim=True)).features
    ('trim:mfcc:basic',)
    """
    if not experiment.trim:
        return experiment
    return experiment.model_copy(update={"features": trimmed_specs(experiment.features)})


def with_asked_primary(experiment: Experiment, asked: Mapping[str, Any]) -> Experiment:
    """Return an experiment that fits only the tasks that the user asks for.

    Parameters
    ----------
    experiment : Experiment
        With ``asked`` in it.
    asked : mapping of str to object
        The fields that the user gave. With ``tasks`` and without ``primary`` the first task is
        primary, unless the primary one is among them.

    Examples
    --------
    >>> changed = with_asked_primary(Experiment(tasks="gender"), {"tasks": "gender"})
    >>> changed.primary
    'gender'
    """
    if "tasks" not in asked or "primary" in asked or experiment.primary in experiment.tasks:
        return experiment
    return experiment.model_copy(update={"primary": experiment.tasks[0]})


def with_primary_in_tasks(experiment: Experiment) -> Experiment:
    """Return an experiment whose tasks, if it names any, contain the primary one.

    Examples
    --------
    >>> with_primary_in_tasks(Experiment(tasks="gender", primary="emotion")).tasks
    ('emotion', 'gender')
    """
    if not experiment.tasks or experiment.primary in experiment.tasks:
        return experiment
    return experiment.model_copy(update={"tasks": (experiment.primary, *experiment.tasks)})


def is_open(value: Any) -> bool:
    """Return whether a user left a field open.

    Examples
    --------
    >>> is_open(None), is_open([]), is_open(False)
    (True, True, False)
    """
    return value is None or (isinstance(value, dict | list | tuple) and not value)
