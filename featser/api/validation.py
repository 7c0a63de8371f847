"""What the arguments of the public functions may be, apart from the fields of an experiment.

Every function in ``dir(featser)`` is decorated by :func:`validated`. The one class there,
:class:`~featser.experiment.schema.Experiment`, checks its fields itself.

:data:`RULES` has a rule for each name of an argument. :func:`validated` applies them to a function
before it runs, so that Python and the command line refuse with the same message. A rule also
brings a value into its full form: a single name or path where several are expected is a list of
one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

from featser.api.arguments.argument_types import Rule, kind_of, mapping, one_of, several, text
from featser.api.arguments.path_rules import (
    mapping_of_paths,
    output_folder,
    path,
    paths,
)
from featser.audio.channels import parse_channel
from featser.errors import FeatserError, InputError, unknown
from featser.experiment.declaration.fields import MAX_SEED
from featser.experiment.declaration.label_choices import kinds

P = ParamSpec("P")
R = TypeVar("R")


def validated(**own: Rule) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a public function such that its arguments are checked before it runs.

    Parameters
    ----------
    **own : rule
        Rules of arguments that mean something else in this function than in :data:`RULES`.

    Raises
    ------
    InputError
        When the function is called, for the first argument that is not valid.

    Examples
    --------
    >>> @validated()
    ... def extract(features: Sequence[str] = (), n_jobs: int = -1) -> Sequence[str]:
    ...     return features
    >>> extract("mfcc")
    ('mfcc',)
    >>> extract("mfcc", n_jobs=0)
    Traceback (most recent call last):
    featser.errors.InputError: n_jobs: 0: give 1 or more, or -1 for one per core
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        rules = {**RULES, **own}
        for name, parameter in signature.parameters.items():
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in rules:
                raise TypeError(f"argument '{name}' of {function!r} has no rule in {__name__}")

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                    continue  # fields of an experiment, which check themselves
                if value is not None or signature.parameters[name].default is not None:
                    bound.arguments[name] = _checked(name, value, rules[name])
            return function(*bound.args, **bound.kwargs)

        return checked

    return decorate


def checked_options(options: Mapping[str, Any], valid: Iterable[str]) -> dict[str, Any]:
    """Return the options of a function that takes them together, checked by their rules.

    Parameters
    ----------
    options : mapping of str
        By name; None stands for the default.
    valid : iterable of str
        Their names.

    Raises
    ------
    InputError
        If there is no such option, or its value is not valid.

    Examples
    --------
    >>> checked_options({"n_jobs": 2, "enrol": None}, ["n_jobs", "enrol"])
    {'n_jobs': 2}
    """
    for name in set(options).difference(valid):
        raise InputError(unknown("option", name, valid))
    given = {name: value for name, value in options.items() if value is not None}
    return {name: _checked(name, value, RULES[name]) for name, value in given.items()}


def _checked(name: str, value: Any, rule: Rule) -> Any:
    try:
        return rule(value)
    except FeatserError:
        raise
    except ValueError as error:
        raise InputError(str(error), name) from None


def protocol(value: Any) -> str:
    """Return the name of a protocol."""
    from featser.evaluation.protocols.folding import PROTOCOLS

    return one_of(value, PROTOCOLS, "protocol")


def grouping(value: Any) -> str:
    """Return the name of a way to group features."""
    from featser.explanation.feature_groups import GROUPINGS

    return one_of(value, GROUPINGS, "grouping")


def number_or_all(value: Any) -> int | str:
    """Return a number of utterances, which may be written as text, or ``all``."""
    if value == "all":
        return "all"
    is_written = isinstance(value, str) and value.isascii() and value.isdigit()
    is_number = isinstance(value, Integral) and not isinstance(value, bool)
    if not (is_written or is_number) or int(value) < 1:
        raise ValueError(f"{value!r}: give a number of utterances, 1 or more, or all")
    return int(value)


def texts(value: Any) -> tuple[str, ...]:
    """Return several names; a single one is one of them."""
    return tuple(text(item) for item in several(value, "text"))


def texts_by_text(value: Any) -> dict[str, str]:
    """Return a mapping of names to other names."""
    return {text(old): text(new) for old, new in mapping(value, "{'label': 'emotion'}").items()}


def names_of_classes(value: Any) -> dict[str, dict[str, str | None]]:
    """Return a mapping of labels to mappings of classes to other names, or to None."""
    example = "{'emotion': {'ang': 'angry'}}"
    return {
        text(label): {
            text(old): None if new is None else text(new)
            for old, new in mapping(names, "{'ang': 'angry'}").items()
        }
        for label, names in mapping(value, example).items()
    }


def flag(value: Any) -> bool:
    """Return True or False."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise ValueError(f"{value!r} is {kind_of(value)}: give True or False")
    return bool(value)


def whole_number(least: int, most: int | None = None) -> Rule:
    """Return the rule of a whole number between two others; without an upper limit if None."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise ValueError(f"{value!r} is {kind_of(value)}: give a whole number")
        number = int(value)
        if number < least:
            raise ValueError(f"{number}: give {least} or more")
        if most is not None and number > most:
            raise ValueError(f"{number}: give {most} or less")
        return number

    return check


def jobs(value: Any) -> int:
    """Return how many processes work."""
    number: int = whole_number(-1)(value)
    if number == 0:
        raise ValueError("0: give 1 or more, or -1 for one per core")
    return number


def mode(value: Any) -> str:
    """Return how a recipe is carried out."""
    return one_of(value, ("continue", "again", "dry-run"))


def source(value: Any) -> Any:
    """Return a path, a URL, or an experiment."""
    from featser.experiment.schema import Experiment

    return value if isinstance(value, Experiment) else path(value)


def seconds(value: Any) -> float:
    """Return a time above 0."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is {kind_of(value)}: give seconds")
    if not float(value) > 0:
        raise ValueError(f"{value}: give seconds, more than 0")
    return float(value)


def megabytes(value: Any) -> float:
    """Return a size above 0, in MB."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise ValueError(f"{value!r}: give a size in MB, more than 0, such as 20")
    return float(value)


def position(value: Any) -> float:
    """Return a position in a recording, in seconds from its beginning."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is {kind_of(value)}: give seconds")
    if not 0 <= float(value) < math.inf:
        raise ValueError(f"{value}: give seconds, 0 or more")
    return float(value)


def share(value: Any) -> float:
    """Return a share between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is {kind_of(value)}: give a share, such as 0.9")
    if not 0 < float(value) < 1:
        raise ValueError(f"{value}: give a share between 0 and 1, such as 0.9")
    return float(value)


def table(value: Any) -> Any:
    """Return a table of pandas."""
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise ValueError(f"a value {kind_of(value)}: give a DataFrame")
    return value


def errors(value: Any) -> str:
    """Return what an unusable recording leads to."""
    return one_of(value, ("raise", "nan"))


RULES: dict[str, Rule] = {
    "accept_licence": flag,
    "annotation": text,
    "apply": path,
    "augment": texts,
    "browser": path,
    "by": grouping,
    "cache": flag,
    "card": path,
    "channel": parse_channel,
    "columns": texts_by_text,
    "conditions": texts,
    "corpus": path,
    "coverage": share,
    "data": mapping_of_paths,
    "embed_mb": megabytes,
    "dry_run": flag,
    "end": position,
    "enrol": path,
    "errors": errors,
    "extractors": texts,
    "features": texts,
    "file": path,
    "files": paths,
    "folder": path,
    "hop": seconds,
    "intervals": table,
    "kinds": kinds,
    "labels": names_of_classes,
    "labels_of": path,
    "method": text,
    "mode": mode,
    "n_jobs": jobs,
    "model": path,
    "most": whole_number(1, 1000),
    "name": text,
    "path": path,
    "pattern": text,
    "pdf": flag,
    "predictions": table,
    "primary": text,
    "protocol": protocol,
    "rate": whole_number(1_000, 384_000),
    "repetitions": whole_number(1),
    "run": path,
    "recipe": source,
    "recording": path,
    "runs": paths,
    "segments": path,
    "seed": whole_number(0, MAX_SEED),
    "smooth": text,
    "source": source,
    "start": position,
    "store": output_folder,
    "task": text,
    "tier": text,
    "timeout": seconds,
    "to": output_folder,
    "trim": flag,
    "trust_paths": flag,
    "umap": flag,
    "utterances": number_or_all,
    "window": seconds,
}
"""Name of an argument → its rule."""
