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
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from featser.audio.channels import parse_channel
from featser.errors import FeatserError, InputError, unknown
from featser.experiment.fields import MAX_SEED
from featser.experiment.loading.label_choices import kinds
from featser.io.location import is_unicode, real_place

P = ParamSpec("P")
R = TypeVar("R")
Rule = Callable[[Any], Any]
"""Returns the value in its full form, or raises ValueError with what is wrong."""


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

    return _one_of(value, PROTOCOLS, "protocol")


def grouping(value: Any) -> str:
    """Return the name of a way to group features."""
    from featser.explanation.feature_groups import GROUPINGS

    return _one_of(value, GROUPINGS, "grouping")


def number_or_all(value: Any) -> int | str:
    """Return a number of utterances, which may be written as text, or ``all``."""
    if value == "all":
        return "all"
    is_written = isinstance(value, str) and value.isascii() and value.isdigit()
    is_number = isinstance(value, Integral) and not isinstance(value, bool)
    if not (is_written or is_number) or int(value) < 1:
        raise ValueError(f"{value!r}: give a number of utterances, 1 or more, or all")
    return int(value)


def text(value: Any) -> str:
    """Return text that is not empty."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is {_kind(value)}: give text")
    if not value:
        raise ValueError("is empty: give a value, or leave it out")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Return several names; a single one is one of them."""
    return tuple(text(item) for item in _several(value, "text"))


def texts_by_text(value: Any) -> dict[str, str]:
    """Return a mapping of names to other names."""
    return {text(old): text(new) for old, new in _mapping(value, "{'label': 'emotion'}").items()}


def names_of_classes(value: Any) -> dict[str, dict[str, str | None]]:
    """Return a mapping of labels to mappings of classes to other names, or to None."""
    example = "{'emotion': {'ang': 'angry'}}"
    return {
        text(label): {
            text(old): None if new is None else text(new)
            for old, new in _mapping(names, "{'ang': 'angry'}").items()
        }
        for label, names in _mapping(value, example).items()
    }


def _mapping(value: Any, example: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is {_kind(value)}: give a dict, such as {example}")
    return value


def path(value: Any) -> str | Path:
    """Return a path or a URL."""
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"{value!r} is {_kind(value)}: give a path")
    if not os.fspath(value):
        raise ValueError("is empty: give a path")
    if "\0" in str(value):
        raise ValueError(f"{str(value)!r} holds a zero byte: no path does")
    if not is_unicode(str(value)):
        raise ValueError(
            f"'{value}' is not UTF-8 text, which tables need: rename the file or its folder"
        )
    return value if isinstance(value, str) else Path(value)


def paths(value: Any) -> list[str | Path]:
    """Return several paths; a single one is one of them."""
    return [path(item) for item in _several(value, "a path")]


def output_file(*endings: str) -> Rule:
    """Return the rule of a file to be written, with one of some endings, or any."""

    def check(value: Any) -> str | Path:
        file = Path(path(value))
        if endings and file.suffix.lower() not in endings:
            raise ValueError(
                f"'{value}': the ending says the format: valid are {', '.join(endings)}"
            )
        if file.is_dir():
            raise ValueError(f"'{value}' is a folder: name a file")
        _refuse_file_above(file)
        return path(value)

    return check


def output_files(*endings: str) -> Rule:
    """Return the rule of one or several files to be written, each with one of some endings."""

    def check(value: Any) -> list[str | Path]:
        several = [path(item) for item in _several(value, "a path")]
        for file in several:
            if not str(file).lower().endswith(endings):
                raise ValueError(
                    f"'{file}': the ending says the format: valid are {', '.join(endings)}"
                )
            output_file()(file)
        return several

    return check


def several_files(output: str | Path | Sequence[str | Path] | None) -> list[str | Path]:
    """Return the files to be written as a list: none, one or several."""
    if output is None:
        return []
    return [output] if isinstance(output, str | Path) else list(output)


def refuse_source_as_output(
    outputs: Sequence[str | Path], sources: Sequence[str | Path | None]
) -> None:
    """Refuse an output that would replace what a command reads, also under another name.

    Raises
    ------
    InputError
        If an output is a source.
    """
    places = {real_place(source) for source in sources if source is not None}
    for output in outputs:
        if real_place(output) in places:
            raise InputError(f"'{output}' is read by this command: name another file", "output")


def output_folder(value: Any) -> str | Path:
    """Return a folder to be written, which need not exist."""
    folder = Path(path(value))
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"'{value}' is a file: name a folder")
    _refuse_file_above(folder)
    return path(value)


def mapping_of_paths(value: Any) -> Mapping[str, str | Path]:
    """Return a mapping of corpora to folders."""
    places = _mapping(value, "{'ravdess': 'PATH'}")
    return {text(name): path(folder) for name, folder in places.items()}


def flag(value: Any) -> bool:
    """Return True or False."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise ValueError(f"{value!r} is {_kind(value)}: give True or False")
    return bool(value)


def whole_number(least: int, most: int | None = None) -> Rule:
    """Return the rule of a whole number between two others; without an upper limit if None."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise ValueError(f"{value!r} is {_kind(value)}: give a whole number")
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
    return _one_of(value, ("continue", "again", "dry-run"))


def source(value: Any) -> Any:
    """Return a path, a URL, or an experiment."""
    from featser.experiment.schema import Experiment

    return value if isinstance(value, Experiment) else path(value)


def seconds(value: Any) -> float:
    """Return a time above 0."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is {_kind(value)}: give seconds")
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
        raise ValueError(f"{value!r} is {_kind(value)}: give seconds")
    if not 0 <= float(value) < math.inf:
        raise ValueError(f"{value}: give seconds, 0 or more")
    return float(value)


def share(value: Any) -> float:
    """Return a share between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is {_kind(value)}: give a share, such as 0.9")
    if not 0 < float(value) < 1:
        raise ValueError(f"{value}: give a share between 0 and 1, such as 0.9")
    return float(value)


def table(value: Any) -> Any:
    """Return a table of pandas."""
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise ValueError(f"a value {_kind(value)}: give a DataFrame")
    return value


def errors(value: Any) -> str:
    """Return what an unusable recording leads to."""
    return _one_of(value, ("raise", "nan"))


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


def _one_of(value: Any, valid: Iterable[str], what: str = "value") -> str:
    names = list(valid)
    if not isinstance(value, str) or value not in names:
        raise ValueError(unknown(what, value, names))
    return value


def _several(value: Any, what: str) -> Sequence[Any]:
    if isinstance(value, str | os.PathLike):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise ValueError(f"{value!r} is {_kind(value)}: give {what}, or a list")
    return tuple(value)


def _kind(value: Any) -> str:
    return f"of type {type(value).__name__}"


def _refuse_file_above(output: Path) -> None:
    """Refuse a path that leads through a file: nothing can be written there."""
    for folder in output.parents:
        if folder.is_dir():
            return
        if folder.exists():
            raise ValueError(f"'{output}' cannot be written: '{folder}' is a file, not a folder")
