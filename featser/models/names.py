"""Which estimator a model's name stands for, by the kind of task; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from featser.errors import TaskError
from featser.models.registry import find_model


def fitted_name(name: str, categorical: bool) -> str:
    """Return the name of the method that is fitted.

    Parameters
    ----------
    name : str
        As ``--model`` names it.
    categorical : bool
        Whether the task has classes.

    Examples
    --------
    >>> fitted_name("ridge", categorical=True)
    'logistic'
    """
    made_by = find_model(name).made_by("classifier" if categorical else "regressor")
    return made_by if made_by and ":" not in made_by else name


def refuse_equal_members(names: Sequence[str], task: str, categorical: bool) -> None:
    """Refuse a vote in which two names stand for the same estimator.

    Raises
    ------
    TaskError
        With both names and what they stand for.
    """
    first: dict[str, str] = {}
    for name in names:
        fitted = fitted_name(name, categorical)
        if first.setdefault(fitted, name) != name:
            raise TaskError(
                f"--model {','.join(names)}: for task '{task}' both {first[fitted]} and {name} "
                f"are {fitted}, so two equal models would vote; name one of them"
            )


def described(name: str, tasks: Sequence[tuple[str, bool]]) -> str:
    """Return a name, and what is fitted in its place for which tasks.

    Parameters
    ----------
    name : str
    tasks : sequence of (str, bool)
        Their names, and whether they have classes.

    Examples
    --------
    >>> described("logistic", [("emotion", True), ("arousal", False)])
    'logistic (ridge for arousal)'
    """
    others = "; ".join(_others(name, tasks))
    return f"{name} ({others})" if others else name


def _others(name: str, tasks: Sequence[tuple[str, bool]]) -> Iterator[str]:
    by_name: dict[str, list[str]] = {}
    for task, categorical in tasks:
        by_name.setdefault(fitted_name(name, categorical), []).append(task)
    for fitted, whose in by_name.items():
        if fitted != name:
            yield f"{fitted} for {', '.join(whose)}"
