"""Commands whose options are generated from the fields of an experiment or an extraction."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel

from featser.cli.shared_options import (
    Cache,
    Corpus,
    DataOption,
    Jobs,
    LabelNames,
    PathPattern,
    RunFolder,
    bars_of,
    cache_message,
    named_in,
)
from featser.cli.store_commands import DEFAULT_STORE, Store
from featser.experiment.declaration.option import Option, declared_option
from featser.experiment.loading.extraction_options import ExtractionOptions
from featser.experiment.schema import Experiment, group_of, option_of

Result = TypeVar("Result")
SHARED = {
    "source": Annotated[
        str | None,
        typer.Argument(
            help="A recipe, a manifest, or a corpus folder; by default what was extracted last."
        ),
    ],
    "store": Store,
    "corpus": Corpus,
    "pattern": PathPattern,
    "mapping": LabelNames,
    "data": DataOption,
    "output": RunFolder,
    "cache": Cache,
    "jobs": Jobs,
}
"""What every command has that carries out an experiment, beside the experiment's own fields."""
DEFAULTS: dict[str, Any] = {"store": DEFAULT_STORE, "cache": True, "jobs": -1}


def experiment_command(show: Callable[[Result], None]) -> Callable[..., None]:
    """Make a command that carries out an experiment, from the function that shows its result.

    The command is called as the function, calls the function of :mod:`featser.api` of that name,
    and has every option that the fields of an experiment declare for it.

    Parameters
    ----------
    show : callable
        Called with the result. Its name is the command's, its docstring the command's help.

    Returns
    -------
    callable
        With a signature that typer reads.
    """
    command = show.__name__
    names = [name for name in Experiment.model_fields if command in option_of(name).commands]

    def call(**typed: Any) -> None:
        from featser.cli.shared_options import parse_data

        run = getattr(import_module(f"featser.api.{command}"), command)
        fields = {name: typed[name] for name in names if not _is_open(typed[name])}
        with bars_of(saved=cache_message(typed["cache"])):
            result = run(
                typed["source"],
                store=typed["store"],
                output=typed["output"],
                n_jobs=typed["jobs"],
                data=parse_data(typed["data"] or []),
                corpus=typed["corpus"],
                pattern=typed["pattern"],
                **named_in(typed["mapping"]),
                cache=typed["cache"],
                **fields,
            )
        show(result)

    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS.get(name), annotation=kind
        )
        for name, kind in SHARED.items()
    ]
    return _as_command(call, show, [*shared, *map(_parameter, names)])


def with_extraction_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that the fields of an extraction declare for it.

    Parameters
    ----------
    function : callable
        A command whose ``**options`` take those that the user typed.

    Returns
    -------
    callable
        With a signature that typer reads.
    """
    hints = get_type_hints(function, include_extras=True)
    names = [
        name
        for name in ExtractionOptions.model_fields
        if function.__name__ in declared_option(ExtractionOptions, name).commands
    ]

    def call(**typed: Any) -> None:
        options = {name: value for name in names if not _is_open(value := typed.pop(name))}
        function(**typed, **options)

    own = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name])
        for one in inspect.signature(function).parameters.values()
        if one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    return _as_command(
        call,
        function,
        [*own, *(_parameter(name, ExtractionOptions, function.__name__) for name in names)],
    )


def _as_command(
    call: Callable[..., None], described: Callable[..., Any], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """Return a function with the name, the help and the parameters of a command."""
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters}
    call.__name__, call.__doc__ = described.__name__, described.__doc__
    return call


def help_of(name: str, model: type[BaseModel] = Experiment, command: str = "") -> str:
    """Return the help of a field's option: what it decides, its choices and its default.

    Parameters
    ----------
    name : str
        The field.
    model : type
        The model that declares it.
    command : str
        The command that offers the option, where its default depends on the command.

    Examples
    --------
    >>> help_of("dev")
    'Use of the set `dev` of a fixed split: train (default), unused.'
    """
    option, default = declared_option(model, name), model.model_fields[name].get_default()
    annotation = model.model_fields[name].annotation
    decides = option.help
    if _is_repeatable(annotation):
        decides = f"{decides[:-1]}; repeatable{decides[-1]}"
    if added := option.added() if option.added else ():
        decides = f"{decides} Added by installed packages: {', '.join(added)}."
    choices = _choices(option, annotation)
    if choices:
        listed = [f"{one} (default)" if one in _tuple(default) else one for one in choices]
        return f"{decides} {', '.join(listed)}."
    text = option.default_texts.get(command, option.default_text) or _default_text(default)
    return f"{decides} [{text}]" if text else decides


def _parameter(
    name: str, model: type[BaseModel] = Experiment, command: str = ""
) -> inspect.Parameter:
    option, field = declared_option(model, name), model.model_fields[name]
    is_flag = field.annotation in (bool, bool | None)
    flags = list(option.names(name))
    if is_flag and field.get_default() is not False:
        flags = [f"{flags[0]}/{flags[0].replace('--', '--no-', 1)}"]
    declared = typer.Option(
        *flags,
        help=help_of(name, model, command),
        metavar=None if is_flag else option.metavar or _metavar(field.annotation),
        rich_help_panel=option.panel or (group_of(name) if model is Experiment else None),
        show_default=False,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=_annotated(_typed_as(field.annotation), declared),
    )


def _typed_as(annotation: Any) -> Any:
    """Return the type of an option; texts of other types are read by their fields."""
    if annotation in (bool, bool | None):
        return bool | None
    if annotation in (int, float):
        return annotation | None
    return list[str] | None if _is_repeatable(annotation) else str | None


def _metavar(annotation: Any) -> str:
    return "N" if annotation is int else "NAME"


def _is_repeatable(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, dict)


def _annotated(kind: Any, declared: Any) -> Any:
    return Annotated[kind, declared]


def _choices(option: Option, annotation: Any) -> list[str]:
    if option.choices is not None:
        return list(option.choices())
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


def _default_text(default: Any) -> str:
    if isinstance(default, bool):
        return "default: yes" if default else ""
    if default in (None, (), "", {}):
        return ""
    return f"default: {', '.join(map(str, _tuple(default)))}"


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_open(value: Any) -> bool:
    return value is None or value == []
